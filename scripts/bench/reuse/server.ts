/**
 * The models' process: its sockets and its share of the processor are its own.
 */
import * as Effect from "effect/Effect"
import { modelServer } from "../../../test/models/server.ts"
import { goSignal, send } from "./processes.ts"

/** As nginx, before most model servers, keeps an idle socket; Node's own 5 seconds would close what a client leaves open. */
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
