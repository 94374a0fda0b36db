/**
 * Formats what a search found for a person: the part of each memory that answers, with the words of the question in it marked.
 */
import type { SearchResult } from "../domain/Search.ts"
import { excerpt } from "../inject/Excerpt.ts"
import { lexemesBy, marksOf, wordsOf } from "../serve/Marks.ts"
import { reason } from "../serve/Wording.ts"
import { marked, unitText } from "./Output.ts"

/** Tokens of a memory that are shown. */
const SHOWN_TOKENS = 150

const withMarks = (text: string, lexemes: ReturnType<typeof lexemesBy>): string => {
  let end = 0
  const parts = marksOf(text, lexemes).map(([from, to]) => {
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
  const lexemes = lexemesBy(question, why.matched)
  return unitText({
    ...rest,
    unit,
    note: `why: score ${result.score.toFixed(2)} · ${
      reason({ replaces: result.replaces, why: { ...why, matched: wordsOf(question, new Set(why.matched)) } })
    }`,
    shown: withMarks(excerpt(unit, lexemes, SHOWN_TOKENS), lexemes)
  })
}
