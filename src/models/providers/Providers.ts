/**
 * `ModelManager` over providers. Each role has an ordered list of models: when one fails, the next one is asked.
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tokens from "../../domain/Tokens.ts"
import { forEach } from "../../resources/Concurrent.ts"
import * as HttpPool from "../../resources/HttpPool.ts"
import * as Lazy from "../../resources/Lazy.ts"
import * as Owner from "../../resources/Owner.ts"
import * as Permits from "../../resources/Permits.ts"
import { Budget } from "../Budget.ts"
import * as LocalModels from "../LocalModels.ts"
import { keyOf, ModelCache } from "../ModelCache.ts"
import {
  type Completion,
  type CompletionRequest,
  described,
  type Keeping,
  ModelError,
  ModelManager,
  type ModelPrice,
  type Purpose
} from "../ModelManager.ts"
import { type DialectName, type Endpoint, presetOf, type Role, ROLES, STRUCTURES } from "../Presets.ts"
import type { Price } from "../Prices.ts"
import * as Anthropic from "./Anthropic.ts"
import * as Client from "./Client.ts"
import type { Dialect, Exchange } from "./Dialect.ts"
import { embedAccepted } from "./EmbedAccepted.ts"
import { type Candidate, firstOf } from "./FallBacks.ts"
import * as Gemini from "./Gemini.ts"
import * as OpenAi from "./OpenAi.ts"
import * as Voyage from "./Voyage.ts"

/**
 * Of the models of a role the first is asked, and the next when that fails; one that did not answer, or takes no
 * request, is asked last for a minute.
 */
export interface Options {
  readonly roles: Partial<Readonly<Record<Role, ReadonlyArray<Endpoint>>>>
  readonly patience: Client.Patience
  /** File of the package's word vectors, which are used when `roles` has no model for embeddings. */
  readonly local?: string
  /** Sockets, and so concurrent requests, per origin; 16 by default. */
  readonly connections?: number
}

const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  anthropic: Anthropic.dialect,
  gemini: Gemini.dialect,
  openai: OpenAi.dialect,
  voyage: Voyage.dialect
}

const CONNECTIONS = 16
/** Concurrent requests of one call, for embeddings and for `describe`. */
const CONCURRENCY = 4
/** Tokens after which a text is cut before it is embedded: the smallest limit among the models in common use. */
const MAX_TEXT_TOKENS = 8_000
const MAX_TEXT_CHARS = 100_000

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() }
const Kept = Schema.parseJson(Schema.Struct({ text: Schema.String, model: Schema.String }))
const encodeKept = Schema.encodeSync(Kept)
const decodeKept = Schema.decodeOption(Kept)

/** Output tokens that the budget assumes where `maxTokens` is not set. */
const USUAL_ANSWER_TOKENS = 4_096

const isBlank = (text: string) => text.trim() === ""

const bytesOf = ({ buffer, byteLength, byteOffset }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength)

/** Returns none where the byte length does not match the dimension. */
const fromBytes = (bytes: Uint8Array, dimension: number): Option.Option<Float32Array> =>
  bytes.length === 4 * dimension ? Option.some(new Float32Array(Uint8Array.from(bytes).buffer)) : Option.none()

/** Scales a vector to unit length; none for a zero vector. */
const vectorOf = (values: ReadonlyArray<number>): Option.Option<Float32Array> => {
  const length = Math.hypot(...values)
  return length > 0 ? Option.some(new Float32Array(values.map((value) => value / length))) : Option.none()
}

const sumOf = (texts: ReadonlyArray<string>) => texts.reduce((sum, text) => sum + Tokens.estimate(text), 0)

/** Sends an exchange. Fails with `Missing` when the dialect has none for the role. */
const ask = <A>({ client }: Candidate, role: Role, exchange: Exchange<A> | undefined, size: Client.Size) =>
  exchange === undefined
    ? Effect.fail(
      new ModelError({
        reason: "Missing",
        model: client.endpoint.model,
        detail: `${client.endpoint.provider} has no models for ${role}`,
        cause: undefined
      })
    )
    : client.ask(exchange, size)

