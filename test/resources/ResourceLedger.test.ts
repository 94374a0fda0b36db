import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Owner from "../../src/resources/Owner.ts"
import {
  type Acquisition,
  LeakedResources,
  type ReleaseOutcome,
  type ResourceKind,
  ResourceLedger,
  TooManyOpen
} from "../../src/resources/ResourceLedger.ts"
import { times } from "../data.ts"
import { type LooseAcquisition, type OpenLedger, openLedger, owned } from "./owned.ts"

interface Ledger extends OpenLedger {
  readonly adopt: <A, E>(
    kind: ResourceKind,
    name: string,
    scoped: Effect.Effect<A, E, Scope.Scope>,
    isGone?: () => boolean
  ) => Effect.Effect<A, E, Scope.Scope>
}

const openTo = (ledger: ResourceLedger["Type"]): Ledger => ({
  ...openLedger(ledger),
  adopt: (kind, name, scoped, isGone = () => true) => {
    const adopting = Owner.adopt({ kind, name, scoped, isGone })
    return Effect.provideService(owned(adopting), ResourceLedger, ledger)
  }
})

const withLedgerLive = <A, E>(
  body: (ledger: Ledger) => Effect.Effect<A, E, Scope.Scope>,
  isOver: Effect.Effect<unknown> = Effect.void
): Effect.Effect<A, E> =>
  Effect.scoped(Effect.flatMap(ResourceLedger, (ledger) => body(openTo(ledger)))).pipe(
    Effect.ensuring(isOver),
    Effect.provide(ResourceLedger.layer)
  )

