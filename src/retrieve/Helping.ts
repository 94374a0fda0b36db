/**
 * Weighs what a person said of a memory that was told: how like the prompt is to those of which it was said, and how much that
 * changes the memory's evidence. Pure.
 */
import type { Feedback } from "../domain/Feedback.ts"

/** A word of a prompt that stands in a memory: its bits, and the memory's lexemes that stand for it. */
export interface Named {
  readonly bits: number
  readonly members: Iterable<string>
}

/** Share of the evidence that a note must hold to count at all, and from which on it counts whole. */
const LEAST = 0.4
const WHOLE = 0.8
/** Share of its bits that a memory gains at the prompts at which it helps, and most bits. */
const GAIN = 0.5
const MAX_GAIN = 8
/** Shares that it gains or loses where that was said of every prompt. */
const GAIN_EVERYWHERE = 0.15
const LOSS_EVERYWHERE = 0.3

/** Share that it gains for each session in which Claude used it, and sessions up to which these are counted. */
const GAIN_OF_USE = 0.02
export const MAX_USES = 5

/** Most that a memory's evidence can grow by, as a factor, and most of it by use. */
export const MAX_FACTOR = 1 + GAIN
export const MAX_OF_USE = 1 + GAIN_OF_USE * MAX_USES

const bitsOf = (named: Iterable<Named>): number => {
  let sum = 0
  for (const { bits } of named) sum += bits
  return sum
}

/** Returns how like a prompt is to that of a note, from 0 to 1: by the share of the bits of its words that the note has. */
const likeness = (named: ReadonlyArray<Named>, { words }: Feedback): number => {
  const all = bitsOf(named)
  if (all === 0) return 0
  const known = new Set(words)
  const share = bitsOf(named.filter(({ members }) => [...members].some((member) => known.has(member)))) / all
  return Math.min(1, Math.max(0, (share - LEAST) / (WHOLE - LEAST)))
}

/**
 * Returns the factor by which feedback, and the number of sessions in which it was used, change a memory's evidence: 0 where it does not
 * help at such a prompt, at most `MAX_FACTOR`. `named` are the words of the prompt that stand together in the memory.
 */
export const factorOf = (feedback: ReadonlyArray<Feedback>, uses: number, named: ReadonlyArray<Named>): number => {
  const most = (helps: boolean, everywhere: number, alike: number) =>
    Math.max(
      0,
      ...feedback.filter((note) => note.helps === helps).map((note) =>
        note.words.length === 0 ? everywhere : alike * likeness(named, note)
      )
    )
  const bits = bitsOf(named)
  const used = GAIN_OF_USE * Math.min(uses, MAX_USES)
  const gain = Math.min(Math.max(used, most(true, GAIN_EVERYWHERE, GAIN)), bits === 0 ? 0 : MAX_GAIN / bits)
  return (1 - most(false, LOSS_EVERYWHERE, 1)) * (1 + gain)
}
