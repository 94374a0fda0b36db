/**
 * Answers in the form of each dialect.
 */
import type { DialectName } from "../../src/models/Presets.ts"
import { type Behaviour, DIMENSION } from "../models/server.ts"

export const DIALECTS = ["openai", "gemini", "anthropic", "voyage"] as const satisfies ReadonlyArray<DialectName>

/** Values by dialect; a dialect is left out when it has no such request or answer. */
export type Of<A> = Partial<Readonly<Record<DialectName, A>>>

/** API key of a dialect. Some providers repeat a refused key in their answer, and so do these. */
export const keyOf = (dialect: DialectName) => `sk-secret-of-${dialect}`

export const each = <A>(f: (dialect: DialectName) => A): Readonly<Record<DialectName, A>> => ({
  openai: f("openai"),
  gemini: f("gemini"),
  anthropic: f("anthropic"),
  voyage: f("voyage")
})

export const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Behaviour => ({
  status,
  body,
  headers
})
export const json = (body: unknown) => text(JSON.stringify(body))

/** The body of an error in each dialect. */
const errorBody = (dialect: DialectName, status: number, message: string, details: ReadonlyArray<object>): object => {
  switch (dialect) {
    case "openai":
      return { error: { message, type: "invalid_request_error", param: null, code: null } }
    case "gemini":
      return { error: { code: status, message, status: "INVALID_ARGUMENT", details } }
    case "anthropic":
      return { type: "error", error: { type: "invalid_request_error", message }, request_id: "req_1" }
    case "voyage":
      return { detail: message }
  }
}

export const error = (
  status: number,
  message: string | Readonly<Record<DialectName, string>>,
  headers: Readonly<Record<string, string>> = {},
  details: ReadonlyArray<object> = []
) =>
  each((dialect) =>
    text(
      JSON.stringify(errorBody(dialect, status, typeof message === "string" ? message : message[dialect], details)),
      status,
      headers
    )
  )

export const chat = (message: object, finish_reason = "stop") => ({
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }]
})
export const candidate = (parts: ReadonlyArray<object>, finishReason = "STOP") => ({
  candidates: [{ content: { role: "model", parts }, finishReason }]
})
export const message = (content: ReadonlyArray<object>, stop_reason = "end_turn") => ({
  type: "message",
  role: "assistant",
  content,
  stop_reason
})

/** Answers with these vectors. They are text, because JSON has no NaN but servers write it. */
export const vectors = (...all: ReadonlyArray<string>): Of<Behaviour> => {
  const list = text(
    `{"object":"list","data":[${all.map((vector, index) => `{"index":${index},"embedding":[${vector}]}`).join()}]}`
  )
  return {
    openai: list,
    gemini: text(`{"embeddings":[${all.map((vector) => `{"values":[${vector}]}`).join()}]}`),
    voyage: list
  }
}
export const VECTOR = Array.from({ length: DIMENSION }, (_, i) => i + 1).join()
/** The vector with one of its numbers replaced. */
export const holding = (number: string) => VECTOR.replace("1", number)

export const scores = (...all: ReadonlyArray<readonly [index: number, score: string]>): Of<Behaviour> => {
  const list = all.map(([index, score]) => `{"index":${index},"relevance_score":${score}}`).join()
  return { openai: text(`{"results":[${list}]}`), voyage: text(`{"data":[${list}]}`) }
}

export const RIGHT = {
  openai: JSON.stringify(chat({ content: "hello" })),
  gemini: JSON.stringify(candidate([{ text: "hello" }])),
  anthropic: JSON.stringify(message([{ type: "text", text: "hello" }])),
  voyage: `{"data":[{"index":0,"embedding":[${VECTOR}]},{"index":1,"embedding":[${VECTOR}]}]}`
}
