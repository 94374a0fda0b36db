/**
 * Voyage's API (https://docs.voyageai.com/reference): like OpenAI's and Jina's, with other field names.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Usage } from "../ModelManager.ts"
import { decoderOf, type Dialect, inOrder, nullish, ranked, Vector } from "./Dialect.ts"

const Total = Schema.Struct({ total_tokens: nullish(Schema.Number) })
const usageOf = (usage: typeof Total.Type | null | undefined): Usage => ({
  input: usage?.total_tokens ?? 0,
  cached: 0,
  output: 0
})

const Embeddings = Schema.Struct({
  model: nullish(Schema.String),
  data: Schema.Array(Schema.Struct({ index: Schema.Int, embedding: Vector })),
  usage: nullish(Total)
})

const Rerank = Schema.Struct({
  model: nullish(Schema.String),
  data: Schema.Array(Schema.Struct({ index: Schema.Int, relevance_score: Schema.Finite })),
  usage: nullish(Total)
})

const EMBEDDINGS = "/embeddings"
const RERANK = "/rerank"
const embeddings = decoderOf(Embeddings, EMBEDDINGS)
const rerank = decoderOf(Rerank, RERANK)

export const dialect: Dialect = {
  headers: (key) => ({ authorization: `Bearer ${key}` }),
  embed: (model, input, purpose) => ({
    path: EMBEDDINGS,
    body: { model, input, input_type: purpose },
    read: embeddings(({ data, model, usage }) =>
      Either.map(inOrder(data, input.length), (value) => ({ value, model: model ?? null, usage: usageOf(usage) }))
    )
  }),
  rerank: (model, query, documents) => ({
    path: RERANK,
    body: { model, query, documents, top_k: documents.length },
    read: rerank(({ data, model, usage }) =>
      Either.map(
        ranked(data, documents.length),
        (value) => ({ value, model: model ?? null, usage: usageOf(usage) })
      )
    )
  })
}
