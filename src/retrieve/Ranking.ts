/**
 * The constants of the ranking. `npm run bench -- constants` measures each on chats in English and Chinese and on coding
 * transcripts: the gain of other values, and the loss without it.
 */
import { BM25F } from "../domain/Lexical.ts"

export const RANKING = {
  bm25f: BM25F,
  /** What an occurrence of an English translation of a Chinese word counts. */
  translation: 1,
  /** Weight of the dense lane; that of the lexical lane is 1. */
  dense: 0.25,
  /** Shares of its fused score that a unit lends its neighbours, by offset; an answer tends to follow its announcement. */
  lent: { [-1]: 0.05, 1: 0.12, 2: 0.06 } as Readonly<Record<number, number>>,
  /** A unit of fewer tokens says little alone. */
  shortTokens: 120,
  /** Share that a short unit which ends with a question lends the next one, which answers, and share that it loses itself. */
  answer: 0.35,
  asking: 0.1,
  /** Shares of what a word adds to a unit's lexical score that the unit's neighbours without the word get, by offset. */
  borrowed: { [-1]: 0.3, 1: 0.5, 2: 0.3 } as Readonly<Record<number, number>>,
  /** Share of these that a unit which is not short gets. */
  long: 0.4,
  /** Boost for the units of the best unit's session; another session's boost is lower in proportion to its best score. */
  session: 0.2,
  /** Boosts for a unit on a named date: a day says more than a month, a month more than a year. */
  date: { day: 1, month: 0.4, year: 0.2 }
}
export type Ranking = typeof RANKING
