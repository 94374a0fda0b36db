/**
 * Listens on a socket of the file system, or a named pipe of Windows, where a connection asks by one line and gets one.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import { createServer, type Socket } from "node:net"
import * as Fibers from "./Fibers.ts"
import type * as Owner from "./Owner.ts"
import * as Server from "./Server.ts"

export interface LineServerOptions {
  /** Name in the ledger. */
  readonly name: string
  /** Path of the socket or the pipe. */
  readonly path: string
  /** Bytes of the longest line that is read. */
  readonly maxBytes: number
  /** Most connections at a time; others are closed at once. */
  readonly maxConnections: number
  /** Milliseconds within which the line must have come. */
  readonly lineWithinMs: number
  /** Returns the answer; none closes the connection without a word. Interrupted when the other side is gone. */
  readonly answer: (line: string) => Effect.Effect<Option.Option<string>>
  /** Called when no connection can be accepted, as with EMFILE. */
  readonly onError: (error: unknown) => void
}

const NEWLINE = 0x0a

/** Time for answers on their way when the server closes. */
const CLOSES_WITHIN = "300 millis"

/** Calls `take` with the first line; closes a connection that sends none, or too long a one. */
const readLine = (
  socket: Socket,
  { lineWithinMs, maxBytes }: LineServerOptions,
  take: (line: string) => void
): void => {
  let parts: ReadonlyArray<Buffer> = []
  let size = 0
  // The time counts from the connection on, however slowly the bytes come.
  const started = performance.now()
  const remaining = () => Math.max(1, lineWithinMs - (performance.now() - started))
  const onData = (part: Buffer) => {
    const end = part.indexOf(NEWLINE)
    size += end < 0 ? part.length : end
    if (size > maxBytes || performance.now() - started > lineWithinMs) return socket.destroy()
    parts = [...parts, end < 0 ? part : part.subarray(0, end)]
    if (end < 0) return socket.setTimeout(remaining())
    socket.off("data", onData).setTimeout(0)
    // Reads on, without keeping it, to notice that the other side has gone.
    socket.resume()
    take(Buffer.concat(parts).toString("utf8"))
  }
  socket.on("data", onData).once("timeout", () => socket.destroy()).setTimeout(lineWithinMs)
}

/** Listens until the owner's scope closes, and then interrupts the answers in progress. */
export const open = (
  options: LineServerOptions
): Effect.Effect<void, Server.ServerError, Owner.Owner> =>
  Effect.gen(function*() {
    const { answer, maxConnections, name, onError, path } = options
    const gone = (socket: Socket) =>
      Effect.async<never>((resume) => {
        if (socket.destroyed) return resume(Effect.interrupt)
        socket.once("close", () => resume(Effect.interrupt))
      })
    const answered = (socket: Socket, line: string) =>
      Effect.raceFirst(answer(line), gone(socket)).pipe(
        Effect.map(Option.match({
          onNone: () => socket.destroy(),
          onSome: (text) => socket.end(`${text}\n`)
        })),
        Effect.onError(() => Effect.sync(() => socket.destroy()))
      )
    let take = (socket: Socket, _line: string): unknown => socket.destroy()
    const serve = (socket: Socket) => {
      socket.on("error", () => socket.destroy())
      readLine(socket, options, (line) => take(socket, line))
    }
    yield* Server.open({
      name,
      make: () => Object.assign(createServer(serve), { maxConnections }),
      listen: { path },
      onError,
      within: CLOSES_WITHIN
    })
    // Opened last, and so closed first: an answer that is interrupted ends its connection.
    const fibers = yield* Fibers.open(name)
    const fork = yield* FiberSet.runtime(fibers)<never>()
    take = (socket, line) => fork(answered(socket, line))
  })
