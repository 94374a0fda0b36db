/**
 * Finds what is lost, there twice, left alone or stuck in a memory that nobody has open.
 */
import * as Effect from "effect/Effect"
import { type Contents, contentsOf } from "./contents.ts"
import type { Memory, Queries } from "./memory.ts"

export interface Faults {
  readonly lost: ReadonlyArray<string>
  readonly duplicated: ReadonlyArray<string>
  readonly orphans: ReadonlyArray<string>
  readonly stuck: ReadonlyArray<string>
  /** The file, or a sum, is wrong. */
  readonly damaged: ReadonlyArray<string>
}

export const KINDS = ["lost", "duplicated", "orphans", "stuck", "damaged"] as const

export const merged = (all: ReadonlyArray<Partial<Faults>>): Faults => ({
  lost: all.flatMap(({ lost = [] }) => lost),
  duplicated: all.flatMap(({ duplicated = [] }) => duplicated),
  orphans: all.flatMap(({ orphans = [] }) => orphans),
  stuck: all.flatMap(({ stuck = [] }) => stuck),
  damaged: all.flatMap(({ damaged = [] }) => damaged)
})

/** Queries whose rows should not be there, each by what a row is. */
const orphansOf = ({ columns: { lexemes: [row] }, orphans }: Memory): Queries => ({
  "a session without a project": "SELECT id FROM sessions WHERE project_id NOT IN (SELECT id FROM projects)",
  "a message without a session": "SELECT uuid AS id FROM messages WHERE session_id NOT IN (SELECT id FROM sessions)",
  "an open segment without a message": "SELECT id FROM open_segments WHERE id NOT IN (SELECT segment_id FROM messages)",
  "a unit without a project": "SELECT id FROM units WHERE project_id NOT IN (SELECT id FROM projects)",
  "a unit without its segment or session":
    `SELECT id FROM units WHERE origin NOT LIKE 'saved:%' AND origin NOT LIKE 'noted:%'
      AND origin NOT IN (SELECT segment_id FROM messages) AND origin NOT IN (SELECT id FROM sessions)`,
  "a unit whose successor is not there":
    `SELECT id FROM units WHERE NOT active AND (superseded_by IS NULL OR superseded_by NOT IN (SELECT id FROM units))`,
  "a unit without words": `SELECT id FROM units WHERE row NOT IN (SELECT ${row} FROM lexemes)`,
  "words without a unit": `SELECT ${row} AS id FROM lexemes WHERE ${row} NOT IN (SELECT row FROM units)`,
  "a sketch without a unit": "SELECT row AS id FROM sketches WHERE row NOT IN (SELECT row FROM units)",
  "a unit that was forgotten": "SELECT id FROM units WHERE id IN (SELECT unit_id FROM tombstones)",
  ...orphans
})

/** Names the units that cite a message that is not there. */
const citing = ({ parts }: Contents): ReadonlyArray<string> =>
  [...parts].flatMap(([name, text]) => {
    if (!name.startsWith("unit ")) return []
    const { passages } = JSON.parse(text) as { readonly passages: ReadonlyArray<{ readonly uuid: string }> }
    return passages.filter(({ uuid }) => !parts.has(`message ${uuid}`)).map(() =>
      `a unit that cites a message that is not there: ${name}`
    )
  })

/** Queries of one id among those that are the same. */
const twiceOf = ({ columns: { inBody, unitBody }, twice }: Memory): Queries => ({
  "messages that say the same at the same time": `SELECT min(uuid) AS id FROM messages
      GROUP BY session_id, thread, occurred_at, role, ${inBody("blocks", "body")} HAVING count(*) > 1`,
  "memories with one text": `SELECT min(id) AS id FROM units WHERE active
      GROUP BY project_id, session_id, type, ${inBody("content", unitBody)} HAVING count(*) > 1`,
  ...twice
})

const namesOf = ({ rows }: Memory, queries: Queries) =>
  Effect.map(
    Effect.forEach(Object.entries(queries), ([name, query]) =>
      Effect.map(rows<{ id: string | number }>(query), (found) =>
        found.map(({ id }) => `${name}: ${id}`))),
    (found) =>
      found.flat()
  )

