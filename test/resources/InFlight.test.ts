import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import { make } from "../../src/resources/InFlight.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { owned } from "./owned.ts"

class Greeting extends Context.Tag("test/Greeting")<Greeting, string>() {}

/** Work that never ends, and signals that it began and was interrupted. */
const makeWork = Effect.gen(function*() {
  const began = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<void>()
  const work = Deferred.succeed(began, undefined).pipe(
    Effect.zipRight(Effect.never),
    // The interruption takes a turn, as closing a request does.
    Effect.onInterrupt(() => Effect.zipRight(Effect.yieldNow(), Deferred.succeed(ended, undefined)))
  )
  return { work, began: Deferred.await(began), isEnded: Deferred.isDone(ended) }
})

const withLedger = <A, E>(effect: Effect.Effect<A, E, ResourceLedger | Scope.Scope>) =>
  Effect.provide(Effect.scoped(effect), ResourceLedger.layer)

describe("InFlight", () => {
  it.effect("gives back results, failures and defects as they are", () =>
    withLedger(Effect.gen(function*() {
      const inFlight = yield* owned(make("Test"))
      assert.strictEqual(yield* inFlight(Effect.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(inFlight(Effect.fail("no"))), "no")
      const died = yield* Effect.exit(inFlight(Effect.die("bug")))
      assert(Exit.isFailure(died))
      assert.deepStrictEqual(Cause.dieOption(died.cause), Option.some("bug"))
      const interrupted = yield* Effect.exit(inFlight(Effect.interrupt))
      assert(Exit.isInterrupted(interrupted))
      assert.strictEqual(yield* inFlight(Greeting).pipe(Effect.provideService(Greeting, "hello")), "hello")
    })))

  it.effect("a failure of one is no matter to the others, nor to the scope", () =>
    withLedger(Effect.gen(function*() {
      const inFlight = yield* owned(make("Test"))
      const long = yield* Effect.fork(inFlight(Effect.as(Effect.sleep("1 second"), "done")))
      yield* Effect.exit(inFlight(Effect.fail("no")))
      yield* Effect.exit(inFlight(Effect.die("bug")))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(long), "done")
    })))

  it.effect("interrupting the caller interrupts the work, and waits until it has ended", () =>
    withLedger(Effect.gen(function*() {
      const inFlight = yield* owned(make("Test"))
      const { began, isEnded, work } = yield* makeWork
      const caller = yield* Effect.fork(inFlight(work))
      yield* began
      assert(Exit.isInterrupted(yield* Fiber.interrupt(caller)))
      assert.isTrue(yield* isEnded)
    })))

  it.effect("a timeout of the caller ends the work", () =>
    withLedger(Effect.gen(function*() {
      const inFlight = yield* owned(make("Test"))
      const { began, isEnded, work } = yield* makeWork
      const caller = yield* Effect.fork(Effect.timeoutOption(inFlight(work), "1 second"))
      yield* began
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(caller), Option.none())
      assert.isTrue(yield* isEnded)
    })))

  it.effect("closing the scope interrupts the work in flight, and the callers learn of it", () =>
    withLedger(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const inFlight = yield* Scope.extend(owned(make("Test")), scope)
      const works = yield* Effect.all(Array.from({ length: 5 }, () => makeWork))
      const callers = yield* Effect.forEach(works, ({ work }) => Effect.fork(inFlight(work)))
      yield* Effect.forEach(works, ({ began }) => began)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Effect.forEach(works, ({ isEnded }) => isEnded), [true, true, true, true, true])
      for (const caller of callers) assert(Exit.isInterrupted(yield* Fiber.await(caller)))
    })))

  it.effect("nothing begins once the scope has closed", () =>
    withLedger(Effect.gen(function*() {
      const inFlight = yield* Effect.scoped(owned(make("Test")))
      let hasRun = false
      const exit = yield* Effect.exit(inFlight(Effect.sync(() => {
        hasRun = true
      })))
      assert(Exit.isInterrupted(exit))
      assert.isFalse(hasRun)
    })))

  it.effect("is in the ledger under its owner's name while the scope is open", () =>
    withLedger(Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      yield* Effect.scoped(Effect.gen(function*() {
        yield* owned(make("Retriever"))
        assert.deepStrictEqual((yield* ledger.snapshot).map(({ kind, name }) => [kind, name]), [[
          "fibers",
          "Retriever"
        ]])
      }))
      assert.deepStrictEqual(yield* ledger.snapshot, [])
    })))

  it.effect("leaves no fiber, however its work ends", () =>
    withLedger(Effect.gen(function*() {
      const supervisor = yield* Supervisor.track
      const inFlight = yield* owned(make("Test"))
      const running = Effect.map(supervisor.value, (fibers) => fibers.length)
      const ends = [Effect.void, Effect.fail("no"), Effect.die("bug"), Effect.interrupt, Effect.yieldNow()]
      yield* Effect.gen(function*() {
        const before = yield* running
        yield* Effect.forEach(
          Array.from({ length: 200 }, (_, i) => ends[i % ends.length]!),
          (end) => Effect.exit(inFlight(end)),
          { concurrency: 20, discard: true }
        )
        const { began, work } = yield* makeWork
        const caller = yield* Effect.fork(inFlight(work))
        yield* began
        assert.strictEqual(yield* running, before + 2)
        yield* Fiber.interrupt(caller)
        assert.strictEqual(yield* running, before)
      }).pipe(Effect.supervised(supervisor))
    })))
})
