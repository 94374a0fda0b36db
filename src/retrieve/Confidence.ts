/**
 * Rates how surely a search answers, by the words of its first unit and of that unit's session. Pure. Of 68 answerable
 * coding questions in English, 67 reach a half, and 36 do in the memory without the session that has the answer; three
 * quarters are reached by 53 and by 6 (`npm run bench -- recall --left-out`).
 */
import { isEveryday } from "../domain/EverydayWords.ts"
import { inverseDocumentFrequency, scoreOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"
import type { Boosted } from "./Surroundings.ts"
import { isForeign, type Term } from "./Terms.ts"

/** Score, in matches of the rarest words, that answers a question of any length. */
const ENOUGH_MATCHES = 2.5
/** Share of a question's weight that answers it. */
const ENOUGH_SHARE = 0.7

/** Least size, in units, by which rarity is judged: in a smaller memory the rarest word is hardly rarer than others. */
const SMALL_MEMORY = 200

/** Share of its weight that a word of everyday work counts: it is said in every session. */
const EVERYDAY_SHARE = 0.5

/** Share of its weight that a Chinese or Japanese word counts which no unit contains, where that says nothing of the answer. */
const FOREIGN_SHARE = 0.05

/** Units of the first one's session that are looked at, the best: a session that is about the question says its words often. */
const SESSION_UNITS = 3

/**
 * Rates how far a score answers a question, from 0 to 1: its share of `ENOUGH_MATCHES` matches of the rarest possible
 * word, or of `ENOUGH_SHARE` of the sum of the question's `weights` if that is less.
 */
export const certainty = (score: number, weights: ReadonlyArray<number>, documents: number): number => {
  const rarest = inverseDocumentFrequency(Math.max(documents, SMALL_MEMORY), 0)
  const attainable = weights.reduce((sum, value) => sum + value, 0)
  return Math.min(1, score / Math.max(Number.MIN_VALUE, Math.min(ENOUGH_MATCHES * rarest, ENOUGH_SHARE * attainable)))
}

/** Weighs the terms: by their rarity, and by what their absence says. */
const weightsOf = (
  terms: ReadonlyArray<Term>,
  matches: LexicalMatches,
  holdsChinese: boolean
): ReadonlyArray<number> =>
  terms.map((each, term) => {
    const frequency = matches.documentFrequencies[term] ?? 0
    const isElsewhere = frequency === 0 && isForeign(each, holdsChinese) &&
      !matches.candidates.some(({ frequencies }) => frequencies[term]?.some((count) => count > 0))
    return inverseDocumentFrequency(matches.documents, frequency) *
      (isElsewhere ? FOREIGN_SHARE : isEveryday(each.lexeme) ? EVERYDAY_SHARE : 1)
  })

/**
 * Rates how surely `first` answers the terms, from 0 to 1: by the mean of its own score and of the best of its session
 * among `units`. The terms that `isImplied` accepts need not be there, nor Chinese ones where the memory holds no Chinese.
 */
export const confidenceIn = (
  first: Boosted,
  units: ReadonlyArray<MemoryUnit>,
  terms: ReadonlyArray<Term>,
  matches: LexicalMatches,
  isImplied: (term: Term) => boolean,
  holdsChinese = false
): number => {
  const weights = weightsOf(terms, matches, holdsChinese)
  const candidates = new Map(matches.candidates.map((candidate) => [candidate.unitId, candidate]))
  const scored = (id: string) => {
    const candidate = candidates.get(id)
    return candidate === undefined ? 0 : scoreOf(weights, matches.averageLength, candidate)
  }
  // A unit that its neighbours raised to the top answers with their words too.
  const own = Math.max(...[first.unit.id, ...first.raisedBy].map(scored))
  // What was saved on purpose stands alone.
  const isAlone = first.unit.passages.length === 0
  const best = isAlone ?
    [own] :
    units.filter(({ passages, sessionId }) => sessionId === first.unit.sessionId && passages.length > 0).map(({ id }) =>
      scored(id)
    ).sort((a, b) => b - a).slice(0, SESSION_UNITS)
  const mean = best.reduce((sum, score) => sum + score, 0) / best.length
  return certainty((own + mean) / 2, weights.filter((_, term) => !isImplied(terms[term]!)), matches.documents)
}
