/**
 * Chooses the rest of a memory's story, what led to it and what came of it: of those beside it in its session, the ones of its subject. Pure.
 */
import { isEveryday } from "../domain/EverydayWords.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { withoutLabels } from "./Repeats.ts"

/** Memories before and after one that are looked at; those further off tend to be of something else. */
export const BEFORE = 3
export const AFTER = 8
/** Most tokens of what is chosen. */
const MAX_TOKENS = 450
/** Least weight of what one has in common with the memory: what was asked counts twice, and the next two after it have one of their own. */
const LEAST = 3
const ASKED = 2
const NEXT = 2
/** What counts towards the least weight where all of a memory is worth reading: a cause is told in words of its own. */
const WORTH = 4

/** Added to how much of a memory is worth reading (0 to 1), so that its subject still tells more. */
const READ = 0.2
/** Tokens that are added to a memory's own, so that the shortest do not win by their length alone. */
const EVENED = 20

/** Returns the lexemes by which a memory's subject is known. */
const subjectOf = ({ content }: MemoryUnit): ReadonlySet<string> =>
  new Set(Tokenizer.lexemesOnce(withoutLabels(content)).filter((lexeme) => !isEveryday(lexeme)))

/**
 * Chooses of the units around `unit`, in their order, those that have most in common with it and the lexemes `asked`, and most that is
 * worth reading: a cause before a guess that it refutes.
 */
export const storyOf = (
  unit: MemoryUnit,
  around: ReadonlyArray<MemoryUnit>,
  asked: ReadonlySet<string>
): ReadonlyArray<MemoryUnit> => {
  const subject = subjectOf(unit)
  const before = around.filter(({ position }) => position < unit.position).length
  const weighed = around.map((other, i) => {
    let common = 0
    for (const lexeme of subjectOf(other)) common += asked.has(lexeme) ? ASKED : subject.has(lexeme) ? 1 : 0
    const weight = common + (i >= before && i < before + NEXT ? 1 : 0)
    const isOfSubject = common > 0 && weight + WORTH * other.quality >= LEAST
    return { other, isOfSubject, share: weight * (READ + other.quality) / Math.sqrt(other.tokens + EVENED) }
  })
  const chosen = new Set<MemoryUnit>()
  let tokens = 0
  for (const { isOfSubject, other } of weighed.toSorted((a, b) => b.share - a.share)) {
    if (!isOfSubject || tokens + other.tokens > MAX_TOKENS) continue
    tokens += other.tokens
    chosen.add(other)
  }
  return around.filter((other) => chosen.has(other))
}
