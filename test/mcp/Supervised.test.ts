import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as Supervised from "../../src/mcp/Supervised.ts"
import { StoreError } from "../../src/store/MemoryStore.ts"

const away = new StoreError({ reason: "Locked", operation: "append", detail: "it is locked", cause: undefined })

/** Starts supervised work, and counts how often `work` was started. */
const begun = (work: (n: number) => Effect.Effect<unknown, StoreError>) =>
  Effect.gen(function*() {
    const times = yield* Ref.make(0)
    const logged: Array<string> = []
    const { run, state } = yield* Supervised.make(
      "capture",
      Effect.flatMap(Ref.updateAndGet(times, (n) => n + 1), work)
    )
    const logger = Logger.make(({ message }) => void logged.push(String(message)))
    const fiber = yield* Effect.fork(Effect.provide(run, Logger.replace(Logger.defaultLogger, logger)))
    yield* TestClock.adjust(0)
    return { times: Ref.get(times), state, fiber, logged }
  })

describe("work beside", () => {
  it.effect("that fails is reported, logged, and restarted after growing delays", () =>
    Effect.gen(function*() {
      const { logged, state, times } = yield* begun(() => Effect.fail(away))
      assert.deepInclude(yield* state, { isRunning: false, failures: 1, inARow: 1, failure: "append: it is locked" })
      const counts: Array<number> = []
      for (let i = 0; i < 12; i++) {
        yield* TestClock.adjust("5 minutes")
        counts.push(yield* times)
      }
      // Waits 1, 2, 4 … 256 seconds, and from then on five minutes.
      assert.deepStrictEqual(counts.slice(0, 2), [9, 10])
      assert.strictEqual(counts[11], 20)
      assert.strictEqual(logged.length, 20)
      assert.strictEqual(logged[0], "capture failed and is tried again: append: it is locked")
    }))

  it.effect("that runs again is said to run, and what failed before is not forgotten", () =>
    Effect.gen(function*() {
      const { state } = yield* begun((n) => n < 3 ? Effect.fail(away) : Effect.never)
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* state, { isRunning: true, failures: 2, failure: "append: it is locked" })
    }))

  it.effect("that failed after it was well for long is begun again at once", () =>
    Effect.gen(function*() {
      const well = Effect.zipRight(Effect.sleep("6 minutes"), Effect.fail(away))
      const { state, times } = yield* begun((n) => n <= 8 ? Effect.fail(away) : well)
      yield* TestClock.adjust(Duration.seconds(255))
      assert.strictEqual(yield* times, 9)
      yield* TestClock.adjust("6 minutes")
      assert.deepInclude(yield* state, { isRunning: false, failures: 9, inARow: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* times, 10)
    }))

  it.effect("that ends is begun again, and a mistake in it is a failure too", () =>
    Effect.gen(function*() {
      const { state, times } = yield* begun((n) => n === 1 ? Effect.void : Effect.dieMessage("a bug"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* times, 2)
      assert.match((yield* state).failure ?? "", /a mistake of its own: .*a bug/)
    }))

  it.effect("ends when it is interrupted", () =>
    Effect.gen(function*() {
      const { fiber, logged } = yield* begun(() => Effect.never)
      yield* Fiber.interrupt(fiber)
      assert.isEmpty(logged)
    }))
})
