/**
 * Records the open resources of this process, their origins and ages. The only way to open a handle.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import type * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Origin from "./Origin.ts"

export type ResourceKind =
  | "cache"
  | "database"
  | "fibers"
  | "file"
  | "lock"
  | "model"
  | "pool"
  | "server"
  | "store"
  | "temporary folder"
  | "timer"
  | "watcher"
  | "worker"

/** `acquiredAt` is in milliseconds since the epoch. */
export interface Resource {
  readonly id: number
  readonly kind: ResourceKind
  readonly name: string
  readonly acquiredAt: number
  /** The calls outside the ledger and Effect that led to the acquisition, the innermost first. */
  readonly stack: ReadonlyArray<string>
  /** The first of `stack`. */
  readonly origin: string
  /** Number of sockets that the resource holds now; null when unknown. */
  readonly sockets: number | null
}

/** `closed`: `close` succeeded; `destroyed`: only `destroy` did; `failed`: neither, so the resource is still open. */
export type ReleaseOutcome = "closed" | "destroyed" | "failed"

export type ResourceChange =
  | { readonly _tag: "Acquired"; readonly resource: Resource }
  | { readonly _tag: "Released"; readonly resource: Resource; readonly ageMs: number; readonly how: ReleaseOutcome }

export class LeakedResources extends Schema.TaggedError<LeakedResources>()("LeakedResources", {
  resources: Schema.Array(
    Schema.Struct({ kind: Schema.String, name: Schema.String, stack: Schema.Array(Schema.String) })
  )
}) {
  override get message() {
    const names = this.resources.map(({ kind, name, stack }) => `${kind} ${name} (opened ${stack.join("\n    ")})`)
      .join(
        "; "
      )
    return `${this.resources.length} resource(s) still open at the end: ${names}`
  }
}

export interface Acquisition<A, E, R> {
  readonly kind: ResourceKind
  readonly name: string
  /** Opens the handle; uninterruptible, except within `Effect.interruptible`. */
  readonly open: Effect.Effect<A, E, R>
  /** Closes the handle gracefully; interrupted after `within`. */
  readonly close: (handle: A) => Effect.Effect<unknown, unknown>
  /** Closes the handle by force, when `close` has failed or taken longer than `within`. */
  readonly destroy?: (handle: A) => Effect.Effect<unknown, unknown>
  readonly within: Duration.DurationInput
  /**
   * Returns the number of sockets that the handle holds now. Without this function the sockets of a pool or a server
   * are unknown, and other kinds hold none.
   */
  readonly sockets?: (handle: A) => number
}

const HOLDS_SOCKETS: ReadonlyArray<ResourceKind> = ["pool", "server"]

const opened = Metric.gauge("claude_memory_resources_open")
const acquiredTotal = Metric.counter("claude_memory_resources_acquired_total", { incremental: true })
const releasedTotal = Metric.counter("claude_memory_resources_released_total", { incremental: true })

