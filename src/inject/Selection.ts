/**
 * Which of the results a person would want told: nothing twice, the current before what it replaced, the specific before the
 * general. Pure.
 */
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import type { SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"

/** An item most of whose words better ones hold tells nothing new. */
const SAID_SHARE = 0.7
/** Two titles that share this much (of the shorter one) are of one subject. */
const SUBJECT_SHARE = 0.6

/** Types that have a newest state: what was decided, what failed, what a session came to. */
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

/** Whether `newer` tells what became of what `older` tells. */
const replaces = (newer: Described, older: Described): boolean => {
  const [a, b] = [newer.result.unit, older.result.unit]
  return a.type === b.type && HAS_STATE.has(a.type) && a.projectId === b.projectId && a.occurredAt > b.occurredAt &&
    Math.min(newer.title.size, older.title.size) >= 3 && overlap(newer.title, older.title) >= SUBJECT_SHARE
}

/** A session's archive is general: what its other units tell stands for it. */
const isGeneral = ({ type }: MemoryUnit) => type === "archive"

/** What Claude has already: ids of units that it was given, and the words of what it reads anyway. */
export interface Had {
  readonly given: ReadonlySet<string>
  readonly words: Iterable<string>
}

const NOTHING_HAD: Had = { given: new Set(), words: [] }

/** The results worth telling to one who has that much, best first. */
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
    // Of a session that better results tell of already, the outline adds nothing.
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

/** With so many words that nothing before it holds, an item is news whatever else it repeats. */
const NEW_WORDS = 6
