/**
 * Anthropic's API (https://platform.claude.com/docs/en/api/messages).
 */
import * as Schema from "effect/Schema"
import { completionOf, decoderOf, type Dialect, nullish, refused } from "./Dialect.ts"

const Message = Schema.Struct({
  model: nullish(Schema.String),
  content: Schema.Array(Schema.Struct({ type: Schema.String, text: nullish(Schema.String) })),
  stop_reason: nullish(Schema.String),
  usage: nullish(Schema.Struct({
    input_tokens: nullish(Schema.Number),
    output_tokens: nullish(Schema.Number),
    cache_creation_input_tokens: nullish(Schema.Number),
    cache_read_input_tokens: nullish(Schema.Number)
  }))
})

const PATH = "/v1/messages"
const message = decoderOf(Message, PATH)

/** Default of `maxTokens`, because the API requires a limit. */
const MAX_TOKENS = 4_096

export const dialect: Dialect = {
  headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
  complete: (model, request) => ({
    path: PATH,
    body: {
      model,
      max_tokens: request.maxTokens ?? MAX_TOKENS,
      ...(request.system !== undefined && { system: request.system }),
      messages: [{ role: "user", content: request.prompt }],
      ...(request.json !== undefined && {
        output_config: { format: { type: "json_schema", schema: request.json.schema } }
      })
    },
    read: message(({ content, model, stop_reason: reason, usage }) => {
      if (reason === "refusal") return refused("it refuses")
      const cached = usage?.cache_read_input_tokens ?? 0
      return completionOf(
        content.flatMap(({ text, type }) => type === "text" && typeof text === "string" ? [text] : []).join(""),
        reason === "max_tokens",
        request,
        {
          model: model ?? null,
          usage: {
            // `input_tokens` excludes tokens that were read from the cache or written to it.
            input: (usage?.input_tokens ?? 0) + cached + (usage?.cache_creation_input_tokens ?? 0),
            cached,
            output: usage?.output_tokens ?? 0
          }
        }
      )
    })
  })
}