/** Matches the error of a server without this form of JSON request: few implement the whole API that they speak. */
const REFUSES_FORMAT = /response_?format|json_?schema|json_?object|output_config|structured/i

/**
 * Completes a request. When the server refuses the form of JSON request, tries the next simpler form, and remembers it.
 */
const complete = (
  candidate: Candidate,
  role: "light" | "heavy",
  request: CompletionRequest
): Effect.Effect<Completion, ModelError> =>
  Effect.suspend(() => {
    const asked = STRUCTURES.indexOf(candidate.structure)
    return Effect.catchIf(
      completeOnce(candidate, role, request),
      ({ detail, reason }) => request.json !== undefined && reason === "Refused" && REFUSES_FORMAT.test(detail),
      (error) => {
        // Another request may have found the simpler form meanwhile.
        const less = STRUCTURES[Math.max(asked + 1, STRUCTURES.indexOf(candidate.structure))]
        if (less === undefined) return Effect.fail(error)
        candidate.structure = less
        return complete(candidate, role, request)
      }
    )
  })

const completeOnce = (candidate: Candidate, role: "light" | "heavy", request: CompletionRequest) =>
  Effect.map(
    ask(
      candidate,
      role,
      candidate.dialect.complete?.(candidate.client.endpoint.model, request, candidate.structure),
      {
        input: sumOf([request.system ?? "", request.prompt, JSON.stringify(request.json ?? "")]),
        output: request.maxTokens ?? USUAL_ANSWER_TOKENS,
        timeout: request.within
      }
    ),
    ({ model, usage, value }) => ({ text: value, model: model ?? candidate.client.endpoint.model, usage })
  )

const numbersOf = (candidate: Candidate, texts: ReadonlyArray<string>, purpose: Purpose) =>
  Effect.map(
    ask(candidate, "embedding", candidate.dialect.embed?.(candidate.client.endpoint.model, texts, purpose), {
      input: sumOf(texts),
      output: 0
    }),
    ({ value }) => value
  )

const rerank = (candidate: Candidate, query: string, documents: ReadonlyArray<string>) =>
  Effect.map(
    ask(candidate, "rerank", candidate.dialect.rerank?.(candidate.client.endpoint.model, query, documents), {
      // The model reads the query anew with each document.
      input: sumOf(documents) + documents.length * Tokens.estimate(query),
      output: 0
    }),
    ({ value }) => value
  )

const ofMillion = ({ basis, input, output }: Price): ModelPrice | null =>
  basis === "free" ? null : { input: input * 1e6, output: output * 1e6, isAssumed: basis === "assumed" }

/** Sends a role's minimal request. Returns the dimension of embeddings, and null for other roles. */
const probe = (role: Role, candidate: Candidate): Effect.Effect<number | null, ModelError> => {
  switch (role) {
    case "light":
    case "heavy":
      return Effect.as(complete(candidate, role, { prompt: "Reply with the word OK.", maxTokens: 256 }), null)
    case "embedding":
      return Effect.map(numbersOf(candidate, ["dimension"], "document"), ([first]) => first!.length)
    case "rerank":
      return Effect.as(rerank(candidate, "fruit", ["an apple", "a hammer"]), null)
  }
}