/** Runs `body` with a ledger of its own, whose layer closes at the end. From then on the time passes. */
const withLedger = <A, E>(body: (ledger: Ledger) => Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E> =>
  Effect.flatMap(Deferred.make<void>(), (over) =>
    Effect.raceFirst(
      withLedgerLive(body, Deferred.succeed(over, undefined)),
      Effect.zipRight(
        Deferred.await(over),
        Effect.forever(Effect.zipRight(Effect.yieldNow(), TestClock.adjust("100 millis")))
      )
    ))

const acquisition = (
  options: Partial<Acquisition<string, never, never>> = {}
): LooseAcquisition<string, never, never> => ({
  kind: "file",
  name: "a",
  open: Effect.succeed("handle"),
  close: () => Effect.void,
  within: "1 second",
  ...options
})

/** Returns how one resource was released, by the ledger's events and its snapshot, once its scope has closed. */
const outcomeOf = (options: Partial<Acquisition<string, never, never>>, elapse: Effect.Effect<void> = Effect.void) =>
  withLedger((ledger) =>
    Effect.gen(function*() {
      const changes = yield* ledger.changes
      const use = yield* Effect.fork(Effect.scoped(ledger.acquire(acquisition(options))))
      yield* elapse
      yield* Fiber.join(use)
      const released = [...(yield* Queue.takeAll(changes))].flatMap((change) =>
        change._tag === "Released" ? [change] : []
      )
      assert.strictEqual(released.length, 1)
      return { how: released[0]!.how, ageMs: released[0]!.ageMs, open: (yield* ledger.snapshot).length }
    })
  )

const closeThatThrows = (): Effect.Effect<unknown> => {
  throw new Error("close")
}

const leakedBy = (exit: Exit.Exit<unknown, unknown>): LeakedResources => {
  assert(Exit.isFailure(exit), "the layer ended well")
  const defect = [...Cause.defects(exit.cause)].find((each) => each instanceof LeakedResources)
  assert(defect instanceof LeakedResources, Cause.pretty(exit.cause))
  return defect
}

describe("acquire", () => {
  it.effect("registers while its scope is open, and says so", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const changes = yield* ledger.changes
        yield* TestClock.adjust("1 minute")
        yield* Effect.scoped(Effect.gen(function*() {
          const handle = yield* ledger.acquire(acquisition({ kind: "database", name: "one" }))
          assert.strictEqual(handle, "handle")
          const [resource, ...others] = yield* ledger.snapshot
          assert.deepStrictEqual(others, [])
          assert(resource !== undefined)
          assert.strictEqual(resource.kind, "database")
          assert.strictEqual(resource.name, "one")
          assert.strictEqual(resource.acquiredAt, 60_000)
          assert.match(resource.origin, /test[\\/]resources[\\/]ResourceLedger\.test\.ts:\d+/)
          yield* TestClock.adjust("90 seconds")
        }))
        assert.deepStrictEqual(yield* ledger.snapshot, [])
        const [acquired, released, ...others] = [...(yield* Queue.takeAll(changes))]
        assert.deepStrictEqual(others, [])
        assert(acquired?._tag === "Acquired")
        assert(released?._tag === "Released")
        assert.strictEqual(released.ageMs, 90_000)
        assert.strictEqual(released.how, "closed")
        assert.strictEqual(released.resource, acquired.resource)
      })
    ))

  it.effect("says which of several lines opened each", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        yield* ledger.acquire(acquisition())
        yield* ledger.acquire(acquisition())
        const lines = (yield* ledger.snapshot).map(({ origin }) => Number(/\.test\.ts:(\d+)/.exec(origin)?.[1]))
        assert.deepStrictEqual(lines.map((line) => line - lines[0]!), [0, 1])
      })
    ))

  it.effect("tells the calls that led there, the innermost first, and none of Effect's or Node's", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const acquire = () => ledger.acquire(acquisition())
        const inner = Effect.fn("Inner.open")(function*() {
          yield* Effect.yieldNow()
          yield* acquire()
          yield* Effect.flatMap(Effect.void, () => acquire())
        })
        const outer = Effect.fn("Outer.open")(function*() {
          yield* inner()
        })
        yield* outer()
        for (const { origin, stack } of yield* ledger.snapshot) {
          assert.strictEqual(origin, stack[0])
          assert.match(origin, /^at acquire \(.*ResourceLedger\.test\.ts:\d+:\d+\)$/)
          assert.isAtLeast(stack.length, 5)
          for (const frame of stack) assert.match(frame, /^at .*ResourceLedger\.test\.ts:\d+:\d+\)?$/)
          assert.match(stack.at(-3) ?? "", /^at Inner\.open \(/)
          assert.match(stack.at(-1) ?? "", /^at Outer\.open \(/)
        }
      })
    ))

  it.effect("tells none of Node's calls where one comes from a promise's callback", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const [acquiring] = yield* Effect.promise(async () => {
          await Promise.resolve()
          return [acquisition()].map((each) => ledger.acquire(each))
        })
        yield* acquiring!
        const [resource] = yield* ledger.snapshot
        assert.strictEqual(resource?.stack.length, 2)
        for (const frame of resource?.stack ?? []) assert.match(frame, /ResourceLedger\.test\.ts:\d+:\d+\)?$/)
      })
    ))

  it.effect("knows of a handle's sockets what the handle says, and nothing of a pool's that says nothing", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        let connected = 1
        yield* ledger.acquire({ ...acquisition({ kind: "pool" }), sockets: (handle) => handle.length + connected })
        yield* ledger.acquire(acquisition({ kind: "pool" }))
        yield* ledger.adopt("server", "b", Effect.void)
        yield* ledger.acquire(acquisition({ kind: "file" }))
        const sockets = Effect.map(ledger.snapshot, (all) => all.map(({ sockets }) => sockets))
        assert.deepStrictEqual(yield* sockets, [7, null, null, 0])
        connected = 5
        assert.strictEqual((yield* sockets)[0], 11)
      })
    ))

  it.effect("gives each an id of its own, oldest first", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        for (const name of ["a", "b", "c"]) yield* ledger.acquire(acquisition({ name }))
        const all = yield* ledger.snapshot
        assert.deepStrictEqual(all.map(({ name }) => name), ["a", "b", "c"])
        assert.strictEqual(new Set(all.map(({ id }) => id)).size, 3)
      })
    ))

  it.effect("releases dependents before what they depend on", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const changes = yield* ledger.changes
        yield* Effect.scoped(Effect.gen(function*() {
          yield* ledger.acquire(acquisition({ name: "pool" }))
          yield* ledger.adopt("server", "store", ledger.acquire(acquisition({ name: "store's own" })))
          yield* ledger.acquire(acquisition({ name: "service" }))
        }))
        const released = [...(yield* Queue.takeAll(changes))].flatMap((change) =>
          change._tag === "Released" ? [change.resource.name] : []
        )
        assert.deepStrictEqual(released, ["service", "store's own", "store", "pool"])
      })
    ))

  it.effect.each(
    [
      ["fails", Effect.fail("no")],
      ["dies", Effect.die("no")],
      ["dies before it begins", Effect.suspend(() => Effect.flatMap(Effect.void, closeThatThrows))]
    ] as const
  )("an open that %s leaves nothing", ([, open]) =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const changes = yield* ledger.changes
        const closing = { kind: "file", name: "a", close: () => Effect.void, within: "1 second" } as const
        const exit = yield* Effect.exit(Effect.scoped(ledger.acquire<unknown, unknown, never>({ ...closing, open })))
        assert(Exit.isFailure(exit))
        assert.deepStrictEqual(yield* ledger.snapshot, [])
        assert.deepStrictEqual([...(yield* Queue.takeAll(changes))], [])
      })
    ))

  it.effect("an open that is interrupted leaves nothing", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<void>()
        const open = Effect.interruptible(Effect.zipRight(Deferred.succeed(started, undefined), Effect.never))
        const fiber = yield* Effect.fork(Effect.scoped(ledger.acquire(acquisition({ open }))))
        yield* Deferred.await(started)
        assert(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        assert.deepStrictEqual(yield* ledger.snapshot, [])
      })
    ))

  it.effect("a caller interrupted while it opens gets its handle released", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<void>()
        const changes = yield* ledger.changes
        const open = Effect.as(
          Effect.zipRight(Deferred.succeed(started, undefined), Effect.sleep("1 second")),
          "handle"
        )
        const fiber = yield* Effect.fork(
          Effect.scoped(Effect.zipRight(ledger.acquire(acquisition({ open })), Effect.never))
        )
        yield* Deferred.await(started)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(interrupting)
        assert.deepStrictEqual([...(yield* Queue.takeAll(changes))].map(({ _tag }) => _tag), ["Acquired", "Released"])
        assert.deepStrictEqual(yield* ledger.snapshot, [])
      })
    ))
})

