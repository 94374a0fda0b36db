/**
 * Shows a search's results with the part that answers, and the question's words marked.
 */
import type { SearchResult } from "../domain/Search.ts"
import { excerpt } from "../inject/Excerpt.ts"
import { marksOf, wordsOf } from "../serve/Marks.ts"
import { reason } from "../serve/Wording.ts"

/** Tokens of a memory that are shown. */
const SHOWN_TOKENS = 120

const marked = (text: string, lexemes: ReadonlySet<string>) => ({
  text,
  marks: marksOf(text, lexemes).map(([from, to]) => [from, to] as const)
})

export const foundOf = (question: string) => ({ replaces = [], score, unit, why }: SearchResult) => {
  const lexemes = new Set(why.matched)
  return {
    unit,
    score,
    why,
    reason: reason({ replaces, why: { ...why, matched: wordsOf(question, lexemes) } }),
    replaces,
    title: marked(unit.title, lexemes),
    excerpt: marked(
      excerpt(unit, new Map(why.matched.map((lexeme) => [lexeme, { lexeme, bits: 1 }])), SHOWN_TOKENS),
      lexemes
    )
  }
}
