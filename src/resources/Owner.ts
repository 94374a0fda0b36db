/**
 * Owns handles. Opening a handle needs an `Owner`, which the constructors of this folder give to the code that builds a layer, and
 * which is sealed when the layer is built. A service can therefore not open handles while it is used, whatever scope or captured
 * context it has, except through what its layer has made for that: `Lazy`, `ScopeMap` and `PerCall`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as Origin from "./Origin.ts"
import { acquire, type Acquisition, type ResourceKind, ResourceLedger } from "./ResourceLedger.ts"

/** Defect of code that opens a handle, or builds a layer that owns handles, when that time is over. */
export class OpenedLate extends Schema.TaggedError<OpenedLate>()("OpenedLate", {
  what: Schema.String,
  owner: Schema.String,
  /** The calls that led there, the innermost first. */
  opened: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${this.what} is opened after ${this.owner} was built, ${
      this.opened.join("\n    ")
    }. Open it while the layer is ` +
      "built, and use it in each call; what a call may need later is made then with Lazy, ScopeMap or PerCall"
  }
}

interface State {
  readonly ledger: ResourceLedger["Type"]
  readonly scope: Scope.Scope
  /** Most handles of a kind that it and those beside it may have open; without it, one of each name. */
  readonly atMost: number | undefined
  isSealed: boolean
}

const state: unique symbol = Symbol("claude-memory/Owner/state")

/** The right to open handles, which the code that builds a layer has until it returns. */
export class Owner extends Context.Tag("claude-memory/Owner")<Owner, {
  /** Key of the service, or a name for people. */
  readonly name: string
  readonly [state]: State
}>() {}

/** Requirements without those that an owner gives. */
export type Owned<R> = Exclude<Exclude<R, Owner>, Scope.Scope>

/** True while layers are composed; false in the code that uses them, and in all of its fibers. */
const isComposing = globalValue("claude-memory/Owner/isComposing", () => FiberRef.unsafeMake(true))

/**
 * Makes it a defect to add to the scope from now on, as `Effect.forkScoped` does in a call that has captured it. Effect has no such
 * thing, so this replaces a method of the scope's own map (3.22; Owner.test.ts fails when that changes).
 */
const seal = (scope: Scope.Scope, owner: string): void => {
  const { state } = scope as unknown as { readonly state: { readonly finalizers?: Map<object, unknown> } }
  const refuse = (): never => {
    throw new OpenedLate({
      what: "a fiber or another part of a scope",
      owner,
      opened: Origin.frames(Origin.mark(refuse))
    })
  }
  if (state.finalizers !== undefined) state.finalizers.set = refuse
}

/** Runs the effect as the code of an owner in this scope; both are sealed at its end. */
const owning = <A, E, R>(
  name: string,
  ledger: ResourceLedger["Type"],
  scope: Scope.Scope,
  effect: Effect.Effect<A, E, R>,
  atMost?: number
): Effect.Effect<A, E, Owned<R>> =>
  Effect.suspend(() => {
    const own: State = { ledger, scope, atMost, isSealed: false }
    return effect.pipe(
      Effect.provideService(Owner, { name, [state]: own }),
      Scope.extend(scope),
      Effect.ensuring(Effect.sync(() => {
        own.isSealed = true
        seal(scope, name)
      }))
    )
  })

const refuseUnlessComposing = (what: string, marked: Error) =>
  Effect.gen(function*() {
    if (yield* FiberRef.get(isComposing)) return
    const stack = yield* Origin.trace(marked)
    return yield* Effect.die(new OpenedLate({ what, owner: "the program", opened: stack() }))
  })

const building = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>, marked: Error) =>
  Effect.gen(function*() {
    yield* refuseUnlessComposing(`the layer of ${name}`, marked)
    const ledger = yield* ResourceLedger
    const own = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    return yield* Effect.locally(owning(name, ledger, own, effect), isComposing, false)
  })

/**
 * Makes the layer of a service that owns handles: `make` may open them until it returns, and the layer's scope closes them. Building
 * the layer within a call of another service is a defect: layers are built once, before they are used.
 */
export const layer = <I, S, E, R>(
  tag: Context.Tag<I, S>,
  make: Effect.Effect<S, E, R>
): Layer.Layer<I, E, Owned<R> | ResourceLedger> => {
  const marked = Origin.mark(layer)
  return Layer.scoped(tag, building(tag.key, make, marked))
}

/** As `layer`, for background work that offers no service. */
export const layerDiscard = <A, E, R>(
  name: string,
  make: Effect.Effect<A, E, R>
): Layer.Layer<never, E, Owned<R> | ResourceLedger> => {
  const marked = Origin.mark(layerDiscard)
  return Layer.scopedDiscard(building(name, make, marked))
}

/**
 * Builds the layers that a program needs, once, and runs it; from then on no layer that owns handles can be built, nor another program
 * run.
 */
export const run = <I, E, R>(layer: Layer.Layer<I, E, R>) => {
  const marked = Origin.mark(run)
  return <A, E2, R2>(program: Effect.Effect<A, E2, R2>): Effect.Effect<A, E | E2, R | Exclude<R2, I>> =>
    Effect.zipRight(
      refuseUnlessComposing("the layer of a program", marked),
      Effect.provide(Effect.locally(program, isComposing, false), layer)
    )
}

/** Lets the effect build layers within a running program, for an entry that opens its service on first use. */
export const composing = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locally(effect, isComposing, true)

/** Leaves out of a context what belongs to the layer in whose building it was captured: scope, owner and span. */
const ofServices = <I>(context: Context.Context<I>): Context.Context<I> =>
  Context.omit(Scope.Scope, Owner, Tracer.ParentSpan)(
    context as Context.Context<I | Scope.Scope | Owner | Tracer.ParentSpan>
  ) as Context.Context<I>

/**
 * Provides a context that was captured while a layer was built, but for what belongs to that layer: what an effect opens, and the spans
 * that it makes, belong to its caller. It takes no layer, which would be built in each call.
 */
export const provideContext = <I>(
  context: Context.Context<I>
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, I>> => {
  const given = ofServices(context)
  return (effect) => Effect.provide(effect, given)
}

/** The same for a stream. */
export const provideStream = <I>(
  context: Context.Context<I>
): <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E, Exclude<R, I>> => {
  const given = ofServices(context)
  return (stream) => Stream.provideSomeContext(stream, given)
}

/** Takes the owner of the code that runs; a defect when it is sealed. */
const current = (what: string, marked: Error) =>
  Effect.flatMap(Owner, (owner) =>
    owner[state].isSealed
      ? Effect.flatMap(
        Origin.trace(marked),
        (stack) => Effect.die(new OpenedLate({ what, owner: owner.name, opened: stack() }))
      )
      : Effect.succeed(owner))

const openMarked = <A, E, R>(acquisition: Acquisition<A, E, R>, marked: Error) =>
  Effect.flatMap(
    current(`${acquisition.kind} ${acquisition.name}`, marked),
    ({ name, [state]: { atMost, ledger, scope } }) => {
      const { kind, site = `${kind} ${acquisition.name} of ${name}` } = acquisition
      const bound = atMost === undefined ? { site } : { site: `${kind} by key of ${name}`, atMost }
      return Scope.extend(ledger[acquire]({ ...acquisition, ...bound }, marked), scope)
    }
  )

/** Opens a handle until the owner's scope closes. For the constructors of this folder. */
export const open = <A, E, R>(
  acquisition: Acquisition<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Owner> => openMarked(acquisition, Origin.mark(open))

/** Opens what a library opens in a Scope. For the constructors of this folder. */
export const adopt = <A, E, R>(
  { scoped, ...acquisition }:
    & { readonly kind: ResourceKind; readonly scoped: Effect.Effect<A, E, R>; readonly isGone: (handle: A) => boolean }
    & Pick<Acquisition<A, E, R>, "name">
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Owner> =>
  Effect.map(
    openMarked<{ readonly value: A; readonly inner: Scope.CloseableScope }, E, Exclude<R, Scope.Scope>>({
      ...acquisition,
      open: Effect.flatMap(Scope.make(), (inner) =>
        Effect.interruptible(Scope.extend(scoped, inner)).pipe(
          Effect.onError((cause) => Scope.close(inner, Exit.failCause(cause))),
          Effect.map((value) => ({ value, inner }))
        )),
      close: ({ inner }) => Scope.close(inner, Exit.void),
      isGone: ({ value }) => acquisition.isGone(value),
      within: "5 seconds"
    }, Origin.mark(adopt)),
    ({ value }) => value
  )

/** An owner in a scope of its own, which closes with its parent's at the latest. */
export interface Child {
  readonly parent: Scope.Scope
  /** Opens, once. A failed opening releases at once what it acquired. */
  readonly open: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Owned<R>>
  readonly close: Effect.Effect<void>
}

/**
 * Returns an effect that makes children of the current owner, also after that is sealed. For the constructors of this folder, which
 * bound how many there are, or have the ledger bound it: with `atMost`, the handles of a kind that all of them have open.
 */
export const children = (what: string, atMost?: number): Effect.Effect<Effect.Effect<Child>, never, Owner> => {
  const marked = Origin.mark(children)
  return Effect.flatMap(current(what, marked), ({ name, [state]: { ledger, scope } }) =>
    // The finalizer's place is that of this call, not of the first opening: what is opened later may depend on what the children
    // open, and is released before it.
    Effect.map(Scope.fork(scope, ExecutionStrategy.sequential), (parent) =>
      Effect.map(Scope.fork(parent, ExecutionStrategy.sequential), (own): Child => ({
        parent,
        open: (effect) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.onError(
              restore(owning(name, ledger, own, effect, atMost)),
              (cause) =>
                Scope.close(own, Exit.failCause(cause))
            )
          ),
        close: Scope.close(own, Exit.void)
      }))))
}

/** Closes at the end of the effect what it opens. */
export const nested = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Owned<R> | Owner> =>
  Effect.flatMap(
    Effect.flatten(children("what ends sooner")),
    ({ close, open }) => Effect.ensuring(open(effect), close)
  )