describe("release", () => {
  const wontClose = [
    ["fails", () => Effect.fail("no")],
    ["dies", () => Effect.die("no")],
    ["throws", closeThatThrows]
  ] as const

  it.effect.each(wontClose)("a handle whose close %s is destroyed", ([, close]) =>
    Effect.gen(function*() {
      let destroyed: ReadonlyArray<string> = []
      const destroy = (handle: string) =>
        Effect.sync(() => {
          destroyed = [...destroyed, handle]
        })
      assert.deepInclude(yield* outcomeOf({ close, destroy }), { how: "destroyed", open: 0 })
      assert.deepStrictEqual(destroyed, ["handle"])
    }))

  it.effect("what closes is not destroyed", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* outcomeOf({ destroy: closeThatThrows }), { how: "closed", open: 0 })
    }))

  it.effect("a close that hangs is interrupted after its bound, and the handle destroyed", () =>
    Effect.gen(function*() {
      let wasInterrupted = false
      const close = () =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            wasInterrupted = true
          }))
      const outcome = yield* outcomeOf(
        { close, destroy: () => Effect.void, within: "7 seconds" },
        TestClock.adjust("7 seconds")
      )
      assert.deepStrictEqual(outcome, { how: "destroyed", ageMs: 7_000, open: 0 })
      assert.isTrue(wasInterrupted)
    }))

  it.effect("a close may take as long as its bound", () =>
    Effect.gen(function*() {
      const close = () => Effect.sleep("6999 millis")
      const outcome = yield* outcomeOf(
        { close, destroy: closeThatThrows, within: "7 seconds" },
        TestClock.adjust("1 minute")
      )
      assert.deepStrictEqual(outcome, { how: "closed", ageMs: 6_999, open: 0 })
    }))

  it.effect.each(
    [
      ["acquired", "closed", "5 seconds", "1 second"],
      ["acquired", "destroyed", "1 second", "5 seconds"],
      ["adopted", "closed", "5 seconds", "1 second"]
    ] as const
  )(
    "an interruption while a handle is being closed (%s, %s) disturbs nothing",
    ([way, how, within, takes]) =>
      withLedger((ledger) =>
        Effect.gen(function*() {
          const changes = yield* ledger.changes
          const closing = yield* Deferred.make<void>()
          const close = () => Effect.zipRight(Deferred.succeed(closing, undefined), Effect.sleep(takes))
          const use = yield* Effect.fork(Effect.scoped(
            way === "acquired"
              ? ledger.acquire(acquisition({ close, destroy: () => Effect.sleep("500 millis"), within }))
              : ledger.adopt("file", "a", Effect.addFinalizer(() => Effect.interruptible(close())))
          ))
          yield* Deferred.await(closing)
          const interrupting = yield* Effect.fork(Fiber.interrupt(use))
          yield* TestClock.adjust("1 second")
          yield* TestClock.adjust("500 millis")
          yield* Fiber.join(interrupting)
          const outcomes = [...(yield* Queue.takeAll(changes))].flatMap((each) =>
            each._tag === "Released" ? [each.how] : []
          )
          assert.deepStrictEqual(outcomes, [how])
          assert.deepStrictEqual(yield* ledger.snapshot, [])
        })
      )
  )

  it.effect.each(
    [
      ["hangs", Effect.never],
      ["hangs and can't be interrupted", Effect.uninterruptible(Effect.never)]
    ] as const
  )("a destroy that %s is bounded too", ([, never]) =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const hangs = () => never
        const use = yield* Effect.fork(Effect.scoped(ledger.acquire(acquisition({ close: hangs, destroy: hangs }))))
        yield* TestClock.adjust("1999 millis")
        assert(Option.isNone(yield* Fiber.poll(use)))
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(use)
        assert.strictEqual((yield* ledger.snapshot).length, 1)
      })
    ).pipe(
      Effect.exit,
      Effect.map((exit) => assert.strictEqual(leakedBy(exit).resources.length, 1))
    ))

  it.effect.each(wontClose)(
    "when close %s and nothing else helps, the layer ends with what leaked",
    ([, close]) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(withLedger((ledger) =>
          Effect.gen(function*() {
            const changes = yield* ledger.changes
            yield* Effect.scoped(ledger.acquire(acquisition({ kind: "worker", name: "stubborn", close })))
            yield* Effect.scoped(ledger.acquire(acquisition({ name: "good" })))
            const how = [...(yield* Queue.takeAll(changes))].flatMap((change) =>
              change._tag === "Released" ? [change.how] : []
            )
            assert.deepStrictEqual(how, ["failed", "closed"])
            assert.deepStrictEqual((yield* ledger.snapshot).map(({ name }) => name), ["stubborn"])
          })
        ))
        const leaked = leakedBy(exit)
        assert.deepStrictEqual(leaked.resources.map(({ kind, name }) => [kind, name]), [["worker", "stubborn"]])
        assert.match(
          leaked.message,
          /^1 resource\(s\) still open at the end: worker stubborn \(opened at .*ResourceLedger\.test\.ts:\d+/
        )
      })
  )

  it.effect("what is seen to be gone counts as closed, whatever its close says", () =>
    Effect.gen(function*() {
      let isGone = false
      const close = () =>
        Effect.suspend(() => {
          isGone = true
          return Effect.fail("after all")
        })
      const outcome = yield* outcomeOf({ close, destroy: () => Effect.die("not needed"), isGone: () => isGone })
      assert.deepInclude(outcome, { how: "closed", open: 0 })
    }))

  it.effect("what says that it is closed, and is not, is destroyed, or stays in the ledger", () =>
    Effect.gen(function*() {
      let isGone = false
      const destroy = () => Effect.sync(() => isGone = true)
      const forced = yield* outcomeOf({ destroy, isGone: () => isGone }, TestClock.adjust("1 second"))
      assert.deepInclude(forced, { how: "destroyed", ageMs: 1_000, open: 0 })
      const exit = yield* Effect.exit(outcomeOf({ name: "liar", isGone: () => false }, TestClock.adjust("1 second")))
      assert.deepStrictEqual(leakedBy(exit).resources.map(({ name }) => name), ["liar"])
    }))

  it.effect("a close that is late counts when it comes, with its delay", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const changes = yield* ledger.changes
        const close = () => Effect.sleep("90 seconds")
        const use = yield* Effect.fork(Effect.scoped(ledger.acquire(acquisition({ close }))))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(use)
        assert.strictEqual((yield* ledger.snapshot).length, 1)
        yield* TestClock.adjust("89 seconds")
        assert.deepStrictEqual(yield* ledger.snapshot, [])
        const releases = [...(yield* Queue.takeAll(changes))].flatMap((change) =>
          change._tag === "Released" ? [[change.how, change.lateMs, change.ageMs]] : []
        )
        assert.deepStrictEqual(releases, [["failed", 0, 1_000], ["closed", 89_000, 90_000]])
      })
    ))

  it.effect("the end of the ledger waits for what is late once more as long as its bound", () =>
    Effect.gen(function*() {
      const late = (takes: "1900 millis" | "2100 millis") =>
        Effect.exit(withLedger((ledger) =>
          Effect.gen(function*() {
            const close = () => Effect.uninterruptible(Effect.sleep(takes))
            const use = yield* Effect.fork(Effect.scoped(ledger.acquire(acquisition({ close }))))
            yield* TestClock.adjust("1 second")
            yield* Fiber.join(use)
          })
        ))
      assert(Exit.isSuccess(yield* late("1900 millis")))
      assert.strictEqual(leakedBy(yield* late("2100 millis")).resources.length, 1)
    }))

  it.effect("what a scope outside the ledger's holds is named when the ledger ends", () =>
    Effect.gen(function*() {
      // The scope of the body is this test's, which closes after the ledger's layer.
      const exit = yield* Effect.exit(
        Effect.flatMap(ResourceLedger, (ledger) => openLedger(ledger).acquire(acquisition({ name: "outlives" }))).pipe(
          Effect.provide(ResourceLedger.layer)
        )
      )
      assert.match(leakedBy(exit).message, /file outlives/)
    }).pipe(Effect.scoped))
})

