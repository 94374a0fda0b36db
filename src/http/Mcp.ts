/**
 * The route of MCP over streamable HTTP, for what all sessions of a machine share: https://modelcontextprotocol.io.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Answered, HttpSessions } from "../mcp/HttpSessions.ts"
import { Service } from "./Service.ts"

export const PATH = "/mcp"

/** A comment, with which the headers go out: the first notice may be long in coming. */
const BEGINNING = Stream.encodeText(Stream.make(": here\n\n"))

/** Turns the SDK's answer into one of the server. A stream of notices has no end of its own: the server's is its end. */
const toResponse = ({ response, writing, written }: Answered, isEndless: boolean, closing: Effect.Effect<void>) => {
  // Whether the connection stays open is the server's to say.
  const { connection: _, ...headers } = Object.fromEntries(response.headers)
  const { body, status } = response
  if (body === null) return HttpServerResponse.empty({ status, headers })
  const whole = Stream.fromReadableStream<Uint8Array, unknown>(() => body, (error) => error)
  return HttpServerResponse.stream(
    Stream.execute(writing).pipe(
      Stream.concat(isEndless ? Stream.concat(BEGINNING, Stream.interruptWhen(whole, closing)) : whole),
      Stream.ensuring(written)
    ),
    { status, headers }
  )
}

export const answer = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { answer } = yield* HttpSessions
  const { closing } = yield* Service
  const { headers, method } = request
  const text = method === "POST" ? yield* request.text : ""
  return toResponse(yield* answer({ method, headers, text }), method === "GET", closing)
})
