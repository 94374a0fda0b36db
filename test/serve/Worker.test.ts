/**
 * What is said of work that is tried again.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { makeRetry } from "../../src/serve/Worker.ts"

const trouble = (reason: string) => Stream.fail({ reason, message: reason })

it.effect("trouble that lasts is said once, also where a part succeeds; what comes much later, again", () => {
  const warnings: Array<string> = []
  const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => warnings.push(String(message))))
  return Effect.gen(function*() {
    const retrying = yield* makeRetry
    const attempts = ["Locked", "Locked", "Full", "Full"]
    const running = yield* Stream.suspend(() => {
      const reason = attempts.shift()
      return reason === undefined ? Stream.make("done") : Stream.concat(Stream.make("a part"), trouble(reason))
    }).pipe(retrying, Stream.runCollect, Effect.fork)
    yield* TestClock.adjust("3 minutes")
    assert.deepStrictEqual([...yield* Fiber.join(running)], [...Array(4).fill("a part"), "done"])
    const said = ["Locked", "Full"].map((reason) => `${reason}; it is tried again until it can be done`)
    assert.deepStrictEqual(warnings, said)

    const later = yield* Effect.fork(Stream.runCollect(retrying(trouble("Full"))))
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(warnings, [...said, said[1]])
    yield* Fiber.interrupt(later)
    assert.strictEqual((yield* Effect.flip(Stream.runCollect(retrying(trouble("Broken"))))).reason, "Broken")
    assert.strictEqual(warnings.length, 3)
  }).pipe(Effect.provide(logger))
})