describe("adopt", () => {
  const finalizing = (log: Array<string>, name: string) =>
    Effect.acquireRelease(Effect.succeed(name), () => Effect.sync(() => log.push(name)))

  it.effect("runs what the library added to its scope, in order, and registers it as one", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const log: Array<string> = []
        yield* Effect.scoped(Effect.gen(function*() {
          const value = yield* ledger.adopt(
            "server",
            "http",
            Effect.zip(finalizing(log, "socket"), finalizing(log, "listener"))
          )
          assert.deepStrictEqual(value, ["socket", "listener"])
          assert.deepStrictEqual((yield* ledger.snapshot).map(({ kind, name }) => [kind, name]), [["server", "http"]])
          assert.deepStrictEqual(log, [])
        }))
        assert.deepStrictEqual(log, ["listener", "socket"])
        assert.deepStrictEqual(yield* ledger.snapshot, [])
      })
    ))

  it.effect.each(
    [
      ["fails", Effect.fail("no")],
      ["dies", Effect.die("no")],
      ["is interrupted", Effect.interrupt]
    ] as const
  )(
    "what was opened before the rest %s is closed at once",
    ([, rest]) =>
      withLedger((ledger) =>
        Effect.gen(function*() {
          const log: Array<string> = []
          const exit = yield* Effect.exit(
            ledger.adopt("pool", "postgres", Effect.zipRight(finalizing(log, "socket"), rest))
          )
          assert(Exit.isFailure(exit))
          assert.deepStrictEqual(log, ["socket"])
          assert.deepStrictEqual(yield* ledger.snapshot, [])
        })
      )
  )

  it.effect.each(
    [
      ["hangs", Effect.interruptible(Effect.never)],
      ["hangs and can't be interrupted", Effect.never]
    ] as const
  )("its release is bounded by five seconds when it %s", ([, never]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(withLedger((ledger) =>
        Effect.gen(function*() {
          const hangs = Effect.addFinalizer(() => never)
          const use = yield* Effect.fork(Effect.scoped(ledger.adopt("watcher", "folder", hangs, () => false)))
          yield* TestClock.adjust("4999 millis")
          assert(Option.isNone(yield* Fiber.poll(use)))
          yield* TestClock.adjust("1 millis")
          yield* Fiber.join(use)
        })
      ))
      assert.match(leakedBy(exit).message, /watcher folder/)
    }))

  it.effect("a finalizer of the library that dies is told as a failed release", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        withLedger((ledger) =>
          Effect.scoped(ledger.adopt("server", "http", Effect.addFinalizer(() => Effect.die("no")), () => false))
        )
      )
      assert.strictEqual(leakedBy(exit).resources[0]?.name, "http")
    }))
})

