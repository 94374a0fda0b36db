/**
 * A stand-in for a provider's reranker, asked over HTTP as a real one: it knows what is relevant, and errs as often as it is told.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { Options } from "../../../src/App.ts"
import { NO_CAPS } from "../../../src/models/Spending.ts"
import { modelServer } from "../../../test/models/server.ts"

/** Share of the pairs of a relevant and another document that it orders rightly, 0.5 to 1; or what is wrong with it. */
export type Quality = number | "slow" | "fails"

export const qualityOf = (text: string): Option.Option<Quality> => {
  if (text === "slow" || text === "fails") return Option.some(text)
  const share = Number(text)
  return share >= 0.5 && share <= 1 ? Option.some(share) : Option.none()
}

const PATIENCE = { timeout: "500 millis", retries: 0, maxDelay: 0 } as const
/** Milliseconds that a slow one takes, which is more than a search waits for. */
const SLOW_MS = 1_000

/** Value below which a standard normal variable is with this probability (by bisection). */
const quantile = (probability: number): number => {
  // Abramowitz and Stegun 1964, 26.2.17.
  const below = (x: number): number => {
    if (x < 0) return 1 - below(-x)
    const t = 1 / (1 + 0.2316419 * x)
    const tail = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    return 1 - Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * tail
  }
  let [low, high] = [-6, 6]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (below(middle) < probability) low = middle
    else high = middle
  }
  return low
}

/** A standard normal number that depends on the text alone (Box and Muller 1958). */
const normalOf = (text: string): number => {
  const [u, v] = Effect.runSync(Effect.all([Random.make(text).next, Random.make(`${text} again`).next]))
  return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)
}

/** Starts it. `isRelevant` judges a document, as it is sent, for a question. */
export const reranker = (quality: Quality, isRelevant: (question: string, document: string) => boolean) =>
  Effect.map(modelServer, (server) => {
    const advantage = typeof quality === "number" ? Math.SQRT2 * quantile(quality) : 0
    server.ranks = (question, document) => {
      const score = normalOf(`${question}\n${document}`) + (isRelevant(question, document) ? advantage : 0)
      return 1 / (1 + Math.exp(-score))
    }
    if (quality === "slow") server.delay = SLOW_MS
    if (quality === "fails") server.behaviour = { status: 500, body: "{}" }
    const endpoint = { provider: "vllm", model: "stand-in", baseUrl: server.baseUrl, apiKey: Option.none() }
    return { roles: { rerank: [endpoint] }, patience: PATIENCE, caps: NO_CAPS } satisfies Options["models"]
  })
