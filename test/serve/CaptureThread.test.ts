/**
 * The supervisor of the capturing thread, over small threads in place of the real one, which test/e2e/capture.test.ts starts.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { InThread } from "../../src/resources/monitor/Monitor.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as CaptureThread from "../../src/serve/CaptureThread.ts"
import { Lease } from "../../src/store/Lease.ts"
import { base } from "../contract/layers.ts"
import { owned } from "../resources/owned.ts"

const OPEN: InThread = { resources: [], reading: { timers: 3, watchers: 1 } }

/** Says that it has started and what is open, then does `rest`. */
const program = (rest: string) => `
import { writeFileSync } from "node:fs"
import { parentPort } from "node:worker_threads"
parentPort.postMessage({ _tag: "Started" })
parentPort.postMessage({ _tag: "Open", open: ${JSON.stringify(OPEN)} })
${rest}
`

/** Ends when it is asked to, and leaves a file by which that is known. */
const obedient = (mark: string) =>
  program(`parentPort.on("message", (message) => {
  writeFileSync(${JSON.stringify(mark)}, message)
  parentPort.close()
})`)

/** Makes the effect over a thread of this text; `reported` collects what it reports. */
const over = (text: (folder: string) => string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-thread-" })
    const file = join(folder, "thread.mjs")
    writeFileSync(file, text(folder))
    const reported: Array<InThread | undefined> = []
    const isOpen = yield* Deferred.make<void>()
    const run = yield* owned(CaptureThread.make({
      file,
      folders: ["/projects"],
      report: (open) => {
        reported.push(open)
        Deferred.unsafeDone(isOpen, Effect.void)
      }
    }))
    return { folder, reported, isOpen: Deferred.await(isOpen), run }
  })

const kinds = Effect.flatMap(
  ResourceLedger,
  ({ snapshot }) => Effect.map(snapshot, (all) => all.map(({ kind }) => kind))
)

describe("capture in a thread", () => {
  it.scopedLive("reports what the thread has open, and asks it to end when it is interrupted", () =>
    Effect.gen(function*() {
      const { folder, isOpen, reported, run } = yield* over((folder) => obedient(join(folder, "asked")))
      const fiber = yield* Effect.fork(run)
      yield* isOpen
      assert.deepStrictEqual(yield* kinds, ["worker"])
      yield* Fiber.interrupt(fiber)
      assert.isTrue(existsSync(join(folder, "asked")))
      assert.deepStrictEqual(reported, [OPEN, undefined])
      assert.deepStrictEqual(yield* kinds, [])
    }).pipe(Effect.provide(base)))

  it.scopedLive("fails with what the thread fails with, and leaves nothing open", () =>
    Effect.gen(function*() {
      for (
        const [rest, expected] of [
          [
            `parentPort.postMessage({ _tag: "Failed", message: "the disk is full" }); parentPort.close()`,
            "the disk is full"
          ],
          [`setTimeout(() => { throw new Error("a bug") }, 20)`, "a bug"],
          [`setTimeout(() => process.exit(3), 20)`, "its thread has ended"]
        ] as const
      ) {
        const { reported, run } = yield* over(() => program(rest))
        assert.strictEqual((yield* Effect.flip(run)).message, expected)
        assert.isUndefined(reported.at(-1))
        assert.deepStrictEqual(yield* kinds, [])
      }
    }).pipe(Effect.provide(base)))

  it.scopedLive("waits for the lease, ends the thread when that is lost, and waits again", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const free = yield* Effect.makeLatch()
      const lost = yield* Deferred.make<void>()
      const hold = (name: string) =>
        Effect.as(Effect.zipRight(Effect.sync(() => asked.push(name)), free.await), { keep: Deferred.await(lost) })
      const { folder, isOpen, run } = yield* Effect.provideService(
        over((folder) => obedient(join(folder, "asked"))),
        Lease,
        { hold }
      )
      yield* Effect.forkScoped(run)
      yield* Effect.sleep("100 millis")
      assert.deepStrictEqual(yield* kinds, [])
      yield* free.open
      yield* isOpen
      yield* free.close
      yield* Deferred.succeed(lost, undefined)
      yield* Effect.repeat(Effect.delay(kinds, "10 millis"), { until: ({ length }) => length === 0 })
      assert.isTrue(existsSync(join(folder, "asked")))
      assert.strictEqual(asked.length, 2)
      assert.match(asked[0]!, /^capture-/)
    }).pipe(Effect.provide(base)))
})
