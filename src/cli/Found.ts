/**
 * Formats what a search found for a person: the part of each memory that answers, with the words of the question in it marked.
 */
import type { SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { excerpt } from "../inject/Excerpt.ts"
import { reason } from "../serve/Wording.ts"
import { marked, unitText } from "./Output.ts"

/** Tokens of a memory that are shown. */
const SHOWN_TOKENS = 150

const WORD = /[\p{L}\p{N}_]+/gu
const IS_CJK = /[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]/u

/** Returns where the words of a text stand whose lexeme is among these; what overlaps or touches in Chinese is one. */
const placesOf = (text: string, lexemes: ReadonlySet<string>): ReadonlyArray<readonly [from: number, to: number]> => {
  const chinese = [...lexemes].filter((lexeme) => IS_CJK.test(lexeme))
  return [...text.matchAll(WORD)].flatMap(({ 0: word, index }): ReadonlyArray<readonly [number, number]> => {
    if (!IS_CJK.test(word)) {
      return Tokenizer.lexemes(word).some((lexeme) => lexemes.has(lexeme)) ? [[index, index + word.length]] : []
    }
    const isHeld = Array.from(
      word,
      (_, i) =>
        chinese.some((lexeme) => word.slice(Math.max(0, i - lexeme.length + 1), i + lexeme.length).includes(lexeme))
    )
    const edges = isHeld.flatMap((held, i) => held === (isHeld[i - 1] ?? false) ? [] : [i])
    return edges.flatMap((from, i) => i % 2 === 1 ? [] : [[index + from, index + (edges[i + 1] ?? word.length)]])
  })
}

/**
 * Returns the question's own words that matched: a stem is no word, nor are two characters out of a longer one. Of a name of several
 * words, of which only some matched, it returns those.
 */
const wordsOf = (question: string, matched: ReadonlySet<string>): ReadonlyArray<string> => [
  ...new Set(
    placesOf(question, matched).flatMap(([from, to]) => {
      const word = question.slice(from, to)
      const lexemes = IS_CJK.test(word) ? [] : Tokenizer.lexemes(word)
      return lexemes.every((lexeme) => matched.has(lexeme)) ? [word] : lexemes.filter((lexeme) => matched.has(lexeme))
    })
  )
]

const withMarks = (text: string, lexemes: ReadonlySet<string>): string => {
  let end = 0
  const parts = placesOf(text, lexemes).map(([from, to]) => {
    const part = text.slice(end, from) + marked(text.slice(from, to))
    end = to
    return part
  })
  return parts.join("") + text.slice(end)
}

/** Formats a result; `now` is in milliseconds since the epoch. */
export const resultText = (
  { question, result, ...rest }: {
    readonly result: SearchResult
    readonly question: string
    readonly rank: number
    readonly projectName: string
    readonly now: number
  }
): string => {
  const { unit, why } = result
  const lexemes = new Set(why.matched)
  const shown = excerpt(unit, new Map(why.matched.map((lexeme) => [lexeme, { lexeme, bits: 1 }])), SHOWN_TOKENS)
  return unitText({
    ...rest,
    unit,
    note: `why: score ${result.score.toFixed(2)} · ${
      reason({ replaces: result.replaces, why: { ...why, matched: wordsOf(question, lexemes) } })
    }`,
    shown: withMarks(shown, lexemes)
  })
}