describe("one more than its site may have", () => {
  const second = (ledger: Ledger, options: Partial<Acquisition<string, never, never>> = {}) =>
    Effect.gen(function*() {
      yield* ledger.acquire({ ...acquisition({ name: "first" }), site: "pools", atMost: 1 })
      return yield* Effect.exit(ledger.acquire({ ...acquisition(options), site: "pools", atMost: 1 }))
    })

  it.effect("is a defect that names the site, and opens nothing", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const exit = yield* second(ledger, { open: Effect.dieMessage("opened") })
        assert(Exit.isFailure(exit))
        const [defect] = [...Cause.defects(exit.cause)]
        assert(defect instanceof TooManyOpen, Cause.pretty(exit.cause))
        assert.match(
          defect.message,
          /^pools: 1 may be open at a time, .*opened at .*\.test\.ts:\d+[\s\S]*oldest was opened at/
        )
        assert.strictEqual((yield* ledger.snapshot).length, 1)
      })
    ))

  it.effect("is counted from the beginning of its opening to that of its release", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const one = (open: Effect.Effect<string>) =>
          Effect.exit(Effect.scoped(ledger.acquire({ ...acquisition({ open }), site: "pools", atMost: 1 })))
        const opening = yield* Effect.fork(one(Effect.as(Effect.sleep("1 second"), "slow")))
        yield* Effect.yieldNow()
        assert(Exit.isFailure(yield* one(Effect.succeed("meanwhile"))))
        yield* TestClock.adjust("1 second")
        assert(Exit.isSuccess(yield* Fiber.join(opening)))
        assert(Exit.isFailure(yield* one(Effect.die("fails"))))
        assert(Exit.isSuccess(yield* one(Effect.succeed("afterwards"))))
      })
    ))

  it.effect("is logged with its stack in production, and opened", () => {
    const logs: Array<string> = []
    const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void logs.push(String(message))))
    return Effect.scoped(Effect.flatMap(ResourceLedger, (ledger) => second(openTo(ledger)))).pipe(
      Effect.tap((exit) =>
        Effect.sync(() => {
          assert.deepStrictEqual(exit, Exit.succeed("handle"))
          assert.strictEqual(logs.length, 1)
          assert.match(logs[0]!, /^pools: 1 may be open at a time, .*opened at .*\.test\.ts:\d+/)
        })
      ),
      Effect.provide(Layer.merge(ResourceLedger.layerWarning, logger))
    )
  })
})

