/**
 * Callers leave while a server hangs, and servers refuse and die while callers wait, while the service lives on: a
 * request must end with its caller, also at the server, and the next call must be answered.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ModelManager } from "../../src/models/ModelManager.ts"
import * as Owner from "../../src/resources/Owner.ts"
import type { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Backends from "./backends.ts"
import { checkedForLeaks, endOf, type GateContext, started } from "./GateContext.ts"
import * as HandleCounts from "./HandleCounts.ts"
import * as Postgres from "./postgres.ts"
import { alone, ask, complete, embed, ingest, newPlace, type Place, rerank, service } from "./Scenario.ts"
import * as Yardstick from "./Yardstick.ts"

interface Call<R> {
  readonly name: string
  /** Returns what was degraded. */
  readonly run: Effect.Effect<ReadonlyArray<string>, { readonly message: string }, R>
  /** Without the server the call puts off its work and succeeds. */
  readonly postpones?: boolean
}

/** Says nothing of a degraded answer, which is none. */
const plain = <E, R>(call: Effect.Effect<unknown, E, R>) => Effect.as(call, [])

let saved = 0
const save = Effect.suspend(() => {
  const content = `The gate decided on the number ${++saved} of its texts.`
  return Effect.flatMap(ClaudeMemory, (memory) => memory.save({ content, project: { folder: "/home/mei/work/gate" } }))
})
const recent = Effect.flatMap(ClaudeMemory, (memory) => memory.recent({ projects: "all" }, 3))
const verify = Effect.flatMap(ClaudeMemory, ({ index }) => index.verify)

const search: Call<ClaudeMemory> = { name: "search and inject", run: ask }

const OF_MODELS: ReadonlyArray<Call<ClaudeMemory | ModelManager>> = [
  { name: "embed", run: plain(embed) },
  { name: "complete", run: plain(complete) },
  { name: "rerank", run: plain(rerank) },
  search
]
const OF_QDRANT: ReadonlyArray<Call<ClaudeMemory>> = [
  search,
  { name: "save", run: plain(save), postpones: true },
  { name: "verify", run: plain(verify) }
]
const OF_POSTGRES: ReadonlyArray<Call<ClaudeMemory>> = [
  search,
  { name: "save", run: plain(save) },
  { name: "recent", run: plain(recent) }
]

/** Time in which a request must reach the server. */
const ASKED_WITHIN_MS = 5_000

/** Starts the call and waits until the server has its request; complains when it never comes. */
const asked = <R>({ running }: Backends.Backend, { run }: Call<R>) =>
  Effect.gen(function*() {
    const caller = yield* started(run)
    const isOut = yield* Yardstick.within(
      Effect.repeat(Effect.zipRight(Effect.sleep("2 millis"), running), { until: (n) => n > 0 }),
      ASKED_WITHIN_MS
    )
    return { caller, wrong: Option.isSome(isOut) ? [] : ["nothing was asked of the server"] }
  })

/** How handles are counted around one disturbance. */
interface Counting {
  readonly before: HandleCounts.HandleCounts
  readonly now: Effect.Effect<HandleCounts.HandleCounts>
}

/** Callers that leave, one after the other: more than there are sockets to a server, so that one is missed that is not given back. */
const LEAVERS = 20

const abandoned = <R>(backend: Backends.Backend, call: Call<R>, { before, now }: Counting) =>
  Effect.gen(function*() {
    yield* backend.hang
    const wrong: Array<string> = []
    for (let i = 0; i < LEAVERS && wrong.length === 0; i++) {
      const { caller, wrong: unasked } = yield* asked(backend, call)
      yield* Fiber.interruptFork(caller)
      const end = yield* endOf(caller)
      wrong.push(...unasked, ...(Option.exists(end, Exit.isInterrupted) ? [] : ["the caller did not go"]))
    }
    return [
      ...wrong,
      // The server still hangs: a request that was not ended is there.
      ...(yield* HandleCounts.increases(before, now))
    ]
  })

/** Returns what is wrong with the answer to a call that its server could not answer. */
const judge = <R>({ postpones = false }: Call<R>, exit: Exit.Exit<ReadonlyArray<string>, unknown>) =>
  Exit.match(exit, {
    onFailure: (cause) =>
      Option.isSome(Cause.failureOption(cause)) && Chunk.isEmpty(Cause.defects(cause))
        ? []
        : [`it was not told by an error of its type: ${Cause.pretty(cause)}`],
    onSuccess: (degraded) => postpones || degraded.length > 0 ? [] : ["it was answered as if nothing had happened"]
  })

