/**
 * Finds which of a text's words stand together in one unit, and weighs them. Pure.
 */
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import type { Word } from "../domain/Verdict.ts"
import { isEveryday } from "./EverydayWords.ts"

/** A unit, and the words of the text that stand together in it. */
export interface Testimony {
  readonly unit: MemoryUnit
  readonly together: ReadonlyArray<string>
  /** Sum of their bits. */
  readonly bits: number
}

export interface Evidence {
  /** The text's distinct lexemes, in their order. */
  readonly words: ReadonlyArray<Word>
  /** Most bits first; of equal ones the better match first. */
  readonly testimonies: ReadonlyArray<Testimony>
}

/** Lexemes from the first to the last of those that stand together. */
const WINDOW = 60
/** Most bits of a word: what fewer units hold says no more. */
const MAX_BITS = 8
/**
 * Virtual units that contain no words, added to the memory's count. Without these, every word of a young memory would
 * count as common.
 */
const BACKGROUND = 200

/** Numbers of one or two digits, and single Chinese characters: pieces of identifiers, dates and longer words. */
const FRAGMENT = /^(?:\d|[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af])$/u
const IS_CJK = /[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]/u

/** Weighs a lexeme by the share of units that contain it: -log2 of it, at most `MAX_BITS`. */
const bitsOf = (lexeme: string, documents: number, frequency: number): number => {
  if (FRAGMENT.test(lexeme) || isEveryday(lexeme)) return 0
  // A Chinese word that no unit contains shows that the memory is in another language, not that the answer is missing.
  if (frequency === 0 && IS_CJK.test(lexeme)) return 0
  return Math.min(MAX_BITS, Math.max(0, Math.log2((documents + BACKGROUND) / (frequency + 0.5))))
}

export const weigh = (
  lexemes: ReadonlyArray<string>,
  { documentFrequencies, documents }: {
    readonly documents: number
    readonly documentFrequencies: ReadonlyArray<number>
  }
): ReadonlyArray<Word> =>
  lexemes.map((lexeme, i) => ({ lexeme, bits: bitsOf(lexeme, documents, documentFrequencies[i] ?? 0) }))

/** Returns the words with the most bits that stand in one stretch of `WINDOW` lexemes. */
const testimonyOf = (unit: MemoryUnit, bits: ReadonlyMap<string, number>): Testimony => {
  const found = Tokenizer.lexemes([unit.title, unit.files.join(" "), unit.content].join("\n"))
    .flatMap((lexeme, at) => bits.has(lexeme) ? [{ lexeme, at }] : [])
  const inWindow = new Map<string, number>()
  let sum = 0
  let first = 0
  let best = { together: [] as ReadonlyArray<string>, bits: 0 }
  for (const { at, lexeme } of found) {
    const count = inWindow.get(lexeme) ?? 0
    if (count === 0) sum += bits.get(lexeme)!
    inWindow.set(lexeme, count + 1)
    for (; found[first]!.at <= at - WINDOW; first++) {
      const left = found[first]!.lexeme
      const rest = inWindow.get(left)! - 1
      if (rest > 0) inWindow.set(left, rest)
      else {
        inWindow.delete(left)
        sum -= bits.get(left)!
      }
    }
    if (sum > best.bits) best = { together: [...inWindow.keys()], bits: sum }
  }
  return { unit, ...best }
}

export const evidenceIn = (words: ReadonlyArray<Word>, units: ReadonlyArray<MemoryUnit>): Evidence => {
  const bits = new Map(words.flatMap(({ bits, lexeme }) => bits > 0 ? [[lexeme, bits]] : []))
  return {
    words,
    testimonies: units.map((unit) => testimonyOf(unit, bits)).sort((a, b) => b.bits - a.bits)
  }
}
