/**
 * Records the open resources of this process, their origins and ages, and bounds their releases.
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
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Origin from "./Origin.ts"

/**
 * A `model` is anything large that was loaded into memory, a `lock` a file or a folder, and `fibers` are a set of
 * them.
 */
export type ResourceKind =
  | "child"
  | "database"
  | "fibers"
  | "file"
  | "lock"
  | "model"
  | "pool"
  | "server"
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
  /** Path of a database. */
  readonly file?: string
}

/**
 * `closed`: the handle was seen to be gone after `close`; `destroyed`: only after `destroy`; `failed`: it is still open. A failed
 * release that succeeds later is reported once more, with its delay.
 */
export type ReleaseOutcome = "closed" | "destroyed" | "failed"

/** `ageMs` is the time from the acquisition to the end of the release. */
export type ResourceChange =
  | { readonly _tag: "Acquired"; readonly resource: Resource }
  | {
    readonly _tag: "Released"
    readonly resource: Resource
    readonly ageMs: number
    readonly how: ReleaseOutcome
    /** Milliseconds from the end of the bound to the release; 0 within it. */
    readonly lateMs: number
  }

/** Defect of a ledger that ends while handles are open; `stack` has the calls that opened each, the innermost first. */
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

/** Defect of a site that opens more handles at a time than it may. */
export class TooManyOpen extends Schema.TaggedError<TooManyOpen>()("TooManyOpen", {
  site: Schema.String,
  atMost: Schema.Number,
  /** The calls that led to the opening, the innermost first. */
  opened: Schema.Array(Schema.String),
  /** Origin of the oldest handle of this site. */
  first: Schema.String
}) {
  override get message() {
    return `${this.site}: ${this.atMost} may be open at a time, and this is one more, opened ${
      this.opened.join("\n    ")
    }. The oldest was opened ${this.first}. Reuse what is open, or close it first`
  }
}

/** Opens and closes one handle. It is closed when `isGone` says so, whatever `close` returns. */
export interface Acquisition<A, E, R> {
  readonly kind: ResourceKind
  readonly name: string
  /** Opens one handle; uninterruptible, except within `Effect.interruptible`. */
  readonly open: Effect.Effect<A, E, R>
  /** Closes the handle gracefully; interrupted after `within` when there is a `destroy`. */
  readonly close: (handle: A) => Effect.Effect<unknown, unknown>
  /** Closes the handle by force, when it is not gone after `within`. */
  readonly destroy?: (handle: A) => Effect.Effect<unknown, unknown>
  readonly within: Duration.DurationInput
  /** Tells by what can be seen of the handle whether it is closed: a flag, a count of sockets, a descriptor, a pid. */
  readonly isGone: (handle: A) => boolean
  /**
   * Returns the number of sockets that the handle holds now. Without this function the sockets of a pool or a server
   * are unknown, and other kinds hold none.
   */
  readonly sockets?: (handle: A) => number
  /** Path of a database, all connections to which share its log's index. */
  readonly file?: string
  /** Name under which open handles are counted; kind and name by default. */
  readonly site?: string
  /** Most handles of the site that are open at a time; 1 by default. */
  readonly atMost?: number
}

/** What happens to one handle more than its site may have: it is a defect, or logged with its stack. */
export type Excess = "defect" | "warning"

const HOLDS_SOCKETS: ReadonlyArray<ResourceKind> = ["pool", "server"]

/** Interval at which a handle that is not gone yet is looked at again. */
const LOOK_INTERVAL = "5 millis"

/** Changes that wait for a subscriber; beyond, it loses the oldest. */
const CHANGES = 1_024

const realClock = Clock.make()

const opened = Metric.gauge("claude_memory_resources_open")
const acquiredTotal = Metric.counter("claude_memory_resources_acquired_total", { incremental: true })
const releasedTotal = Metric.counter("claude_memory_resources_released_total", { incremental: true })

/** Runs the effect in a fiber that is no child: an interrupted fiber interrupts its children, also while it releases. */
const apart = <A, E>(effect: Effect.Effect<A, E>) => Effect.flatMap(Effect.forkDaemon(effect), Fiber.join)

