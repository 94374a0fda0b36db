/**
 * Models behind an OpenAI-compatible interface (https://platform.openai.com/docs/api-reference): `/embeddings` and
 * `/chat/completions` under a base URL.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { forEach } from "../resources/Concurrent.ts"
import * as HttpPool from "../resources/HttpPool.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import * as Lazy from "../resources/Lazy.ts"
import { type CompletionRequest, type EmbeddingModel, missing, ModelError, ModelManager } from "./ModelManager.ts"

export interface Endpoint {
  /** Up to what stands before `/embeddings`: `https://api.openai.com/v1`. */
  readonly baseUrl: string
  readonly apiKey: Option.Option<Redacted.Redacted>
  readonly model: string
  /** What one request may take. */
  readonly within: Duration.DurationInput
}

export interface Options {
  readonly embedding?: Endpoint & {
    /** Asked of the model when it isn't given. */
    readonly dimension?: number
  }
  readonly completion?: Endpoint
}

/** Texts that go in one request, and requests at a time. */
const BATCH = 64
const CONCURRENCY = 4
/** Sockets to one origin. */
const CONNECTIONS = 8
/** A longer answer is refused. */
const MAX_ANSWER = 64 * 1024 * 1024
/** What is told of a server's own words. */
const SHOWN = 200

const Embeddings = Schema.parseJson(Schema.Struct({
  data: Schema.Array(Schema.Struct({ index: Schema.Int, embedding: Schema.Array(Schema.Finite) }))
}))

const Chat = Schema.parseJson(Schema.Struct({
  choices: Schema.NonEmptyArray(Schema.Struct({ message: Schema.Struct({ content: Schema.String }) }))
}))

/** At unit length; none for zeros. */
const vectorOf = (values: ReadonlyArray<number>): Option.Option<Float32Array> => {
  const length = Math.hypot(...values)
  return length > 0 ? Option.some(Float32Array.from(values, (value) => value / length)) : Option.none()
}

const causeOf = (error: HttpClientError.HttpClientError): string =>
  String((error.cause as { readonly code?: string } | undefined)?.code ?? error.reason)

/** One line without the key, which some servers repeat. */
const shown = (text: string, key: Option.Option<Redacted.Redacted>): string =>
  Option.match(key, { onNone: () => text, onSome: (key) => text.replaceAll(Redacted.value(key), "…") }).replace(
    /[\s\u0000-\u001f]+/g,
    " "
  ).trim()
    .slice(0, SHOWN)

const REASONS: Readonly<Record<number, string>> = {
  401: "the key is refused; check it",
  403: "the key may not use it",
  404: "there is no such model or path",
  429: "too many requests, or the quota is used up"
}

/** Undefined for one that is too long, of which no more is read. */
const textOf = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.suspend(() => {
    const parts: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.takeWhile((part) => (size += part.length) <= MAX_ANSWER && parts.push(part) > 0),
      Stream.runDrain,
      Effect.map(() => size > MAX_ANSWER ? undefined : Buffer.concat(parts).toString("utf8"))
    )
  })

type Client = Effect.Effect<HttpClient.HttpClient>

