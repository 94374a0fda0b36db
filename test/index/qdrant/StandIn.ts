/**
 * Stands in for a Qdrant server on a loopback port: serves the REST operations that we use from `QdrantInMemory`,
 * checks requests and replies against the server's OpenAPI description, and injects the faults that a test asks for.
 *
 * It proves that each request fits the description, without fields or parameters that the server would ignore; that the
 * client parses answers in the described form; and the results of calls under faults. It does not prove that a real
 * server behaves like `QdrantInMemory`, which searches exactly and in 64 bits, has no shards, segments, optimizer or
 * disk, is never busy and answers at once. For that, run test/contract/Qdrant.test.ts and VectorIndex.test.ts with
 * QDRANT_URL.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createTls } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { Qdrant } from "../../../src/index/qdrant/Qdrant.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import * as testing from "../../../src/testing.ts"
import { contract, type Judged } from "./OpenApi.ts"
import { make as makeOperations, WRITES } from "./operations.ts"

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A fault in the answer to a request. The first four do not carry out the operation; the others do. */
export type Fault =
  | Answer
  /** Accepts the request and never answers. */
  | "hangs"
  | "resets"
  | { readonly version: string }
  | "hangs in its answer"
  | "resets in its answer"
  /** Sends a complete HTTP response with half of the JSON. */
  | "cuts its answer"
  /** Reports that a write is not finished. */
  | "acknowledges"
  | "waits"
  /** Answers as late as this, as for a write while one of its replicas hangs: 10 seconds of a real server. */
  | { readonly afterMs: number }

export interface Request {
  /** Operation id in the OpenAPI description; undefined for an unknown operation. */
  readonly operation: string | undefined
  readonly path: string
  readonly body: unknown
}

export interface StandIn {
  readonly origin: string
  readonly http: Server
  /** Returns the fault for each request; undefined for none. */
  fault: (request: Request) => Fault | undefined
  /** Breaches of the contract so far. The scope dies if it closes with any. */
  readonly breaches: Array<string>
  readonly seen: {
    /** Sockets accepted so far, open now, and the most that were open at a time. */
    sockets: number
    readonly open: Set<Socket>
    most: number
    requests: number
    /** Requests accepted and not yet ended. */
    running: number
    /** Requests whose connection closed before the answer was sent. */
    aborted: number
    readonly operations: Array<string>
    readonly keys: Set<string>
    readonly encodings: Set<string>
    /** Bodies of the last `BODIES` requests. */
    readonly bodies: Array<unknown>
  }
}

export interface Options {
  readonly host?: string
  /** Any free port by default. */
  readonly port?: number
  readonly apiKey?: string
  /** Prefix of each path, as behind a proxy; other paths get a 404 page in HTML. */
  readonly prefix?: string
  readonly version?: string
  readonly tls?: { readonly key: string; readonly cert: string }
  /** File of all writes, each a line of JSON; a server that starts with it resumes from its state. */
  readonly state?: string
  /** Time after which idle sockets are closed; by default the real server's 5 seconds, 0 for never. */
  readonly keepAliveMs?: number
}

const VERSION = "1.19.0"
const BODIES = 20
const MOST_BYTES = 32 * 1024 * 1024
/** Paths that need no API key. */
const OPEN = new Set(["/", "/healthz", "/livez", "/readyz"])

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers }
})

export const text = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body,
  headers: { "content-type": "text/plain", ...headers }
})

