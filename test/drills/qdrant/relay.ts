/**
 * Passes bytes between a loopback port and a server that is not ours to stop.
 */
import * as Effect from "effect/Effect"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

export interface Relay {
  readonly origin: string
  /** Closes the port and all connections. */
  readonly cut: Effect.Effect<void>
  /** Listens again, on the same port. */
  readonly join: Effect.Effect<void>
}

const listen = (server: Server, port: number) =>
  Effect.async<number>((resume) => {
    server.once("error", (cause) => resume(Effect.die(cause)))
    server.listen({ host: "127.0.0.1", port }, () => resume(Effect.succeed((server.address() as AddressInfo).port)))
  })

export const make = (to: { readonly host: string; readonly port: number }) =>
  Effect.gen(function*() {
    const open = new Set<Socket>()
    const kept = (socket: Socket) => {
      open.add(socket)
      return socket.on("error", () => {}).on("close", () => open.delete(socket))
    }
    const server = createServer((near) => {
      const far = kept(connect(to))
      kept(near).on("close", () => far.destroy()).pipe(far).on("close", () => near.destroy()).pipe(near)
    })
    const cut = Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const socket of open) socket.destroy()
    })
    const port = yield* Effect.acquireRelease(listen(server, 0), () => cut)
    return { origin: `http://127.0.0.1:${port}`, cut, join: Effect.asVoid(listen(server, port)) } satisfies Relay
  })
