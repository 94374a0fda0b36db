import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Lazy from "../../src/resources/Lazy.ts"
import * as Owner from "../../src/resources/Owner.ts"
import * as PerCall from "../../src/resources/PerCall.ts"
import { ResourceLedger, TooManyOpen } from "../../src/resources/ResourceLedger.ts"
import * as ScopeMap from "../../src/resources/ScopeMap.ts"

/** Opens a handle that closes at once. */
const handle = (name: string) =>
  Owner.open({
    kind: "pool",
    name,
    open: Effect.sync(() => ({ name, isClosed: false })),
    close: (handle) => Effect.sync(() => handle.isClosed = true),
    isGone: ({ isClosed }) => isClosed,
    within: "1 second"
  })

/** A service whose one method is `call`. */
class Service extends Context.Tag("test/Service")<Service, { readonly call: Effect.Effect<unknown, unknown> }>() {}

const openNames = Effect.map(
  Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot),
  (all) => all.map(({ name }) => name)
)

/** Builds the service, calls it `times`, and returns what is open then, and the exit of the last call. */
const called = (
  make: Effect.Effect<Service["Type"], never, Owner.Owner | ResourceLedger | Scope.Scope>,
  times = 1
): Effect.Effect<{ readonly open: ReadonlyArray<string>; readonly exit: Exit.Exit<unknown, unknown> }> =>
  Effect.gen(function*() {
    const { call } = yield* Service
    let exit: Exit.Exit<unknown, unknown> = Exit.void
    for (let i = 0; i < times; i++) exit = yield* Effect.exit(call)
    return { exit, open: yield* openNames }
  }).pipe(Effect.provide(Layer.provideMerge(Owner.layer(Service, make), ResourceLedger.layer)))

const defectOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  assert(Exit.isFailure(exit))
  return [...Cause.defects(exit.cause)][0]
}

const isLate = (exit: Exit.Exit<unknown, unknown>, what: string) => {
  const defect = defectOf(exit)
  assert(defect instanceof Owner.OpenedLate, String(defect))
  assert.strictEqual(defect.what, what)
  assert.match(defect.opened.join(), /Owner\.test\.ts:\d+/)
  return defect
}

describe("a layer that owns handles", () => {
  it.effect("opens them while it is built, and its scope closes them", () =>
    Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const layer = Owner.layer(Service, Effect.map(handle("a"), (pool) => ({ call: Effect.succeed(pool) })))
      const pool = yield* Effect.flatMap(Service, ({ call }) => call).pipe(
        Effect.tap(() => Effect.map(openNames, (names) => assert.deepStrictEqual(names, ["a"]))),
        Effect.provide(layer)
      )
      assert.deepStrictEqual(pool, { name: "a", isClosed: true })
      assert.deepStrictEqual(yield* ledger.snapshot, [])
    }).pipe(Effect.provide(ResourceLedger.layer)))

  it.effect("can't open one in a call, with the scope of the layer", () =>
    Effect.gen(function*() {
      const { exit, open } = yield* called(
        Effect.gen(function*() {
          const scope = yield* Effect.scope
          const owner = yield* Owner.Owner
          return { call: handle("late").pipe(Scope.extend(scope), Effect.provideService(Owner.Owner, owner)) }
        }),
        3
      )
      const { message } = isLate(exit, "pool late")
      assert.match(message, /^pool late is opened after test\/Service was built, at /)
      assert.deepStrictEqual(open, [])
    }))

  it.effect("can't open one in a call with a context that it has captured, nor in a fiber that it has started", () =>
    Effect.gen(function*() {
      const captured = yield* called(Effect.map(
        Effect.context<Owner.Owner>(),
        (context) => ({ call: Effect.provide(handle("late"), context) })
      ))
      isLate(captured.exit, "pool late")
      const started = yield* called(Effect.gen(function*() {
        const isBuilt = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkScoped(Effect.zipRight(Deferred.await(isBuilt), handle("late")))
        return { call: Effect.zipRight(Deferred.succeed(isBuilt, undefined), Fiber.join(fiber)) }
      }))
      isLate(started.exit, "pool late")
    }))

  it.effect("can't start a fiber in its scope in a call, nor add a finalizer, nor fork the scope", () =>
    Effect.gen(function*() {
      const captured = (use: (scope: Scope.Scope) => Effect.Effect<unknown>) =>
        called(Effect.map(Effect.scope, (scope) => ({ call: use(scope) })))
      for (
        const use of [
          (scope: Scope.Scope) => Effect.provideService(Effect.forkScoped(Effect.never), Scope.Scope, scope),
          (scope: Scope.Scope) => Effect.forkIn(Effect.never, scope),
          (scope: Scope.Scope) => Scope.addFinalizer(scope, Effect.void),
          (scope: Scope.Scope) => Scope.fork(scope, ExecutionStrategy.sequential)
        ]
      ) {
        const defect = defectOf((yield* captured(use)).exit)
        assert(defect instanceof Owner.OpenedLate, String(defect))
        assert.match(defect.message, /^a fiber or another part of a scope is opened after test\/Service was built/)
      }
    }))

  it.effect("can't make what opens later once it is built", () =>
    Effect.gen(function*() {
      const make = <A>(effect: Effect.Effect<A, never, Owner.Owner>) =>
        called(
          Effect.map(Effect.context<Owner.Owner>(), (context) => ({ call: Effect.provide(effect, context) }))
        )
      isLate((yield* make(Lazy.make(handle("late")))).exit, "a lazy resource")
      isLate((yield* make(PerCall.make(1))).exit, "what calls open")
      isLate((yield* make(ScopeMap.make({ atMost: 2, open: handle }))).exit, "a keyed resource")
      isLate((yield* make(Owner.nested(handle("late")))).exit, "what ends sooner")
    }))

  it.effect("that fails closes what it has opened", () =>
    Effect.gen(function*() {
      const layer = Owner.layer(Service, Effect.zipRight(handle("a"), Effect.fail("no")))
      assert.strictEqual(yield* Effect.flip(Effect.scoped(Layer.build(layer))), "no")
      assert.deepStrictEqual(yield* openNames, [])
    }).pipe(Effect.provide(ResourceLedger.layer)))

  it.effect("closes at once what is nested", () =>
    Effect.gen(function*() {
      const { open } = yield* called(Effect.gen(function*() {
        const inner = yield* Owner.nested(Effect.zipLeft(
          handle("inner"),
          Effect.map(openNames, (names) => assert.deepStrictEqual(names, ["inner"]))
        ))
        assert.isTrue(inner.isClosed)
        yield* handle("outer")
        return { call: Effect.void }
      }))
      assert.deepStrictEqual(open, ["outer"])
    }))
})

