/**
 * Google's Gemini API (https://ai.google.dev/api/generate-content).
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { completionOf, damaged, decoderOf, type Dialect, nullish, refused, Vector } from "./Dialect.ts"

const Content = Schema.Struct({
  modelVersion: nullish(Schema.String),
  candidates: nullish(Schema.Array(Schema.Struct({
    content: nullish(Schema.Struct({
      parts: nullish(Schema.Array(Schema.Struct({ text: nullish(Schema.String), thought: nullish(Schema.Boolean) })))
    })),
    finishReason: nullish(Schema.String)
  }))),
  promptFeedback: nullish(Schema.Struct({ blockReason: nullish(Schema.String) })),
  usageMetadata: nullish(Schema.Struct({
    promptTokenCount: nullish(Schema.Number),
    cachedContentTokenCount: nullish(Schema.Number),
    candidatesTokenCount: nullish(Schema.Number),
    thoughtsTokenCount: nullish(Schema.Number)
  }))
})

const Embeddings = Schema.Struct({
  embeddings: Schema.Array(Schema.Struct({ values: Vector }))
})

const content = decoderOf(Content, ":generateContent")
const embeddings = decoderOf(Embeddings, ":batchEmbedContents")

/** Finish reasons of refusals. The set is open: with any other reason, an answer with text counts. */
const STOPPED = /SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII/

export const dialect: Dialect = {
  headers: (key) => ({ "x-goog-api-key": key }),
  complete: (model, request) => ({
    path: `/v1beta/models/${model}:generateContent`,
    body: {
      ...(request.system !== undefined && { systemInstruction: { parts: [{ text: request.system }] } }),
      contents: [{ role: "user", parts: [{ text: request.prompt }] }],
      generationConfig: {
        ...(request.maxTokens !== undefined && { maxOutputTokens: request.maxTokens }),
        ...(request.json !== undefined && {
          responseMimeType: "application/json",
          responseJsonSchema: request.json.schema
        })
      }
    },
    read: content(({ candidates, modelVersion, promptFeedback, usageMetadata: used }) => {
      const blocked = promptFeedback?.blockReason
      if (typeof blocked === "string") return refused(`it refuses the prompt: ${blocked}`)
      const [candidate] = candidates ?? []
      if (candidate === undefined) return damaged("its answer has no candidate")
      const reason = candidate.finishReason ?? "STOP"
      if (STOPPED.test(reason)) return refused(`its filter stopped the answer: ${reason}`)
      const text = (candidate.content?.parts ?? []).flatMap(({ text, thought }) =>
        thought === true || typeof text !== "string" ? [] : [text]
      ).join("")
      return completionOf(text, reason === "MAX_TOKENS", request, {
        model: modelVersion ?? null,
        usage: {
          input: used?.promptTokenCount ?? 0,
          cached: used?.cachedContentTokenCount ?? 0,
          // Thinking is billed as output.
          output: (used?.candidatesTokenCount ?? 0) + (used?.thoughtsTokenCount ?? 0)
        }
      })
    })
  }),
  embed: (model, texts, purpose) => ({
    path: `/v1beta/models/${model}:batchEmbedContents`,
    body: {
      requests: texts.map((text) => ({
        model: `models/${model}`,
        content: { parts: [{ text }] },
        taskType: purpose === "query" ? "RETRIEVAL_QUERY" : "RETRIEVAL_DOCUMENT"
      }))
    },
    read: embeddings(({ embeddings }) =>
      embeddings.length === texts.length
        ? Either.right({
          value: embeddings.map(({ values }) => values),
          model: null,
          usage: { input: 0, cached: 0, output: 0 }
        })
        : damaged(`it gave ${embeddings.length} vectors for ${texts.length} texts`)
    )
  })
}
