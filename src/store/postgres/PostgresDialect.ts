/**
 * The PostgreSQL dialect.
 *
 * Transactions that could invalidate one another's reads take an advisory lock first: appends to a file or a session, commits of a
 * project's units. All lock in one order (advisory locks, then tables in the order of sql/Writes.ts, rows by key), which rules out
 * deadlocks.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { inverseDocumentFrequency, sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import * as Duplicates from "../Duplicates.ts"
import { type DeadLetter, MAX_ATTEMPTS, type WorkItem } from "../MemoryStore.ts"
import { type KeptProject, rankedBy, recalling, selectedFor } from "../Rules.ts"
import type { Body, Columns, ColumnType, Dialect, StoredMessage, UnitBody } from "../sql/Dialect.ts"
import { insertedInto } from "../sql/Inserted.ts"
import { unpackedMessages } from "../sql/unpackedMessages.ts"
import { isAlive, LEASE_MS, mayBegin, OWNER } from "../WorkLease.ts"
import { conditions } from "./PostgresFilter.ts"
import { keyOf, rows, text, texts } from "./PostgresLexemes.ts"

const unitOf = ({ body }: UnitBody) => JSON.parse(String(body)) as MemoryUnit

/** Columns that change when sentences are cut from a message. */
const CUT: Columns = { said: "boolean", files: "text[]", body: "text" }
const MESSAGES: Columns = {
  uuid: "text",
  session_id: "text",
  thread: "text",
  segment_id: "text",
  role: "text",
  is_prompt: "boolean",
  occurred_at: "bigint",
  ...CUT
}

/** Most units that the terms of a search bring, unless the rarest term alone is in more. */
const RECALLED = 5_000
/** Units that are counted, for each that is wanted. */
const COUNTED = 2

/** Collation "C" orders texts by their bytes, as SQLite does, whatever the database's locale. */
const typeOf = (type: ColumnType) => type === "text" || type === "packed" ? `text COLLATE "C"` : type

