/**
 * Finds in an archive what a person asked for beside its aim: words that answer nothing. Without Effect, since the hook's entry
 * asks too.
 */
import { matchesIn } from "./Matches.ts"

const LINE = /^Also asked: .*$/gmu

/** Returns where the lines stand. */
export const alsoAskedIn = (content: string): ReadonlyArray<{ readonly from: number; readonly to: number }> =>
  Array.from(matchesIn(content, LINE), ({ 0: line, index }) => ({ from: index, to: index + line.length }))

export const withoutAlsoAsked = (content: string): string => content.replace(LINE, "")