describe("metrics", () => {
  it.effect("count by kind", () =>
    withLedger((ledger) =>
      Effect.gen(function*() {
        const read = (kind: ResourceKind) =>
          Effect.all({
            open: Metric.value(Metric.tagged(Metric.gauge("claude_memory_resources_open"), "kind", kind)),
            acquired: Metric.value(Metric.tagged(
              Metric.counter("claude_memory_resources_acquired_total", { incremental: true }),
              "kind",
              kind
            )),
            released: Metric.value(Metric.tagged(
              Metric.counter("claude_memory_resources_released_total", { incremental: true }),
              "kind",
              kind
            ))
          }).pipe(Effect.map(({ acquired, open, released }) => [open.value, acquired.count, released.count] as const))
        const start = yield* read("timer")
        const others = yield* read("worker")
        yield* Effect.scoped(Effect.gen(function*() {
          yield* ledger.acquire(acquisition({ kind: "timer" }))
          yield* ledger.adopt("timer", "b", Effect.void)
          assert.deepStrictEqual(yield* read("timer"), [2, start[1] + 2, start[2]])
        }))
        assert.deepStrictEqual(yield* read("timer"), [0, start[1] + 2, start[2] + 2])
        assert.deepStrictEqual(yield* read("worker"), others)
      })
    ))
})

type Step = "works" | "fails" | "dies" | "hangs" | "throws"
interface Plan {
  readonly opens: "works" | "fails" | "dies"
  readonly isAdopted: boolean
  readonly close: Step
  readonly destroy: Step | "absent"
}
/** A scope: resources opened one after the other, scopes within, and how its own work ends. */
interface Tree {
  readonly plans: ReadonlyArray<Plan>
  readonly within: ReadonlyArray<Tree>
  readonly concurrent: boolean
  readonly ends: "works" | "fails" | "dies" | "interrupted"
}

