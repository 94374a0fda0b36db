/**
 * Runs the model server in a process of its own, apart from the client's sockets and processor time.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { modelServerWith } from "../../../test/models/server.ts"
import * as Identity from "./identity.ts"
import { goSignal, send } from "./processes.ts"

/** Keep-alive of nginx, which stands before most model servers. Node's default of 5 seconds would close sockets that a client leaks. */
const KEEP_ALIVE_MS = 75_000

interface Options {
  readonly delayMs: number
  /** Folder of the key and the certificate; without it the server does not speak TLS. */
  readonly identity: Option.Option<string>
}

export const server = ({ delayMs, identity }: Options) =>
  Effect.gen(function*() {
    const server = yield* modelServerWith(
      Option.getOrUndefined(yield* Effect.transposeMapOption(identity, Identity.read))
    )
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
