/**
 * Reranks the units found by a model, which reads the question and each unit together. Its score and the search's own
 * count alike: a model that errs at three of ten pairs then costs little, where its order alone would cost most
 * of the first places.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { LaneScore } from "../domain/Search.ts"
import type { ModelManager } from "../models/ModelManager.ts"
import { minMax } from "./Fusion.ts"

/** Number of units that the model reads; those after it count as the least relevant of these. */
export const RERANK_DEPTH = 100

export interface Reranked<A> {
  readonly order: ReadonlyArray<A>
  /** Rank and score of each unit that the model ranked, by unit id. */
  readonly scores: ReadonlyMap<string, LaneScore>
  /** The reason when the model could not be asked; the order is then unchanged. */
  readonly degraded: ReadonlyArray<string>
}

/** Returns what the model reads of a unit. */
export const textOf = ({ content, title }: MemoryUnit) => `${title}\n${content}`

/**
 * Returns the units by the sum of their score, as a share of the greatest, and the model's by min-max. Equal ones stay
 * in their order.
 */
export const rerank = <A extends { readonly unit: MemoryUnit; readonly score: number }>(
  rerank: ModelManager["Type"]["rerank"],
  question: string,
  found: ReadonlyArray<A>
): Effect.Effect<Reranked<A>> =>
  Effect.map(
    Effect.either(rerank(question, found.slice(0, RERANK_DEPTH).map(({ unit }) => textOf(unit)))),
    Either.match({
      onLeft: (error) => ({ order: found, scores: new Map(), degraded: [`rerank: ${error.message}`] }),
      onRight: (ranked) => {
        const scored = ranked.map(({ index, score }) => ({ unitId: found[index]!.unit.id, score }))
        const shares = minMax(scored)
        const greatest = Math.max(...found.map(({ score }) => score), Number.MIN_VALUE)
        const sumOf = ({ score, unit }: A) => score / greatest + (shares.get(unit.id) ?? 0)
        return {
          order: found.toSorted((a, b) => sumOf(b) - sumOf(a)),
          scores: new Map(scored.map(({ score, unitId }, i) => [unitId, { rank: i + 1, score }] as const)),
          degraded: []
        }
      }
    })
  )
