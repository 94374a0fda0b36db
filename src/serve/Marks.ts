/**
 * Finds the words of a question in a text, to mark them.
 */
import { simplified } from "../domain/ChineseScripts.ts"
import { IS_CJK } from "../domain/Cjk.ts"
import { isEveryday } from "../domain/EverydayWords.ts"
import { matchesIn } from "../domain/Matches.ts"
import type { Respelt, SearchResponse } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import type { Word } from "../domain/Verdict.ts"
import * as Terms from "../retrieve/Terms.ts"
import { joined } from "./Wording.ts"

const WORD = /[\p{L}\p{N}_]+/gu

/** From (inclusive) to (exclusive), in UTF-16 units. */
export type Mark = readonly [from: number, to: number]

/** Returns where the words of a text stand whose lexeme is among these; what overlaps or touches in Chinese is one. */
export const marksOf = (text: string, lexemes: Pick<ReadonlySet<string>, "has" | "keys">): ReadonlyArray<Mark> => {
  const chinese = [...lexemes.keys()].filter((lexeme) => IS_CJK.test(lexeme))
  return [...matchesIn(text, WORD)].flatMap(({ 0: word, index }): ReadonlyArray<Mark> => {
    if (!IS_CJK.test(word)) {
      return Tokenizer.lexemes(word).some((lexeme) => lexemes.has(lexeme)) ? [[index, index + word.length]] : []
    }
    const read = simplified(word)
    const isHeld = Array.from(
      read,
      (_, i) =>
        chinese.some((lexeme) => read.slice(Math.max(0, i - lexeme.length + 1), i + lexeme.length).includes(lexeme))
    )
    const edges = isHeld.flatMap((held, i) => held === (isHeld[i - 1] ?? false) ? [] : [i])
    return edges.flatMap((from, i) => i % 2 === 1 ? [] : [[index + from, index + (edges[i + 1] ?? word.length)]])
  })
}

/** Returns the lexemes by which an excerpt is chosen and marked: those that matched, and their translations, each with its word. */
export const lexemesBy = (question: string, matched: ReadonlyArray<string>): ReadonlyMap<string, Word> => {
  const terms = Terms.inChineseToo(Terms.termsOf(question)).filter(({ lexeme }) => matched.includes(lexeme))
  return new Map([
    ...matched.map((lexeme) => [lexeme, { lexeme, bits: 1 }] as const),
    ...[...Terms.byLexeme(terms)].map(([lexeme, term]) => [lexeme, { lexeme: term.lexeme, bits: 1 }] as const)
  ])
}

/** Returns a function that finds the words of a text that a lexeme stands for, as they were typed; the lexeme itself where none does. */
export const typedIn = (text: string): (lexeme: string) => ReadonlyArray<string> => {
  const typed = new Map<string, ReadonlyArray<string>>()
  for (const word of new Set(text.match(WORD) ?? [])) {
    const [lexeme, ...others] = IS_CJK.test(word) ? [] : Tokenizer.lexemes(word)
    if (lexeme !== undefined && others.length === 0) typed.set(lexeme, [...typed.get(lexeme) ?? [], word])
  }
  const read = simplified(text)
  const inChinese = (lexeme: string) => {
    const at = IS_CJK.test(lexeme) ? read.indexOf(lexeme) : -1
    return at === -1 ? lexeme : text.slice(at, at + lexeme.length)
  }
  return (lexeme) => typed.get(lexeme) ?? [inChinese(lexeme)]
}

/**
 * Returns the words of a question that its absent lexemes stand for, as they were typed. Of Chinese, Japanese and Korean it returns words
 * of two characters or more: other lexemes are pieces of words, or of two that follow one another.
 */
export const missingIn = (
  asked: string,
  { absent = [], respelt }: Pick<SearchResponse, "absent" | "respelt">
): ReadonlyArray<string> => {
  const question = respelt?.text ?? asked
  const typed = typedIn(question)
  const words = absent.some((lexeme) => IS_CJK.test(lexeme)) ? Tokenizer.cjkWordsIn(question) : new Set<string>()
  return absent.flatMap((lexeme) =>
    !IS_CJK.test(lexeme) || lexeme.length > 1 && words.has(lexeme) && !isEveryday(lexeme) ? typed(lexeme) : []
  )
}

/** Formats words that no memory contains, and what was looked for in the place of some; nothing where there are none. */
export const missingText = (missing: ReadonlyArray<string>, respelt?: Respelt): ReadonlyArray<string> => [
  ...(respelt?.words ?? []).map(({ instead, typed }) =>
    `Note: no memory contains "${typed}"; looked for "${instead}" instead.`
  ),
  ...(missing.length === 0 ? [] : [`Note: no memory contains ${joined(missing.map((word) => `"${word}"`), "or")}.`])
]

/**
 * Returns the question's own words that matched: a stem is no word, nor are two characters out of a longer one. Of a name of several
 * words, of which only some matched, it returns those.
 */
export const wordsOf = (question: string, matched: ReadonlySet<string>): ReadonlyArray<string> => [
  ...new Set(
    marksOf(question, matched).flatMap(([from, to]) => {
      const word = question.slice(from, to)
      const lexemes = IS_CJK.test(word) ? [] : Tokenizer.lexemes(word)
      return lexemes.every((lexeme) => matched.has(lexeme)) ? [word] : lexemes.filter((lexeme) => matched.has(lexeme))
    })
  )
]
