/**
 * Weighs what a text is worth to a person who comes back weeks later: most where it gives a reason, weighs alternatives or states
 * a wish, nothing where it reports finished work, which the repository shows.
 */
import { subjectLexemes } from "../../domain/EverydayWords.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import { SPECIFIC } from "../../domain/Specific.ts"
import { isFact, isLesson, isReason, isStatus, isWish } from "./Lessons.ts"
import { linesOf, plain, sentencesOf } from "./Prose.ts"
import { isDone } from "./Settled.ts"

/** Worth of a sentence by what it says, from 0 to 1. */
const WISH = 1
const REASON = 1
const LIMIT = 0.8
const FACT = 0.3
/** Worth of code, tables and printed output. */
const SHOWN = 0.1

/** Worth of a sentence that a person said, or else Claude. */
const worthOfSentence = (sentence: string, isPerson: boolean): number => {
  if (isPerson) return isWish(plain(sentence)) ? WISH : FACT
  if (isStatus(sentence)) return 0
  if (isReason(sentence)) return REASON
  if (isDone(sentence)) return 0
  if (isLesson(sentence)) return LIMIT
  return isFact(sentence) ? FACT : 0
}

/** Fewest distinct words, those of everyday left out, of a short sentence that says something by itself, and its weighted length. */
const TELLING = 2
const SHORT = 40

/** True for a sentence that says too little to be told without what stood before it, or breaks off: "Closer.", "Removed again.". */
export const isThin = (sentence: string): boolean => {
  const words = plain(sentence)
  if (/(?:…|\.\.\.)\s*$/u.test(words)) return true
  return weightedLength(words) < SHORT && !SPECIFIC.test(words) &&
    new Set(subjectLexemes(words)).size < TELLING
}

/** Returns the mean worth of a text's sentences by their length, from 0 to 1, and the length that was weighed. */
export const worthOf = (text: string, speaker: "person" | "claude" | "tool"): { worth: number; length: number } => {
  let sum = 0
  let length = 0
  for (const { kind, text: line } of linesOf(text)) {
    if (kind === "heading") continue
    if (kind === "code" || kind === "table" || speaker === "tool") {
      length += weightedLength(line)
      sum += SHOWN * weightedLength(line)
      continue
    }
    for (const sentence of sentencesOf(line)) {
      length += weightedLength(sentence)
      sum += worthOfSentence(sentence, speaker === "person") * weightedLength(sentence)
    }
  }
  return { worth: length === 0 ? 0 : sum / length, length }
}
