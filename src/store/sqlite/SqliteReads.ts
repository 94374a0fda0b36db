/**
 * What the SQLite store reads.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Place, TimelineFilter } from "../../domain/Timeline.ts"
import { type Cursor, type FailedWork, MAX_ATTEMPTS, StoreError } from "../MemoryStore.ts"
import { type KeptProject, knownProjects, lineSumOf, OUTLINE, RECALL_DOCUMENTS, recalling } from "../Rules.ts"
import {
  type Beginning,
  beginningsOf,
  type Body,
  bySegment,
  contextsOf,
  messageOf,
  sessionOf,
  type SessionRow
} from "../sql/Rows.ts"
import { currentVersion } from "./migrations.ts"
import { conditions } from "./SqliteFilter.ts"

const json = (value: unknown) => JSON.stringify(value)

/** A reader does not migrate: units written before schema 3 cite no others. */
const unitOf = (row: Body): MemoryUnit => {
  const unit = JSON.parse(row.body) as Omit<MemoryUnit, "also"> & Partial<MemoryUnit>
  return unit.also === undefined ? { ...unit, also: [] } : unit as MemoryUnit
}
export const make = (sql: SqlClient) => {
  const cursors = (paths: ReadonlyArray<string>) =>
    Effect.map(
      sql<Cursor>`
        SELECT path, next_offset AS "offset", fingerprint, tail, modified_at AS modifiedAt, session_id AS sessionId
        FROM cursors WHERE path IN (SELECT value FROM json_each(${json(paths)}))`,
      (rows) => new Map(rows.map((row) => [row.path, { ...row }]))
    )

  const places = (uuids: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ uuid: string; session_id: string; thread: string }>`SELECT uuid, session_id, thread FROM messages
        WHERE uuid IN (SELECT value FROM json_each(${json(uuids)}))`,
      (rows) => new Map(rows.map(({ session_id, thread, uuid }) => [uuid, { sessionId: session_id, thread }]))
    )

  const sessionsById = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<SessionRow>`SELECT * FROM sessions WHERE id IN (SELECT value FROM json_each(${json([...new Set(ids)])}))`,
      (rows) => new Map(rows.map((row) => [row.id, sessionOf(row)]))
    )

  /** The last prompt and the last thing Claude said in a thread before each of these, by key. */
  const before = (places: ReadonlyArray<Beginning>) =>
    sql<Body & { key: string }>`
      SELECT place.value->>'key' AS key, m.body FROM json_each(${json(places)}) AS place
      JOIN (SELECT 1 AS asked UNION ALL SELECT 0) AS wanted
      JOIN messages AS m ON m.seq = (
        SELECT seq FROM messages WHERE session_id = place.value->>'session' AND seq < place.value->>'seq'
          AND thread = place.value->>'thread'
          AND CASE wanted.asked WHEN 1 THEN is_prompt = 1 ELSE role = 'assistant' AND said = 1 END
        ORDER BY seq DESC LIMIT 1
      ) ORDER BY place.key, wanted.asked DESC`

  const segments = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const held = bySegment(
        yield* sql<Body & { seq: number; segment_id: string }>`
        SELECT seq, segment_id, body FROM messages WHERE segment_id IN (SELECT value FROM json_each(${
          json(ids)
        })) ORDER BY seq`
      )
      const places = beginningsOf(held)
      const sessions = yield* sessionsById(places.map(({ session }) => session))
      return contextsOf(ids, held, sessions, yield* before(places))
    })

  const outlines = (sessionIds: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const sessions = yield* sessionsById(sessionIds)
      return yield* Effect.forEach([...sessions.values()], (session) =>
        Effect.gen(function*() {
          const prompts = yield* sql<{ body: string }>`SELECT body FROM messages
            WHERE session_id = ${session.id} AND thread = 'main' AND is_prompt = 1 ORDER BY seq LIMIT ${OUTLINE.prompts}`
          const closing = yield* sql<{ body: string }>`SELECT body FROM messages
            WHERE session_id = ${session.id} AND thread = 'main' AND role = 'assistant' AND said = 1
            ORDER BY seq DESC LIMIT ${OUTLINE.closing}`
          const files = yield* sql<{ file: string }>`SELECT DISTINCT block.value->>'file' AS file
            FROM messages, json_each(messages.body, '$.blocks') AS block
            WHERE session_id = ${session.id} AND block.value->>'file' IS NOT NULL LIMIT ${OUTLINE.files}`
          const made = yield* sql<Body>`SELECT body FROM units
            WHERE session_id = ${session.id} AND type <> 'archive' AND active = 1 ORDER BY position, id LIMIT ${OUTLINE.units}`
          return {
            session,
            units: made.map(unitOf),
            prompts: prompts.map(messageOf),
            closing: closing.map(messageOf).reverse(),
            files: files.map(({ file }) => file)
          }
        }))
    })

  const identity = Effect.gen(function*() {
    // A reader does not migrate.
    const [row] = (yield* currentVersion(sql)) < 5
      ? []
      : yield* sql<{ value: string }>`SELECT value FROM properties WHERE name = 'identity'`
    if (row !== undefined) return row.value
    return yield* new StoreError({
      reason: "Missing",
      operation: "identity",
      detail: "the memory was written by an earlier claude-memory; run `claude-memory import` once",
      cause: undefined
    })
  })

  const unitIds = (after: string, limit: number) =>
    Effect.map(
      sql<{ id: string }>`SELECT id FROM units WHERE id > ${after} AND active = 1 ORDER BY id LIMIT ${limit}`,
      (rows) => rows.map(({ id }) => id)
    )

  const units = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<Body>`SELECT units.body FROM json_each(${json(ids)}) AS wanted JOIN units ON units.id = wanted.value
        ORDER BY wanted.key`,
      (rows) => rows.map(unitOf)
    )

  const unitsByPrefix = (prefix: string) =>
    Effect.map(
      sql<Body>`SELECT body FROM units WHERE id >= ${prefix} AND id < ${`${prefix}g`} ORDER BY id LIMIT 10`,
      (rows) => rows.map(unitOf)
    )

  const recent = (filter: SearchFilter, limit: number) =>
    Effect.map(
      sql<Body>`SELECT body FROM units WHERE ${conditions(sql, filter)} ORDER BY occurred_at DESC, id LIMIT ${limit}`,
      (rows) => rows.map(unitOf)
    )

  const timeline = (
    { projects, sessionId }: TimelineFilter,
    side: "before" | "after",
    place: Place,
    limit: number
  ) => {
    const isIn = sql.and([
      conditions(sql, { projects }),
      ...(sessionId === undefined ? [] : [sql`session_id = ${sessionId}`])
    ])
    const at = sql`(${place.occurredAt}, ${place.position}, ${place.id})`
    return Effect.map(
      side === "after"
        ? sql<Body>`SELECT body FROM units WHERE ${isIn} AND (occurred_at, position, id) > ${at}
          ORDER BY occurred_at, position, id LIMIT ${limit}`
        : sql<Body>`SELECT body FROM units WHERE ${isIn} AND (occurred_at, position, id) < ${at}
          ORDER BY occurred_at DESC, position DESC, id DESC LIMIT ${limit}`,
      (rows) => side === "after" ? rows.map(unitOf) : rows.map(unitOf).reverse()
    )
  }

  const messages = (uuids: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ body: string }>`SELECT body FROM messages WHERE uuid IN (SELECT value FROM json_each(${
        json(uuids)
      })) ORDER BY seq`,
      (rows) => rows.map(messageOf)
    )

  const neighbours = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ id: string; before1: string | null; after1: string | null; after2: string | null }>`
        SELECT u.id AS id,
          (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position < u.position AND n.active = 1
            ORDER BY n.position DESC LIMIT 1) AS before1,
          (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position > u.position AND n.active = 1
            ORDER BY n.position LIMIT 1) AS after1,
          (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position > u.position AND n.active = 1
            ORDER BY n.position LIMIT 1 OFFSET 1) AS after2
        FROM json_each(${json(ids)}) AS wanted JOIN units u ON u.id = wanted.value`,
      (rows) =>
        rows.flatMap((row) =>
          ([[row.before1, -1], [row.after1, 1], [row.after2, 2]] as const).flatMap(([other, offset]) =>
            other === null ? [] : [[row.id, other, offset] as const]
          )
        )
    )

  /** A reader does not migrate: before schema 7 there was no such index. */
  const byRow = Effect.map(
    currentVersion(sql),
    (version) => sql.literal(version >= 7 ? "INDEXED BY units_by_row" : "")
  )

  /** The row after which the words that bring candidates bring few enough; even the rarest of them may be common. */
  const newestThatBring = (recall: ReadonlyArray<string>, countOf: ReadonlyMap<string, number>) =>
    Effect.gen(function*() {
      const brought = Math.max(...recall.map((term) => countOf.get(term) ?? 0))
      if (brought <= RECALL_DOCUMENTS) return 0
      const [row] = yield* sql<{ least: number; most: number }>`SELECT
        (SELECT min(row) FROM units) AS least, (SELECT max(row) FROM units) AS most`
      return row === undefined ? 0 : Math.floor(row.most - (row.most - row.least) * RECALL_DOCUMENTS / brought)
    })

  const lexical = (terms: ReadonlyArray<string>, filter: SearchFilter, limit: number) =>
    Effect.gen(function*() {
      const totals = (yield* sql<{ units: number; lexemes: number }>`SELECT units, lexemes FROM totals`)[0]!
      const counts = yield* sql<{ term: string; doc: number }>`SELECT term, doc FROM lexeme_counts
        WHERE term IN (SELECT value FROM json_each(${json(terms)}))`
      const countOf = new Map(counts.map(({ term, doc }) => [term, doc]))
      const documentFrequencies = terms.map((term) => countOf.get(term) ?? 0)
      const common = {
        documents: totals.units,
        averageLength: totals.lexemes / Math.max(1, totals.units),
        documentFrequencies
      }
      const recall = recalling(terms, countOf)
      if (recall.length === 0) return { ...common, candidates: [] }
      const match = recall.map((term) => `"${term}"`).join(" OR ")
      // Rows of units are in the order of their writing.
      const newest = yield* newestThatBring(recall, countOf)
      const rows = yield* sql<{
        id: string
        session_id: string
        position: number
        title: string
        text: string
        tool_use: string
        tool_result: string
      }>`SELECT units.id, units.session_id, units.position, lexemes.title, lexemes.text, lexemes.tool_use, lexemes.tool_result
        FROM (
          SELECT lexemes.rowid AS row, lexemes.rank AS rank FROM lexemes JOIN units ${yield* byRow}
            ON units.row = lexemes.rowid
          WHERE lexemes MATCH ${match} AND lexemes.rowid > ${newest} AND ${conditions(sql, filter)}
          ORDER BY lexemes.rank, units.id LIMIT ${limit}
        ) AS best JOIN units ON units.row = best.row JOIN lexemes ON lexemes.rowid = best.row
        ORDER BY best.rank, units.id`
      const termIndex = new Map(terms.map((term, i) => [term, i]))
      return {
        ...common,
        candidates: rows.map((row) => ({
          unitId: row.id,
          sessionId: row.session_id,
          position: row.position,
          ...sumOf(
            [row.title, row.text, row.tool_use, row.tool_result].map((field) => field === "" ? [] : field.split(" ")),
            termIndex
          )
        }))
      }
    })

  /** A reader does not migrate: before schema 4 nobody counted attempts. */
  const countsAttempts = Effect.map(currentVersion(sql), (version) => version >= 4)

  const projects = Effect.gen(function*() {
    // A reader does not migrate: before schema 6 nobody merged or excluded any.
    const columns = (yield* currentVersion(sql)) < 6
      ? "0 AS excluded, NULL AS mergedInto"
      : "excluded, merged_into AS mergedInto"
    const rows = yield* sql.unsafe<Omit<KeptProject, "isExcluded"> & { excluded: number }>(
      `SELECT id, name, root, key, ${columns} FROM projects`
    )
    return knownProjects(rows.map(({ excluded, ...row }) => ({ ...row, isExcluded: excluded === 1 })))
  })

  const summaries = Effect.gen(function*() {
    const counts = yield* sql<
      { id: string; n: number }
    >`SELECT project_id AS id, count(*) AS n FROM units WHERE active = 1 GROUP BY project_id`
    const countOf = new Map(counts.map(({ id, n }) => [id, n]))
    return (yield* projects).map((project) => ({ ...project, units: countOf.get(project.id) ?? 0 }))
  })

  const status = Effect.gen(function*() {
    const one = <K extends string>(key: K, query: string) =>
      Effect.map(sql.unsafe<Record<K, number>>(query), (rows) => rows[0]?.[key] ?? 0)
    const lineRows = yield* sql<{ outcome: string; lines: number }>`SELECT * FROM line_counts ORDER BY outcome`
    const redactions = yield* sql<{ kind: string; found: number }>`SELECT * FROM redactions ORDER BY kind`
    const types = yield* sql<
      { type: string; n: number }
    >`SELECT type, count(*) AS n FROM units WHERE active = 1 GROUP BY type`
    return {
      lines: lineSumOf(new Map(lineRows.map(({ outcome, lines }) => [outcome, lines]))),
      redactions: Object.fromEntries(redactions.map(({ kind, found }) => [kind, found])),
      sessions: yield* one("n", "SELECT count(*) AS n FROM sessions"),
      messages: yield* one("n", "SELECT count(*) AS n FROM messages"),
      textMessages: {
        total: yield* one("n", "SELECT count(*) AS n FROM messages WHERE said = 1"),
        cited: yield* one(
          "n",
          `SELECT count(*) AS n FROM messages WHERE said = 1
            AND uuid IN (SELECT e.value FROM units, json_each(units.evidence) AS e WHERE active = 1)`
        )
      },
      units: {
        total: types.reduce((sum, { n }) => sum + n, 0),
        byType: Object.fromEntries(types.map(({ type, n }) => [type, n]))
      },
      pending: yield* one(
        "n",
        `SELECT count(*) AS n FROM work${(yield* countsAttempts) ? ` WHERE attempts < ${MAX_ATTEMPTS}` : ""}`
      ),
      indexing: yield* one("n", "SELECT count(*) AS n FROM work WHERE kind = 'index'"),
      files: yield* one("n", "SELECT count(*) AS n FROM cursors"),
      projects: yield* summaries
    }
  })

  const deadLetters = (limit: number) =>
    sql<{ path: string; offset: number; reason: string; line: string }>`
      SELECT path, line_offset AS offset, reason, line FROM dead_letters ORDER BY path, line_offset LIMIT ${limit}`

  const failures = (limit: number): Effect.Effect<ReadonlyArray<FailedWork>, SqlError> =>
    Effect.gen(function*() {
      if (!(yield* countsAttempts)) return []
      const rows = yield* sql<Omit<FailedWork, "isDead">>`
        SELECT kind, key, attempts, coalesce(error, '') AS error FROM work WHERE attempts > 0
        ORDER BY attempts DESC, kind, key LIMIT ${limit}`
      return rows.map((row) => ({ ...row, isDead: row.attempts >= MAX_ATTEMPTS }))
    })

  const unreviewed = Effect.map(
    sql<
      { id: string }
    >`SELECT id FROM sessions WHERE id NOT IN (SELECT id FROM reviewed_sessions) ORDER BY started_at, id`,
    (rows) => rows.map(({ id }) => id)
  )

  const sessionsByPrefix = (prefix: string) =>
    Effect.gen(function*() {
      const rows = yield* sql<{ id: string }>`SELECT id FROM sessions
        WHERE substr(id, 1, length(${prefix})) = ${prefix} ORDER BY id LIMIT 10`
      return [...(yield* sessionsById(rows.map(({ id }) => id))).values()]
    })

  return {
    failures,
    sessionsByPrefix,
    unreviewed,
    cursors,
    places,
    segments,
    outlines,
    identity,
    unitIds,
    units,
    unitsByPrefix,
    recent,
    messages,
    neighbours,
    lexical,
    timeline,
    projects,
    status,
    deadLetters
  }
}
