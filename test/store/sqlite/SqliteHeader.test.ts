import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { toStoreError } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteHeader from "../../../src/store/sqlite/SqliteHeader.ts"

const refused = (path: string) => Effect.map(Effect.flip(SqliteHeader.read(path)), toStoreError("open"))

describe("a file that can't be opened", () => {
  it.effect("for want of rights is one that the person can mend", () =>
    Effect.gen(function*() {
      const { message, reason } = yield* refused(join(tmpdir(), "no-such-folder", "memory.db"))
      assert.deepStrictEqual([reason, message.includes("belong to you")], ["Denied", true])
    }))

  it.scoped("for another reason says what went wrong", () =>
    Effect.gen(function*() {
      if (process.platform === "win32") return
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "claude-memory-header-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
      )
      const path = join(folder, "memory.db")
      symlinkSync(path, path)
      const { message, reason } = yield* refused(path)
      assert.strictEqual(reason, "Other")
      assert.include(message, "ELOOP")
      assert.notInclude(message, "belong to you")
    }))
})
