/**
 * Finds the keywords of a text. Pure.
 */
import { IS_CJK } from "./Cjk.ts"
import * as Tokenizer from "./Tokenizer.ts"

/** Characters of a text in which keywords are looked for. */
const HEAD = 600

const WORDS = /[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?/gu

/** Returns the 8 most frequent words, counted by their search lexemes and shown as first written; of Chinese and Japanese no pieces of words. */
export const keywordsOf = (text: string): ReadonlyArray<string> => {
  const counts = new Map<string, { readonly shown: string; readonly times: number }>()
  const count = (key: string, shown: string) =>
    counts.set(key, { shown: counts.get(key)?.shown ?? shown, times: (counts.get(key)?.times ?? 0) + 1 })
  for (const word of text.slice(0, HEAD).match(WORDS) ?? []) {
    const found = Tokenizer.lexemes(word)
    if (/^[\x00-\x7f]*$/.test(word)) {
      if (found.length > 0 && word.length > 2) count(found.join(" "), word.toLowerCase())
    } else {
      const words = Tokenizer.cjkWordsIn(word)
      const isWhole = (lexeme: string) => !IS_CJK.test(lexeme) || words.has(lexeme)
      for (const lexeme of found) if (lexeme.length > 1 && isWhole(lexeme)) count(lexeme, lexeme)
    }
  }
  return [...counts.values()].sort((a, b) => b.times - a.times || (a.shown < b.shown ? -1 : 1)).slice(0, 8)
    .map(({ shown }) => shown)
}
