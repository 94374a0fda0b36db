import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach } from "vitest"
import { makeFolder, rename } from "../../src/resources/Disk.ts"

describe("a folder that is made", () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "claude-memory-disk-"))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const modeOf = (path: string) => statSync(path).mode & 0o777

  it("is this user's alone, as are those above it, and stays as it is where it was there", () => {
    const folder = join(root, "a", "b", "c")
    makeFolder(folder)
    makeFolder(folder)
    assert.deepStrictEqual([folder, join(root, "a")].map(modeOf), [0o700, 0o700])
    const own = join(root, "own")
    mkdirSync(own, { mode: 0o755 })
    makeFolder(own)
    assert.strictEqual(modeOf(own), 0o755)
  })

  it("throws where a file is, or leads nowhere, or the file system takes no folder", () => {
    writeFileSync(join(root, "file"), "mine")
    symlinkSync(join(root, "nowhere", "far"), join(root, "link"))
    assert.throws(() => makeFolder(join(root, "file")), /EEXIST/)
    assert.throws(() => makeFolder(join(root, "file", "below")), /ENOTDIR/)
    assert.throws(() => makeFolder(join(root, "link", "below")), /ENOENT/)
    if (process.platform === "linux") assert.throws(() => makeFolder("/proc/claude-memory/below"), /ENOENT/)
  })
})

describe("a file that is renamed", () => {
  const failing = (times: number, code: string) => {
    let asked = 0
    const once = () => {
      if (asked++ < times) throw Object.assign(new Error(code), { code })
    }
    return { once, asked: () => asked }
  }

  it("is tried again where somebody may have it open, and not for ever", () => {
    const soon = failing(2, "EPERM")
    rename("a", "b", { mayBeInUse: true, once: soon.once })
    assert.strictEqual(soon.asked(), 3)
    const never = failing(100, "EBUSY")
    assert.throws(() => rename("a", "b", { mayBeInUse: true, once: never.once }), /EBUSY/)
    assert.strictEqual(never.asked(), 8)
  })

  it("is not tried again for another reason, nor where no file is in anybody's way", () => {
    for (const [code, mayBeInUse] of [["ENOENT", true], ["EPERM", false]] as const) {
      const { asked, once } = failing(1, code)
      assert.throws(() => rename("a", "b", { mayBeInUse, once }), new RegExp(code))
      assert.strictEqual(asked(), 1)
    }
  })
})