const make = ({ connections = CONNECTIONS, local, patience, roles }: Options) =>
  Effect.gen(function*() {
    const budget = yield* Budget
    const cache = yield* ModelCache
    const origins = new Map<string, Pick<Client.ClientOptions, "http" | "permit">>()
    const poolOf = (origin: string) =>
      Effect.gen(function*() {
        const known = origins.get(origin)
        if (known !== undefined) return known
        const http = yield* HttpPool.make({ origin, connections })
        const made = { http, permit: Permits.make(connections) }
        origins.set(origin, made)
        return made
      })
    const candidatesOf = (role: Role) =>
      Effect.forEach(roles[role] ?? [], (endpoint) =>
        Effect.gen(function*() {
          const preset = presetOf(endpoint.provider)
          const dialect = DIALECTS[preset.dialect]
          const origin = HttpPool.originOf(endpoint.baseUrl)
          const client = origin === undefined
            ? Client.unaddressed(endpoint, preset)
            : Client.make({ ...yield* poolOf(origin), budget, dialect, endpoint, patience, preset, role })
          return { client, dialect, preset, structure: preset.structure, coolsDownUntil: 0 } as Candidate
        }))
    const candidates = {
      light: yield* candidatesOf("light"),
      heavy: yield* candidatesOf("heavy"),
      embedding: yield* candidatesOf("embedding"),
      rerank: yield* candidatesOf("rerank")
    }
    const own = candidates.embedding.length > 0 || local === undefined ? undefined : yield* LocalModels.make(local)

    const first = candidates.embedding[0]?.client.endpoint
    const dimensionKey = keyOf("embedding", String(first?.provider), String(first?.model), "its dimension")
    /** Learns the dimension from the model once, and caches it until the model returns a different one. */
    const learned = Effect.gen(function*() {
      const [known] = yield* cache.get([dimensionKey])
      const dimension = Option.getOrUndefined(Option.flatMap(known!, (bytes) => fromBytes(bytes, 1)))?.[0]
      if (dimension !== undefined) return dimension
      const [vector] = yield* firstOf("embedding", candidates.embedding, (candidate) =>
        numbersOf(candidate, ["dimension"], "document"))
      yield* cache.put([[dimensionKey, bytesOf(Float32Array.of(vector!.length))]])
      return vector!.length
    })
    const named = (dimension: number) => ({ id: `${first?.model}@${dimension}`, dimension })
    const embedding = own?.embedding ??
      (first?.dimension === undefined
        ? yield* Lazy.make(Effect.map(learned, named))
        : Effect.succeed(named(first.dimension)))
    // Made last, and so released first: no pool is closed while a call uses it.

    const inputs = Math.min(...candidates.embedding.map(({ preset }) =>
      preset.inputs
    ))
    const inputTokens = Math.min(...candidates.embedding.map(({ preset }) => preset.inputTokens))

    const numbers = (batch: ReadonlyArray<string>, purpose: Purpose, dimension: number) =>
      firstOf("embedding", candidates.embedding, (candidate) =>
        Effect.gen(function*() {
          const found = yield* numbersOf(candidate, batch, purpose)
          const wrong = found.find(({ length }) => length !== dimension)
          if (wrong === undefined) return found
          yield* cache.put([[dimensionKey, new Uint8Array()]])
          return yield* new ModelError({
            reason: "Damaged",
            model: candidate.client.endpoint.model,
            detail: `${
              HttpPool.originOf(candidate.client.endpoint.baseUrl)
            }: it gave a vector of ${wrong.length} dimensions, not ${dimension}`,
            cause: undefined
          })
        }))

    /** Embeds in batches. Each batch is cached at once, so that it is kept when a later one fails. */
    const vectors = (texts: ReadonlyArray<string>, purpose: Purpose, keys: ReadonlyMap<string, string>) =>
      Effect.gen(function*() {
        const { dimension } = yield* embedding
        const embedBatch = (batch: ReadonlyArray<string>) =>
          Effect.gen(function*() {
            const made = (yield* numbers(batch, purpose, dimension)).map(vectorOf)
            yield* cache.put(batch.flatMap((text, i) => {
              const key = keys.get(text)
              return key === undefined
                ? []
                : Option.toArray(made[i]!).map((vector) => [key, bytesOf(vector)] as const)
            }))
            return made
          })
        const batches = Tokens.batchesOf(texts, Tokens.estimate, inputTokens, inputs)
        // Most calls have one batch, which needs no fiber of its own.
        const found = batches.length === 1
          ? [yield* embedBatch(batches[0]!)]
          : yield* forEach(batches, CONCURRENCY, embedBatch)
        return found.flat()
      })

    const embed = (texts: ReadonlyArray<string>, purpose: Purpose) =>
      Effect.gen(function*() {
        const cut = texts.map((text) => isBlank(text) ? "" : Tokens.truncate(text, MAX_TEXT_TOKENS, MAX_TEXT_CHARS))
        const distinct = [...new Set(cut)].filter((text) => text !== "")
        if (distinct.length === 0) return texts.map(() => Option.none<Float32Array>())
        const { dimension, id } = yield* embedding
        // Queries are not cached, because hardly any is asked twice.
        const keys = new Map(
          purpose === "query" ? [] : distinct.map((text) => [text, keyOf("embedding", id, purpose, text)] as const)
        )
        const known = yield* cache.get([...keys.values()])
        const vectorsOf = new Map([...keys.keys()].flatMap((text, i) =>
          Option.toArray(Option.flatMap(known[i]!, (bytes) => fromBytes(bytes, dimension))).map((vector) =>
            [text, Option.some(vector)] as const
          )
        ))
        const missing = distinct.filter((text) =>
          !vectorsOf.has(text)
        )
        const made = yield* vectors(missing, purpose, keys)
        for (const [i, text] of missing.entries()) {
          vectorsOf.set(text, made[i]!)
        }
        return cut.map((text) => vectorsOf.get(text) ?? Option.none())
      })

    const answered = (request: CompletionRequest) => {
      const tier = request.tier ?? "light"
      return firstOf(tier, candidates[tier], (candidate) => complete(candidate, tier, request))
    }

    /** Answers a request from the cache, or asks and keeps the answer if it can be used. */
    const kept = (request: CompletionRequest, { accepts, prompt = request.prompt }: Keeping) =>
      Effect.gen(function*() {
        const { json, maxTokens = 0, system = "", tier = "light" } = request
        const models = candidates[tier].map(({ client: { endpoint } }) => `${endpoint.provider}:${endpoint.model}`)
        const key = keyOf("completion", models.join(), system, prompt, String(json?.name), maxTokens.toString())
        const [known] = yield* cache.get([key])
        const found = Option.flatMap(known!, (bytes) => decodeKept(utf8.decode.decode(bytes))).pipe(
          Option.filter(({ text }) => accepts(text))
        )
        if (Option.isSome(found)) return { ...found.value, usage: { input: 0, cached: 0, output: 0 } }
        const forgotten = yield* cache.forgotten
        const answer = yield* answered(request)
        if (accepts(answer.text)) yield* cache.put([[key, utf8.encode.encode(encodeKept(answer))]], forgotten)
        return answer
      })

    return ModelManager.of({
      embedding,
      embed: own?.embed ??
        Effect.fn("ModelManager.embed")((texts: ReadonlyArray<string>, purpose: Purpose = "document") =>
          embedAccepted((some) => embed(some, purpose), texts)
        ),
      complete: Effect.fn("ModelManager.complete")((request: CompletionRequest) =>
        request.keep === undefined ? answered(request) : kept(request, request.keep)
      ),
      rerank: Effect.fn("ModelManager.rerank")((query: string, documents: ReadonlyArray<string>) =>
        documents.length === 0
          ? Effect.succeed([])
          : firstOf("rerank", candidates.rerank, (candidate) => rerank(candidate, query, documents))
      ),
      describe: Effect.fn("ModelManager.describe")((check: boolean) =>
        Effect.gen(function*() {
          const all = ROLES.flatMap((role) =>
            candidates[role].map((candidate) => {
              const { model, provider } = candidate.client.endpoint
              const price = ofMillion(budget.priceOf(candidate.client.endpoint, role))
              const what = {
                role,
                provider,
                model,
                origin: HttpPool.originOf(candidate.client.endpoint.baseUrl) ?? null,
                price
              }
              return described(what, check, probe(role, candidate))
            })
          )
          return [
            ...(own === undefined ? [] : yield* own.describe(check)),
            ...(yield* forEach(all, CONCURRENCY, identity))
          ]
        })
      )
    })
  })

/** Opens one connection pool per origin, on first use. */
export const layer = (options: Options) => Owner.layer(ModelManager, make(options))
