/**
 * Shows how a text was changed, for people: word by word where a sentence was changed a little, and before and after where it was written
 * anew, since two sentences that share nothing but "the" and "a" make no readable difference. Pure.
 */
import { diffArrays, diffWordsWithSpace } from "diff"

export interface Part {
  readonly kind: "same" | "removed" | "added"
  readonly text: string
}

/** Ends of sentences and lines. */
const ENDS = /(?<=[.!?;][ \t]+)(?=[^ \t])|(?<=[。！？；\n])/u

/** Least share of the longer sentence's letters that must have stayed for a difference by words. */
const STAYED = 0.6
/** Longest that two texts are compared, in milliseconds. */
const PATIENCE_MS = 500

const lettersIn = (text: string): number => text.replace(/[^\p{L}\p{N}]+/gu, "").length

interface Change {
  readonly added?: boolean
  readonly removed?: boolean
}

const kindOf = ({ added, removed }: Change): Part["kind"] =>
  added === true ? "added" : removed === true ? "removed" : "same"

const whole = (before: string, after: string): ReadonlyArray<Part> => [
  ...(before === "" ? [] : [{ kind: "removed" as const, text: before }]),
  ...(after === "" ? [] : [{ kind: "added" as const, text: after }])
]

const byWords = (before: string, after: string): ReadonlyArray<Part> => {
  const parts = (diffWordsWithSpace(before, after, { timeout: PATIENCE_MS }) ?? [])
    .map((part): Part => ({ kind: kindOf(part), text: part.value }))
  const stayed = parts.reduce((sum, { kind, text }) => kind === "same" ? sum + lettersIn(text) : sum, 0)
  return stayed < STAYED * Math.max(1, lettersIn(before), lettersIn(after)) ? whole(before, after) : parts
}

/** Returns the parts of both texts: without those added it is the one before, without those removed the one after. */
export const differenceOf = (before: string, after: string): ReadonlyArray<Part> => {
  const changes = diffArrays(before.split(ENDS), after.split(ENDS), { timeout: PATIENCE_MS })
  if (changes === undefined) return whole(before, after)
  return changes.flatMap((change, i): ReadonlyArray<Part> => {
    const next = changes[i + 1]
    if (change.removed && next?.added === true) {
      return change.value.length === next.value.length
        ? change.value.flatMap((sentence, at) => byWords(sentence, next.value[at]!))
        : byWords(change.value.join(""), next.value.join(""))
    }
    if (change.added && changes[i - 1]?.removed === true) return []
    return [{ kind: kindOf(change), text: change.value.join("") }]
  }).filter(({ text }) => text !== "")
}
