import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Lazy from "../../src/resources/Lazy.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { times } from "../data.ts"
import { owned } from "./owned.ts"

/** The handles of these tests are not in a ledger. */
const makeLazy = <A, E>(open: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.provide(owned(Lazy.make(open)), ResourceLedger.layer)

type Opening = "works" | "fails" | "dies"

/** Waits for `n` turns of the scheduler. */
const turns = (n: number) => Effect.repeatN(Effect.yieldNow(), n)

/**
 * An opening of a handle in two parts (a socket, then a login on it), with `taking` between them, and the parts that
 * are open. Attempts go by `plan`; those beyond it succeed.
 */
const makeHandles = (plan: ReadonlyArray<Opening>, taking: Effect.Effect<unknown> = Effect.sleep("1 second")) => {
  const open = new Set<string>()
  const seen = { attempts: 0, most: 0, overlapped: false }
  const part = (name: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        // Parts of a failed attempt that were not released would still be here.
        seen.overlapped ||= [...open].some((other) => other.split(" ")[0] !== name.split(" ")[0])
        open.add(name)
        seen.most = Math.max(seen.most, open.size)
        return name
      }),
      () => Effect.sync(() => open.delete(name))
    )
  const opening = Effect.gen(function*() {
    const attempt = ++seen.attempts
    const outcome = plan[attempt - 1] ?? "works"
    yield* part(`${attempt} socket`)
    yield* taking
    if (outcome === "fails") return yield* Effect.fail(`attempt ${attempt}`)
    if (outcome === "dies") return yield* Effect.die(`attempt ${attempt}`)
    return yield* part(`${attempt} login`)
  })
  return { open, opening, seen }
}

