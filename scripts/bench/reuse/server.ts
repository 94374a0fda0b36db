/**
 * Runs the model server in a process of its own, apart from the client's sockets and processor time.
 */
import * as Effect from "effect/Effect"
import { modelServer } from "../../../test/models/server.ts"
import { goSignal, send } from "./processes.ts"

/** Keep-alive of nginx, which stands before most model servers. Node's default of 5 seconds would close sockets that a client leaks. */
const KEEP_ALIVE_MS = 75_000

export const server = ({ delayMs }: { readonly delayMs: number }) =>
  Effect.gen(function*() {
    const server = yield* modelServer
    server.http.keepAliveTimeout = KEEP_ALIVE_MS
    server.delay = delayMs
    yield* send({ _tag: "Listening", baseUrl: server.baseUrl })
    const { seen } = server
    const report = Effect.suspend(() =>
      send({
        _tag: "ServerView",
        opened: seen.sockets,
        open: seen.open.size,
        most: seen.most,
        requests: seen.requests
      })
    )
    return yield* Effect.forever(Effect.zipRight(goSignal, report))
  }).pipe(Effect.scoped)
