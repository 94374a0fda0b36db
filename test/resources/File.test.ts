import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { closeSync, openSync } from "node:fs"
import * as File from "../../src/resources/File.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { owned } from "./owned.ts"

/** Makes a drive that opens files after this delay, and counts the files that it closes. */
const slowDrive = (answersAfter: string) => {
  const drive = { closed: 0 }
  const opened = Effect.acquireRelease(
    Effect.as(Effect.sleep(answersAfter as "1 second"), {} as FileSystem.File),
    () => Effect.sync(() => drive.closed++)
  )
  return { drive, layer: FileSystem.layerNoop({ open: () => opened }) }
}

describe("a file", () => {
  it.effect("is in the ledger while its scope is open", () =>
    Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const fs = yield* FileSystem.FileSystem
      const path = yield* fs.makeTempFileScoped()
      yield* Effect.scoped(Effect.gen(function*() {
        const file = yield* owned(File.open(path, { flag: "w" }))
        yield* file.writeAll(new Uint8Array([1, 2]))
        assert.deepStrictEqual((yield* ledger.snapshot).map(({ kind, name }) => [kind, name]), [["file", path]])
      }))
      assert.deepStrictEqual(yield* ledger.snapshot, [])
      assert.strictEqual((yield* fs.readFile(path)).length, 2)
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer))))

  it.effect("is closed when its descriptor has another file, as one that a thread has opened meanwhile", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const [path, other] = [yield* fs.makeTempFileScoped(), yield* fs.makeTempFileScoped()]
      let fd = -1
      const reusing = FileSystem.layerNoop({
        open: () =>
          Effect.acquireRelease(
            Effect.sync(() => ({ fd: fd = openSync(path, "r") }) as FileSystem.File),
            () =>
              Effect.sync(() => {
                closeSync(fd)
                assert.strictEqual(openSync(other, "r"), fd)
              })
          )
      })
      yield* Effect.scoped(Effect.provide(owned(File.open(path)), reusing))
      assert.deepStrictEqual(yield* Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot), [])
      closeSync(fd)
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer))))

  it.effect("that is not there is an error", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(owned(File.open("/no/such/file"))))
      assert.deepInclude(error, { _tag: "SystemError", reason: "NotFound" })
      assert.deepStrictEqual(yield* Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot), [])
    }).pipe(Effect.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer))))

  it.effect("on a drive that does not answer fails after ten seconds, and is closed when it comes all the same", () => {
    const { drive, layer } = slowDrive("15 seconds")
    return Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const opening = yield* Effect.fork(Effect.either(Effect.scoped(owned(File.open("/net/a")))))
      yield* TestClock.adjust("9999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(opening)))
      yield* TestClock.adjust("1 millis")
      const outcome = yield* Fiber.join(opening)
      assert.deepInclude(Option.getOrThrow(Option.fromNullable("left" in outcome ? outcome.left : undefined)), {
        _tag: "SystemError",
        reason: "TimedOut",
        pathOrDescriptor: "/net/a"
      })
      assert.strictEqual(drive.closed, 0)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(drive.closed, 1)
      assert.deepStrictEqual(yield* ledger.snapshot, [])
    }).pipe(Effect.provide(Layer.merge(ResourceLedger.layer, layer)))
  })

  it.effect("that is read at once fails after ten seconds on such a drive, too", () =>
    Effect.gen(function*() {
      const reading = yield* Effect.fork(Effect.flip(File.readWhole("/net/a")))
      yield* TestClock.adjust("9999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(reading)))
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(reading), {
        _tag: "SystemError",
        reason: "TimedOut",
        pathOrDescriptor: "/net/a"
      })
    }).pipe(Effect.provide(FileSystem.layerNoop({ readFile: () => Effect.never }))))

  it.effect("holds nobody who is interrupted while it opens", () => {
    const { drive, layer } = slowDrive("5 seconds")
    return Effect.gen(function*() {
      const opening = yield* Effect.fork(Effect.scoped(owned(File.open("/net/a"))))
      yield* Effect.yieldNow()
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(opening)))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(drive.closed, 1)
    }).pipe(Effect.provide(Layer.merge(ResourceLedger.layer, layer)))
  })
})
