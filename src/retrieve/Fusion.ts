/**
 * Scores of the lexical lane, and how the lanes become one list. Pure; on chat and on coding transcripts min-max fusion beat
 * reciprocal ranks with a weak dense lane.
 */
import { saturated } from "../domain/Lexical.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"

export const DENSE_WEIGHT = 0.25

/** Units of no memory, which hold none of the words: in a memory of one session each word of its subject would be a common one. */
const BACKGROUND = 50

/** Robertson-Spärck Jones with 1 added, so that it is never negative, over the memory's units and the background. */
export const inverseDocumentFrequency = (documents: number, frequency: number): number =>
  Math.log(1 + (documents + BACKGROUND - frequency + 0.5) / (frequency + 0.5))

export interface LexicalScore {
  readonly unitId: string
  readonly score: number
  /** Indices of the terms that the unit holds. */
  readonly matched: ReadonlyArray<number>
}

/** BM25F over the candidates, best first, equal ones by id. */
export const bm25 = (matches: LexicalMatches): ReadonlyArray<LexicalScore> => {
  const idf = matches.documentFrequencies.map((frequency) => inverseDocumentFrequency(matches.documents, frequency))
  return matches.candidates.map(({ frequencies, lengths, unitId }) => {
    const matched: Array<number> = []
    let score = 0
    frequencies.forEach((fields, term) => {
      const part = saturated(fields, lengths, matches.averageLength)
      if (part === 0) return
      matched.push(term)
      score += idf[term]! * part
    })
    return { unitId, score, matched }
  }).sort((a, b) => b.score - a.score || (a.unitId < b.unitId ? -1 : 1))
}

/** So many matches of the rarest kind answer a question of any length. */
const ENOUGH_MATCHES = 3

/** In a smaller memory a word that one unit alone holds is hardly rarer than others. */
const SMALL_MEMORY = 200

/**
 * How far a BM25 score answers a question, from 0 to 1: in matches of a word that one unit alone holds, of as many as answer
 * or as the question's words (`idf` of each) could give. Of 68 answerable coding questions, asked of the project that knows
 * and of those that don't, 97 % reach a half where they are answered and 10 % elsewhere. Of those whose session has less than 30 units,
 * asked of a memory of one session alone, 89 % and 19 %; without background and least size 60 % and 15 %.
 */
export const certainty = (score: number, idf: ReadonlyArray<number>, documents: number): number => {
  const rarest = inverseDocumentFrequency(Math.max(documents, SMALL_MEMORY), 0)
  const attainable = idf.reduce((sum, value) => sum + value, 0)
  return Math.min(1, score / Math.max(Number.MIN_VALUE, Math.min(ENOUGH_MATCHES * rarest, attainable)))
}

export interface Scored {
  readonly unitId: string
  readonly score: number
}

/** Scores mapped to 0 to 1 by the list's least and greatest; a list of equals becomes all ones. */
export const minMax = (list: ReadonlyArray<Scored>): ReadonlyMap<string, number> => {
  const scores = list.map(({ score }) => score)
  const least = Math.min(...scores)
  const range = Math.max(...scores) - least
  return new Map(list.map(({ score, unitId }) => [unitId, range === 0 ? 1 : (score - least) / range]))
}

/**
 * The lexical list over its greatest (an absent unit scores 0) plus `DENSE_WEIGHT` times the dense list by min-max: the
 * score of each unit that is in either, at most 1 + DENSE_WEIGHT.
 */
export const fuse = (lexical: ReadonlyArray<Scored>, dense: ReadonlyArray<Scored>): Map<string, number> => {
  const greatest = Math.max(...lexical.map(({ score }) => score), Number.MIN_VALUE)
  const fused = new Map(lexical.map(({ score, unitId }) => [unitId, score / greatest]))
  const weight = lexical.length === 0 ? 1 : DENSE_WEIGHT
  for (const [unitId, score] of minMax(dense)) fused.set(unitId, (fused.get(unitId) ?? 0) + weight * score)
  return fused
}
