import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Retry from "../../src/resources/Retry.ts"

describe("parseRetryAfter", () => {
  it.each<readonly [string, number | undefined]>([
    ["0", 0],
    ["7", 7],
    ["1.5", 1.5],
    ["Thu, 01 Jan 1970 00:01:10 GMT", 60],
    ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
    ["", undefined],
    ["soon", undefined],
    ["-3 seconds", undefined]
  ])(
    "%s asks for %s seconds",
    (header, seconds) =>
      assert.deepStrictEqual(
        Option.getOrUndefined(Option.map(Retry.parseRetryAfter(header, 10_000), Duration.toSeconds)),
        seconds
      )
  )
})

const failure = (over: Partial<Retry.Failure<string>> = {}): Retry.Failure<string> => ({
  error: "busy",
  isTransient: true,
  retryAfter: Option.none(),
  ...over
})

const options = { retries: 4, firstDelay: "1 second", maxDelay: "1 minute" } as const

/** Returns the times of the attempts, in milliseconds, and the outcome; advances the clock by ten minutes. */
const run = (
  attempt: (made: number) => Effect.Effect<string, Retry.Failure<string>>,
  over: Partial<Retry.RetryOptions> = {}
) =>
  Effect.gen(function*() {
    const times: Array<number> = []
    const fiber = yield* Effect.fork(Effect.either(Retry.retry(
      Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(times.push(now))),
      { ...options, ...over }
    )))
    yield* TestClock.adjust("10 minutes")
    return { times, outcome: yield* Fiber.join(fiber) }
  })

const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((time, i) => time - times[i]!)

describe("retry", () => {
  it.effect("waits from half to one and a half times as long as the wait before, doubled, then gives the error", () =>
    Effect.gen(function*() {
      const { outcome, times } = yield* run(() => Effect.fail(failure()))
      assert.deepInclude(outcome, { left: "busy" })
      assert.strictEqual(times.length, 5)
      for (const [i, gap] of gaps(times).entries()) {
        assert.isAtLeast(gap, 500 * 2 ** i - 1)
        assert.isAtMost(gap, 1_500 * 2 ** i + 1)
      }
    }))

  it.effect("varies the waits by chance", () =>
    Effect.gen(function*() {
      const first = yield* run(() => Effect.fail(failure()))
      const second = yield* run(() => Effect.fail(failure()))
      assert.notDeepEqual(gaps(first.times), gaps(second.times))
    }))

  it.effect("ends with the first success", () =>
    Effect.gen(function*() {
      const { outcome, times } = yield* run((made) => made === 3 ? Effect.succeed("done") : Effect.fail(failure()))
      assert.deepInclude(outcome, { right: "done" })
      assert.strictEqual(times.length, 3)
    }))

  it.effect("does not try again what does not pass", () =>
    Effect.gen(function*() {
      const { outcome, times } = yield* run((made) =>
        Effect.fail(failure({ error: `${made}`, isTransient: made === 1 }))
      )
      assert.deepInclude(outcome, { left: "2" })
      assert.strictEqual(times.length, 2)
    }))

  it.effect("waits as long as the server asks for, and gives up at once where that is longer than it may", () =>
    Effect.gen(function*() {
      const { times } = yield* run((made) =>
        Effect.fail(failure({ retryAfter: Option.some(Duration.seconds(made === 1 ? 60 : 61)) }))
      )
      assert.deepStrictEqual(times, [0, 60_000])
    }))

  it.effect.prop(
    "makes no more attempts than it may, and none waits longer",
    [FastCheck.nat({ max: 6 }), FastCheck.integer({ min: 1, max: 30 })],
    ([retries, seconds]) =>
      Effect.gen(function*() {
        const { times } = yield* run(() => Effect.fail(failure()), { retries, maxDelay: Duration.seconds(seconds) })
        assert.isAtMost(times.length, retries + 1)
        for (const gap of gaps(times)) assert.isAtMost(gap, seconds * 1_000 + 1)
      })
  )
})