/** Returns an error in the server's form. */
export const error = (status: number, words: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json(status, { status: { error: words }, time: 0 }, headers)

/** Gives each of the next requests one of these faults, in order, and later requests none. */
export const queue = (...faults: ReadonlyArray<Fault>): StandIn["fault"] => {
  const left = [...faults]
  return () => left.shift()
}

const readBody = async (request: IncomingMessage): Promise<string> => Buffer.concat(await request.toArray()).toString()

const parsed = (body: string): Either.Either<unknown, Answer> =>
  body === ""
    ? Either.right(undefined)
    // JSON writes NaN and infinity as null.
    : /[[,]null[\],]/.test(body)
    ? Either.left(error(400, "Format error in JSON body: invalid type: null, expected f32"))
    : body.length > MOST_BYTES
    ? Either.left(error(400, `JSON payload is larger than allowed (limit: ${MOST_BYTES} bytes).`))
    : Either.try({
      try: () => JSON.parse(body) as unknown,
      catch: (cause) => error(400, `Format error in JSON body: ${String(cause)}`)
    })

/** Refuses values that a caller may get wrong, which are no breaches of the contract: ids and limits. */
const refused = (body: unknown): Answer | undefined => {
  const { group_size, limit, offset, points, prefetch = [] } = (body ?? {}) as {
    readonly points?: ReadonlyArray<string | { readonly id: string; readonly vector: object }>
    readonly offset?: unknown
    readonly limit?: number
    readonly group_size?: number
    readonly prefetch?: ReadonlyArray<{ readonly limit?: number }>
  }
  const ids = [...(points ?? []).map((point) => typeof point === "string" ? point : point.id), offset ?? []].flat()
  const wrongId = ids.find((id) => typeof id !== "string" || !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
  if (wrongId !== undefined) {
    return error(400, `Format error in JSON body: value ${String(wrongId)} is not a valid point ID`)
  }
  const wrongLimit = [limit, group_size, ...prefetch.map((each) => each.limit)].find((each) =>
    each !== undefined && each < 1
  )
  if (wrongLimit !== undefined) {
    return error(422, `Validation error in JSON body: [limit: value ${wrongLimit} invalid, must be 1 or larger]`)
  }
  return undefined
}

const send = (response: ServerResponse, { body, headers = {}, status }: Answer) => {
  // Set here, so that Node does not add a keep-alive time, which the real server does not send.
  response.writeHead(status, { connection: "keep-alive", "content-length": Buffer.byteLength(body), ...headers }).end(
    body
  )
}

const behave = (
  fault: Extract<Fault, string>,
  answer: Answer,
  response: ServerResponse
) => {
  const half = answer.body.slice(0, answer.body.length / 2)
  switch (fault) {
    case "hangs":
      return
    case "resets":
      return void response.socket?.destroy()
    case "cuts its answer":
      return send(response, { ...answer, body: half })
    case "acknowledges":
      return send(response, { ...answer, body: answer.body.replace("\"completed\"", "\"acknowledged\"") })
    case "waits":
      return send(response, { ...answer, body: answer.body.replace("\"completed\"", "\"wait_timeout\"") })
    default:
      response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) })
      response.write(half, () => {
        if (fault === "resets in its answer") response.socket?.destroy()
      })
  }
}

const isAnswer = (fault: Fault | undefined): fault is Answer => typeof fault === "object" && "status" in fault

const listen = (http: Server, { host = "127.0.0.1", port = 0 }: Options) =>
  Effect.async<void>((resume) => {
    http.once("error", (cause) => resume(Effect.die(cause)))
    http.listen({ host, port }, () => resume(Effect.void))
  })

const close = (http: Server) =>
  Effect.async<void>((resume) => {
    http.close(() => resume(Effect.void))
    http.closeAllConnections()
  })

