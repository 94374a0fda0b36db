/**
 * A stand-in for a Qdrant server on a loopback port: the REST operations that we use, over `QdrantInMemory`, with the server's own
 * OpenAPI description at its front door, and as bad as a test asks.
 *
 * What it proves: that each request is one the server describes, with no field or parameter that it would ignore; that answers in
 * the described form are understood; and what becomes of calls when a server behaves badly. What it does not: that a real server
 * does as `QdrantInMemory` does. It searches exactly and in 64 bits, has no shards, segments or optimizer, keeps nothing on a disk,
 * is never busy, and needs no time. Run test/contract/Qdrant.test.ts and VectorIndex.test.ts with QDRANT_URL for that.
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

/** The first four leave what was asked undone. */
export type Fault =
  | Answer
  /** Takes the request and says nothing. */
  | "hangs"
  | "resets"
  | { readonly version: string }
  | "hangs in its answer"
  | "resets in its answer"
  /** Its answer is whole, as HTTP has it, and half of the JSON. */
  | "cuts its answer"
  /** Tells that a write is not finished. */
  | "acknowledges"
  | "waits"

export interface Request {
  /** Of the OpenAPI description; undefined for one that it does not have. */
  readonly operation: string | undefined
  readonly path: string
  readonly body: unknown
}

export interface StandIn {
  readonly origin: string
  readonly http: Server
  /** Asked anew for each request; undefined: none. */
  fault: (request: Request) => Fault | undefined
  /** Breaches of the contract so far. A scope that closes with any ends with a defect. */
  readonly breaches: Array<string>
  readonly seen: {
    /** Sockets taken so far, open now, and open at a time at most. */
    sockets: number
    readonly open: Set<Socket>
    most: number
    requests: number
    /** Requests taken and not yet ended. */
    running: number
    /** Requests whose client left before they were answered. */
    aborted: number
    readonly operations: Array<string>
    readonly keys: Set<string>
    /** The last of them. */
    readonly bodies: Array<unknown>
  }
}

export interface Options {
  readonly host?: string
  /** Any free one by default. */
  readonly port?: number
  readonly apiKey?: string
  /** Before each path, as behind a proxy; what is beside it gets a page. */
  readonly prefix?: string
  readonly version?: string
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Holds each write as a line of JSON: whoever starts with it goes on where the last one was. */
  readonly state?: string
  /** The real one's 5 seconds by default; 0 for never. */
  readonly keepAliveMs?: number
}

const VERSION = "1.19.0"
const BODIES = 20
const MOST_BYTES = 32 * 1024 * 1024
/** Open to everybody. */
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

/** As the server tells an error. */
export const error = (status: number, words: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json(status, { status: { error: words }, time: 0 }, headers)

/** These for the next requests, one each, and none afterwards. */
export const queue = (...faults: ReadonlyArray<Fault>): StandIn["fault"] => {
  const left = [...faults]
  return () => left.shift()
}

const readBody = async (request: IncomingMessage): Promise<string> => Buffer.concat(await request.toArray()).toString()

const parsed = (body: string): Either.Either<unknown, Answer> =>
  body === ""
    ? Either.right(undefined)
    // JSON has no other word for a number that is none.
    : /[[,]null[\],]/.test(body)
    ? Either.left(error(400, "Format error in JSON body: invalid type: null, expected f32"))
    : body.length > MOST_BYTES
    ? Either.left(error(400, `JSON payload is larger than allowed (limit: ${MOST_BYTES} bytes).`))
    : Either.try({
      try: () => JSON.parse(body) as unknown,
      catch: (cause) => error(400, `Format error in JSON body: ${String(cause)}`)
    })

/** What the server refuses by itself, before it is a matter of the description: values that a caller may well get wrong. */
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
  // Said here, so that Node does not add for how long: the real one does not tell.
  response.writeHead(status, { connection: "keep-alive", "content-length": Buffer.byteLength(body), ...headers }).end(
    body
  )
}

const behave = (
  fault: Exclude<Fault, Answer | { readonly version: string }>,
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

/** A scope that closes while a breach of the contract is untold dies of it. */
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
        if (typeof fault === "object") {
          return send(response, json(200, { title: "qdrant - vector search engine", version: fault.version }))
        }
        const answer = yield* answerTo(request, url, read, judged)
        return fault === undefined ? send(response, answer) : behave(fault, answer, response)
      }).pipe(
        // Whoever asked may have gone before the request was whole; anything else is a mistake here.
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
