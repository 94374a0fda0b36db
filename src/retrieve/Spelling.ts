/**
 * The words that one may have meant by a word that no memory contains: those one slip of the keys away (Damerau 1964: a letter left
 * out, one too many, another one, or two in the wrong order). Pure.
 */
import { isEveryday } from "../domain/EverydayWords.ts"
import { matchesIn } from "../domain/Matches.ts"
import type { Respelt } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { isKnown } from "./KnownWords.ts"

/** Fewest letters of a word that may be misspelt: a shorter one is too near to others. */
const FEWEST = 5
/** Fewest letters of one of which a letter may be another: "context" and "content" are both words. */
const FEWEST_REPLACED = 8
/** Most letters. */
const MOST = 24
/** Most words of a question whose spelling is looked at. */
const MAX_WORDS = 2

export const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"]

/** Matches a word of Latin letters that is no part of a name, a path or a number. */
export const WORD = new RegExp(`(?<![\\w./@#:-])[A-Za-z]{${FEWEST},${MOST}}(?![\\w@#/-]|[.:]\\w)`, "g")

/** Returns the spellings that are one slip away, the likelier slips first. The first letter stays, and one at the end is not too many: "stripes". */
export const slipsOf = (word: string): ReadonlyArray<string> => {
  const places = Array.from({ length: word.length }, (_, i) => i).slice(1)
  const at = (i: number, removed: number, put: string) => word.slice(0, i) + put + word.slice(i + removed)
  const inner = places.slice(0, -1)
  return [
    ...new Set([
      ...inner.map((i) => at(i, 2, word[i + 1]! + word[i]!)),
      ...[...places, word.length].flatMap((i) => LETTERS.map((letter) => at(i, 0, letter))),
      ...inner.map((i) => at(i, 1, "")),
      ...(word.length < FEWEST_REPLACED ? [] : inner.flatMap((i) => LETTERS.map((letter) => at(i, 1, letter))))
    ])
  ].filter((each) => each !== word)
}

/** A word of a question that may be misspelt, with the lexemes of the spellings that are one slip away. */
export interface Suspect {
  readonly typed: string
  /** The first spelling of each lexeme. */
  readonly spellings: ReadonlyMap<string, string>
}

/** Returns the words of a question whose lexemes are all absent from the memory, as far as they may be misspelt: unless they are words. */
export const suspectsIn = (text: string, absent: ReadonlySet<string>): ReadonlyArray<Suspect> => {
  const words = new Set([...matchesIn(text, WORD)].map(([word]) => word))
  return [...words].filter((word) => {
    const lexemes = Tokenizer.queryLexemes(word)
    return lexemes.length === 1 && absent.has(lexemes[0]!) && !isEveryday(lexemes[0]!) && !isKnown(lexemes[0]!)
  }).slice(0, MAX_WORDS).map((typed) => {
    const spellings = new Map<string, string>()
    for (const each of slipsOf(typed.toLowerCase())) {
      const [lexeme, ...others] = Tokenizer.queryLexemes(each)
      if (lexeme !== undefined && others.length === 0 && !spellings.has(lexeme)) spellings.set(lexeme, each)
    }
    return { typed, spellings }
  })
}

/** Puts the spelling that most units contain, by their number, in the place of each word; undefined where none has one. */
export const respell = (
  text: string,
  suspects: ReadonlyArray<Suspect>,
  unitsWith: (lexeme: string) => number
): Respelt | undefined => {
  const words = suspects.flatMap(({ spellings, typed }) => {
    const [best, ...others] = [...spellings].map(([lexeme, instead]) => ({ instead, units: unitsWith(lexeme) }))
    if (best === undefined) return []
    const { instead, units } = others.reduce((most, each) => each.units > most.units ? each : most, best)
    return units === 0 ? [] : [{ typed, instead }]
  })
  if (words.length === 0) return undefined
  const insteadOf = new Map(words.map(({ instead, typed }) => [typed, instead]))
  return { words, text: text.replace(WORD, (word) => insteadOf.get(word) ?? word) }
}