/** Starts a stand-in. Its scope dies if it closes while `breaches` has entries. */
export const make = (options: Options = {}) =>
  Effect.gen(function*() {
    const { apiKey, keepAliveMs = 5_000, prefix = "", state, tls, version = VERSION } = options
    const memory = yield* Layer.build(Layer.provide(testing.qdrant, ResourceLedger.layer))
    const operate = makeOperations(Context.get(memory, Qdrant))
    const { judge, judgeReply } = contract()
    if (state !== undefined && existsSync(state)) {
      const lines = readFileSync(state, "utf8").split("\n").filter((line) => line !== "")
      yield* Effect.orDie(Effect.forEach(lines, (line) => operate(JSON.parse(line)), { discard: true }))
    }

    const server: StandIn = {
      origin: "",
      http: tls === undefined ? createPlain() : createTls(tls),
      fault: () => undefined,
      breaches: [],
      seen: {
        sockets: 0,
        open: new Set<Socket>(),
        most: 0,
        requests: 0,
        running: 0,
        aborted: 0,
        operations: [],
        keys: new Set<string>(),
        encodings: new Set<string>(),
        bodies: []
      }
    }
    const { breaches, http, seen } = server

    const breach = (where: string, problems: ReadonlyArray<string>) => {
      breaches.push(`${where}: ${problems.join("; ")}`)
      return problems.join("; ")
    }

    const answerTo = (
      request: IncomingMessage,
      url: URL,
      read: Either.Either<unknown, Answer>,
      { operation, problems, ...judged }: Judged
    ) =>
      Effect.gen(function*() {
        const key = request.headers["api-key"]
        if (apiKey !== undefined && !OPEN.has(url.pathname) && key !== apiKey) {
          return text(
            401,
            key === undefined
              ? "Must provide an API key or an Authorization bearer token"
              : "Invalid API key or JWT"
          )
        }
        if (Either.isLeft(read)) return read.left
        const body = read.right
        const wrong = refused(body)
        if (wrong !== undefined) return wrong
        if (operation === undefined) return text(404, breach(`${request.method} ${url.pathname}`, problems))
        if (problems.length > 0) return error(400, `Format error in request: ${breach(operation, problems)}`)
        if (WRITES.has(operation) && /points$|index$/.test(operation) && judged.query["wait"] !== true) {
          breach(operation, ["it does not wait until it is done"])
        }
        if (operation === "root") return json(200, { title: "qdrant - vector search engine", version, commit: null })
        const asked = { operation, body, ...judged }
        const done = yield* Effect.either(operate(asked))
        if (Either.isLeft(done)) {
          const { detail, status = 500 } = done.left
          if (status >= 500) breach(operation, [detail])
          return error(status, detail)
        }
        if (state !== undefined && WRITES.has(operation)) appendFileSync(state, `${JSON.stringify(asked)}\n`)
        const reply = { result: done.right, status: "ok", time: 0.001 }
        const answer = json(200, reply)
        const wrongs = judgeReply(operation, answer.status, JSON.parse(answer.body))
        if (wrongs.length > 0) breach(`answer to ${operation}`, wrongs)
        return answer
      })

    const respond = (request: IncomingMessage, response: ServerResponse) =>
      Effect.gen(function*() {
        const read = parsed(yield* Effect.promise(() => readBody(request)))
        const whole = new URL(request.url ?? "/", server.origin)
        if (!`${whole.pathname}/`.startsWith(`${prefix}/`)) {
          return send(response, text(404, "<html><h1>404 Not Found</h1></html>", { "content-type": "text/html" }))
        }
        const url = new URL(`${whole.pathname.slice(prefix.length) || "/"}${whole.search}`, server.origin)
        const body = Either.getOrUndefined(read)
        const judged = judge({ method: request.method ?? "GET", url, body })
        seen.operations.push(judged.operation ?? "none")
        if (seen.bodies.push(body) > BODIES) seen.bodies.shift()
        const fault = server.fault({ operation: judged.operation, path: url.pathname, body })
        if (isAnswer(fault)) return send(response, fault)
        if (fault === "hangs" || fault === "resets") return behave(fault, text(200, ""), response)
        if (typeof fault === "object" && "version" in fault) {
          return send(response, json(200, { title: "qdrant - vector search engine", version: fault.version }))
        }
        const answer = yield* answerTo(request, url, read, judged)
        if (typeof fault === "object") yield* Effect.sleep(fault.afterMs)
        return typeof fault === "string" ? behave(fault, answer, response) : send(response, answer)
      }).pipe(
        // The client may have closed the connection within its request; any other cause is a fault of the stand-in.
        Effect.catchAllCause((cause) =>
          Effect.sync(() => {
            if (!request.destroyed) breach("stand-in", [String(cause)])
            response.destroy()
          })
        )
      )

    const run = yield* FiberSet.makeRuntime()
    http.keepAliveTimeout = keepAliveMs
    http.on("connection", (socket: Socket) => {
      seen.sockets++
      seen.open.add(socket)
      seen.most = Math.max(seen.most, seen.open.size)
      socket.on("error", () => {}).on("close", () => seen.open.delete(socket))
    })
    http.on("request", (request, response) => {
      seen.requests++
      seen.running++
      seen.encodings.add(String(request.headers["accept-encoding"]))
      seen.keys.add(String(request.headers["api-key"] ?? ""))
      response.on("close", () => {
        seen.running--
        if (!response.writableFinished) seen.aborted++
      })
      run(respond(request, response))
    })
    yield* Effect.acquireRelease(listen(http, options), () => close(http))
    yield* Effect.addFinalizer(() =>
      breaches.length === 0 ? Effect.void : Effect.dieMessage(`the contract was broken: ${breaches.join("\n")}`)
    )
    const { address, port } = http.address() as AddressInfo
    const host = address.includes(":") ? `[${address}]` : address
    return Object.assign(server, { origin: `${tls === undefined ? "http" : "https"}://${host}:${port}` })
  })