/** Posts to an endpoint; an interrupted or late request is ended on the wire. */
const post = <A>(
  client: Client,
  { apiKey, baseUrl, model, within }: Endpoint,
  path: string,
  body: object,
  answer: Schema.Schema<A, string>
): Effect.Effect<A, ModelError> => {
  const place = new URL(baseUrl).origin
  const failed = (reason: ModelError["reason"], detail: string, cause?: unknown) =>
    new ModelError({ reason, model, detail: `${place}: ${detail}`, cause })
  const request = HttpClientRequest.post(`${baseUrl.replace(/\/+$/, "")}${path}`).pipe(
    HttpClientRequest.bodyUnsafeJson({ model, ...body }),
    Option.match(apiKey, { onNone: () => identity, onSome: (key) => HttpClientRequest.bearerToken(key) })
  )
  return Effect.gen(function*() {
    const response = yield* HttpClient.withScope(yield* client).execute(request)
    const text = yield* textOf(response)
    if (text === undefined) return yield* failed("Damaged", `its answer has more than ${MAX_ANSWER} bytes`)
    if (response.status >= 200 && response.status < 300) {
      return yield* Schema.decode(answer)(text)
    }
    const isPassing = response.status === 408 || response.status === 429 || response.status >= 500
    const words = shown(text, apiKey)
    return yield* failed(
      isPassing ? "Unavailable" : "Refused",
      `${REASONS[response.status] ?? "it answered"} (${response.status})${words === "" ? "" : `: ${words}`}`
    )
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({
      duration: within,
      onTimeout: () => failed("TimedOut", `no answer within ${Duration.format(within)}`)
    }),
    Effect.catchTags({
      RequestError: (cause) => failed("Unavailable", `it can't be reached (${causeOf(cause)})`, cause),
      ResponseError: (cause) => failed("Unavailable", `its answer broke off (${causeOf(cause)})`, cause),
      ParseError: (cause: ParseResult.ParseError) =>
        failed("Damaged", `its answer is not what ${path} gives`, new Error(cause.message.slice(0, SHOWN)))
    })
  )
}

const damaged = ({ model }: Endpoint, detail: string) =>
  new ModelError({ reason: "Damaged", model, detail, cause: undefined })

const isBlank = (text: string) => text.trim() === ""

const make = ({ completion, embedding }: Options) =>
  Effect.gen(function*() {
    const pools = new Map<string, Client>()
    for (const { baseUrl } of [completion, embedding].filter((each) => each !== undefined)) {
      const { origin } = new URL(baseUrl)
      if (!pools.has(origin)) pools.set(origin, yield* HttpPool.make({ origin, connections: CONNECTIONS }))
    }
    const ask = <A>(endpoint: Endpoint, path: string, body: object, answer: Schema.Schema<A, string>) =>
      post(pools.get(new URL(endpoint.baseUrl).origin)!, endpoint, path, body, answer)

    /** Numbers for each text, in order. */
    const numbers = (endpoint: Endpoint, input: ReadonlyArray<string>) =>
      Effect.flatMap(ask(endpoint, "/embeddings", { input, encoding_format: "float" }, Embeddings), ({ data }) => {
        const sorted = [...data].sort((a, b) => a.index - b.index)
        return sorted.length === input.length && sorted.every(({ index }, i) => index === i)
          ? Effect.succeed(sorted.map(({ embedding }) => embedding))
          : Effect.fail(damaged(endpoint, `it gave ${data.length} vectors for ${input.length} texts`))
      })

    const describe = (endpoint: NonNullable<Options["embedding"]>) =>
      Effect.map(
        endpoint.dimension === undefined
          ? Effect.map(numbers(endpoint, ["dimension"]), ([first]) => first!.length)
          : Effect.succeed(endpoint.dimension),
        (dimension): EmbeddingModel => ({ id: `${endpoint.model}@${dimension}`, dimension })
      )
    const described = embedding === undefined
      ? Effect.fail(missing("embedding"))
      : yield* Lazy.make(describe(embedding))
    // Made last, so that no pool is closed under a call.
    const inFlight = yield* makeInFlight("ModelManager")

    const embed = (endpoint: Endpoint, texts: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const batches = Arr.chunksOf(texts.filter((text) => !isBlank(text)), BATCH)
        if (batches.length === 0) return texts.map(() => Option.none())
        const { dimension } = yield* described
        const found = (yield* forEach(batches, CONCURRENCY, (batch) => numbers(endpoint, batch))).flat()
        const other = found.find(({ length }) => length !== dimension)
        if (other !== undefined) {
          return yield* damaged(endpoint, `it gave a vector of ${other.length} dimensions, not ${dimension}`)
        }
        let next = 0
        return texts.map((text) => isBlank(text) ? Option.none() : vectorOf(found[next++]!))
      })

    const complete = (endpoint: Endpoint, { maxTokens, prompt, system }: CompletionRequest) =>
      Effect.map(
        ask(endpoint, "/chat/completions", {
          messages: [
            ...(system === undefined ? [] : [{ role: "system", content: system }]),
            { role: "user", content: prompt }
          ],
          ...(maxTokens !== undefined && { max_tokens: maxTokens })
        }, Chat),
        ({ choices: [{ message }] }) => ({ text: message.content })
      )

    return ModelManager.of({
      embedding: described,
      embed: Effect.fn("ModelManager.embed")((texts: ReadonlyArray<string>) =>
        embedding === undefined ? Effect.fail(missing("embedding")) : inFlight(embed(embedding, texts))
      ),
      complete: Effect.fn("ModelManager.complete")((request: CompletionRequest) =>
        completion === undefined ? Effect.fail(missing("completion")) : inFlight(complete(completion, request))
      )
    })
  })

/** One pool for each origin, opened when it is first needed. */
export const layer = (options: Options) => Layer.scoped(ModelManager, make(options))