describe("Lazy", () => {
  it.effect("opens nothing until it is needed, and then once", () =>
    Effect.gen(function*() {
      const { open, opening, seen } = makeHandles([])
      yield* Effect.scoped(Effect.gen(function*() {
        const lazy = yield* makeLazy(opening)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(seen.attempts, 0)
        const callers = yield* Effect.fork(
          Effect.all(Array.from({ length: 50 }, () => lazy), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(new Set(yield* Fiber.join(callers)), new Set(["1 login"]))
        assert.strictEqual(yield* lazy, "1 login")
        assert.strictEqual(seen.attempts, 1)
        assert.strictEqual(open.size, 2)
      }))
      assert.strictEqual(open.size, 0)
    }))

  it.effect.each(["fails", "dies"] as const)(
    "what an open that %s had opened is closed at once; the next caller tries again",
    (how) =>
      Effect.gen(function*() {
        const { open, opening, seen } = makeHandles([how])
        yield* Effect.scoped(Effect.gen(function*() {
          const lazy = yield* makeLazy(opening)
          const first = yield* Effect.fork(Effect.exit(lazy))
          yield* TestClock.adjust("1 second")
          assert(Exit.isFailure(yield* Fiber.join(first)))
          assert.deepStrictEqual([...open], [])
          const second = yield* Effect.fork(lazy)
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* Fiber.join(second), "2 login")
          assert.isFalse(seen.overlapped)
        }))
        assert.strictEqual(open.size, 0)
      })
  )

  it.effect("a first caller that is interrupted goes at once, and those who wait get what it began to open", () =>
    Effect.gen(function*() {
      const { open, opening, seen } = makeHandles([])
      yield* Effect.scoped(Effect.gen(function*() {
        const lazy = yield* makeLazy(opening)
        const first = yield* Effect.fork(lazy)
        yield* TestClock.adjust("500 millis")
        const waiting = yield* Effect.fork(Effect.all([lazy, lazy, lazy], { concurrency: "unbounded" }))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("500 millis")
        assert.deepStrictEqual(yield* Fiber.join(waiting), ["1 login", "1 login", "1 login"])
        assert.strictEqual(seen.attempts, 1)
        assert.strictEqual(open.size, 2)
      }))
      assert.strictEqual(open.size, 0)
    }))

  it.effect("one who waits can be interrupted without a word to the others", () =>
    Effect.gen(function*() {
      const { opening, seen } = makeHandles([])
      const lazy = yield* makeLazy(opening)
      const first = yield* Effect.fork(lazy)
      yield* Effect.yieldNow()
      const waiting = yield* Effect.fork(lazy)
      yield* Effect.yieldNow()
      assert(Exit.isInterrupted(yield* Fiber.interrupt(waiting)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(first), "1 login")
      assert.strictEqual(seen.attempts, 1)
    }).pipe(Effect.scoped))

  it.effect("what a caller who has gone began to open is there for the next", () =>
    Effect.gen(function*() {
      const { open, opening, seen } = makeHandles([])
      yield* Effect.scoped(Effect.gen(function*() {
        const lazy = yield* makeLazy(opening)
        const first = yield* Effect.fork(lazy)
        yield* TestClock.adjust("500 millis")
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(yield* lazy, "1 login")
        assert.strictEqual(seen.attempts, 1)
      }))
      assert.deepStrictEqual([...open], [])
    }))

  it.effect("an opening is given up when the scope closes", () =>
    Effect.gen(function*() {
      const { open, opening } = makeHandles([])
      const scope = yield* Scope.make()
      const lazy = yield* Scope.extend(makeLazy(opening), scope)
      const caller = yield* Effect.fork(lazy)
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([...open], ["1 socket"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual([...open], [])
      assert(Exit.isInterrupted(yield* Fiber.await(caller)))
    }))

  it.effect("is released in the order of making, whatever was needed first", () =>
    Effect.gen(function*() {
      const released: Array<string> = []
      const named = (name: string) =>
        Effect.acquireRelease(Effect.succeed(name), () => Effect.sync(() => released.push(name)))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* named("first")
        const pool = yield* makeLazy(named("pool"))
        const user = yield* makeLazy(Effect.zipRight(pool, named("user of the pool")))
        yield* named("last")
        yield* user
      }))
      assert.deepStrictEqual(released, ["last", "user of the pool", "pool", "first"])
    }))

  it.effect("its handle lives as long as the scope that made it lazy, not the caller's", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      yield* Effect.scoped(Effect.gen(function*() {
        const lazy = yield* makeLazy(
          Effect.acquireRelease(Effect.succeed(1), () => Deferred.succeed(closed, undefined))
        )
        yield* Effect.scoped(lazy)
        assert.isFalse(yield* Deferred.isDone(closed))
      }))
      assert.isTrue(yield* Deferred.isDone(closed))
    }))

  it.effect.prop(
    "whatever the interleaving: at most one handle, every caller that stays is answered, nothing is left",
    [
      FastCheck.array(FastCheck.constantFrom<Opening>("works", "fails", "dies"), { maxLength: 4 }),
      FastCheck.nat({ max: 12 }),
      FastCheck.array(
        FastCheck.record({
          callsAt: FastCheck.nat({ max: 20 }),
          leavesAt: FastCheck.option(FastCheck.nat({ max: 40 }))
        }),
        { minLength: 1, maxLength: 12 }
      ),
      FastCheck.option(FastCheck.nat({ max: 40 })),
      // With fewer operations between yields Effect does nothing but yield.
      FastCheck.integer({ min: 32, max: 96 })
    ],
    ([plan, slowness, callers, closesAt, maxOps]) =>
      Effect.gen(function*() {
        const { open, opening, seen } = makeHandles(plan, turns(slowness))
        const scope = yield* Scope.make()
        const lazy = yield* Scope.extend(makeLazy(opening), scope)
        const fibers = yield* Effect.forEach(
          callers,
          ({ callsAt }) => Effect.fork(Effect.zipRight(turns(callsAt), lazy))
        )
        const leaving = yield* Effect.forEach(
          callers,
          ({ leavesAt }, i) =>
            leavesAt === null ? Effect.void : Effect.fork(Effect.zipRight(turns(leavesAt), Fiber.interrupt(fibers[i]!)))
        )
        if (closesAt !== null) {
          // Services end this way: first the work in flight, then what it depends on.
          yield* turns(closesAt)
          yield* Fiber.interruptAll(fibers)
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual([...open], [])
        }
        const answers = yield* Effect.forEach(fibers, Fiber.await)
        yield* Effect.forEach(leaving, (fiber) => fiber === undefined ? Effect.void : Fiber.join(fiber), {
          discard: true
        })
        assert.isFalse(seen.overlapped)
        assert.isAtMost(seen.most, 2)
        const served = answers.flatMap((exit) => Exit.isSuccess(exit) ? [exit.value] : [])
        assert.isAtMost(new Set(served).size, 1)
        const refused = answers.filter((exit) => Exit.isFailure(exit) && !Exit.isInterrupted(exit))
        // A failed attempt's failure goes to those who wait for it, and the next caller makes another attempt.
        const failed = plan.slice(0, seen.attempts).filter((how) => how !== "works").length
        const reasons = refused.map((exit) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
        assert.isAtMost(new Set(reasons).size, failed)
        assert.isAtMost(seen.attempts, failed + 1)
        const stayed = callers.filter(({ leavesAt }) => leavesAt === null).length
        if (closesAt === null) {
          assert.isAtLeast(served.length + refused.length, stayed)
          if (served.length > 0) {
            assert.deepStrictEqual([...open].map((part) => part.split(" ")[1]), ["socket", "login"])
          }
          yield* Scope.close(scope, Exit.void)
        }
        assert.deepStrictEqual([...open], [])
      }).pipe(Effect.withMaxOpsBeforeYield(maxOps)),
    { fastCheck: { numRuns: times(100) } }
  )
})