interface Attempt {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  /** Why the handle is not gone within the bound. */
  readonly refusal: Option.Option<string>
}

/** Runs one step of a release until the handle is gone; finalizers are uninterruptible, so its wait is made interruptible. */
const attempt = (step: Effect.Effect<unknown, unknown>, isGone: () => boolean, within: Duration.DurationInput) =>
  Effect.gen(function*() {
    let isOver = false
    const untilGone = Effect.sync(isGone).pipe(
      Effect.repeat({ until: Boolean, schedule: Schedule.spaced(LOOK_INTERVAL) }),
      // What is looked at goes by the real clock, also under a test's.
      Effect.withClock(realClock)
    )
    const fiber = yield* Effect.forkDaemon(Effect.interruptible(
      Effect.zipRight(Effect.tap(step, () => Effect.sync(() => isOver = true)), untilGone)
    ))
    const exit = yield* apart(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), within))
    const refusal = Option.match(exit, {
      onNone: () =>
        Option.some(
          isOver ? "says that it is closed, and is still open" : `took longer than ${Duration.format(within)}`
        ),
      onSome: Exit.match({ onSuccess: () => Option.none(), onFailure: (cause) => Option.some(Cause.pretty(cause)) })
    })
    return { fiber, refusal } satisfies Attempt
  })

interface Late {
  readonly following: Fiber.RuntimeFiber<void>
  readonly attempt: Attempt
  readonly within: Duration.DurationInput
}

const make = (excess: Excess) =>
  Effect.gen(function*() {
    const open = new Map<number, Resource>()
    /** By site, those that are open or opening, and not yet being released. */
    const inUse = new Map<string, Set<object>>()
    /** Releases that are late; the end of the ledger waits for each once more as long as its bound. */
    const late = new Set<Late>()
    const changes = yield* Effect.acquireRelease(PubSub.sliding<ResourceChange>(CHANGES), PubSub.shutdown)
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
      sockets: (() => number) | undefined,
      file: string | undefined
    ) =>
      Effect.gen(function*() {
        const resource: Resource = {
          id: nextId++,
          kind,
          name,
          ...(file !== undefined && { file }),
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

    /** Reports the end of a release. If the ledger has ended before, publishing is interrupted, and nobody listens. */
    const released = (resource: Resource, how: ReleaseOutcome, lateMs: number) =>
      Effect.gen(function*() {
        if (how !== "failed") open.delete(resource.id)
        yield* measure(resource.kind, releasedTotal)
        const ageMs = (yield* Clock.currentTimeMillis) - resource.acquiredAt
        yield* Effect.exit(PubSub.publish(changes, { _tag: "Released", resource, ageMs, how, lateMs }))
      })

    /** Waits for a release beyond its bound, and reports it when it succeeds. */
    const follow = (resource: Resource, { fiber }: Attempt, how: ReleaseOutcome) =>
      Effect.gen(function*() {
        const since = yield* Clock.currentTimeMillis
        if (Exit.isFailure(yield* Fiber.await(fiber))) return
        const lateMs = (yield* Clock.currentTimeMillis) - since
        yield* Effect.logWarning(`${resource.kind} ${resource.name} is ${how} after all, ${lateMs} ms late`)
        yield* released(resource, how, lateMs)
      })

    const release = <A>(
      resource: Resource,
      handle: A,
      { close, destroy, isGone, within }: Acquisition<A, unknown, unknown>
    ) =>
      Effect.gen(function*() {
        const gone = () => {
          try {
            return isGone(handle)
          } catch {
            return false
          }
        }
        // Suspended, so that a `close` that throws counts as failed.
        const first = yield* attempt(Effect.suspend(() => close(handle)), gone, within)
        if (Option.isNone(first.refusal)) return yield* released(resource, "closed", 0)
        yield* Effect.logWarning(`closing ${resource.kind} ${resource.name}: ${first.refusal.value}`)
        // What is seen counts, not what is said.
        if (gone()) return yield* released(resource, "closed", 0)
        if (destroy !== undefined) yield* Fiber.interruptFork(first.fiber)
        const last = destroy === undefined
          ? first
          : yield* attempt(Effect.suspend(() => destroy(handle)), gone, within)
        const how = destroy === undefined ? "closed" : "destroyed"
        if (Option.isNone(last.refusal) || gone()) return yield* released(resource, how, 0)
        yield* released(resource, "failed", 0)
        const following = yield* Effect.forkDaemon(Effect.interruptible(follow(resource, last, how)))
        const entry: Late = { following, attempt: last, within }
        late.add(entry)
        following.addObserver(() => late.delete(entry))
      })

    /** Counts a handle of the site before it is opened, so that two that are opened at a time are counted both. */
    const enter = (site: string, atMost: number, stack: () => ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const entered = inUse.get(site) ?? new Set<object>()
        const entry = { stack }
        if (entered.size >= atMost) {
          const [oldest] = entered as Set<typeof entry>
          const tooMany = new TooManyOpen({ site, atMost, opened: stack(), first: oldest!.stack()[0]! })
          if (excess === "defect") return yield* Effect.die(tooMany)
          yield* Effect.logWarning(tooMany.message)
        }
        entered.add(entry)
        inUse.set(site, entered)
        return () => {
          entered.delete(entry)
          if (entered.size === 0) inUse.delete(site)
        }
      })

    const acquireMarked = <A, E, R>(options: Acquisition<A, E, R>, marked: Error) =>
      Effect.gen(function*() {
        const { atMost = 1, file, kind, name, open, site = `${kind} ${name}`, sockets } = options
        const stack = yield* Origin.trace(marked)
        const { handle } = yield* Effect.acquireRelease(
          Effect.gen(function*() {
            const leave = yield* enter(site, atMost, stack)
            const handle = yield* Effect.onError(open, () => Effect.sync(leave))
            const resource = yield* register(kind, name, stack, sockets && (() => sockets(handle)), file)
            return { handle, leave, resource }
          }),
          ({ handle, leave, resource }) =>
            Effect.zipRight(Effect.sync(leave), release(resource, handle, options as Acquisition<A, unknown, unknown>))
        )
        return handle
      })

    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        const waiting = [...late]
        yield* apart(Effect.forEach(
          waiting,
          ({ following, within }) => Effect.timeoutOption(Effect.interruptible(Fiber.await(following)), within),
          { concurrency: Math.max(1, waiting.length), discard: true }
        ))
        yield* Effect.forEach(waiting, ({ attempt }) => Fiber.interruptFork(attempt.fiber), { discard: true })
        const resources = [...open.values()]
        if (resources.length > 0) return yield* Effect.die(new LeakedResources({ resources }))
      })
    )

    return ResourceLedger.of({
      [acquire]: acquireMarked,
      snapshot: Effect.sync(() => [...open.values()]),
      changes: PubSub.subscribe(changes)
    })
  })

