/**
 * What is said of work that is tried again.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { wiping } from "../../src/serve/Retaining.ts"
import { makeRetry } from "../../src/serve/Worker.ts"
import { MemoryStore, StoreError } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { base } from "../contract/layers.ts"

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

it.effect("what can't be wiped is tried again: soon after a lock, later on a full disk, and not after other failures", () => {
  const warnings: Array<string> = []
  const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => warnings.push(String(message))))
  const refusal = (reason: StoreError["reason"]) =>
    new StoreError({ reason, operation: "wipe", detail: `it is ${reason}`, cause: undefined })
  const outcomes = [Effect.void, refusal("Locked"), refusal("Full"), refusal("Full"), Effect.void, refusal("Damaged")]
  return Effect.gen(function*() {
    const store = yield* MemoryStore
    let attempts = 0
    const wipe = Effect.suspend(() => outcomes[attempts++] ?? Effect.die("tried after it was damaged"))
    const running = yield* Effect.fork(
      Effect.provideService(Stream.runDrain(wiping), MemoryStore, MemoryStore.of({ ...store, wipe }))
    )
    const said = (reason: string) =>
      `bytes of what was forgotten for good may stay in the memory's file: wipe: it is ${reason}`
    yield* TestClock.adjust("14 minutes")
    assert.deepStrictEqual([attempts, warnings], [2, []])
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual([attempts, warnings], [3, [said("Full")]])
    yield* TestClock.adjust("59 minutes")
    assert.strictEqual(attempts, 3)
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual([attempts, warnings], [4, [said("Full"), said("Full")]])
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(attempts, 5)
    yield* TestClock.adjust("1 day")
    yield* Fiber.join(running)
    assert.deepStrictEqual([attempts, warnings.slice(2)], [6, [said("Damaged")]])
  }).pipe(Effect.provide(Layer.merge(logger, Layer.provide(testing.store, base))))
})
