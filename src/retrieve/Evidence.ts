/**
 * Finds which of a text's words stand together in one unit, and weighs them. Pure.
 */
import { withoutAlsoAsked } from "../domain/AlsoAsked.ts"
import { IS_CJK } from "../domain/Cjk.ts"
import { isEveryday } from "../domain/EverydayWords.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import type { Word } from "../domain/Verdict.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"
import { factorOf } from "./Helping.ts"
import { byLexeme, type Term } from "./Terms.ts"

/** A term of a text, and its weight. */
export interface Weighed extends Term, Word {
  /** True when no unit contains it. */
  readonly isAbsent: boolean
}

/** A unit, and the words of the text that stand together in it. */
export interface Testimony {
  readonly unit: MemoryUnit
  readonly together: ReadonlyArray<string>
  /** Sum of their bits, times a factor by what a person said of the unit at such prompts, and by its use. */
  readonly bits: number
}

export interface Evidence {
  /** The text's terms. */
  readonly words: ReadonlyArray<Weighed>
  /** Most bits first; of equal ones the better match first. */
  readonly testimonies: ReadonlyArray<Testimony>
}

/** Lexemes from the first to the last of those that stand together. */
const WINDOW = 60
/** Most bits of a word: what fewer units hold says no more. */
const MAX_BITS = 8
/** Most bits of a written word, by all of its parts: who names one path has not named five things. */
const MAX_BITS_WRITTEN = 12
/** Most lexemes by which a text is known again. */
const MAX_NAMED = 24
/**
 * Virtual units that contain no words, added to the memory's count. Without these, every word of a young memory would
 * count as common.
 */
const BACKGROUND = 200

/** Numbers of one or two digits, and single Chinese characters: pieces of identifiers, dates and longer words. */
const FRAGMENT = /^(?:\d{1,2}|[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af])$/u

/** Tests whether a lexeme says nothing of a subject. */
type SaysNothing = (lexeme: string) => boolean

/** Weighs a term by the share of units that contain it: -log2 of it, at most `MAX_BITS`. */
const bitsOf = (
  { isExtension, lexeme }: Term,
  documents: number,
  frequency: number,
  saysNothing: SaysNothing
): number => {
  if (FRAGMENT.test(lexeme) || isExtension === true || saysNothing(lexeme) || Tokenizer.isQuestionWord(lexeme)) return 0
  // A Chinese word that no unit contains shows that the memory is in another language, or says it otherwise, not that the answer is missing.
  if (frequency === 0 && IS_CJK.test(lexeme)) return 0
  return Math.min(MAX_BITS, Math.max(0, Math.log2((documents + BACKGROUND) / (frequency + 0.5))))
}

/**
 * Weighs the terms of a text by their matches in the memory; an English translation that says nothing counts nothing, and the parts of
 * a written word share at most `MAX_BITS_WRITTEN`. Words of everyday work say nothing, unless `saysNothing` is another.
 */
export const weigh = (
  terms: ReadonlyArray<Term>,
  { documentFrequencies, documents }: Pick<LexicalMatches, "documentFrequencies" | "documents">,
  saysNothing: SaysNothing = isEveryday
): ReadonlyArray<Weighed> => {
  const bits = terms.map((term, i) => bitsOf(term, documents, documentFrequencies[i] ?? 0, saysNothing))
  const ofWritten = new Map<number, number>()
  terms.forEach(({ within }, i) => {
    if (within !== undefined) ofWritten.set(within, (ofWritten.get(within) ?? 0) + bits[i]!)
  })
  return terms.map((term, i) => {
    const { lexeme, members, within } = term
    const most = within === undefined ? 0 : ofWritten.get(within)!
    return {
      ...term,
      members: !IS_CJK.test(lexeme) ? members : new Map([...members].filter(([member]) => !saysNothing(member))),
      isAbsent: documentFrequencies[i] === 0,
      bits: most > MAX_BITS_WRITTEN ? bits[i]! * MAX_BITS_WRITTEN / most : bits[i]!
    }
  })
}