/**
 * Key of the ledger's method that opens a handle and registers it until the scope closes. Only src/resources names it: others
 * open handles through its constructors, with the `Owner` that their layer is given.
 */
export const acquire: unique symbol = Symbol("claude-memory/acquire")

/** Accounts for the handles of a program, which has one ledger, below all layers that own handles. */
export class ResourceLedger extends Context.Tag("claude-memory/ResourceLedger")<ResourceLedger, {
  readonly [acquire]: <A, E, R>(
    options: Acquisition<A, E, R>,
    /** Its stack begins at the call that is the origin. */
    marked: Error
  ) => Effect.Effect<A, E, R | Scope.Scope>
  /** Open resources, oldest first. */
  readonly snapshot: Effect.Effect<ReadonlyArray<Resource>>
  /** Subscribes to every acquisition and release from now on. */
  readonly changes: Effect.Effect<Queue.Dequeue<ResourceChange>, never, Scope.Scope>
}>() {
  /**
   * Dies with `LeakedResources` when a resource is still open as the layer's scope closes, and with `TooManyOpen` when a site opens
   * more than it may.
   */
  static readonly layer: Layer.Layer<ResourceLedger> = Layer.scoped(this, Effect.suspend(() => make("defect")))
  /** The same for production: one handle too many is logged with its stack. */
  static readonly layerWarning: Layer.Layer<ResourceLedger> = Layer.scoped(this, Effect.suspend(() => make("warning")))
}