/** Queries that return one number, which should be 0. */
const sumsOf = ({ columns: { lines: [outcome, lines] }, sums }: Memory): Queries => ({
  "the number of units is not kept":
    "SELECT (SELECT coalesce(sum(units), 0) FROM totals) - (SELECT count(*) FROM units) AS n",
  "the number of words is not kept":
    "SELECT (SELECT coalesce(sum(lexemes), 0) FROM totals) - (SELECT coalesce(sum(lexeme_count), 0) FROM units) AS n",
  "lines are not all stored, skipped or dead letters": `SELECT count(*) AS n FROM line_counts
      WHERE ${outcome} NOT IN ('stored', 'dead-letter') AND ${outcome} NOT LIKE 'skipped %'`,
  "dead letters are not all kept":
    `SELECT (SELECT coalesce(sum(${lines}), 0) FROM line_counts WHERE ${outcome} = 'dead-letter')
      - (SELECT count(*) FROM dead_letters) AS n`,
  ...sums
})

const damageOf = (memory: Memory) =>
  Effect.gen(function*() {
    const sums = yield* Effect.forEach(Object.entries(sumsOf(memory)), ([name, query]) =>
      Effect.map(memory.rows<{ n: number }>(query), ([row]) =>
        row!.n === 0 ? [] : [`${name}: ${row!.n}`]))
    return [...yield* memory.damage, ...sums.flat()]
  })

/** Work that waits when all is done, and claims that nobody renews. */
const stuckIn = ({ rows }: Memory) =>
  Effect.map(
    rows<{ kind: string; key: string; owner: string | null }>("SELECT kind, key, owner FROM work"),
    (work) =>
      work.map(({ key, kind, owner }) => `${kind} ${key} ${owner === null ? "waits" : `is claimed by ${owner}`}`)
  )

const short = (text: string) => text.length <= 300 ? text : `${text.slice(0, 299)}…`

/** Shows where two texts begin to differ. */
const difference = (is: string, should: string): string => {
  const at = Math.max(0, [...is].findIndex((letter, i) => letter !== should[i]) - 40)
  return `${short(is.slice(at, at + 160))} instead of ${short(should.slice(at, at + 160))}`
}

/** Compares a memory with the one that an undisturbed run makes. */
export const compared = (is: Contents, should: Contents): Partial<Faults> => {
  const lost: Array<string> = []
  const duplicated: Array<string> = []
  const orphans: Array<string> = []
  for (const [name, text] of should.parts) {
    const found = is.parts.get(name)
    if (found === undefined) lost.push(`${name}: ${short(text)}`)
    else if (found !== text) lost.push(`${name} is another: ${difference(found, text)}`)
  }
  const texts = new Set(should.parts.values())
  for (const [name, text] of is.parts) {
    if (should.parts.has(name)) continue
    if (texts.has(text)) duplicated.push(`${name}: ${short(text)}`)
    else orphans.push(`${name} should not be there: ${short(text)}`)
  }
  for (const outcome of new Set([...is.lines.keys(), ...should.lines.keys()])) {
    const [found, expected] = [is.lines.get(outcome) ?? 0, should.lines.get(outcome) ?? 0]
    if (found < expected) lost.push(`lines ${outcome}: ${found} of ${expected}`)
    if (found > expected) duplicated.push(`lines ${outcome}: ${found}, not ${expected}`)
  }
  return { lost, duplicated, orphans }
}

/** Checks a memory, and compares it with what should be there. */
export const faultsOf = (memory: Memory, should: Contents) =>
  Effect.gen(function*() {
    const is = yield* contentsOf(memory)
    return merged([
      compared(is, should),
      {
        duplicated: yield* namesOf(memory, twiceOf(memory)),
        orphans: [...yield* namesOf(memory, orphansOf(memory)), ...citing(is)],
        stuck: yield* stuckIn(memory),
        damaged: yield* damageOf(memory)
      }
    ])
  })