describe("a layer built within a running program", () => {
  const layer = Owner.layer(Service, Effect.as(handle("a"), { call: Effect.void }))
  const perCall = Effect.provide(Effect.flatMap(Service, ({ call }) => call), layer)

  it.effect("is a defect", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Owner.run(Layer.empty)(perCall))
      assert.match(isLate(exit, "the layer of test/Service").message, /after the program was built/)
    }).pipe(Effect.provide(ResourceLedger.layer)))

  it.effect("is a defect in a scope of its own, in a fiber, and in the code of another layer", () =>
    Effect.gen(function*() {
      const ownScope = Effect.flatMap(Scope.make(), (scope) => Layer.buildWithScope(layer, scope))
      isLate(yield* Effect.exit(Owner.run(Layer.empty)(ownScope)), "the layer of test/Service")
      const forked = Effect.flatMap(Effect.fork(perCall), Fiber.join)
      isLate(yield* Effect.exit(Owner.run(Layer.empty)(forked)), "the layer of test/Service")
      const other = Owner.layerDiscard("another", perCall)
      isLate(yield* Effect.exit(Effect.scoped(Layer.build(other))), "the layer of test/Service")
    }).pipe(Effect.provide(ResourceLedger.layer)))

  it.effect("is a defect also when it owns no handle", () =>
    Effect.gen(function*() {
      const inner = Owner.run(Layer.succeed(Service, { call: Effect.void }))(Service)
      isLate(yield* Effect.exit(Owner.run(Layer.empty)(inner)), "the layer of a program")
    }))

  it.effect("is fine where the program composes", () =>
    Effect.gen(function*() {
      yield* perCall
      yield* Owner.run(layer)(Service)
      yield* Owner.run(Layer.empty)(Owner.composing(perCall))
    }).pipe(Effect.provide(ResourceLedger.layer)))
})

