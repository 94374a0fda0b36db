/**
 * Selects the results that are worth reading: no duplicates, the current in place of what it replaced, the specific
 * before the general. Pure.
 */
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import type { SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"

/** An item adds nothing when better items contain this share of its words. */
const SAID_SHARE = 0.7
/** Two titles have the same subject when they share this much of the shorter one's words. */
const SUBJECT_SHARE = 0.6

/** Types of units of which the newest on a subject replaces older ones. */
const HAS_STATE: ReadonlySet<UnitType> = new Set<UnitType>(["decision", "error_log", "archive"])

const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  let shared = 0
  for (const word of a) if (b.has(word)) shared++
  return shared / Math.max(1, Math.min(a.size, b.size))
}

interface Described {
  readonly result: SearchResult
  readonly title: ReadonlySet<string>
  readonly words: ReadonlySet<string>
}

const describe = (result: SearchResult): Described => ({
  result,
  title: new Set(Tokenizer.lexemes(result.unit.title)),
  words: new Set(Tokenizer.lexemes(result.unit.content))
})

/** Tests whether `newer` reports a later state of the subject of `older`. */
const replaces = (newer: Described, older: Described): boolean => {
  const [a, b] = [newer.result.unit, older.result.unit]
  return a.type === b.type && HAS_STATE.has(a.type) && a.projectId === b.projectId && a.occurredAt > b.occurredAt &&
    Math.min(newer.title.size, older.title.size) >= 3 && overlap(newer.title, older.title) >= SUBJECT_SHARE
}

/** Recognizes a session's archive, which is general: the session's other units can stand for it. */
const isGeneral = ({ type }: MemoryUnit) => type === "archive"

/** Content that Claude already has: ids of injected units, and words of other text in its context. */
export interface Had {
  readonly given: ReadonlySet<string>
  readonly words: Iterable<string>
}

const NOTHING_HAD: Had = { given: new Set(), words: [] }

/** Returns the results that add something to what Claude already has, best first. */
export const selected = (
  results: ReadonlyArray<SearchResult>,
  had: Had = NOTHING_HAD
): ReadonlyArray<SearchResult> => {
  const all = results.map(describe)
  const isStale = (one: Described) => one.result.unit.supersededBy !== null || all.some((other) => replaces(other, one))
  const specific = new Set(
    all.filter((one) => !isGeneral(one.result.unit) && !isStale(one)).map(({ result }) => result.unit.sessionId)
  )
  const kept: Array<Described> = []
  const told = new Set(had.words)
  for (const one of all) if (had.given.has(one.result.unit.id)) { for (const word of one.words) told.add(word) }
  for (const one of all) {
    const { unit } = one.result
    if (isStale(one) || had.given.has(unit.id)) continue
    // An archive adds nothing beside specific results of its session, unless it would be the best item.
    if (isGeneral(unit) && specific.has(unit.sessionId) && kept.length > 0) continue
    const news = [...one.words].filter((word) => !told.has(word)).length
    const isSaid = (kept.length > 0 || told.size > 0) && one.words.size <= told.size && news < NEW_WORDS &&
      one.words.size - news >= SAID_SHARE * one.words.size
    if (isSaid) continue
    kept.push(one)
    for (const word of one.words) told.add(word)
  }
  return kept.map(({ result }) => result)
}

/** An item with this many words that no better item contains is kept, whatever else it repeats. */
const NEW_WORDS = 6
