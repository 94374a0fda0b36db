/**
 * Scores the lexical lane and fuses the lanes into one list. Pure. On chat and on coding transcripts min-max fusion
 * beat reciprocal rank fusion with a weak dense lane.
 */
import { inverseDocumentFrequency, scoreOf } from "../domain/Lexical.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"

export const DENSE_WEIGHT = 0.25

export interface LexicalScore {
  readonly unitId: string
  readonly score: number
  /** Indices of the terms that the unit contains. */
  readonly matched: ReadonlyArray<number>
}

/** Returns the BM25F scores of the candidates, best first, equal ones by id. */
export const bm25 = (matches: LexicalMatches): ReadonlyArray<LexicalScore> => {
  const idf = matches.documentFrequencies.map((frequency) => inverseDocumentFrequency(matches.documents, frequency))
  return matches.candidates.map((candidate) => ({
    unitId: candidate.unitId,
    score: scoreOf(idf, matches.averageLength, candidate),
    matched: candidate.frequencies.flatMap((fields, term) => fields.some((count) => count > 0) ? [term] : [])
  })).sort((a, b) => b.score - a.score || (a.unitId < b.unitId ? -1 : 1))
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

/**
 * Scores each unit that is in either list: its lexical score over the greatest (0 if absent) plus `DENSE_WEIGHT` times
 * its dense score by min-max, at most 1 + DENSE_WEIGHT. When the lexical list is empty, the dense weight is 1.
 */
export const fuse = (lexical: ReadonlyArray<Scored>, dense: ReadonlyArray<Scored>): Map<string, number> => {
  const greatest = Math.max(...lexical.map(({ score }) => score), Number.MIN_VALUE)
  const fused = new Map(lexical.map(({ score, unitId }) => [unitId, score / greatest]))
  const weight = lexical.length === 0 ? 1 : DENSE_WEIGHT
  for (const [unitId, score] of minMax(dense)) fused.set(unitId, (fused.get(unitId) ?? 0) + weight * score)
  return fused
}
