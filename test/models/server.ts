/**
 * A fake model server on a loopback port, as strict as real ones, with the faults that a test asks for.
 */
import * as Effect from "effect/Effect"
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse
} from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { setTimeout } from "node:timers/promises"

export type Behaviour =
  | "answers"
  /** Takes the request and never answers. */
  | "hangs"
  | "hangs in its answer"
  | "resets"
  | "resets in its answer"
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }

/** A chat request in OpenAI's dialect. */
export interface Asked {
  readonly model: string
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: string }>
}

export interface ModelServer {
  readonly origin: string
  readonly baseUrl: string
  readonly http: Server
  /** Behaviour from now on; a function decides anew for each request, by its texts. */
  behaviour: Behaviour | ((texts: ReadonlyArray<string>) => Promise<Behaviour>)
  /** Answer of the language models to a prompt; when undefined, the length of the request. */
  says: ((asked: Asked) => string) | undefined
  /** Relevance, 0 to 1, that the reranker gives a document; when undefined, it prefers long ones. */
  ranks: ((query: string, document: string) => number) | undefined
  /** Milliseconds before each answer. */
  delay: number
  readonly seen: {
    /** Sockets accepted so far, open now, and the most open at a time. */
    sockets: number
    readonly open: Set<Socket>
    most: number
    requests: number
    /** Requests that have not ended. */
    running: number
    /** Requests whose client left before the answer was sent. */
    aborted: number
    readonly paths: Array<string>
    readonly keys: Set<string>
    readonly batches: Array<number>
    /** The latest request. */
    last: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: unknown } | undefined
  }
}

export const DIMENSION = 8

/** Queue of connections to accept: a test opens a thousand at once. */
const BACKLOG = 4_096

/** Embedding that counts eight letters; zero for a text without them. */
const embed = (text: string) => [..."etaoinsr"].map((letter) => text.toLowerCase().split(letter).length - 1)

/** Ranking that prefers long documents. */
const byLength = (_: string, document: string) => 1 - 1 / (1 + document.length)

interface Body {
  readonly input?: ReadonlyArray<string>
  readonly requests?: ReadonlyArray<{ readonly content: { readonly parts: ReadonlyArray<{ readonly text: string }> } }>
  readonly documents?: ReadonlyArray<string>
  readonly query?: string
  /** Voyage's name for `top_n`. */
  readonly top_k?: number
  readonly model?: string
  readonly messages?: Asked["messages"]
  readonly contents?: unknown
}

const answerText = (says: ModelServer["says"], { contents, messages, model = "" }: Body) =>
  says === undefined
    ? `about ${JSON.stringify(messages ?? contents).length}`
    : says({ model, messages: messages ?? [] })

/** Answers a question for a background with the first line of each note as its statement. */
export const statementsOf = ({ messages }: Asked): string =>
  JSON.stringify({
    statements: [...messages[1]!.content.matchAll(/^\[(\d+)\].*\n {2}(.*\S.*)$/gm)].map(([, number, text]) => ({
      about: "decision",
      text,
      notes: [Number(number)]
    }))
  })

/** Answers in the form of any dialect, by path; undefined for an unknown path. */
const answerTo = (path: string, body: Body, { ranks = byLength, says }: ModelServer): object | undefined => {
  switch (path.replace(/^\/v1beta\/models\/.+:/, ":")) {
    case "/v1/rerank": {
      const results = body.documents!.map((document, index) => ({
        index,
        relevance_score: ranks(body.query ?? "", document)
      }))
      return { id: "r", ...(body.top_k === undefined ? { results } : { data: results }), usage: { total_tokens: 1 } }
    }
    case "/v1/embeddings":
      return {
        object: "list",
        // Reversed, because the interface promises no order.
        data: body.input!.map((text, index) => ({ object: "embedding", index, embedding: embed(text) })).reverse()
      }
    case "/v1/chat/completions":
      return {
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: answerText(says, body) } }],
        usage: { prompt_tokens: 1, completion_tokens: 1 }
      }
    case "/v1/messages":
      return {
        type: "message",
        content: [{ type: "text", text: answerText(says, body) }],
        stop_reason: "end_turn",
        usage: { input_tokens: 1, output_tokens: 1 }
      }
    case ":generateContent":
      return {
        candidates: [{ content: { role: "model", parts: [{ text: answerText(says, body) }] }, finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 }
      }
    case ":batchEmbedContents":
      return { embeddings: body.requests!.map(({ content }) => ({ values: embed(content.parts[0]!.text) })) }
  }
  return undefined
}

