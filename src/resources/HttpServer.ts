/**
 * Answers HTTP requests on an address as a handle of the owner.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpApp from "@effect/platform/HttpApp"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer as createHttp, type Server as HttpOrHttps, type ServerResponse } from "node:http"
import { createServer as createHttps } from "node:https"
import type { AddressInfo, ListenOptions, Socket } from "node:net"
import * as InFlight from "./InFlight.ts"
import * as Owner from "./Owner.ts"
import * as Server from "./Server.ts"

export interface HttpServerOptions {
  /** Name in the ledger. */
  readonly name: string
  readonly listen: ListenOptions
  /** Certificate and key in PEM, for HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Most connections at a time; others are closed at once. */
  readonly maxConnections: number
  /** Milliseconds within which a request's headers, and then the whole of it, must have come. */
  readonly headersWithinMs: number
  readonly requestWithinMs: number
  /** Time for requests in flight when the server closes; then their connections are broken off. */
  readonly closesWithin: Duration.DurationInput
  /** Called once when the server closes, before it waits for requests in flight: answers without an end must end now. */
  readonly onClosing: () => void
  /** Called when no connection can be accepted, as with EMFILE. */
  readonly onError: (error: unknown) => void
}

const KEEP_ALIVE_MS = 5_000
/** Time without a new request after which idle connections are closed when it closes, and the longest time until then. */
const QUIET = "200 millis"
const LINGERS_AT_MOST = "2 seconds"

const listening = <R>(
  options: HttpServerOptions,
  app: HttpApp.Default<never, R>
): Effect.Effect<AddressInfo | string, Server.ServerError, Owner.Owner | Exclude<R, HttpServerRequest | Scope.Scope>> =>
  Effect.gen(function*() {
    const { headersWithinMs, listen, maxConnections, name, onClosing, onError, requestWithinMs, tls } = options
    // Opened before the server, and so closed after it: answers in progress go on while it waits for them.
    const inFlight = yield* InFlight.make(name)
    // What is not interruptible goes on when its client has gone: by itself, Effect makes only routes interruptible.
    const handler = yield* NodeHttpServer.makeHandler(Effect.interruptible(inFlight(app)))
    let isClosing = false
    let hasLingered = false
    let requests = 0
    const responses = new Set<ServerResponse>()
    /** Whoever reads this asks nothing more on the connection. */
    const sayLast = (response: ServerResponse) => {
      if (!response.headersSent) response.setHeader("connection", "close")
    }
    /** All connections, by their peer: that of TLS takes the place of the one on which its handshake was made. */
    const sockets = new Map<unknown, Socket>()
    const keep = (socket: Socket) => {
      const { remoteAddress, remotePort } = socket
      const peer = remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`
      sockets.set(peer, socket)
      socket.once("close", () => {
        if (sockets.get(peer) === socket) sockets.delete(peer)
      })
    }
    /** Node's own leaves a connection that has never asked anything. */
    const endIdle = () => {
      const busy = new Set([...responses].map(({ req }) => req.socket))
      for (const socket of sockets.values()) if (!busy.has(socket)) socket.destroy()
    }
    const linger = Effect.gen(function*() {
      isClosing = true
      responses.forEach(sayLast)
      for (let before = -1; before !== requests;) {
        before = requests
        yield* Effect.sleep(QUIET)
        // A busy loop may come to a timer without a look at the sockets; it comes to the next one only after that.
        yield* Effect.sleep(1)
      }
    }).pipe(
      Effect.timeoutOption(LINGERS_AT_MOST),
      Effect.zipRight(Effect.sync(() => {
        hasLingered = true
        endIdle()
      }))
    )
    const make = (): HttpOrHttps => {
      const timeouts = {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: headersWithinMs,
        requestTimeout: requestWithinMs,
        connectionsCheckingInterval: 1_000
      }
      const server = tls === undefined ? createHttp(timeouts) : createHttps({ ...timeouts, ...tls })
      return Object.assign(server, { maxConnections }).on("request", (request, response) => {
        requests++
        if (isClosing) sayLast(response)
        responses.add(response)
        response.once("close", () => {
          responses.delete(response)
          // Its connection is idle from now on.
          if (hasLingered) endIdle()
        })
        handler(request, response)
      }).on("connection", keep).on("secureConnection", keep)
    }
    const { address } = yield* Server.open({
      name,
      make,
      listen,
      onError,
      onClosing,
      linger,
      within: options.closesWithin
    })
    return address
  })

/**
 * Listens until the owner's scope closes. Then it accepts no connection, waits for the requests in flight, and interrupts those that
 * take too long. Where it can't listen it leaves nothing open, so that another port may be tried.
 */
export const open = <R>(options: HttpServerOptions, app: HttpApp.Default<never, R>) =>
  Effect.flatMap(Effect.flatten(Owner.children("the server")), (child) => child.open(listening(options, app)))
