/**
 * Selects the results that are worth reading: no duplicates, the current in place of what it replaced. Pure.
 */
import { isEveryday } from "../domain/EverydayWords.ts"
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { isPersons, mustNotDisplace, type Ranked, rankOf } from "../domain/SavedBy.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"

/** An item adds nothing when better items contain this share of its words. */
const COVERED_SHARE = 0.7
/** Two titles have the same subject when they share this much of the shorter one's words. */
const SUBJECT_SHARE = 0.6

/** Types of units of which the newest on a subject replaces older ones. */
const STATEFUL: ReadonlySet<UnitType> = new Set<UnitType>(["decision", "error_log", "archive"])

const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  let shared = 0
  for (const word of a) if (b.has(word)) shared++
  return shared / Math.max(1, Math.min(a.size, b.size))
}

/** The part of a unit by which it is selected. */
type Unit =
  & Pick<MemoryUnit, "content" | "id" | "occurredAt" | "projectId" | "sessionId" | "supersededBy" | "title" | "type">
  & Ranked

interface Result {
  readonly unit: Unit
}

interface Described<R extends Result = Result> {
  readonly result: R
  readonly title: ReadonlySet<string>
  readonly words: ReadonlySet<string>
}

const describe = <R extends Result>(result: R): Described<R> => ({
  result,
  title: new Set(Tokenizer.lexemesOnce(result.unit.title)),
  words: new Set(Tokenizer.lexemesOnce(result.unit.content))
})

/** Tests whether `one` has a word that was asked, which `other` lacks. */
const hasMoreOf = (asked: ReadonlySet<string>, one: Described, other: Described): boolean => {
  const has = ({ title, words }: Described, word: string) => title.has(word) || words.has(word)
  for (const word of asked) if (has(one, word) && !has(other, word)) return true
  return false
}

const hasOwn = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean => {
  for (const word of one) if (!other.has(word) && !isEveryday(word)) return true
  return false
}

/** Tests whether each of two titles names something that the other does not: two rules for two things. */
const areTwo = (one: Described, other: Described): boolean =>
  one.result.unit.type === "decision" && hasOwn(one.title, other.title) && hasOwn(other.title, one.title)

/**
 * Tests whether `newer` reports a later state of the subject of `older`, has all words of it that were asked, and was wanted no less: what
 * a session decides puts nothing out of sight that was saved or pinned.
 */
const replaces = (newer: Described, older: Described, asked: ReadonlySet<string>): boolean => {
  const [a, b] = [newer.result.unit, older.result.unit]
  return rankOf(a) >= rankOf(b) && b.pinned !== true && a.type === b.type && STATEFUL.has(a.type) &&
    a.projectId === b.projectId &&
    a.occurredAt > b.occurredAt &&
    Math.min(newer.title.size, older.title.size) >= 3 && overlap(newer.title, older.title) >= SUBJECT_SHARE &&
    !areTwo(newer, older) && !hasMoreOf(asked, older, newer)
}

/** Content that Claude already has: ids of injected units, and words of other text in its context. */
export interface ClaudeContext {
  readonly injectedIds: ReadonlySet<string>
  readonly words: Iterable<string>
}

const EMPTY_CONTEXT: ClaudeContext = { injectedIds: new Set(), words: [] }

/** Returns the results that add something to what Claude already has, best first. */
export const select = <R extends Result>(
  results: ReadonlyArray<R>,
  context: ClaudeContext = EMPTY_CONTEXT,
  /** Lexemes that were asked for. */
  asked: ReadonlySet<string> = new Set()
): ReadonlyArray<R> => {
  const all = results.map(describe)
  const isStale = (one: Described) =>
    one.result.unit.supersededBy !== null || all.some((other) => replaces(other, one, asked))
  const kept: Array<Described<R>> = []
  const covered = new Set(context.words)
  for (const one of all) {
    if (context.injectedIds.has(one.result.unit.id)) { for (const word of one.words) covered.add(word) }
  }
  for (const one of all) {
    const { unit } = one.result
    if (isStale(one) || context.injectedIds.has(unit.id)) continue
    const newWords = [...one.words].filter((word) => !covered.has(word)).length
    const isNoted = kept.some((better) => mustNotDisplace(better.result.unit, unit))
    // A search gives two that nearly say the same only where the person wants both.
    const isWanted = isPersons(unit) && newWords > 0 && kept.some(({ result }) => isPersons(result.unit))
    const isCovered = !isNoted && !isWanted && (kept.length > 0 || covered.size > 0) &&
      one.words.size <= covered.size &&
      newWords < MIN_NEW_WORDS &&
      one.words.size - newWords >= COVERED_SHARE * one.words.size
    if (isCovered) continue
    kept.push(one)
    for (const word of one.words) covered.add(word)
  }
  return kept.map(({ result }) => result)
}

/** An item with this many words that no better item contains is kept, whatever else it repeats. */
const MIN_NEW_WORDS = 6
