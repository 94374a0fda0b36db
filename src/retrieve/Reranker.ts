/**
 * Reranks the units found by a model, which reads the question and each unit together.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { LaneScore } from "../domain/Search.ts"
import type { ModelManager } from "../models/ModelManager.ts"

/** Number of units that the model reads; the units after these keep their order behind them. */
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

/** Returns the units that the model ranks, best first, then the others in their old order. */
export const rerank = <A extends { readonly unit: MemoryUnit }>(
  rerank: ModelManager["Type"]["rerank"],
  question: string,
  found: ReadonlyArray<A>
): Effect.Effect<Reranked<A>> =>
  Effect.map(
    Effect.either(rerank(question, found.slice(0, RERANK_DEPTH).map(({ unit }) => textOf(unit)))),
    Either.match({
      onLeft: (error) => ({ order: found, scores: new Map(), degraded: [`rerank: ${error.message}`] }),
      onRight: (ranked) => {
        const chosen = new Set(ranked.map(({ index }) => index))
        return {
          order: [...ranked.map(({ index }) => found[index]!), ...found.filter((_, i) => !chosen.has(i))],
          scores: new Map(
            ranked.map(({ index, score }, i) => [found[index]!.unit.id, { rank: i + 1, score }] as const)
          ),
          degraded: []
        }
      }
    })
  )