const steps = FastCheck.constantFrom<Step>("works", "works", "fails", "dies", "hangs", "throws")
// An adopted scope may take five seconds to close, too long for the real clock, so it never hangs here.
const plan: FastCheck.Arbitrary<Plan> = FastCheck.record({
  opens: FastCheck.constantFrom(
    "works" as const,
    "works" as const,
    "works" as const,
    "fails" as const,
    "dies" as const
  ),
  isAdopted: FastCheck.boolean(),
  close: steps,
  destroy: FastCheck.oneof(steps, FastCheck.constant("absent" as const))
}).filter(({ close, isAdopted }) => !isAdopted || close !== "hangs")
const tree = (depth: number): FastCheck.Arbitrary<Tree> =>
  FastCheck.record({
    plans: FastCheck.array(plan, { maxLength: 4 }),
    within: depth === 0 ? FastCheck.constant([]) : FastCheck.array(tree(depth - 1), { maxLength: 3 }),
    concurrent: FastCheck.boolean(),
    ends: FastCheck.constantFrom(
      "works" as const,
      "works" as const,
      "fails" as const,
      "dies" as const,
      "interrupted" as const
    )
  })

const perform = (step: Step): Effect.Effect<void, string> => {
  switch (step) {
    case "works":
      return Effect.void
    case "fails":
      return Effect.fail("no")
    case "dies":
      return Effect.die("no")
    case "hangs":
      return Effect.never
    case "throws":
      throw new Error("no")
  }
}

/** Release that the ledger must report. An adopted scope cannot be forced. */
const expected = ({ close, destroy, isAdopted }: Plan): ReleaseOutcome =>
  close === "works" ? "closed" : !isAdopted && destroy === "works" ? "destroyed" : "failed"

describe("random nested scopes", () => {
  it.live.prop(
    "every resource acquired is released once and told truly, and only what could not be ended stays",
    [tree(3)],
    ([root]) =>
      Effect.gen(function*() {
        let acquired = 0
        const exit = yield* Effect.exit(withLedgerLive((ledger) =>
          Effect.gen(function*() {
            const changes = yield* ledger.changes
            const wanted = new Map<string, ReleaseOutcome>()

            const open = (plan: Plan, name: string): Effect.Effect<unknown, string, Scope.Scope> => {
              const opening = Effect.suspend(() => perform(plan.opens))
              const noted = Effect.zipLeft(
                opening,
                Effect.sync(() => {
                  wanted.set(name, expected(plan))
                  acquired++
                })
              )
              return plan.isAdopted
                ? ledger.adopt(
                  "pool",
                  name,
                  Effect.zipRight(
                    Effect.addFinalizer(() =>
                      Effect.orDie(Effect.interruptible(Effect.suspend(() => perform(plan.close))))
                    ),
                    noted
                  ),
                  () => plan.close === "works"
                )
                : ledger.acquire({
                  kind: "file",
                  name,
                  open: noted,
                  close: () => perform(plan.close),
                  ...(plan.destroy !== "absent" && { destroy: () => perform(plan.destroy as Step) }),
                  within: "2 millis"
                })
            }
            const run = (tree: Tree, path: string): Effect.Effect<void> =>
              Effect.gen(function*() {
                for (const [i, plan] of tree.plans.entries()) yield* open(plan, `${path}.${i}`)
                yield* Effect.forEach(tree.within, (inner, i) => run(inner, `${path}/${i}`), {
                  concurrency: tree.concurrent ? "unbounded" : 1,
                  discard: true
                })
                yield* tree.ends === "interrupted" ? Effect.interrupt : perform(tree.ends)
              }).pipe(Effect.scoped, Effect.exit, Effect.asVoid)

            yield* run(root, "")
            const events = [...(yield* Queue.takeAll(changes))]
            const openedIds = events.flatMap((each) => each._tag === "Acquired" ? [each.resource.id] : [])
            const released = events.flatMap((each) => each._tag === "Released" ? [each] : [])
            assert.strictEqual(openedIds.length, acquired)
            assert.deepStrictEqual(released.map(({ resource }) => resource.id).sort((a, b) => a - b), openedIds)
            for (const { how, resource } of released) assert.strictEqual(how, wanted.get(resource.name), resource.name)
            const stuck = released.filter(({ how }) => how === "failed").map(({ resource }) => resource.id)
            assert.deepStrictEqual((yield* ledger.snapshot).map(({ id }) => id), stuck.sort((a, b) => a - b))
            return stuck.length
          })
        ))
        if (Exit.isFailure(exit)) assert.isAbove(leakedBy(exit).resources.length, 0)
        else assert.strictEqual(exit.value, 0)
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
    { fastCheck: { numRuns: times(60) } }
  )
})
