/**
 * Listens with a server of node:http or node:net as a handle of the owner.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type AddressInfo, connect, type ListenOptions, type Server, Server as NetServer, type Socket } from "node:net"
import * as Owner from "./Owner.ts"

/** A server that can't listen. `code` is the system's or Node's: EADDRINUSE, EACCES, ERR_SOCKET_BAD_PORT. */
export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", {
  server: Schema.String,
  code: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    const advice = this.code === "EADDRINUSE" ? "; end the program that has this address, or take another" : ""
    return `${this.server} can't listen: ${this.code}${advice}`
  }
}

export interface ServerOptions<S extends Server> {
  /** Name in the ledger. */
  readonly name: string
  /** Makes the server with its handlers; it does not listen yet. */
  readonly make: () => S
  readonly listen: ListenOptions
  /** Called when a server that listens can't accept a connection, as with EMFILE. */
  readonly onError: (error: unknown) => void
  /** Called when it closes, before anything else. */
  readonly onClosing?: () => void
  /**
   * Runs when a server of node:http closes that has connections, once it has ended to listen and before it closes its idle ones: one
   * whose request has not been read yet counts as idle.
   */
  readonly linger?: Effect.Effect<void>
  /** Time for its connections to end, 2 seconds by default; then they are destroyed. */
  readonly within?: Duration.DurationInput
}

export interface Listening<S extends Server> {
  readonly server: S
  /** A path for a socket of the file system. */
  readonly address: AddressInfo | string
}

const listening = <S extends Server>({ listen, make, name, onError }: ServerOptions<S>) =>
  Effect.async<Listening<S> & { readonly sockets: ReadonlySet<Socket> }, ServerError>((resume) => {
    const fail = (cause: unknown) =>
      resume(new ServerError({ server: name, code: (cause as NodeJS.ErrnoException).code ?? "unknown", cause }))
    try {
      const server = make()
      const sockets = new Set<Socket>()
      server.on("connection", (socket: Socket) => sockets.add(socket.once("close", () => sockets.delete(socket))))
      server.once("error", fail).listen(listen, () => {
        server.off("error", fail).on("error", onError)
        resume(Effect.succeed({ server, sockets, address: server.address()! }))
      })
    } catch (cause) {
      fail(cause)
    }
  })

/** Turns of the event loop in a row in which no connection comes, after which hardly any can wait to be accepted. */
const QUIET_TURNS = 3
const QUIET_WITHIN_MS = 2_000

/**
 * Ends to listen when no connections come, with those that are there left as they are: the system resets those that wait to be accepted
 * then, and a busy event loop accepts one a turn.
 */
const endListening = (server: Server) =>
  Effect.async<void>((resume) => {
    const until = performance.now() + QUIET_WITHIN_MS
    let quiet = -1
    const begin = () => quiet = 0
    const look = () => {
      if (++quiet < QUIET_TURNS && performance.now() < until) return setImmediate(look)
      server.off("connection", begin)
      NetServer.prototype.close.call(server)
      return resume(Effect.void)
    }
    server.on("connection", begin)
    setImmediate(look)
  })

/** Codes of a socket of the file system at which nobody listens. */
const NOBODY = new Set(["ECONNREFUSED", "ENOENT", "ENOTSOCK"])

/** Time for the system to say whether anybody listens, which it does at once. */
const ASKED_MS = 1_000

/** Tests whether anybody listens on a socket of the file system; true where that can't be found out. */
export const isListening = (path: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const socket = connect(path)
    const end = (isListening: boolean) => {
      socket.destroy()
      resume(Effect.succeed(isListening))
    }
    socket.setTimeout(ASKED_MS, () => end(true))
    socket.once("connect", () => end(true))
    socket.on("error", (error: NodeJS.ErrnoException) => end(!NOBODY.has(error.code ?? "")))
    return Effect.sync(() => socket.destroy())
  })

/** Returns the server when it listens. */
export const open = <S extends Server>(
  options: ServerOptions<S>
): Effect.Effect<Listening<S>, ServerError, Owner.Owner> =>
  Owner.open({
    kind: "server",
    name: options.name,
    open: listening(options),
    // A server of node:http closes its idle connections as well.
    close: ({ server, sockets }) =>
      Effect.gen(function*() {
        options.onClosing?.()
        if (options.linger !== undefined && sockets.size > 0) {
          yield* endListening(server)
          yield* options.linger
        }
        yield* Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
        })
      }),
    destroy: ({ sockets }) => Effect.sync(() => sockets.forEach((socket) => socket.destroy())),
    isGone: ({ server, sockets }) => !server.listening && sockets.size === 0,
    within: options.within ?? "2 seconds",
    sockets: ({ server, sockets }) => sockets.size + Number(server.listening)
  })
