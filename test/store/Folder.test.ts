import { assert, describe, it } from "@effect/vitest"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { lookAtFolder } from "../../src/store/Folder.ts"

const inFolder = (use: (folder: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "claude-memory-folder-"))
  try {
    use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("the folder of a memory", () => {
  it("is ok where it can be written, and nothing is found of one that can be made; both stay as they were", () =>
    inFolder((root) => {
      assert.deepInclude(lookAtFolder(root), { isFolder: true })
      assert.strictEqual(lookAtFolder(root)?.finding.state, "ok")
      assert.isUndefined(lookAtFolder(join(root, "deep", "memory")))
      assert.deepStrictEqual(readdirSync(root), [])
    }))

  it("is wrong where a file is, and below one", () =>
    inFolder((root) => {
      const file = join(root, "file")
      writeFileSync(file, "")
      for (const folder of [file, join(file, "memory")]) {
        const found = lookAtFolder(folder)
        assert.strictEqual(found?.finding.state, "wrong", folder)
        assert.isFalse(found?.isFolder)
      }
    }))

  it.runIf(existsSync("/proc/self"))("is wrong where nobody can make one", () => {
    const found = lookAtFolder("/proc/claude-memory/deep")
    assert.strictEqual(found?.finding.state, "wrong")
    assert.include(found?.finding.detail, "can't be written, so nothing more can be remembered")
  })
})