const make = Effect.gen(function*() {
  const open = new Map<number, Resource>()
  const changes = yield* Effect.acquireRelease(PubSub.unbounded<ResourceChange>(), PubSub.shutdown)
  let nextId = 1

  const countOf = (kind: ResourceKind) => [...open.values()].filter((resource) => resource.kind === kind).length
  const measure = (kind: ResourceKind, total: typeof acquiredTotal) =>
    Effect.zipRight(
      Metric.increment(Metric.tagged(total, "kind", kind)),
      Metric.set(Metric.tagged(opened, "kind", kind), countOf(kind))
    )

  const register = (
    kind: ResourceKind,
    name: string,
    stack: () => ReadonlyArray<string>,
    sockets: (() => number) | undefined
  ) =>
    Effect.gen(function*() {
      const resource: Resource = {
        id: nextId++,
        kind,
        name,
        acquiredAt: yield* Clock.currentTimeMillis,
        get stack() {
          return stack()
        },
        get origin() {
          return stack()[0]!
        },
        get sockets() {
          return sockets !== undefined ? sockets() : HOLDS_SOCKETS.includes(kind) ? null : 0
        }
      }
      open.set(resource.id, resource)
      yield* measure(kind, acquiredTotal)
      yield* PubSub.publish(changes, { _tag: "Acquired", resource })
      return resource
    })

  /**
   * Runs one step of a release; returns the reason when it fails. Finalizers are uninterruptible, so the bound needs
   * `interruptible` before it. A step that can't be interrupted continues in the background (`disconnect`). An
   * interrupted fiber interrupts its children, so the step must not be a child.
   */
  const attempt = (step: Effect.Effect<unknown, unknown>, within: Duration.DurationInput) =>
    step.pipe(
      Effect.disconnect,
      Effect.interruptible,
      Effect.timeoutOption(within),
      Effect.forkScoped,
      Effect.flatMap(Fiber.join),
      Effect.scoped,
      Effect.exit,
      Effect.map((exit): Option.Option<string> =>
        Exit.isFailure(exit)
          ? Option.some(Cause.pretty(exit.cause))
          : Option.match(exit.value, {
            onNone: () => Option.some(`took longer than ${Duration.format(within)}`),
            onSome: () => Option.none()
          })
      )
    )

  const release = (
    resource: Resource,
    within: Duration.DurationInput,
    close: Effect.Effect<unknown, unknown>,
    destroy: Effect.Effect<unknown, unknown> | undefined
  ) =>
    Effect.gen(function*() {
      const refusal = yield* attempt(close, within)
      const forced = Option.isSome(refusal) && destroy !== undefined
        ? yield* attempt(destroy, within)
        : refusal
      const how: ReleaseOutcome = Option.isNone(refusal) ? "closed" : Option.isNone(forced) ? "destroyed" : "failed"
      if (Option.isSome(refusal)) {
        yield* Effect.logWarning(`closing ${resource.kind} ${resource.name}: ${refusal.value}`)
      }
      if (how !== "failed") open.delete(resource.id)
      yield* measure(resource.kind, releasedTotal)
      const ageMs = (yield* Clock.currentTimeMillis) - resource.acquiredAt
      // If the ledger has ended before (and reported the leak), publishing is interrupted, and nobody listens.
      yield* Effect.exit(PubSub.publish(changes, { _tag: "Released", resource, ageMs, how }))
    })

  const take = <A, E, R>({ close, destroy, kind, name, open, sockets, within }: Acquisition<A, E, R>, marked: Error) =>
    Effect.flatMap(Origin.trace(marked), (stack) =>
      Effect.acquireRelease(
        Effect.flatMap(open, (handle) =>
          Effect.map(
            register(kind, name, stack, sockets && (() => sockets(handle))),
            (resource) => ({ handle, resource })
          )),
        // Suspended, so that a `close` that throws counts as failed.
        ({ handle, resource }) =>
          release(
            resource,
            within,
            Effect.suspend(() => close(handle)),
            destroy && Effect.suspend(() => destroy(handle))
          )
      )).pipe(Effect.map(({ handle }) => handle))

  const acquire = <A, E, R>(options: Acquisition<A, E, R>) => take(options, Origin.mark(acquire))

  const adopt = <A, E, R>(kind: ResourceKind, name: string, scoped: Effect.Effect<A, E, R>) =>
    take<{ readonly value: A; readonly inner: Scope.CloseableScope }, E, Exclude<R, Scope.Scope>>({
      kind,
      name,
      open: Effect.flatMap(Scope.make(), (inner) =>
        Effect.interruptible(Scope.extend(scoped, inner)).pipe(
          Effect.onError((cause) => Scope.close(inner, Exit.failCause(cause))),
          Effect.map((value) => ({ value, inner }))
        )),
      close: ({ inner }) => Scope.close(inner, Exit.void),
      within: "5 seconds"
    }, Origin.mark(adopt)).pipe(Effect.map(({ value }) => value))

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      const resources = [...open.values()]
      if (resources.length > 0) return yield* Effect.die(new LeakedResources({ resources }))
    })
  )

  return {
    acquire,
    adopt,
    snapshot: Effect.sync(() => [...open.values()]),
    changes: PubSub.subscribe(changes)
  }
})

export class ResourceLedger extends Context.Tag("claude-memory/ResourceLedger")<ResourceLedger, {
  /** Opens a handle and registers it; when the scope closes, closes the handle, by force if necessary. */
  readonly acquire: <A, E, R>(options: Acquisition<A, E, R>) => Effect.Effect<A, E, R | Scope.Scope>
  /** Registers a resource that a library opens in a Scope; limits its release to 5 seconds. */
  readonly adopt: <A, E, R>(
    kind: ResourceKind,
    name: string,
    scoped: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, Exclude<R, Scope.Scope> | Scope.Scope>
  /** Open resources, oldest first. */
  readonly snapshot: Effect.Effect<ReadonlyArray<Resource>>
  /** Subscribes to every acquisition and release from now on. */
  readonly changes: Effect.Effect<Queue.Dequeue<ResourceChange>, never, Scope.Scope>
}>() {
  /** Dies with `LeakedResources` when a resource is still open as the layer's scope closes. */
  static readonly layer: Layer.Layer<ResourceLedger> = Layer.scoped(this, make)
}
