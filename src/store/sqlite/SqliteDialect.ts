/**
 * The SQLite dialect. A write transaction excludes all others, so no other locks are needed. A reader does not migrate, so it may find
 * the schema of an earlier version.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { YieldWrap } from "effect/Utils"
import * as EventLoop from "../../resources/EventLoop.ts"
import { MAX_ATTEMPTS, StoreError, type WorkItem } from "../MemoryStore.ts"
import type { Dialect, KeptLetter, SqlEffect } from "../sql/Dialect.ts"
import { isAlive, LEASE_MS, mayBegin, OWNER } from "../WorkLease.ts"
import { currentVersion } from "./migrations.ts"
import * as SqliteMessages from "./SqliteMessages.ts"
import * as SqliteReads from "./SqliteReads.ts"

const json = (value: unknown) => JSON.stringify(value)

/** Makes the dialect for one connection, the reader's or the writer's. */
export const make = (sql: SqlClient): Dialect => {
  const { conditions, isIn, lexical, projects, table } = SqliteReads.make<YieldWrap<SqlEffect<unknown>>, Fragment>(
    sql,
    EventLoop.turn
  )

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
            AND ${mayBegin(sql, kind)}
          ORDER BY rowid LIMIT ${limit})
        RETURNING kind, key, revision`
    })

  const deleteLexemes = (rows: ReadonlyArray<number>) =>
    Effect.zipRight(
      sql`UPDATE totals SET units = units - ${rows.length}, lexemes = lexemes - coalesce(
        (SELECT sum(lexeme_count) FROM units WHERE row IN (SELECT value FROM json_each(${json(rows)}))), 0)`,
      sql`DELETE FROM lexemes WHERE rowid IN (SELECT value FROM json_each(${json(rows)}))`
    )

  return {
    text: (value) => value,
    boolean: Number,
    isIn,
    table,
    conditions,
    countColumns: { line_counts: ["outcome", "lines"], redactions: ["kind", "found"] },
    unitOf: SqliteReads.unitOf,
    replacedBody: (from, to) => sql`packed(replace(unpacked(body), ${from}, ${to}))`,
    ...SqliteMessages.make(sql, table),

    lock: () => Effect.void,
    lockUnits: () => Effect.void,
    lockAll: Effect.void,
    lockShared: Effect.void,
    forUpdate: sql.literal(""),
    withNumbers: sql.literal(""),

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
      sql`DELETE FROM work WHERE owner = ${OWNER} AND (kind, key, revision) IN (
        SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`,
    release: (items) =>
      sql`UPDATE work SET owner = NULL, until = NULL WHERE owner = ${OWNER} AND (kind, key) IN (
        SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`,
    unchanged: (items) =>
      Effect.map(
        sql<{ key: string }>`SELECT key FROM work WHERE owner = ${OWNER} AND (kind, key, revision) IN (
          SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`,
        (rows) => rows.map(({ key }) => key)
      ),
    countsAttempts: Effect.map(currentVersion(sql), (version) => version >= 4),
    keepsTombstones: Effect.map(currentVersion(sql), (version) => version >= 6),
    keepsOverlays: Effect.map(currentVersion(sql), (version) => version >= 10),
    recordsOwnProjects: Effect.map(currentVersion(sql), (version) => version >= 8),

    insertDeadLetters: (cursor, letters) =>
      sql`INSERT INTO dead_letters
        SELECT value->>'path', ${cursor.fingerprint}, value->>'offset', value->>'reason', value->>'line'
        FROM json_each(${json(letters)}) WHERE true ON CONFLICT DO NOTHING`,
    deadLetters: (limit) =>
      sql<{ path: string; offset: number; reason: string; line: string }>`
        SELECT path, line_offset AS offset, reason, line FROM dead_letters ORDER BY path, line_offset LIMIT ${limit}`,
    keptLetters: sql<KeptLetter>`SELECT path, fingerprint, line_offset AS "offset", reason, line FROM dead_letters`,
    setLetters: (letters) =>
      sql`UPDATE dead_letters SET line = made.value->>'line' FROM json_each(${json(letters)}) AS made
        WHERE dead_letters.path = made.value->>'path' AND dead_letters.fingerprint = made.value->>'fingerprint'
          AND dead_letters.line_offset = made.value->>'offset'`,

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
    deleteLexemes,
    deleteUnits: (rows, isForgotten) =>
      Effect.gen(function*() {
        // FTS5 keeps deleted words until its next merge, unless secure-delete is set (https://sqlite.org/fts5.html, section 6.13). The
        // option accepts integers only, and node:sqlite binds every number as a float.
        const setSecure = (isSecure: number) =>
          isForgotten
            ? sql`INSERT INTO lexemes (lexemes, rank) VALUES ('secure-delete', CAST(${isSecure} AS INTEGER))`
            : Effect.void
        yield* setSecure(1)
        yield* deleteLexemes(rows)
        yield* setSecure(0)
        const gone = yield* sql<
          { id: string }
        >`DELETE FROM units WHERE row IN (SELECT value FROM json_each(${json(rows)})) RETURNING id`
        return gone.map(({ id }) => id)
      }),

    worded: (ids) =>
      Effect.map(
        sql<{ body: Uint8Array; text: string; tool_use: string; tool_result: string }>`
        SELECT u.body, l.text, l.tool_use, l.tool_result FROM units AS u JOIN lexemes AS l ON l.rowid = u.row
        WHERE u.id IN (SELECT value FROM json_each(${json(ids)}))`,
        (rows) =>
          rows.map(({ body, ...fields }) => ({
            unit: SqliteReads.unitOf({ body }),
            words: new Set(Object.values(fields).join(" ").split(" ").filter((word) => word !== ""))
          }))
      ),
    lexical: (terms, filter, limit) => Effect.gen(() => lexical(terms, filter, limit)),

    letGoAmong: (origins) =>
      Effect.gen(function*() {
        // A reader may find the schema of an earlier version.
        if ((yield* currentVersion(sql)) < 11) return []
        const rows = yield* sql<{ origin: string }>`SELECT origin FROM let_go WHERE ${isIn("origin", origins)}
          AND NOT EXISTS (SELECT 1 FROM names JOIN message_rows ON session = number
            WHERE name = origin AND occurred_at > until AND until > 0)`
        return rows.map(({ origin }) => origin)
      }),
    letGoUntil: (sessionIds) =>
      Effect.map(
        sql<{ origin: string; until: number }>`SELECT origin, until FROM let_go
          WHERE ${isIn("origin", sessionIds)} AND until > 0`,
        (rows) => new Map(rows.map(({ origin, until }) => [origin, until]))
      ),
    citedMessages: sql`SELECT cited.value FROM units, json_each(units.evidence) AS cited WHERE active`,
    projects: Effect.gen(projects),
    identity,
    // Who writes and reads through one connection, as in memory, sees its own changes only by their number.
    version: Effect.map(
      sql<{ version: string }>`SELECT data_version || ' ' ||
          iif((SELECT file FROM pragma_database_list WHERE name = 'main') = '', total_changes(), 0) AS version
        FROM pragma_data_version`,
      ([row]) => row!.version
    )
  }
}