describe("what a call opens", () => {
  it.effect("is closed with the scope of the call", () =>
    Effect.gen(function*() {
      const { exit, open } = yield* called(Effect.gen(function*() {
        const ledger = yield* ResourceLedger
        const perCall = yield* PerCall.make(2)
        return {
          call: Effect.scoped(Effect.gen(function*() {
            yield* perCall(handle("file"))
            return (yield* ledger.snapshot).map(({ name }) => name)
          }))
        }
      }))
      assert.deepStrictEqual(exit, Exit.succeed(["file"]))
      assert.deepStrictEqual(open, [])
    }))

  it.effect("is closed with the scope of the call, with a context of the layer", () =>
    Effect.gen(function*() {
      const { open } = yield* called(Effect.gen(function*() {
        const perCall = yield* PerCall.make(2)
        const captured = yield* Effect.context<ResourceLedger>()
        return { call: Effect.scoped(Owner.provideContext(captured)(perCall(handle("file")))) }
      }))
      assert.deepStrictEqual(open, [])
    }))

  it.effect("is bounded: one more is a defect that names the site", () =>
    Effect.gen(function*() {
      const { exit, open } = yield* called(
        Effect.gen(function*() {
          const perCall = yield* PerCall.make(2)
          const scope = yield* Scope.make()
          let i = 0
          // A caller that keeps what it opens.
          return {
            call: Effect.suspend(() => Scope.extend(perCall(handle(`file ${i++}`)), scope))
          }
        }),
        3
      )
      const defect = defectOf(exit)
      assert(defect instanceof TooManyOpen, String(defect))
      assert.match(
        defect.message,
        /^pool by key of test\/Service: 2 may be open at a time, and this is one more, opened at /
      )
      assert.deepStrictEqual(open, ["file 0", "file 1"])
    }))

  it.effect("that is interrupted while it opens is released", () =>
    Effect.gen(function*() {
      const { open } = yield* called(Effect.gen(function*() {
        const perCall = yield* PerCall.make(2)
        const isOpen = yield* Deferred.make<void>()
        const opening = handle("half").pipe(
          Effect.zipLeft(Deferred.succeed(isOpen, undefined)),
          Effect.zipRight(Effect.never)
        )
        return {
          call: Effect.gen(function*() {
            const fiber = yield* Effect.fork(Effect.scoped(perCall(opening)))
            yield* Deferred.await(isOpen)
            yield* Fiber.interrupt(fiber)
          })
        }
      }))
      assert.deepStrictEqual(open, [])
    }))
})

describe("a map of scopes", () => {
  it.effect("opens a key once, closes it, and closes all with its owner", () =>
    Effect.gen(function*() {
      const { exit, open } = yield* called(Effect.gen(function*() {
        const ledger = yield* ResourceLedger
        const map = yield* ScopeMap.make({ atMost: 2, open: handle })
        const names = Effect.map(ledger.snapshot, (all) => all.map(({ name }) => name))
        return {
          call: Effect.gen(function*() {
            for (const key of ["a", "b", "a"]) yield* map.add(key)
            const before = yield* names
            yield* map.remove("a")
            yield* map.remove("a")
            return { before, after: yield* names, keys: [...map.keys()], size: map.size, has: map.has("b") }
          })
        }
      }))
      assert.deepStrictEqual(
        exit,
        Exit.succeed({ before: ["a", "b"], after: ["b"], keys: ["b"], size: 1, has: true })
      )
      assert.deepStrictEqual(open, ["b"])
    }))

  it.effect("is bounded: one more is a defect that names the site", () =>
    Effect.gen(function*() {
      const { exit, open } = yield* called(Effect.gen(function*() {
        const map = yield* ScopeMap.make({ atMost: 2, open: handle })
        return { call: Effect.forEach(["a", "b", "c"], map.add) }
      }))
      const defect = defectOf(exit)
      assert(defect instanceof TooManyOpen, String(defect))
      assert.match(defect.message, /^pool by key of test\/Service: 2 may be open at a time/)
      assert.deepStrictEqual(open, ["a", "b"])
    }))

  it.effect("is bounded whatever the site of its handles is", () =>
    Effect.gen(function*() {
      const sited = (key: string) =>
        Owner.open({
          kind: "timer",
          name: key,
          site: `the site of ${key}`,
          open: Effect.void,
          close: () => Effect.void,
          isGone: () => true,
          within: "1 second"
        })
      const { exit } = yield* called(Effect.gen(function*() {
        const map = yield* ScopeMap.make({ atMost: 2, open: sited })
        return { call: Effect.forEach(["a", "b", "c"], map.add) }
      }))
      assert.instanceOf(defectOf(exit), TooManyOpen)
    }))

  it.effect("keeps nothing of a key that can't be opened", () =>
    Effect.gen(function*() {
      const { exit, open } = yield* called(Effect.gen(function*() {
        const map = yield* ScopeMap.make({
          atMost: 1,
          open: (key: string) => Effect.zipRight(handle(key), Effect.fail("no"))
        })
        return { call: Effect.zipRight(Effect.flip(map.add("a")), Effect.sync(() => [...map.keys()])) }
      }))
      assert.deepStrictEqual(exit, Exit.succeed([]))
      assert.deepStrictEqual(open, [])
    }))
})