export const make = (sql: SqlClient): Dialect => {
  /** Locks names until the transaction ends. */
  const lock = (kind: string, names: Iterable<string>) =>
    sql`SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ${`/${kind}/`} || name, 0))
      FROM (SELECT DISTINCT name COLLATE "C" AS name FROM unnest(${
      texts(names)
    }::text[]) AS names(name) ORDER BY 1) AS names`

  /** Lock of the whole memory: shared by transactions that add data, exclusive for those that change stored data. */
  const whole = sql.literal("hashtextextended(current_schema() || '/', 0)")

  const table: Dialect["table"] = (alias, columns, values) => {
    const types = Object.entries(columns).map(([name, type]) => `"${name}" ${typeOf(type)}`)
    return sql`json_to_recordset(${rows(values.map((value, i) => ({ i, ...value })))}) AS ${
      sql.literal(`${alias}(i integer, ${types.join(", ")})`)
    }`
  }

  const itemTable = (items: ReadonlyArray<WorkItem>) =>
    table("items", { kind: "text", key: "text", revision: "integer" }, items)

  /** A common table expression of these items' rows in the queue, locked in the order of their keys. */
  const held = (items: ReadonlyArray<WorkItem>) =>
    sql`held AS MATERIALIZED (
      SELECT work.* FROM work JOIN ${itemTable(items)} USING (kind, key)
      ORDER BY work.kind, work.key FOR UPDATE OF work)`

  const lexical = (terms: ReadonlyArray<string>, filter: SearchFilter, limit: number) =>
    Effect.gen(function*() {
      const keys = terms.map(keyOf)
      const [totals] = yield* sql<{ units: number; lexemes: number }>`
        SELECT coalesce(sum(units), 0)::bigint AS units, coalesce(sum(lexemes), 0)::bigint AS lexemes FROM totals`
      const { lexemes, units: documents } = totals!
      const averageLength = lexemes / Math.max(1, documents)
      const counts = yield* sql<{ n: number }>`
        SELECT (SELECT count(*) FROM lexemes WHERE lexemes @> ARRAY[term]) AS n
        FROM unnest(${keys}::text[]) WITH ORDINALITY AS asked(term, i) ORDER BY i`
      const documentFrequencies = counts.map(({ n }) => n)
      const common = { documents, averageLength, documentFrequencies }
      const countOf = new Map(
        keys.flatMap((key, i) => documentFrequencies[i] === 0 ? [] : [[key, documentFrequencies[i]!]])
      )
      const recall = recalling(keys, countOf, RECALLED)
      if (recall.length === 0 || limit === 0) return { ...common, candidates: [] }
      const idf = keys.map((key) => inverseDocumentFrequency(documents, countOf.get(key) ?? 0))
      const weights = recall.map((key) => idf[keys.indexOf(key)]!)
      const rows = yield* sql<{
        row: number
        id: string
        lexemes: ReadonlyArray<string>
        lengths: ReadonlyArray<number>
      }>`
        SELECT found.row, found.id, lexemes.lexemes, lexemes.lengths FROM (
          SELECT units.row, units.id, (
            SELECT sum(weight ORDER BY i)
            FROM unnest(${recall}::text[], ${weights}::float8[]) WITH ORDINALITY AS asked(term, weight, i)
            WHERE held.lexemes @> ARRAY[term]
          ) AS weight
          FROM lexemes AS held JOIN units ON units.row = held.row
          WHERE held.lexemes && ${recall}::text[] AND ${conditions(sql, filter)}
          ORDER BY weight DESC, units.row DESC LIMIT ${selectedFor(limit, COUNTED)}
        ) AS found JOIN lexemes ON lexemes.row = found.row`
      const termIndex = new Map(keys.map((key, i) => [key, i]))
      const candidates = rows.map(({ id, lengths, lexemes, row }) => ({
        row,
        unitId: id,
        ...sumOf(lengths.map((end, i) => lexemes.slice(lengths[i - 1] ?? 0, end)), termIndex)
      }))
      return { ...common, candidates: rankedBy(idf, averageLength, candidates, limit) }
    })

  const claim = (kind: WorkItem["kind"], limit: number) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const owners = yield* sql<{ owner: string }>`
        SELECT DISTINCT owner FROM work WHERE kind = ${kind} AND owner IS NOT NULL`
      if (owners.length > 0) {
        const dead = owners.map(({ owner }) => owner).filter((owner) => !isAlive(owner))
        yield* sql`UPDATE work SET owner = NULL, until = NULL
          WHERE (kind, key) IN (SELECT kind, key FROM work
            WHERE kind = ${kind} AND owner IS NOT NULL AND (until < ${now} OR owner = ANY(${dead}))
            FOR UPDATE SKIP LOCKED)`
      }
      const claimed = yield* sql<WorkItem & { seq: number }>`WITH free AS MATERIALIZED (
          SELECT kind, key FROM work
          WHERE kind = ${kind} AND owner IS NULL AND not_before <= ${now} AND attempts < ${MAX_ATTEMPTS}
            AND ${mayBegin(sql, kind)}
          ORDER BY seq LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        UPDATE work SET owner = ${OWNER}, until = ${now + LEASE_MS} FROM free
        WHERE work.kind = free.kind AND work.key = free.key
        RETURNING work.seq, work.kind, work.key, work.revision`
      return [...claimed].sort((a, b) => a.seq - b.seq).map(({ key, kind, revision }): WorkItem => ({
        kind,
        key,
        revision
      }))
    })

  return {
    text,
    boolean: (value) => value,
    isIn: (column, values) => sql`${sql.literal(column)} = ANY(${texts(values)}::text[])`,
    table,
    conditions: (filter) => conditions(sql, filter),
    countColumns: { line_counts: ["name", "n"], redactions: ["name", "n"] },
    unitOf,
    replacedBody: (from, to) => sql`replace(body, ${from}, ${to})`,

    insertMessages: (messages) => insertedInto(sql, table)("messages", MESSAGES, messages),
    updateMessages: (messages) =>
      sql`UPDATE messages SET ${
        sql.literal(Object.keys(CUT).map((column) => `${column} = made.${column}`).join(", "))
      } FROM ${table("made", { uuid: "text", ...CUT }, messages)} WHERE messages.uuid = made.uuid`,
    messagesHolding: (probes, after, limit) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages
        WHERE seq > ${after} AND EXISTS (SELECT FROM unnest(${probes.map(([word]) => word)}::text[], ${
        probes.map(([, word]) => word)
      }::text[]) AS probe(one, other)
          WHERE strpos(body, one) > 0 AND strpos(body, other) > 0) ORDER BY seq LIMIT ${limit}`,
    messagesIn: unpackedMessages(sql),

    lock,
    lockUnits: (origins, units) =>
      Effect.gen(function*() {
        const known = yield* sql<{ id: string }>`
          SELECT DISTINCT project_id AS id FROM units WHERE origin = ANY(${texts(origins)})`
        yield* lock("units", [...units.map(({ projectId }) => projectId), ...known.map(({ id }) => id)])
      }),
    lockAll: sql`SELECT pg_advisory_xact_lock(${whole})`,
    lockShared: sql`SELECT pg_advisory_xact_lock_shared(${whole})`,
    forUpdate: sql.literal("FOR UPDATE"),
    withNumbers: sql.literal("OVERRIDING SYSTEM VALUE"),

    // Locks queued items in the order of their keys, before it inserts new ones in the order given.
    enqueue: (kind, keys) =>
      sql`WITH held AS MATERIALIZED (
          SELECT key FROM work WHERE kind = ${kind} AND key = ANY(${texts(keys)}) ORDER BY key FOR UPDATE)
        INSERT INTO work AS known (kind, key, revision)
        SELECT ${kind}, key, 1 FROM unnest(${texts(keys)}::text[]) WITH ORDINALITY AS queued(key, i)
        WHERE (SELECT count(*) FROM held) >= 0 ORDER BY i
        ON CONFLICT (kind, key) DO UPDATE SET revision = known.revision + 1, attempts = 0, not_before = 0`,

    done: (items) =>
      sql`WITH ${held(items)}
        DELETE FROM work USING held JOIN ${itemTable(items)} USING (kind, key, revision)
        WHERE work.kind = held.kind AND work.key = held.key AND work.owner = ${OWNER}`,

    release: (items) =>
      sql`WITH ${held(items)}
        UPDATE work SET owner = NULL, until = NULL FROM held
        WHERE work.kind = held.kind AND work.key = held.key AND work.owner = ${OWNER}`,

    raiseRevision: (kind, keys) =>
      sql`WITH held AS MATERIALIZED (
          SELECT key FROM work WHERE kind = ${kind} AND key = ANY(${texts(keys)}) ORDER BY key FOR UPDATE)
        UPDATE work SET revision = revision + 1 FROM held WHERE work.kind = ${kind} AND work.key = held.key`,

    claim,
    renew: (items) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          sql`UPDATE work SET until = ${now + LEASE_MS}
            FROM ${itemTable(items)}
            WHERE work.owner = ${OWNER} AND work.kind = items.kind AND work.key = items.key`
      ),
    unchanged: (items) =>
      Effect.map(
        sql<{ key: string }>`WITH ${held(items)}
          SELECT key FROM held JOIN ${itemTable(items)} USING (kind, key, revision) WHERE held.owner = ${OWNER}`,
        (standing) => standing.map(({ key }) => key)
      ),

    countsAttempts: Effect.succeed(true),
    keepsTombstones: Effect.succeed(true),
    keepsOverlays: Effect.succeed(true),
    recordsOwnProjects: Effect.succeed(true),

    insertDeadLetters: (cursor, letters) =>
      letters.length === 0 ? Effect.void : sql`INSERT INTO dead_letters
        SELECT path, ${text(cursor.fingerprint)}, line_offset, body
        FROM ${
        table(
          "letters",
          { path: "text", line_offset: "bigint", body: "text" },
          letters.map((letter) => ({ path: letter.path, line_offset: letter.offset, body: JSON.stringify(letter) }))
        )
      } ON CONFLICT DO NOTHING`,

    deadLetters: (limit) =>
      Effect.map(
        sql<Body>`SELECT body FROM dead_letters ORDER BY path, line_offset LIMIT ${limit}`,
        (rows) => rows.map(({ body }) => JSON.parse(body) as DeadLetter)
      ),
    keptLetters: Effect.map(
      sql<{ fingerprint: string; body: string }>`SELECT fingerprint, body FROM dead_letters`,
      (letters) => letters.map(({ body, fingerprint }) => ({ ...JSON.parse(body) as DeadLetter, fingerprint }))
    ),

    setLetters: (letters) =>
      sql`UPDATE dead_letters SET body = made.body
        FROM ${
        table(
          "made",
          { path: "text", fingerprint: "text", line_offset: "bigint", body: "text" },
          letters.map(({ fingerprint, ...letter }) => ({
            path: letter.path,
            fingerprint,
            line_offset: letter.offset,
            body: JSON.stringify(letter)
          }))
        )
      }
        WHERE dead_letters.path = made.path AND dead_letters.fingerprint = made.fingerprint
          AND dead_letters.line_offset = made.line_offset`,

    moveTotals: (ids, from, into) =>
      Effect.gen(function*() {
        const [counts] = yield* sql<{ units: number; lexemes: number }>`
          SELECT count(*) AS units, coalesce(sum(lexeme_count), 0)::bigint AS lexemes FROM units WHERE id = ANY(${
          texts(ids)
        })`
        const { lexemes, units } = counts!
        yield* sql`UPDATE totals SET units = units - ${units}, lexemes = lexemes - ${lexemes} WHERE project_id = ${
          text(from)
        }`
        yield* sql`INSERT INTO totals AS known VALUES (${text(into)}, ${units}, ${lexemes})
          ON CONFLICT (project_id) DO UPDATE SET units = known.units + excluded.units, lexemes = known.lexemes + excluded.lexemes`
      }),
    insertLexemes: (units, rowOf) =>
      Effect.gen(function*() {
        yield* sql`INSERT INTO lexemes
          SELECT row, lexemes, lengths
          FROM json_to_recordset(${
          rows(units.map(({ fields, unit }) => {
            let end = 0
            return {
              row: rowOf(unit),
              lexemes: fields.flat().map(keyOf),
              lengths: fields.map((field) => end += field.length)
            }
          }))
        }) AS made(row bigint, lexemes text[], lengths integer[])`
        yield* sql`INSERT INTO totals AS known
          SELECT project_id, count(*), sum(lexeme_count)
          FROM ${
          table(
            "made",
            { project_id: "text", lexeme_count: "integer" },
            units.map(({ lexemeCount, unit }) => ({ project_id: unit.projectId, lexeme_count: lexemeCount }))
          )
        } GROUP BY project_id
          ON CONFLICT (project_id) DO UPDATE SET units = known.units + excluded.units, lexemes = known.lexemes + excluded.lexemes`
      }),
    deleteLexemes: (list) =>
      sql`WITH gone AS (
          DELETE FROM lexemes USING units WHERE lexemes.row = units.row AND units.row = ANY(${list})
          RETURNING project_id, lexeme_count)
        UPDATE totals SET units = totals.units - gone.units, lexemes = totals.lexemes - gone.lexemes
        FROM (SELECT project_id, count(*) AS units, sum(lexeme_count) AS lexemes FROM gone GROUP BY project_id) AS gone
        WHERE totals.project_id = gone.project_id`,
    deleteUnits: (list) =>
      Effect.map(
        sql<{ id: string }>`WITH
          gone AS (DELETE FROM units WHERE row = ANY(${list}) RETURNING row, id, project_id, lexeme_count),
          counted AS (
            UPDATE totals SET units = totals.units - gone.units, lexemes = totals.lexemes - gone.lexemes
            FROM (SELECT project_id, count(*) AS units, sum(lexeme_count) AS lexemes FROM gone GROUP BY project_id) AS gone
            WHERE totals.project_id = gone.project_id)
          SELECT id FROM gone ORDER BY row`,
        (gone) => gone.map(({ id }) => id)
      ),

    worded: (ids) =>
      Effect.map(
        sql<{ body: string; lexemes: ReadonlyArray<string>; lengths: ReadonlyArray<number> }>`
          SELECT body, lexemes, lengths FROM units JOIN lexemes USING (row) WHERE id = ANY(${texts(ids)})`,
        (worded) =>
          worded.map((each) => ({
            unit: unitOf(each),
            words: Duplicates.wordsOf([[], each.lexemes.slice(each.lengths[0])])
          }))
      ),
    lexical,

    // A server's memory has no limit.
    letGoAmong: () => Effect.succeed([]),
    letGoUntil: () => Effect.succeed(new Map()),
    filesOf: (sessionId, limit) =>
      sql<{ file: string }>`SELECT file FROM messages, unnest(files) WITH ORDINALITY AS held(file, i)
        WHERE session_id = ${sessionId} GROUP BY file ORDER BY min(ARRAY[seq, i]) LIMIT ${limit}`,
    citedMessages: sql`SELECT unnest(evidence) FROM units WHERE active`,
    projects: sql<
      KeptProject
    >`SELECT id, name, root, key, excluded AS "isExcluded", merged_into AS "mergedInto" FROM projects`,
    identity: Effect.map(
      sql<{ value: string }>`SELECT value FROM properties WHERE name = 'identity'`,
      ([row]) => row!.value
    ),
    // Grows with every transaction that writes, also to other databases of the server.
    version: Effect.map(
      sql<{ version: string }>`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS version`,
      ([row]) => row!.version
    )
  }
}
