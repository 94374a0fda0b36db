/**
 * Makes HTTP clients for one origin, whose sockets are in the resource ledger.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Lazy from "./Lazy.ts"
import { ResourceLedger } from "./ResourceLedger.ts"

export interface HttpPoolOptions {
  /** Scheme, host and port, as `URL.origin` writes them. */
  readonly origin: string
  /** Greatest number of sockets; further requests wait for one. */
  readonly connections: number
}

/** Less than the 5 seconds (Node) or more after which servers close an idle socket, which fails a request on it. */
const KEEP_ALIVE_MS = 4_000

/**
 * Returns the client; its first use opens the pool. A request for another origin is a defect, because the pool would
 * send it to this origin, with the other's key. Redirects are not followed.
 */
export const make = (
  { connections, origin }: HttpPoolOptions
): Effect.Effect<Effect.Effect<HttpClient.HttpClient>, never, ResourceLedger | Scope.Scope> =>
  Effect.gen(function*() {
    const ledger = yield* ResourceLedger
    const pool = ledger.acquire({
      kind: "pool",
      name: origin,
      open: Effect.sync(() => new Undici.Pool(origin, { connections, keepAliveTimeout: KEEP_ALIVE_MS })),
      close: (pool) => Effect.promise(() => pool.close()),
      destroy: (pool) => Effect.promise(() => pool.destroy()),
      within: "2 seconds",
      sockets: (pool) => pool.stats.connected
    })
    return yield* Lazy.make(Effect.map(pool, (pool) =>
      HttpClient.mapRequestEffect(
        // The client's own span would hold every header, keys among them, and tell its ids to the server.
        HttpClient.withTracerDisabledWhen(NodeHttpClient.makeUndici(pool), () => true),
        (request) =>
          new URL(request.url).origin === origin
            ? Effect.succeed(request)
            : Effect.dieMessage(`a request for ${new URL(request.url).origin} through the pool of ${origin}`)
      )))
  })
