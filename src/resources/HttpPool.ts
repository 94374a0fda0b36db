/**
 * Makes HTTP clients for one origin, whose sockets are in the resource ledger.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Lazy from "./Lazy.ts"
import * as Owner from "./Owner.ts"

export interface HttpPoolOptions {
  /** Scheme, host and port, as `URL.origin` writes them. */
  readonly origin: string
  /** Greatest number of sockets; further requests wait for one. */
  readonly connections: number
}

/** Less than the 5 seconds (Node) or more after which servers close an idle socket, which fails a request on it. */
const KEEP_ALIVE_MS = 4_000

/** Opens the pool itself, for a client that sends its requests through a dispatcher. `name` is its name in the ledger. */
export const open = (
  { name, origin, ...options }: { readonly name: string; readonly origin: string } & Undici.Pool.Options
): Effect.Effect<Undici.Pool, never, Owner.Owner> =>
  Owner.open({
    kind: "pool",
    name,
    open: Effect.sync(() => new Undici.Pool(origin, { keepAliveTimeout: KEEP_ALIVE_MS, ...options })),
    close: (pool) => Effect.promise(() => pool.close()),
    destroy: (pool) => Effect.promise(() => pool.destroy()),
    isGone: (pool) => pool.closed && pool.stats.connected === 0,
    within: "2 seconds",
    sockets: (pool) => pool.stats.connected
  })

/**
 * Returns the client; its first use opens the pool. A request for another origin is a defect, because the pool would
 * send it to this origin, with the other's key. Redirects are not followed.
 */
export const make = (
  { connections, origin }: HttpPoolOptions
): Effect.Effect<Effect.Effect<HttpClient.HttpClient>, never, Owner.Owner> =>
  Lazy.make(Effect.map(open({ name: origin, origin, connections }), (pool) =>
    HttpClient.mapRequestEffect(
      // The client's own span would hold every header, keys among them, and tell its ids to the server.
      HttpClient.withTracerDisabledWhen(NodeHttpClient.makeUndici(pool), () => true),
      (request) =>
        new URL(request.url).origin === origin
          ? Effect.succeed(request)
          : Effect.dieMessage(`a request for ${new URL(request.url).origin} through the pool of ${origin}`)
    )))