const disturbed =
  (trouble: Backends.Trouble) => <R>(backend: Backends.Backend, call: Call<R>, { before, now }: Counting) =>
    Effect.gen(function*() {
      yield* trouble.before
      const { caller, wrong } = trouble.within === undefined
        ? { caller: yield* started(call.run), wrong: [] }
        : yield* Effect.zipLeft(asked(backend, call), trouble.within)
      const end = yield* endOf(caller)
      yield* backend.mend
      return [
        ...wrong,
        ...(Option.isSome(end) ? judge(call, end.value) : ["the caller was not answered"]),
        ...(yield* HandleCounts.increases(before, now))
      ]
    })

interface Disturbance {
  readonly name: string
  readonly run: <R>(
    backend: Backends.Backend,
    call: Call<R>,
    counting: Counting
  ) => Effect.Effect<ReadonlyArray<string>, never, R>
}

/** Disturbs one call, and returns what is wrong then and with the next call. */
const tried = <R>(context: GateContext, backend: Backends.Backend, call: Call<R>, { run }: Disturbance) =>
  Effect.gen(function*() {
    yield* Yardstick.refresh
    const now = Effect.zipWith(
      HandleCounts.read(context.folder, [...Object.values(context.servers), context.qdrant]),
      backend.running,
      (counts, running): HandleCounts.HandleCounts => ({
        ...Object.fromEntries(Object.entries(counts).filter(([kind]) => !backend.kept.includes(kind))),
        running
      })
    )
    const wrong = yield* Effect.ensuring(run(backend, call, { before: yield* now, now }), backend.mend)
    const again = yield* Effect.flatMap(started(call.run), endOf)
    return [
      ...wrong,
      ...Option.match(again, {
        onNone: () => ["the next call hangs"],
        onSome: Exit.match({
          onFailure: (cause) => [`the next call: ${Cause.pretty(cause)}`],
          onSuccess: (degraded) => degraded.map((each) => `the next call: ${each}`)
        })
      })
    ]
  })

/** Makes the service of one backend, disturbs each of its calls in each way, and closes it. */
const withBackend = <A, E, R>(
  context: GateContext,
  make: (place: Place) => Effect.Effect<
    { readonly backend: Backends.Backend; readonly service: Layer.Layer<A, E, ResourceLedger> },
    never,
    R
  >,
  calls: ReadonlyArray<Call<A>>
) =>
  Effect.gen(function*() {
    let runs = 0
    const { wrong } = yield* checkedForLeaks(
      context,
      Effect.gen(function*() {
        const wrong: Array<string> = []
        const place = yield* newPlace(context)
        const { backend, service } = yield* make(place)
        const disturbances: ReadonlyArray<Disturbance> = [
          { name: "hangs, the caller leaves", run: abandoned },
          ...backend.troubles.map((trouble) => ({ name: trouble.name, run: disturbed(trouble) }))
        ]
        yield* Effect.gen(function*() {
          for (const call of calls) {
            yield* call.run
            for (const disturbance of disturbances) {
              if (context.bails && wrong.length > 0) return
              yield* context.progress(`${call.name}, ${backend.name} ${disturbance.name}`)
              const found = yield* tried(context, backend, call, disturbance)
              wrong.push(...found.map((each) => `${call.name}, ${backend.name} ${disturbance.name}: ${each}`))
              runs++
            }
          }
        }).pipe(
          Owner.run(alone(service)),
          Effect.locally(FiberRef.currentLoggers, HashSet.empty()),
          Effect.catchAllCause((cause) => Effect.sync(() => wrong.push(Cause.pretty(cause))))
        )
        return { wrong }
      })
    )
    for (const each of wrong) yield* context.failed(each)
    return runs
  })

export const calls = (context: GateContext) =>
  Effect.gen(function*() {
    const ingested = (place: Place) => Effect.provide(ingest(place.sessions), alone(service(place)))
    const ofModels = yield* withBackend(context, (place) =>
      Effect.as(Effect.orDie(ingested(place)), {
        backend: Backends.models(place.servers),
        service: service(place)
      }), OF_MODELS)
    const ofQdrant = yield* withBackend(context, (place) =>
      Effect.as(Effect.orDie(ingested(place)), {
        backend: Backends.qdrant(place.qdrant),
        service: service(place)
      }), OF_QDRANT)
    const cluster = yield* context.postgres
    const ofPostgres = Option.isNone(cluster) ? 0 : yield* withBackend(context, (place) =>
      Effect.gen(function*() {
        const { url } = cluster.value
        const schema = yield* Postgres.schema(url)
        const service = Postgres.service(url, schema, false)(place)
        yield* Effect.orDie(Effect.provide(ingest(place.sessions), alone(service)))
        return { backend: yield* Backends.postgres(cluster.value, schema), service }
      }), OF_POSTGRES)
    return { ofModels, ofQdrant, ofPostgres, hasPostgres: Option.isSome(cluster) }
  })
