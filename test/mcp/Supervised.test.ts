import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as Supervised from "../../src/mcp/Supervised.ts"
import { StoreError } from "../../src/store/MemoryStore.ts"

const locked = new StoreError({ reason: "Locked", operation: "append", detail: "it is locked", cause: undefined })

/** Starts supervised work, and counts how often `work` was started. */
const start = (work: (n: number) => Effect.Effect<unknown, StoreError>) =>
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

describe("background work", () => {
  it.effect("that fails is reported, logged, and restarted after longer and longer pauses", () =>
    Effect.gen(function*() {
      const { logged, state, times } = yield* start(() => Effect.fail(locked))
      assert.deepInclude(yield* state, {
        isRunning: false,
        failures: 1,
        consecutive: 1,
        failure: "append: it is locked"
      })
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

  it.effect("that runs again is reported as running, with its earlier failures", () =>
    Effect.gen(function*() {
      const { state } = yield* start((n) => n < 3 ? Effect.fail(locked) : Effect.never)
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* state, { isRunning: true, failures: 2, failure: "append: it is locked" })
    }))

  it.effect("that failed after a long run is restarted after the first pause", () =>
    Effect.gen(function*() {
      const well = Effect.zipRight(Effect.sleep("6 minutes"), Effect.fail(locked))
      const { state, times } = yield* start((n) => n <= 8 ? Effect.fail(locked) : well)
      yield* TestClock.adjust(Duration.seconds(255))
      assert.strictEqual(yield* times, 9)
      yield* TestClock.adjust("6 minutes")
      assert.deepInclude(yield* state, { isRunning: false, failures: 9, consecutive: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* times, 10)
    }))

  it.effect("that ends is restarted, and a defect in it counts as a failure", () =>
    Effect.gen(function*() {
      const { state, times } = yield* start((n) => n === 1 ? Effect.void : Effect.dieMessage("out of bounds"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* times, 2)
      assert.match((yield* state).failure ?? "", /^a bug: .*out of bounds/)
    }))

  it.effect("ends when it is interrupted", () =>
    Effect.gen(function*() {
      const { fiber, logged } = yield* start(() => Effect.never)
      yield* Fiber.interrupt(fiber)
      assert.isEmpty(logged)
    }))
})
