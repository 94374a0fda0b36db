/**
 * Scores the lexical lane and fuses the lanes into one list. Pure. On chat and on coding transcripts min-max fusion
 * beat reciprocal rank fusion with a weak dense lane.
 */
import { inverseDocumentFrequency, partsOf } from "../domain/Lexical.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"
import { RANKING } from "./Ranking.ts"

export interface LexicalScore {
  readonly unitId: string
  readonly score: number
  /** What each term adds to the score; 0 for one that the unit lacks. */
  readonly parts: ReadonlyArray<number>
}

/** Returns the BM25F scores of the candidates, best first, equal ones by id. */
export const bm25 = (matches: LexicalMatches, { bm25f } = RANKING): ReadonlyArray<LexicalScore> => {
  const idf = matches.documentFrequencies.map((frequency) => inverseDocumentFrequency(matches.documents, frequency))
  return matches.candidates.map((candidate) => {
    const parts = partsOf(idf, matches.averageLength, candidate, bm25f)
    return { unitId: candidate.unitId, score: parts.reduce((sum, part) => sum + part, 0), parts }
  }).sort((a, b) => b.score - a.score || (a.unitId < b.unitId ? -1 : 1))
}

export interface Scored {
  readonly unitId: string
  readonly score: number
}

/** Maps scores to 0 to 1 by the list's least and greatest; equal scores all become 1. */
export const minMax = (list: ReadonlyArray<Scored>): ReadonlyMap<string, number> => {
  const scores = list.map(({ score }) => score)
  const least = Math.min(...scores)
  const range = Math.max(...scores) - least
  return new Map(list.map(({ score, unitId }) => [unitId, range === 0 ? 1 : (score - least) / range]))
}

/** Returns the greatest score of a list, above 0. */
export const greatestOf = (list: ReadonlyArray<Pick<Scored, "score">>): number =>
  Math.max(...list.map(({ score }) => score), Number.MIN_VALUE)

/**
 * Scores each unit that is in either list: its lexical score over the greatest (0 if absent) plus `RANKING.dense` times
 * its dense score by min-max, at most 1 + RANKING.dense. When the lexical list is empty, the dense weight is 1.
 */
export const fuse = (
  lexical: ReadonlyArray<Scored>,
  dense: ReadonlyArray<Scored>,
  ranking = RANKING
): Map<string, number> => {
  const greatest = greatestOf(lexical)
  const fused = new Map(lexical.map(({ score, unitId }) => [unitId, score / greatest]))
  const weight = lexical.length === 0 ? 1 : ranking.dense
  for (const [unitId, score] of minMax(dense)) fused.set(unitId, (fused.get(unitId) ?? 0) + weight * score)
  return fused
}
