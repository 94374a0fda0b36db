/**
 * Callers leave while the service lives on: their requests must end with them, also at the server.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { ModelManager } from "../../src/models/ModelManager.ts"
import type { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import type { Behaviour } from "../models/server.ts"
import { checkedForLeaks, endOf, type GateContext, started } from "./GateContext.ts"
import * as HandleCounts from "./HandleCounts.ts"
import { alone, ask, complete, embed, ingest, newPlace, type Place, rerank, type Servers, service } from "./Scenario.ts"

interface Call {
  readonly name: string
  readonly run: (place: Place) => Effect.Effect<unknown, { readonly message: string }, ClaudeMemory | ModelManager>
}

const CALLS: ReadonlyArray<Call> = [
  { name: "embed", run: () => embed },
  { name: "complete", run: () => complete },
  { name: "rerank", run: () => rerank },
  { name: "search and inject", run: () => ask }
]

const all = (servers: Servers, behaviour: Behaviour) =>
  Effect.sync(() => {
    for (const server of Object.values(servers)) server.behaviour = behaviour
  })

/** Leaves out sockets, which the pool keeps and reopens while it lives; they must be gone when it is. */
const ofCalls = ({ fds: _fds, serverSockets: _serverSockets, sockets: _sockets, ...rest }: HandleCounts.HandleCounts) =>
  rest

const isAsked = (servers: Servers) => Object.values(servers).some(({ seen }) => seen.running > 0)

/** Makes one call, interrupts another while the servers hang, and returns what is wrong afterwards. */
const abandon = (context: GateContext, place: Place, { run }: Call) =>
  Effect.gen(function*() {
    yield* run(place)
    const now = Effect.map(HandleCounts.read(context.folder, Object.values(place.servers)), ofCalls)
    const before = yield* now
    const left = yield* Effect.acquireUseRelease(
      all(place.servers, "hangs"),
      () =>
        Effect.gen(function*() {
          const caller = yield* started(run(place))
          const isOut = yield* Effect.repeat(Effect.sleep("2 millis"), { until: () => isAsked(place.servers) }).pipe(
            Effect.timeoutOption("5 seconds")
          )
          yield* Fiber.interruptFork(caller)
          const end = yield* endOf(caller)
          return [
            ...(Option.isSome(isOut) ? [] : ["nothing was asked of a model"]),
            ...(Option.exists(end, Exit.isInterrupted) ? [] : ["the caller did not go"]),
            ...(yield* HandleCounts.increases(before, now))
          ]
        }),
      () => all(place.servers, "answers")
    )
    // The abandoned call must not block the next one.
    const again = yield* Effect.exit(run(place))
    return { wrong: [...left, ...(Exit.isFailure(again) ? [`the next call: ${Cause.pretty(again.cause)}`] : [])] }
  })

export const abandoned = (context: GateContext) =>
  Effect.gen(function*() {
    for (const call of CALLS) {
      yield* context.progress(`abandoned ${call.name}`)
      const { wrong } = yield* checkedForLeaks(
        context,
        Effect.gen(function*() {
          const place = yield* newPlace(context)
          yield* Effect.provide(ingest(place.sessions), alone(service(place)))
          return yield* abandon(context, place, call).pipe(
            Effect.provide(alone(service(place))),
            Effect.catchAllCause((cause) => Effect.succeed({ wrong: [Cause.pretty(cause)] }))
          )
        })
      )
      for (const each of wrong) yield* context.failed(`abandoned ${call.name}: ${each}`)
    }
    return { abandoned: CALLS.length }
  })
