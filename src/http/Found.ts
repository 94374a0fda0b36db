/**
 * Shows a search's results with the part that answers, and the question's words marked.
 */
import type { SearchResult } from "../domain/Search.ts"
import { excerpt } from "../inject/Excerpt.ts"
import { lexemesBy, marksOf, wordsOf } from "../serve/Marks.ts"
import { reason } from "../serve/Wording.ts"

/** Tokens of a memory that are shown. */
const SHOWN_TOKENS = 120

const marked = (text: string, lexemes: ReturnType<typeof lexemesBy>) => ({
  text,
  marks: marksOf(text, lexemes).map(([from, to]) => [from, to] as const)
})

export const foundOf = (question: string) => ({ replaces = [], score, unit, why }: SearchResult) => {
  const lexemes = lexemesBy(question, why.matched)
  return {
    unit,
    score,
    why,
    reason: reason({ replaces, why: { ...why, matched: wordsOf(question, new Set(why.matched)) } }),
    replaces,
    title: marked(unit.title, lexemes),
    excerpt: marked(excerpt(unit, lexemes, SHOWN_TOKENS), lexemes)
  }
}
