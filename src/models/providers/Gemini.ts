/**
 * Google's Gemini API (https://ai.google.dev/api/generate-content).
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { damaged, type Dialect, maybe, reading, refused, spoken, Vector } from "./Dialect.ts"

const Content = Schema.Struct({
  modelVersion: maybe(Schema.String),
  candidates: maybe(Schema.Array(Schema.Struct({
    content: maybe(Schema.Struct({
      parts: maybe(Schema.Array(Schema.Struct({ text: maybe(Schema.String), thought: maybe(Schema.Boolean) })))
    })),
    finishReason: maybe(Schema.String)
  }))),
  promptFeedback: maybe(Schema.Struct({ blockReason: maybe(Schema.String) })),
  usageMetadata: maybe(Schema.Struct({
    promptTokenCount: maybe(Schema.Number),
    cachedContentTokenCount: maybe(Schema.Number),
    candidatesTokenCount: maybe(Schema.Number),
    thoughtsTokenCount: maybe(Schema.Number)
  }))
})

const Embeddings = Schema.Struct({
  embeddings: Schema.Array(Schema.Struct({ values: Vector }))
})

const content = reading(Content, ":generateContent")
const embeddings = reading(Embeddings, ":batchEmbedContents")

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
      return spoken(text, reason === "MAX_TOKENS", request, {
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
