import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach } from "vitest"
import { freeAt, makeFolder, rename } from "../../src/resources/Disk.ts"

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

  it("is made where another process makes those above it, or it itself, at that moment", () => {
    /** Makes these folders by another hand each time that a call is about to answer. */
    const beside = (root: string, ...made: ReadonlyArray<string>) => {
      const asked: Array<string> = []
      const once = ((path: string, options: { readonly mode: number }) => {
        asked.push(path)
        try {
          return mkdirSync(path, options)
        } finally {
          for (const name of made) mkdirSync(join(root, name), { recursive: true })
        }
      }) as typeof mkdirSync
      return { asked, once }
    }
    const parent = beside(root, "a")
    makeFolder(join(root, "a", "b"), parent.once)
    assert.strictEqual(modeOf(join(root, "a", "b")), 0o700)
    assert.lengthOf(parent.asked, 2)
    const both = beside(root, "c", "c/d")
    makeFolder(join(root, "c", "d"), both.once)
    assert.isTrue(statSync(join(root, "c", "d")).isDirectory())
  })

  it("is tried once more where its parent is there and the file system has no folder for it", () => {
    let asked = 0
    const once = (() => {
      asked++
      throw Object.assign(new Error("ENOENT"), { code: "ENOENT" })
    }) as unknown as typeof mkdirSync
    assert.throws(() => makeFolder(join(root, "a"), once), /ENOENT/)
    assert.strictEqual(asked, 2)
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

it("tells the room on the disk of a folder, and nothing where none is", () => {
  const root = mkdtempSync(join(tmpdir(), "claude-memory-disk-"))
  try {
    const below = join(root, "below")
    assert.isUndefined(freeAt(below))
    mkdirSync(below)
    assert.isAbove(freeAt(below)!.bytes, 0)
    assert.strictEqual(freeAt(below)!.device, freeAt(root)!.device)
  } finally {
    rmSync(root, { recursive: true })
  }
})
