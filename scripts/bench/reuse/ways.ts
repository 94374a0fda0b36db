/**
 * The two ways to make the same calls to the same models. Every other call is the compressor's, for a completion and a vector at once.
 * The others are the retriever's, for a vector.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { ModelManager } from "../../../src/models/ModelManager.ts"
import * as Unmetered from "../../../src/models/providers/Unmetered.ts"
import * as DecoratedLedger from "../../../test/leaks/DecoratedLedger.ts"
import { DIMENSION } from "../../../test/models/server.ts"
import { timed } from "../../../test/script.ts"
import * as Predecessor from "./Predecessor.ts"

export const NAMES = ["old", "ours"] as const
export type Name = typeof NAMES[number]

export const requestsOf = (calls: number): number => calls + Math.ceil(calls / 2)
const isCompressors = (call: number) => call % 2 === 0
const textOf = (call: number) => `why is the pool of connections exhausted under load? ${call}`

export class CallFailed extends Schema.TaggedError<CallFailed>()("CallFailed", { cause: Schema.Defect }) {}

export interface Way {
  readonly call: (i: number) => Effect.Effect<unknown, CallFailed>
  /** Counts so far: clients (sessions or pools), lost clients, and the milliseconds that building them took. */
  readonly built: () => { readonly clients: number; readonly lost: number; readonly buildMs: number }
}

const old = (baseUrl: string): Effect.Effect<Way> =>
  Effect.sync(() => {
    const tally: Predecessor.Tally = { sessions: 0, lost: 0, buildMs: 0 }
    return {
      call: (i) =>
        Effect.tryPromise({
          try: () =>
            isCompressors(i)
              ? Predecessor.compress(baseUrl, tally, textOf(i))
              : Predecessor.retrieve(baseUrl, tally, textOf(i)),
          catch: (cause) => new CallFailed({ cause })
        }),
      built: () => ({ clients: tally.sessions, lost: tally.lost, buildMs: tally.buildMs })
    }
  })

const ours = (baseUrl: string): Effect.Effect<Way, never, Scope.Scope> =>
  Effect.gen(function*() {
    let clients = 0
    let openMs = 0
    /** The real ledger, which also counts the pools that it opens. */
    const ledger = DecoratedLedger.layer(({ kind }) =>
      kind !== "pool" ? {} : {
        opening: (open) =>
          Effect.map(timed(open), ([pool, ms]) => {
            clients++
            openMs += ms
            return pool
          })
      }
    )
    const endpoint = { provider: "openai", baseUrl, apiKey: Option.none() } as const
    const models = Unmetered.providers({
      roles: {
        light: [{ ...endpoint, model: "chat" }],
        embedding: [{ ...endpoint, model: "embedding", dimension: DIMENSION }]
      },
      patience: { timeout: "30 seconds", retries: 0, maxDelay: 0 }
    })
    const [context, layerMs] = yield* timed(Layer.build(Layer.provide(models, Layer.merge(ledger, NodeContext.layer))))
    const { complete, embed } = yield* Effect.provide(ModelManager, context)
    return {
      call: (i) =>
        Effect.mapError(
          isCompressors(i)
            ? Effect.all([complete({ prompt: textOf(i) }), embed([textOf(i)])], { concurrency: 2, discard: true })
            : embed([textOf(i)]),
          (cause) => new CallFailed({ cause })
        ),
      built: () => ({ clients, lost: 0, buildMs: layerMs + openMs })
    }
  })

export const WAYS: Readonly<Record<Name, (baseUrl: string) => Effect.Effect<Way, never, Scope.Scope>>> = { old, ours }