/** API key, in the header of each provider. */
const keyOf = ({ authorization, "x-api-key": anthropic, "x-goog-api-key": google }: IncomingHttpHeaders) =>
  [authorization ?? anthropic ?? google ?? ""].flat()[0]!

const read = async (request: IncomingMessage) => JSON.parse(Buffer.concat(await request.toArray()).toString())

const respond = async (server: ModelServer, request: IncomingMessage, response: ServerResponse) => {
  const { seen } = server
  seen.requests++
  seen.running++
  seen.paths.push(request.url ?? "")
  seen.keys.add(keyOf(request.headers))
  response.on("close", () => {
    seen.running--
    if (!response.writableFinished) seen.aborted++
  })
  const body = await read(request)
  seen.last = { path: request.url ?? "", headers: request.headers, body }
  if (Array.isArray(body.input)) seen.batches.push(body.input.length)
  if (server.delay > 0) await setTimeout(server.delay)
  const behaviour = typeof server.behaviour === "function" ? await server.behaviour(body.input ?? []) : server.behaviour
  if (typeof behaviour === "object") {
    response.writeHead(behaviour.status, { "content-type": "application/json", ...behaviour.headers }).end(
      behaviour.body
    )
    return
  }
  switch (behaviour) {
    case "hangs":
      return
    case "resets":
      request.socket.destroy()
      return
  }
  const found = answerTo(request.url ?? "", body, server)
  if (found === undefined) {
    response.writeHead(404).end("no such path")
    return
  }
  const answer = JSON.stringify(found)
  if (behaviour === "answers") {
    response.writeHead(200, { "content-type": "application/json" }).end(answer)
    return
  }
  response.writeHead(200, { "content-type": "application/json", "content-length": answer.length })
  response.write(answer.slice(0, answer.length / 2), () => {
    if (behaviour === "resets in its answer") request.socket.destroy()
  })
}

/** Private key and certificate, in PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

const listen = (identity: Identity | undefined) =>
  Effect.async<{ readonly http: Server; readonly server: ModelServer }>((resume) => {
    const open = new Set<Socket>()
    const seen: ModelServer["seen"] = {
      sockets: 0,
      open,
      most: 0,
      requests: 0,
      running: 0,
      aborted: 0,
      paths: [],
      keys: new Set<string>(),
      batches: [],
      last: undefined
    }
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      // The client may have left before its request was whole.
      respond(server, request, response).catch(() => response.destroy())
    }
    const http = identity === undefined ? createServer(onRequest) : createSecureServer(identity, onRequest)
    const server: ModelServer = {
      origin: "",
      baseUrl: "",
      http,
      behaviour: "answers",
      says: undefined,
      ranks: undefined,
      delay: 0,
      seen
    }
    http.on("connection", (socket) => {
      seen.sockets++
      open.add(socket)
      seen.most = Math.max(seen.most, open.size)
      socket.on("error", () => {}).on("close", () => open.delete(socket))
    })
    http.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
      const origin = `${identity === undefined ? "http" : "https"}://127.0.0.1:${(http.address() as AddressInfo).port}`
      resume(Effect.succeed({ http, server: Object.assign(server, { origin, baseUrl: `${origin}/v1` }) }))
    })
  })

/** Speaks TLS if it has an identity. */
export const modelServerWith = (identity?: Identity) =>
  Effect.map(
    Effect.acquireRelease(listen(identity), ({ http }) =>
      Effect.async<void>((resume) => {
        http.close(() => resume(Effect.void))
        http.closeAllConnections()
      })),
    ({ server }) => server
  )

export const modelServer = modelServerWith()
