/**
 * Faults of providers, and what the caller must get for each.
 */
import * as DateTime from "effect/DateTime"
import type { DurationInput } from "effect/Duration"
import type { ModelError } from "../../src/models/ModelManager.ts"
import type { Behaviour } from "../models/server.ts"
import {
  candidate,
  chat,
  each,
  error,
  holding,
  json,
  keyOf,
  message,
  type Of,
  RIGHT,
  scores,
  text,
  VECTOR,
  vectors
} from "./answers.ts"

export interface Fault {
  readonly name: string
  /** Operation to call; by default completion, or embedding for Voyage. */
  readonly asks?: "embed" | "rerank"
  readonly of: Of<Behaviour | (() => Behaviour)>
  /** Only the first request meets the fault. */
  readonly isOnce?: boolean
  /** Milliseconds before each answer. */
  readonly delay?: number
  /** Nothing listens at the address. */
  readonly isAway?: boolean
  /** The dimension is learned from the model instead of being set. */
  readonly isLearned?: boolean
  /** Time limit of one attempt; by default long enough for a busy machine. */
  readonly within?: DurationInput
  readonly expected: ModelError["reason"] | "an answer"
  readonly attempts: number
  /** Shortest wait between two attempts, in milliseconds. */
  readonly waits?: number
}

/** HTTP dates have no fractions of a second, so this is 2 to 3 seconds from now. */
const inThreeSeconds = () => DateTime.toDate(DateTime.add(DateTime.unsafeNow(), { seconds: 3 })).toUTCString()

