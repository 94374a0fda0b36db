import { SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { toStoreError } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteHeader from "../../../src/store/sqlite/SqliteHeader.ts"
import { owned } from "../../resources/owned.ts"

const refused = (reason: SystemErrorReason) => {
  const error = new SystemError({ reason, module: "FileSystem", method: "open", pathOrDescriptor: "memory.db" })
  return Effect.flip(owned(SqliteHeader.read("memory.db"))).pipe(
    Effect.map(toStoreError("open")),
    Effect.scoped,
    Effect.provide(Layer.merge(ResourceLedger.layer, FileSystem.layerNoop({ open: () => error })))
  )
}

describe("a file that can't be opened", () => {
  it.effect("for want of rights is one that the person can mend", () =>
    Effect.gen(function*() {
      const { message, reason } = yield* refused("PermissionDenied")
      assert.deepStrictEqual([reason, message.includes("belongs to you")], ["Denied", true])
    }))

  it.effect("for another reason says what went wrong", () =>
    Effect.gen(function*() {
      const { message, reason } = yield* refused("TimedOut")
      assert.strictEqual(reason, "Other")
      assert.include(message, "TimedOut")
      assert.notInclude(message, "belongs to you")
    }))
})
