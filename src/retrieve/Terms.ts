/**
 * The terms of a question: its words, each with the lexemes that stand for it in a memory. A word of technical Chinese or
 * Japanese is one term with its English translations, since sessions are mostly in English. Pure.
 */
import { IS_CJK } from "../domain/Cjk.ts"
import { matchesIn } from "../domain/Matches.ts"
import { EXTENSIONS } from "../domain/Specific.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"
import { chineseFor, translationsIn } from "./Glossary.ts"
import { RANKING } from "./Ranking.ts"

/** A word, and its lexemes in a memory, each with what an occurrence of it counts. */
export interface Term {
  readonly lexeme: string
  readonly members: ReadonlyMap<string, number>
  /** The number of the written word that it is a part of, where that has several: a path, an identifier. */
  readonly within?: number
  /** True for two characters on both sides of where one Chinese word ends and the next begins: where no unit holds these, no word is missing. */
  readonly isBetween?: true
  /** True for what only ends the names of files: ".ts" says no more than that there are files. */
  readonly isExtension?: true
}

/** Matches what stands between blanks, commas and the like, or between letters of Chinese, Japanese and Korean. */
const WRITTEN = /[^\s,;—·\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]+/gu

/** Returns for each lexeme of a written word of several the word's number; what also stands alone is not among them. */
const partsOf = (text: string): ReadonlyMap<string, number> => {
  const written = (text.match(WRITTEN) ?? []).map(Tokenizer.queryLexemes)
  const alone = new Set(written.flatMap((lexemes) => lexemes.length === 1 ? lexemes : []))
  return new Map(
    written.flatMap((lexemes, i) =>
      lexemes.filter((lexeme) => !alone.has(lexeme)).map((lexeme) => [lexeme, i] as const)
    )
  )
}

/** Matches the extension of a file's name; "Next.js" is the name of something else. */
const EXTENSION = new RegExp(`\\.(?!(?<=\\b[A-Z]\\w*\\.)js\\b)(${EXTENSIONS})(?![\\w(]|\\.\\w)`, "gu")

/** Returns the lexemes that stand in a text only as the extension of a file's name. */
const extensionsIn = (text: string): ReadonlySet<string> => {
  const extensions = [...matchesIn(text, EXTENSION)].flatMap(([, extension]) => Tokenizer.queryLexemes(extension!))
  if (extensions.length === 0) return new Set()
  const without = new Set(Tokenizer.queryLexemes(text.replace(EXTENSION, " ")))
  return new Set(extensions.filter((lexeme) => !without.has(lexeme)))
}

/** Most terms of a question: its first words suffice. */
const MAX_TERMS = 64
/** Most of them with translations, for which the others make room: they tell most. */
const MAX_TRANSLATED = 32

/** Lexemes of a Chinese or Japanese word: where one of three characters stands, so do its bigrams, and often the word itself. */
const ownOf = (word: string): ReadonlyArray<string> => [
  ...new Set([word, ...Array.from({ length: word.length - 1 }, (_, i) => word.slice(i, i + 2))])
]

/** Returns the distinct terms of a question; no lexeme stands for two of them. */
export const termsOf = (text: string, { translation } = RANKING): ReadonlyArray<Term> => {
  const taken = new Set<string>()
  const free = (lexemes: ReadonlyArray<string>) => lexemes.filter((each) => !taken.has(each) && taken.add(each))
  const translated = translationsIn(text).flatMap(({ translations, word }): ReadonlyArray<Term> => {
    if (taken.has(word)) return []
    const own = free(ownOf(word))
    const members = [
      ...own.map((lexeme) => [lexeme, 1 / own.length] as const),
      ...free(translations.flatMap(Tokenizer.lexemes)).map((lexeme) => [lexeme, translation] as const)
    ]
    return [{ lexeme: word, members: new Map(members) }]
  })
  const parts = partsOf(text)
  const words = IS_CJK.test(text) ? Tokenizer.cjkWordsIn(text) : undefined
  const otherCases = Tokenizer.otherCasesIn(text)
  const extensions = extensionsIn(text)
  const others = free(Tokenizer.queryLexemes(text)).map((lexeme): Term => {
    const within = parts.get(lexeme)
    const isBetween = IS_CJK.test(lexeme) && words?.has(lexeme) !== true
    const otherCase = otherCases.get(lexeme)
    const forms = [lexeme, ...free(otherCase === undefined ? [] : [otherCase])]
    return {
      lexeme,
      members: new Map(forms.map((form) => [form, 1])),
      ...(within !== undefined && { within }),
      ...(isBetween && { isBetween }),
      ...(extensions.has(lexeme) && { isExtension: true as const })
    }
  })
  const technical = translated.slice(0, MAX_TRANSLATED)
  return [...others.slice(0, MAX_TERMS - technical.length), ...technical]
}

/** Returns the terms of an English question, each with the Chinese words that mean the same. */
export const inChineseToo = (terms: ReadonlyArray<Term>): ReadonlyArray<Term> => {
  const taken = new Set(lexemesOf(terms))
  const chinese = chineseFor(terms.map(({ lexeme }) => lexeme))
  return terms.map((term) => {
    const { lexeme, members } = term
    const words = (chinese.get(lexeme) ?? []).map((word) =>
      ownOf(word).filter((each) => !taken.has(each) && taken.add(each))
    )
    return {
      ...term,
      members: new Map([...members, ...words.flatMap((own) => own.map((each) => [each, 1 / own.length] as const))])
    }
  })
}

/**
 * Tests whether it says nothing of an answer that no unit contains a term: in a memory that holds no Chinese, a Chinese word shows that the
 * memory is in another language; and two characters between two words are no word.
 */
export const isForeign = ({ isBetween, lexeme }: Term, holdsChinese: boolean): boolean =>
  IS_CJK.test(lexeme) && (!holdsChinese || isBetween === true)

/** Returns the lexemes of all terms. */
export const lexemesOf = (terms: ReadonlyArray<Term>): ReadonlyArray<string> =>
  terms.flatMap(({ members }) => [...members.keys()])

/** Returns for each lexeme the term for which it stands. */
export const byLexeme = <T extends Term>(terms: ReadonlyArray<T>): ReadonlyMap<string, T> =>
  new Map(terms.flatMap((term) => [...term.members.keys()].map((lexeme) => [lexeme, term] as const)))

/**
 * Turns the matches of `lexemesOf(terms)` into those of the terms. A term occurs as often as its members together, and
 * in as many units as if these were independent of each other.
 */
export const matchesOf = (terms: ReadonlyArray<Term>, matches: LexicalMatches): LexicalMatches => {
  let next = 0
  const places = terms.map(({ members }) => [...members.values()].map((weight) => ({ weight, at: next++ })))
  const { documents } = matches
  const documentFrequencies = places.map((members) => {
    const shares = members.map(({ at }) => (matches.documentFrequencies[at] ?? 0) / Math.max(1, documents))
    return members.length === 1
      ? matches.documentFrequencies[members[0]!.at] ?? 0
      : documents * (1 - shares.reduce((without, share) => without * (1 - share), 1))
  })
  const candidates = matches.candidates.map((candidate) => ({
    ...candidate,
    frequencies: places.map((members) =>
      // A single one counts 1.
      members.length === 1 && candidate.frequencies[members[0]!.at] ||
      candidate.lengths.map((_, field) =>
        members.reduce((sum, { at, weight }) => sum + weight * (candidate.frequencies[at]?.[field] ?? 0), 0)
      )
    )
  }))
  return { ...matches, documentFrequencies, candidates }
}