/** `away` is another origin, which must get no request. */
export const faults = (away: string): ReadonlyArray<Fault> => [
  {
    name: "slow: it answers after the time allowed",
    of: each(() => "answers"),
    delay: 1_000,
    within: "300 millis",
    expected: "TimedOut",
    attempts: 1
  },
  { name: "it never answers", of: each(() => "hangs"), within: "300 millis", expected: "TimedOut", attempts: 1 },
  {
    name: "it stops in its answer",
    of: each(() => "hangs in its answer"),
    within: "300 millis",
    expected: "TimedOut",
    attempts: 1
  },
  { name: "connection refused", of: each(() => "answers"), isAway: true, expected: "Unreachable", attempts: 2 },
  { name: "reset before the answer", of: each(() => "resets"), expected: "Unavailable", attempts: 2 },
  { name: "reset in the answer", of: each(() => "resets in its answer"), expected: "Unavailable", attempts: 2 },
  {
    name: "reset in the answer, once",
    of: each(() => "resets in its answer"),
    isOnce: true,
    expected: "an answer",
    attempts: 2
  },
  {
    name: "redirect to another origin (307)",
    of: each(() => text("", 307, { location: `${away}/v1/chat/completions` })),
    expected: "Rejected",
    attempts: 1
  },

  {
    name: "truncated JSON",
    of: each((dialect) => text(RIGHT[dialect].slice(0, -9))),
    expected: "Damaged",
    attempts: 1
  },
  { name: "nothing (200)", of: each(() => text("")), expected: "Damaged", attempts: 1 },
  {
    name: "HTML instead of JSON (200)",
    of: each(() => text("<!doctype html><title>Sign in</title>", 200, { "content-type": "text/html" })),
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "JSON as text/html",
    of: each((dialect) => text(RIGHT[dialect], 200, { "content-type": "text/html" })),
    expected: "an answer",
    attempts: 1
  },
  {
    name: "events instead of JSON (text/event-stream)",
    of: each((dialect) => text(`data: ${RIGHT[dialect]}\n\n`, 200, { "content-type": "text/event-stream" })),
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "more than 64 MiB",
    of: { openai: json(chat({ content: "x".repeat(66 * 1024 * 1024) })) },
    expected: "Damaged",
    attempts: 1
  },

  {
    name: "400 in its own shape",
    of: error(400, {
      openai: "This model's maximum context length is 8192 tokens.",
      gemini: "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
      anthropic: "prompt is too long: 208310 tokens > 200000 maximum",
      voyage: "The request body is not valid JSON, or some arguments were not specified properly."
    }),
    expected: "Refused",
    attempts: 1
  },
  {
    name: "401 that repeats the key",
    of: error(401, each((dialect) => `Incorrect API key provided: ${keyOf(dialect)}.`)),
    expected: "Rejected",
    attempts: 1
  },
  { name: "402", of: error(402, "Insufficient Balance"), expected: "Rejected", attempts: 1 },
  { name: "408", of: error(408, "Request timeout"), expected: "Unavailable", attempts: 2 },
  {
    name: "429, once, Retry-After in seconds",
    of: error(429, "Rate limit reached", { "retry-after": "2" }),
    isOnce: true,
    expected: "an answer",
    attempts: 2,
    waits: 1_990
  },
  {
    name: "429, once, Retry-After as a date",
    of: each((dialect) => () => error(429, "Rate limit reached", { "retry-after": inThreeSeconds() })[dialect]),
    isOnce: true,
    expected: "an answer",
    attempts: 2,
    waits: 1_900
  },
  {
    name: "429, once, retryDelay",
    of: {
      gemini: error(429, "You exceeded your current quota", {}, [
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2s" }
      ]).gemini
    },
    isOnce: true,
    expected: "an answer",
    attempts: 2,
    waits: 1_990
  },
  {
    name: "429, Retry-After longer than allowed",
    of: error(429, "Rate limit reached", { "retry-after": "3600" }),
    expected: "Unavailable",
    attempts: 1
  },
  { name: "429 that lasts", of: error(429, "Rate limit reached"), expected: "Unavailable", attempts: 2 },
  {
    name: "429, quota used up",
    of: {
      openai: text(
        JSON.stringify({
          error: { message: "You exceeded your current quota", type: "insufficient_quota", code: "insufficient_quota" }
        }),
        429
      )
    },
    expected: "Rejected",
    attempts: 1
  },
  { name: "500", of: error(500, "Internal server error"), expected: "Unavailable", attempts: 2 },
  {
    name: "502 with HTML",
    of: each(() => text("<html><h1>502 Bad Gateway</h1></html>", 502, { "content-type": "text/html" })),
    expected: "Unavailable",
    attempts: 2
  },
  { name: "529", of: error(529, "Overloaded"), expected: "Unavailable", attempts: 2 },
  { name: "529, once", of: error(529, "Overloaded"), isOnce: true, expected: "an answer", attempts: 2 },

  {
    name: "no choice, candidate, content or vector",
    of: {
      openai: json({ choices: [] }),
      gemini: json({ candidates: [] }),
      anthropic: json(message([])),
      voyage: json({ data: [] })
    },
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "empty text",
    of: {
      openai: json(chat({ content: "" })),
      gemini: json(candidate([{ text: "" }])),
      anthropic: json(message([{ type: "text", text: "" }]))
    },
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "refusal",
    of: {
      openai: json(chat({ content: null, refusal: "I can't help with that." })),
      gemini: json({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }),
      anthropic: json(message([], "refusal"))
    },
    expected: "Refused",
    attempts: 1
  },
  {
    name: "stopped by a filter",
    of: {
      openai: json(chat({ content: "he" }, "content_filter")),
      gemini: json(candidate([{ text: "he" }], "SAFETY"))
    },
    expected: "Refused",
    attempts: 1
  },
  {
    name: "a tool call instead of text",
    of: {
      openai: json(
        chat({
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "look", arguments: "{}" } }]
        }, "tool_calls")
      ),
      gemini: json(candidate([{ functionCall: { name: "look", args: {} } }])),
      anthropic: json(message([{ type: "tool_use", id: "t", name: "look", input: {} }], "tool_use"))
    },
    expected: "Damaged",
    attempts: 1
  },

  {
    name: "a vector with NaN",
    asks: "embed",
    of: vectors(VECTOR, holding("NaN")),
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "a vector with null",
    asks: "embed",
    of: vectors(VECTOR, holding("null")),
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "a vector with an infinite number (1e999)",
    asks: "embed",
    of: vectors(VECTOR, holding("1e999")),
    expected: "Damaged",
    attempts: 1
  },
  {
    name: "a vector with a number too large for 32 bits (1e300)",
    asks: "embed",
    of: vectors(VECTOR, holding("1e300")),
    expected: "Damaged",
    attempts: 1
  },
  { name: "a short vector", asks: "embed", of: vectors(VECTOR, "1"), expected: "Damaged", attempts: 1 },
  {
    name: "an empty vector, where the dimension is learned from it",
    asks: "embed",
    of: vectors(""),
    isLearned: true,
    expected: "Damaged",
    attempts: 1
  },
  { name: "one vector for two texts", asks: "embed", of: vectors(VECTOR), expected: "Damaged", attempts: 1 },
  {
    name: "three vectors for two texts",
    asks: "embed",
    of: vectors(VECTOR, VECTOR, VECTOR),
    expected: "Damaged",
    attempts: 1
  },
  { name: "a score that is NaN", asks: "rerank", of: scores([0, "NaN"]), expected: "Damaged", attempts: 1 },
  {
    name: "a score of a document that was not given",
    asks: "rerank",
    of: scores([7, "0.5"]),
    expected: "Damaged",
    attempts: 1
  }
]