/** Adds up the bits that terms would have in a memory where they are as rare as can be. */
export const mostBitsOf = (terms: ReadonlyArray<Term>, saysNothing: SaysNothing = isEveryday): number =>
  terms.reduce((sum, term) => sum + bitsOf(term, Infinity, 1, saysNothing), 0)

/** Returns a unit's lexemes without those of what else was asked in a session: whether it was answered, the other parts say. */
const lexemesOf = ({ content, files, title }: MemoryUnit): ReadonlyArray<string> =>
  [title, files.join(" "), withoutAlsoAsked(content)].flatMap(Tokenizer.lexemesOnce)

/** Returns the words that tell something, by the lexemes that stand for them in a memory. */
export const tellingOf = (words: ReadonlyArray<Weighed>): ReadonlyMap<string, Weighed> =>
  byLexeme(words.filter(({ bits }) => bits > 0))

/** Returns a unit's lexemes that a text names, those with the most bits first, by which the text is known again (domain/Feedback.ts). */
export const namedIn = (unit: MemoryUnit, telling: ReadonlyMap<string, Weighed>): ReadonlyArray<string> => {
  const bitsOf = (lexeme: string) => telling.get(lexeme)?.bits ?? 0
  return [...new Set(lexemesOf(unit))].filter((lexeme) => telling.has(lexeme))
    .sort((a, b) => bitsOf(b) - bitsOf(a)).slice(0, MAX_NAMED)
}

/** A word of a text, at one of its places in a unit. */
interface Placed extends Word {
  /** The unit's lexeme that stands for it. */
  readonly member: string
  readonly at: number
}

/** Returns the words with the most bits that stand in one stretch of `WINDOW` lexemes, and the sum of their bits. */
const stretchOf = (unit: MemoryUnit, words: ReadonlyMap<string, Weighed>) => {
  const found = lexemesOf(unit).flatMap((member, at): ReadonlyArray<Placed> => {
    const word = words.get(member)
    return word === undefined ? [] : [{ lexeme: word.lexeme, bits: word.bits, member, at }]
  })
  const inWindow = new Map<string, number>()
  let sum = 0
  let first = 0
  let best = { together: [] as ReadonlyArray<string>, bits: 0 }
  for (const { at, bits, lexeme } of found) {
    const count = inWindow.get(lexeme) ?? 0
    if (count === 0) sum += bits
    inWindow.set(lexeme, count + 1)
    for (; found[first]!.at <= at - WINDOW; first++) {
      const left = found[first]!
      const rest = inWindow.get(left.lexeme)! - 1
      if (rest > 0) inWindow.set(left.lexeme, rest)
      else {
        inWindow.delete(left.lexeme)
        sum -= left.bits
      }
    }
    if (sum > best.bits) best = { together: [...inWindow.keys()], bits: sum }
  }
  return { ...best, found }
}

const isChanged = ({ feedback, uses }: MemoryUnit): boolean => feedback !== undefined || uses !== undefined

/** Returns the factor by which what was said of a unit, and its use, change its bits; without either 1. */
const factorIn = (unit: MemoryUnit, { found, together }: ReturnType<typeof stretchOf>): number =>
  !isChanged(unit)
    ? 1
    : factorOf(
      unit.feedback ?? [],
      unit.uses ?? 0,
      together.map((lexeme) => {
        const places = found.filter((word) => word.lexeme === lexeme)
        return { bits: places[0]!.bits, members: places.map(({ member }) => member) }
      })
    )

/** As the factor of a unit's testimony (Helping.ts). */
export const feedbackFactor = (unit: MemoryUnit, telling: ReadonlyMap<string, Weighed>): number =>
  isChanged(unit) ? factorIn(unit, stretchOf(unit, telling)) : 1

const testimonyOf = (unit: MemoryUnit, telling: ReadonlyMap<string, Weighed>): Testimony => {
  const stretch = stretchOf(unit, telling)
  return { unit, together: stretch.together, bits: stretch.bits * factorIn(unit, stretch) }
}

export const evidenceIn = (words: ReadonlyArray<Weighed>, units: ReadonlyArray<MemoryUnit>): Evidence => {
  const telling = tellingOf(words)
  return {
    words,
    testimonies: units.map((unit) => testimonyOf(unit, telling)).sort((a, b) => b.bits - a.bits)
  }
}
