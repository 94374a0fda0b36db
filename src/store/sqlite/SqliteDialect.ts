/**
 * The SQLite dialect. A write transaction excludes all others, so no other locks are needed. A reader does not migrate, so it may find
 * the schema of an earlier version.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import { MAX_ATTEMPTS, StoreError, type WorkItem } from "../MemoryStore.ts"
import { type KeptProject, RECALL_DOCUMENTS, recalling } from "../Rules.ts"
import type { Body, Dialect, KeptLetter } from "../sql/Dialect.ts"
import { isAlive, LEASE_MS, OWNER } from "../WorkLease.ts"
import { currentVersion } from "./migrations.ts"
import { conditions } from "./SqliteFilter.ts"

const json = (value: unknown) => JSON.stringify(value)

/** Parses a unit; adds the empty `also` that units written before schema 3 lack. */
const unitOf = (row: Body): MemoryUnit => {
  const unit = JSON.parse(row.body) as Omit<MemoryUnit, "also"> & Partial<MemoryUnit>
  return unit.also === undefined ? { ...unit, also: [] } : unit as MemoryUnit
}

/** Makes the dialect for one connection, the reader's or the writer's. */
export const make = (sql: SqlClient): Dialect => {
  /** Forces the covering index, which a reader may not find: schemas before 7 lack it. */
  const byRow = Effect.map(
    currentVersion(sql),
    (version) => sql.literal(version >= 7 ? "INDEXED BY units_by_row" : "")
  )

  /** Estimates the row after which about `RECALL_DOCUMENTS` units contain the terms, since even the rarest may be common; 0 for all. */
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
      // Row numbers grow with the time of insertion, so this limits the search to the newest units.
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

  const identity = Effect.gen(function*() {
    // A reader may find a schema before 5, which has no properties.
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

  const claim = (kind: WorkItem["kind"], limit: number) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const owners = yield* sql<
        { owner: string }
      >`SELECT DISTINCT owner FROM work WHERE kind = ${kind} AND owner IS NOT NULL`
      if (owners.length > 0) {
        const dead = owners.map(({ owner }) => owner).filter((owner) => !isAlive(owner))
        yield* sql`UPDATE work SET owner = NULL, until = NULL
          WHERE kind = ${kind} AND owner IS NOT NULL
            AND (until < ${now} OR owner IN (SELECT value FROM json_each(${json(dead)})))`
      }
      return yield* sql<WorkItem>`UPDATE work SET owner = ${OWNER}, until = ${now + LEASE_MS}
        WHERE rowid IN (SELECT rowid FROM work
          WHERE kind = ${kind} AND owner IS NULL AND not_before <= ${now} AND attempts < ${MAX_ATTEMPTS}
          ORDER BY rowid LIMIT ${limit})
        RETURNING kind, key, revision`
    })

  return {
    text: (value) => value,
    boolean: Number,
    isIn: (column, values) => sql`${sql.literal(column)} IN (SELECT value FROM json_each(${json([...values])}))`,
    table: (alias, columns, rows) => {
      const names = Object.keys(columns)
      const selected = names.map((name, i) => `value->>${i} AS "${name}"`).join(", ")
      return sql`(SELECT key AS i, ${sql.literal(selected)} FROM json_each(${
        json(rows.map((row) => names.map((name) => (row as Readonly<Record<string, unknown>>)[name])))
      })) AS ${sql.literal(alias)}`
    },
    holdsBoth: (column, probes) =>
      sql`EXISTS (SELECT 1 FROM json_each(${json(probes)})
        WHERE instr(${sql.literal(column)}, value->>0) > 0 AND instr(${sql.literal(column)}, value->>1) > 0)`,
    conditions: (filter) => conditions(sql, filter),
    countColumns: { line_counts: ["outcome", "lines"], redactions: ["kind", "found"] },
    messageColumns: {},
    unitOf,

    lock: () => Effect.void,
    lockUnits: () => Effect.void,
    lockAll: Effect.void,
    lockShared: Effect.void,
    forUpdate: sql.literal(""),

    enqueue: (kind, keys) =>
      sql`INSERT INTO work (kind, key, revision) SELECT ${kind}, value, 1 FROM json_each(${json(keys)}) WHERE true
        ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1, attempts = 0, not_before = 0`,
    raiseRevision: (kind, keys) =>
      sql`UPDATE work SET revision = revision + 1
        WHERE kind = ${kind} AND key IN (SELECT value FROM json_each(${json(keys)}))`,
    claim,
    renew: (items) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          sql`UPDATE work SET until = ${now + LEASE_MS} WHERE owner = ${OWNER} AND (kind, key) IN (
            SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`
      ),
    done: (items) =>
      sql`DELETE FROM work WHERE (kind, key, revision) IN (
        SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`,
    release: (items) =>
      sql`UPDATE work SET owner = NULL, until = NULL WHERE owner = ${OWNER} AND (kind, key) IN (
        SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`,
    unchanged: (items) =>
      Effect.map(
        sql<{ key: string }>`SELECT key FROM work WHERE (kind, key, revision) IN (
          SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`,
        (rows) => rows.map(({ key }) => key)
      ),
    countsAttempts: Effect.map(currentVersion(sql), (version) => version >= 4),

    insertDeadLetters: (cursor, letters) =>
      sql`INSERT INTO dead_letters
        SELECT value->>'path', ${cursor.fingerprint}, value->>'offset', value->>'reason', value->>'line'
        FROM json_each(${json(letters)}) WHERE true ON CONFLICT DO NOTHING`,
    deadLetters: (limit) =>
      sql<{ path: string; offset: number; reason: string; line: string }>`
        SELECT path, line_offset AS offset, reason, line FROM dead_letters ORDER BY path, line_offset LIMIT ${limit}`,
    keptLetters: sql<KeptLetter>`SELECT path, fingerprint, line_offset AS "offset", reason, line FROM dead_letters`,
    emptyLetters: (letters) =>
      sql`UPDATE dead_letters SET line = '' WHERE (path, fingerprint, line_offset) IN (
        SELECT value->>'path', value->>'fingerprint', value->>'offset' FROM json_each(${json(letters)}))`,

    moveTotals: () => Effect.void,
    insertLexemes: (units, rowOf) =>
      Effect.zipRight(
        sql`INSERT INTO lexemes (rowid, title, text, tool_use, tool_result)
          SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(${
          json(units.map(({ fields, unit }) => [rowOf(unit), ...fields.map((field) => field.join(" "))]))
        })`,
        sql`UPDATE totals SET units = units + ${units.length}, lexemes = lexemes + ${
          units.reduce((sum, { lexemeCount }) => sum + lexemeCount, 0)
        }`
      ),
    deleteUnits: (rows, isForgotten) =>
      Effect.gen(function*() {
        const list = json(rows)
        // FTS5 keeps deleted words until its next merge, unless secure-delete is set (https://sqlite.org/fts5.html, section 6.13). The
        // option accepts integers only, and node:sqlite binds every number as a float.
        const setSecure = (isSecure: number) =>
          isForgotten
            ? sql`INSERT INTO lexemes (lexemes, rank) VALUES ('secure-delete', CAST(${isSecure} AS INTEGER))`
            : Effect.void
        yield* sql`UPDATE totals SET units = units - ${rows.length}, lexemes = lexemes - coalesce(
        (SELECT sum(lexeme_count) FROM units WHERE row IN (SELECT value FROM json_each(${list}))), 0)`
        yield* setSecure(1)
        yield* sql`DELETE FROM lexemes WHERE rowid IN (SELECT value FROM json_each(${list}))`
        yield* setSecure(0)
        const gone = yield* sql<
          { id: string }
        >`DELETE FROM units WHERE row IN (SELECT value FROM json_each(${list})) RETURNING id`
        return gone.map(({ id }) => id)
      }),

    worded: (ids) =>
      Effect.map(
        sql<{ body: string; text: string; tool_use: string; tool_result: string }>`
        SELECT u.body, l.text, l.tool_use, l.tool_result FROM units AS u JOIN lexemes AS l ON l.rowid = u.row
        WHERE u.id IN (SELECT value FROM json_each(${json(ids)}))`,
        (rows) =>
          rows.map(({ body, ...fields }) => ({
            unit: unitOf({ body }),
            words: new Set(Object.values(fields).join(" ").split(" ").filter((word) => word !== ""))
          }))
      ),
    lexical,

    filesOf: (sessionId, limit) =>
      sql<{ file: string }>`SELECT DISTINCT block.value->>'file' AS file
        FROM messages, json_each(messages.body, '$.blocks') AS block
        WHERE session_id = ${sessionId} AND block.value->>'file' IS NOT NULL LIMIT ${limit}`,
    citedMessages: sql`SELECT cited.value FROM units, json_each(units.evidence) AS cited WHERE active`,
    projects: Effect.gen(function*() {
      // Schemas before 6 have no columns for merged and excluded projects.
      const columns = (yield* currentVersion(sql)) < 6
        ? "0 AS excluded, NULL AS mergedInto"
        : "excluded, merged_into AS mergedInto"
      const rows = yield* sql.unsafe<Omit<KeptProject, "isExcluded"> & { excluded: number }>(
        `SELECT id, name, root, key, ${columns} FROM projects`
      )
      return rows.map(({ excluded, ...row }) => ({ ...row, isExcluded: excluded === 1 }))
    }),
    identity
  }
}
