/**
 * Sends HTTP requests to one origin through a pool, whose sockets are in the resource ledger.
 */
import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { IncomingHttpHeaders } from "node:http"
import type { Socket } from "node:net"
import * as Deadlines from "./Deadlines.ts"
import * as Lazy from "./Lazy.ts"
import * as Owner from "./Owner.ts"

export interface HttpPoolOptions {
  /** Scheme (http or https), host and port; a path after them is left out. */
  readonly origin: string
  /** Greatest number of sockets; further requests wait for one. */
  readonly connections: number
}

export interface HttpRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Most bytes of an answer. A longer one is broken off. */
  readonly maxBytes: number
  /** Longest time until the answer has ended. */
  readonly timeout: Duration.DurationInput
}

/** Any status is a response: 404 and 500 are no errors. The body is read as UTF-8. */
export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * `Unreachable`: no answer has begun; `BrokenOff`: it has begun, but not ended; `TooLong`: it has more than `maxBytes`;
 * `TimedOut`: it has not ended in time.
 */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  reason: Schema.Literal("Unreachable", "BrokenOff", "TooLong", "TimedOut"),
  origin: Schema.String,
  /** Code of the system or of undici, such as ECONNREFUSED. */
  code: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `${this.origin}: ${this.reason} (${this.code})`
  }
}

/** Posts a request and reads the whole answer. Redirects are not followed. An interrupted request is aborted. */
export type HttpPool = (request: HttpRequest) => Effect.Effect<HttpResponse, HttpError>

/** Less than the 5 seconds (Node) or more after which servers close an idle socket, which fails a request on it. */
const KEEP_ALIVE_MS = 4_000

const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") ? String(cause.code) : Predicate.isError(cause) ? cause.name : "unknown"

const decoder = new TextDecoder()

interface Opened {
  readonly pool: Pick<Undici.Pool, "dispatch">
  readonly deadline: Deadlines.Deadlines
}

const post = ({ deadline, pool }: Opened, origin: string, request: HttpRequest) =>
  Effect.async<HttpResponse, HttpError>((resume) => {
    const { body, headers, maxBytes, timeout, url } = request
    const parts: Array<Uint8Array> = []
    let size = 0
    let response: Pick<HttpResponse, "status" | "headers"> | undefined
    let controller: Undici.Dispatcher.DispatchController | undefined
    let isAborted = false

    const end = (result: Effect.Effect<HttpResponse, HttpError>) => {
      cancelDeadline()
      resume(result)
    }
    const fail = (reason: HttpError["reason"], cause: unknown) =>
      end(new HttpError({ reason, origin, code: codeOf(cause), cause }))
    /** A request that waits for its socket is aborted as soon as it has one. */
    const abort = () => {
      isAborted = true
      controller?.abort(new Undici.errors.RequestAbortedError())
    }
    const refuse = (reason: HttpError["reason"]) => {
      fail(reason, undefined)
      abort()
    }
    const cancelDeadline = deadline(Duration.toMillis(timeout), () => refuse("TimedOut"))

    pool.dispatch({ method: "POST", path: url.pathname + url.search, headers, body }, {
      onRequestStart: (started) => {
        controller = started
        if (isAborted) abort()
      },
      onResponseStart: (_, status, headers) => {
        response = { status, headers }
        if (Number(headers["content-length"]) > maxBytes) refuse("TooLong")
      },
      onResponseData: (_, part) => {
        size += part.length
        if (size > maxBytes) refuse("TooLong")
        else parts.push(part)
      },
      onResponseEnd: () => {
        end(
          Effect.succeed({ ...response!, body: decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts)) })
        )
      },
      onResponseError: (_, cause) => fail(response === undefined ? "Unreachable" : "BrokenOff", cause)
    })
    return Effect.sync(() => {
      cancelDeadline()
      abort()
    })
  })

/** Connects as undici does, and knows each socket from its beginning: undici forgets one that is being connected. */
const tracked = (options: Undici.buildConnector.BuildOptions = {}) => {
  const sockets = new Set<Socket>()
  // It returns the socket, which its type does not say.
  const connector = Undici.buildConnector(options) as (
    ...args: Parameters<Undici.buildConnector.connector>
  ) => Socket
  const connect: Undici.buildConnector.connector = (...args) => {
    const socket = connector(...args)
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  }
  return { connect, sockets }
}

/**
 * Opens the pool itself, for a client that sends its requests through a dispatcher. `name` is its name in the ledger. What it shows of
 * undici's pool can't leave an answer unread, which would keep its socket.
 */
export const open = (
  { name, origin, ...options }:
    & { readonly name: string; readonly origin: string; readonly connect?: Undici.buildConnector.BuildOptions }
    & Omit<Undici.Pool.Options, "connect">
): Effect.Effect<Pick<Undici.Pool, "compose" | "dispatch">, never, Owner.Owner> =>
  Effect.map(
    Owner.open({
      kind: "pool",
      name,
      // Whoever opens it: two pools of one origin are one too many.
      site: `pool ${name}`,
      open: Effect.sync(() => {
        const { connect, sockets } = tracked(options.connect)
        return { pool: new Undici.Pool(origin, { keepAliveTimeout: KEEP_ALIVE_MS, ...options, connect }), sockets }
      }),
      // Nobody waits for an answer any more, and undici's `close` would connect once more for a request that was aborted.
      close: ({ pool }) => Effect.promise(() => pool.destroy()),
      destroy: ({ pool, sockets }) =>
        Effect.promise(() => {
          const isDestroyed = pool.destroy()
          sockets.forEach((socket) => socket.destroy())
          return isDestroyed
        }),
      isGone: ({ pool, sockets }) => pool.destroyed && sockets.size === 0,
      within: "2 seconds",
      sockets: ({ sockets }) => sockets.size
    }),
    ({ pool }) => pool
  )

/** Returns the origin of a URL of http or https; undefined for any other text. */
export const originOf = (text: string): string | undefined => {
  if (!URL.canParse(text)) return undefined
  const { origin, protocol } = new URL(text)
  return protocol === "http:" || protocol === "https:" ? origin : undefined
}

/**
 * Returns the pool; its first request opens it. Where the origin is none, each request fails as `Unreachable`, with the code
 * ERR_INVALID_URL. A request for another origin is a defect, because the pool would send
 * it to this origin, with the other's key.
 */
export const make = ({ connections, origin: given }: HttpPoolOptions): Effect.Effect<HttpPool, never, Owner.Owner> =>
  Effect.gen(function*() {
    const origin = originOf(given)
    if (origin === undefined) {
      const code = "ERR_INVALID_URL"
      return () => Effect.fail(new HttpError({ reason: "Unreachable", origin: given, code, cause: undefined }))
    }
    let opened: Opened | undefined
    // The timeout of a request takes the place of the pool's.
    const pool = open({ name: origin, origin, connections, headersTimeout: 0, bodyTimeout: 0 })
    const openOnce = yield* Lazy.make(
      Effect.map(Effect.all({ pool, deadline: Deadlines.make }), (made) => opened = made)
    )
    return (request) =>
      request.url.origin !== origin
        ? Effect.dieMessage(`a request for ${request.url.origin} through the pool of ${origin}`)
        : opened !== undefined
        ? post(opened, origin, request)
        : Effect.flatMap(openOnce, (made) => post(made, origin, request))
  })
