/**
 * The API that most providers speak (https://platform.openai.com/docs/api-reference): `/chat/completions`,
 * `/embeddings`, and Jina's `/rerank` (https://api.jina.ai/redoc), which Cohere and SiliconFlow share.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { CompletionRequest, Usage } from "../ModelManager.ts"
import type { Structure } from "../Presets.ts"
import { completionOf, damaged, decoderOf, type Dialect, inOrder, nullish, ranked, refused, Vector } from "./Dialect.ts"

/** A number that is only counted: in another form it is none, and the answer, which is paid for, is read all the same. */
const Count = nullish(Schema.Unknown)
const counted = (value: unknown): number | undefined => typeof value === "number" && value >= 0 ? value : undefined

const Tokens = Schema.Struct({
  prompt_tokens: Count,
  completion_tokens: Count,
  total_tokens: Count,
  prompt_tokens_details: nullish(Schema.Struct({ cached_tokens: Count })),
  // Sent by DeepSeek and SiliconFlow.
  prompt_cache_hit_tokens: Count,
  // Sent by OpenRouter, in US dollars. Who uses a key of their own pays the provider beside OpenRouter's fee.
  cost: Count,
  is_byok: Count,
  cost_details: nullish(Schema.Struct({ upstream_inference_cost: Count }))
})

const usageOf = (usage: typeof Tokens.Type | null | undefined): Usage => {
  const fee = counted(usage?.cost)
  const upstream = usage?.is_byok === true ? counted(usage.cost_details?.upstream_inference_cost) : 0
  return {
    input: counted(usage?.prompt_tokens) ?? counted(usage?.total_tokens) ?? 0,
    cached: counted(usage?.prompt_tokens_details?.cached_tokens) ?? counted(usage?.prompt_cache_hit_tokens) ?? 0,
    output: counted(usage?.completion_tokens) ?? 0,
    // With a part unknown, the price list's stands.
    ...(fee !== undefined && upstream !== undefined && { cost: fee + upstream })
  }
}

const Chat = Schema.Struct({
  model: nullish(Schema.String),
  choices: Schema.Array(Schema.Struct({
    message: Schema.Struct({ content: nullish(Schema.String), refusal: nullish(Schema.String) }),
    finish_reason: nullish(Schema.String)
  })),
  usage: nullish(Tokens)
})

const Embeddings = Schema.Struct({
  model: nullish(Schema.String),
  data: Schema.Array(Schema.Struct({ index: Schema.Int, embedding: Vector })),
  usage: nullish(Tokens)
})

const InputTokens = Schema.Struct({ input_tokens: nullish(Schema.Number) })
const Rerank = Schema.Struct({
  model: nullish(Schema.String),
  results: Schema.Array(Schema.Struct({ index: Schema.Int, relevance_score: Schema.Finite })),
  // Providers report the usage in different places.
  usage: nullish(Tokens),
  tokens: nullish(InputTokens),
  meta: nullish(Schema.Struct({ tokens: nullish(InputTokens) }))
})

const CHAT = "/chat/completions"
const EMBEDDINGS = "/embeddings"
const RERANK = "/rerank"
const chat = decoderOf(Chat, CHAT)
const embeddings = decoderOf(Embeddings, EMBEDDINGS)
const rerank = decoderOf(Rerank, RERANK)

const format = ({ json }: CompletionRequest, structure: Structure) =>
  json === undefined || structure === "prompt only"
    ? {}
    : structure === "schema"
    ? {
      response_format: { type: "json_schema", json_schema: { name: json.name, schema: json.schema, strict: true } }
    }
    : { response_format: { type: "json_object" } }

/** Returns the system prompt, with the JSON Schema in it for servers that do not take the schema as a parameter. */
export const systemPrompt = ({ json, system }: CompletionRequest, structure: Structure): string | undefined =>
  json === undefined || structure === "schema"
    ? system
    : [system, `Answer with one JSON object of this JSON Schema and nothing else: ${JSON.stringify(json.schema)}`]
      .filter(
        (part) => part !== undefined
      ).join("\n\n")

export const dialect: Dialect = {
  headers: (key) => ({ authorization: `Bearer ${key}` }),
  complete: (model, request, structure) => {
    const system = systemPrompt(request, structure)
    return {
      path: CHAT,
      body: {
        model,
        messages: [
          ...(system === undefined ? [] : [{ role: "system", content: system }]),
          { role: "user", content: request.prompt }
        ],
        // GPT-5 and later refuse `max_tokens`; most other models know no other name.
        ...(request.maxTokens !== undefined &&
          (/^(gpt-[5-9]|o\d)/.test(model)
            ? { max_completion_tokens: request.maxTokens }
            : { max_tokens: request.maxTokens })),
        ...format(request, structure)
      },
      read: chat(({ choices: [choice], model, usage }) => {
        if (choice === undefined) return damaged("its answer has no choice")
        const { finish_reason: reason, message } = choice
        if (typeof message.refusal === "string") return refused(`it refuses: ${message.refusal}`)
        if (reason === "content_filter") return refused("its filter stopped the answer")
        return completionOf(message.content, reason === "length", request, {
          model: model ?? null,
          usage: usageOf(usage)
        })
      })
    }
  },
  embed: (model, input) => ({
    path: EMBEDDINGS,
    body: { model, input, encoding_format: "float" },
    read: embeddings(({ data, model, usage }) =>
      Either.map(
        inOrder(data, input.length),
        (value) => ({ value, model: model ?? null, usage: usageOf(usage) })
      )
    )
  }),
  rerank: (model, query, documents) => ({
    path: RERANK,
    body: { model, query, documents, top_n: documents.length },
    read: rerank(({ meta, model, results, tokens, usage }) => {
      const input = tokens?.input_tokens ?? meta?.tokens?.input_tokens
      return Either.map(ranked(results, documents.length), (value) => ({
        value,
        model: model ?? null,
        usage: { ...usageOf(usage), ...(typeof input === "number" && { input }) }
      }))
    })
  })
}
