/**
 * What the PostgreSQL store reads.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Place, TimelineFilter } from "../../domain/Timeline.ts"
import { type Cursor, type DeadLetter, type FailedWork, MAX_ATTEMPTS } from "../MemoryStore.ts"
import { type KeptProject, knownProjects, lineSumOf, OUTLINE, recalling } from "../Rules.ts"
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
import { conditions } from "./PostgresFilter.ts"
import { keyOf, rows as json, text, texts } from "./PostgresLexemes.ts"

/**
 * The constants and the inverse document frequency of FTS5's rank (https://sqlite.org/fts5.html, section 5.1.1), by which
 * SQLite chooses candidates, too.
 */
const K1 = 1.2
const B = 0.75
const idfOf = (documents: number, holding: number): number =>
  Math.max(Math.log((documents - holding + 0.5) / (holding + 0.5)), 1e-6)

const unitOf = ({ body }: Body): MemoryUnit => JSON.parse(body) as MemoryUnit

export const make = (sql: SqlClient) => {
  const cursors = (paths: ReadonlyArray<string>) =>
    Effect.map(
      sql<
        Cursor
      >`SELECT path, next_offset AS "offset", fingerprint, tail, modified_at AS "modifiedAt", session_id AS "sessionId"
        FROM cursors WHERE path = ANY(${texts(paths)})`,
      (rows) => new Map(rows.map((row) => [row.path, row]))
    )

  const places = (uuids: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ uuid: string; session_id: string; thread: string }>`SELECT uuid, session_id, thread FROM messages
        WHERE uuid = ANY(${texts(uuids)})`,
      (rows) => new Map(rows.map(({ session_id, thread, uuid }) => [uuid, { sessionId: session_id, thread }]))
    )

  const sessionsById = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<SessionRow>`SELECT * FROM sessions WHERE id = ANY(${texts(ids)}) ORDER BY id`,
      (rows) => new Map(rows.map((row) => [row.id, sessionOf(row)]))
    )

  /** The last prompt and the last thing Claude said in a thread before each of these, by key. */
  const before = (places: ReadonlyArray<Beginning>) =>
    sql<Body & { key: string }>`
      SELECT place.key, m.body
      FROM json_to_recordset(${json(places)}) AS place(key text, session text, thread text, seq bigint)
      CROSS JOIN (VALUES (true), (false)) AS wanted(asked)
      CROSS JOIN LATERAL (
        SELECT body FROM messages WHERE session_id = place.session AND seq < place.seq AND thread = place.thread
          AND CASE WHEN wanted.asked THEN is_prompt ELSE role = 'assistant' AND said END
        ORDER BY seq DESC LIMIT 1
      ) AS m ORDER BY place.key, wanted.asked DESC`

  const segments = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const held = bySegment(
        yield* sql<Body & { seq: number; segment_id: string }>`
          SELECT seq, segment_id, body FROM messages WHERE segment_id = ANY(${texts(ids)}) ORDER BY seq`
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
          const prompts = yield* sql<Body>`SELECT body FROM messages
            WHERE session_id = ${session.id} AND thread = 'main' AND is_prompt ORDER BY seq LIMIT ${OUTLINE.prompts}`
          const closing = yield* sql<Body>`SELECT body FROM messages
            WHERE session_id = ${session.id} AND thread = 'main' AND role = 'assistant' AND said
            ORDER BY seq DESC LIMIT ${OUTLINE.closing}`
          const files = yield* sql<
            { file: string }
          >`SELECT file FROM messages, unnest(files) WITH ORDINALITY AS held(file, i)
            WHERE session_id = ${session.id} GROUP BY file ORDER BY min(ARRAY[seq, i]) LIMIT ${OUTLINE.files}`
          const made = yield* sql<Body>`SELECT body FROM units
            WHERE session_id = ${session.id} AND type <> 'archive' AND active ORDER BY position, id LIMIT ${OUTLINE.units}`
          return {
            session,
            units: made.map(unitOf),
            prompts: prompts.map(messageOf),
            closing: closing.map(messageOf).reverse(),
            files: files.map(({ file }) => file)
          }
        }))
    })

  const identity = Effect.map(
    sql<{ value: string }>`SELECT value FROM properties WHERE name = 'identity'`,
    ([row]) => row!.value
  )

  const unitIds = (after: string, limit: number) =>
    Effect.map(
      sql<{ id: string }>`SELECT id FROM units WHERE id > ${text(after)} AND active ORDER BY id LIMIT ${limit}`,
      (rows) => rows.map(({ id }) => id)
    )

  const units = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<Body>`SELECT units.body FROM unnest(${texts(ids)}::text[]) WITH ORDINALITY AS wanted(id, i)
        JOIN units ON units.id = wanted.id ORDER BY wanted.i`,
      (rows) => rows.map(unitOf)
    )

  const unitsByPrefix = (prefix: string) =>
    Effect.map(
      sql<Body>`SELECT body FROM units WHERE id >= ${text(prefix)} AND id < ${`${text(prefix)}g`} ORDER BY id LIMIT 10`,
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
      ...(sessionId === undefined ? [] : [sql`session_id = ${text(sessionId)}`])
    ])
    const at = sql`(${place.occurredAt}::bigint, ${place.position}::float8, ${text(place.id)})`
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
      sql<Body>`SELECT body FROM messages WHERE uuid = ANY(${texts(uuids)}) ORDER BY seq`,
      (rows) => rows.map(messageOf)
    )

  const neighbours = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ id: string; before1: string | null; after1: string | null; after2: string | null }>`
        SELECT u.id,
          (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position < u.position AND n.active
            ORDER BY n.position DESC LIMIT 1) AS before1,
          (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position > u.position AND n.active
            ORDER BY n.position LIMIT 1) AS after1,
          (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position > u.position AND n.active
            ORDER BY n.position LIMIT 1 OFFSET 1) AS after2
        FROM unnest(${texts(ids)}::text[]) AS wanted(id) JOIN units u ON u.id = wanted.id`,
      (rows) =>
        rows.flatMap((row) =>
          ([[row.before1, -1], [row.after1, 1], [row.after2, 2]] as const).flatMap(([other, offset]) =>
            other === null ? [] : [[row.id, other, offset] as const]
          )
        )
    )

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
      const recall = recalling(keys, countOf)
      if (recall.length === 0) return { ...common, candidates: [] }
      const rows = yield* sql<{
        id: string
        session_id: string
        position: number
        lexemes: ReadonlyArray<string>
        lengths: ReadonlyArray<number>
      }>`
        SELECT found.id, found.session_id, found.position, lexemes.lexemes, lexemes.lengths FROM (
          SELECT units.row, units.id, units.session_id, units.position, (
            SELECT sum(idf * (frequency * ${K1 + 1}::float8) / (frequency + norm) ORDER BY i)
            FROM (
              SELECT idf, i, cardinality(array_positions(held.lexemes, term))::float8 AS frequency,
                ${K1}::float8 * (${
        1 - B
      }::float8 + ${B}::float8 * units.lexeme_count / ${averageLength}::float8) AS norm
              FROM unnest(${recall}::text[], ${recall.map((term) => idfOf(documents, countOf.get(term)!))}::float8[])
                WITH ORDINALITY AS asked(term, idf, i)
            ) AS counted
          ) AS rank
          FROM lexemes AS held JOIN units ON units.row = held.row
          WHERE held.lexemes && ${recall}::text[] AND ${conditions(sql, filter)}
          ORDER BY rank DESC, units.id LIMIT ${limit}
        ) AS found JOIN lexemes ON lexemes.row = found.row ORDER BY found.rank DESC, found.id`
      const termIndex = new Map(keys.map((key, i) => [key, i]))
      return {
        ...common,
        candidates: rows.map(({ id, lengths, lexemes, position, session_id }) => ({
          unitId: id,
          sessionId: session_id,
          position,
          ...sumOf(lengths.map((end, i) => lexemes.slice(lengths[i - 1] ?? 0, end)), termIndex)
        }))
      }
    })

  const projects = Effect.map(
    sql<KeptProject>`SELECT id, name, root, key, excluded AS "isExcluded", merged_into AS "mergedInto" FROM projects`,
    knownProjects
  )

  const summaries = Effect.gen(function*() {
    const counts = yield* sql<
      { id: string; n: number }
    >`SELECT project_id AS id, count(*) AS n FROM units WHERE active GROUP BY project_id`
    const countOf = new Map(counts.map(({ id, n }) => [id, n]))
    return (yield* projects).map((project) => ({ ...project, units: countOf.get(project.id) ?? 0 }))
  })

  const status = Effect.gen(function*() {
    const lines = yield* sql<{ name: string; n: number }>`SELECT * FROM line_counts ORDER BY name`
    const redactions = yield* sql<{ name: string; n: number }>`SELECT * FROM redactions ORDER BY name`
    const types = yield* sql<{ type: string; n: number }>`
      SELECT type, count(*) AS n FROM units WHERE active GROUP BY type`
    const [counts] = yield* sql<
      Readonly<Record<"sessions" | "messages" | "said" | "cited" | "pending" | "indexing" | "files", number>>
    >`SELECT
        (SELECT count(*) FROM sessions) AS sessions,
        (SELECT count(*) FROM messages) AS messages,
        (SELECT count(*) FROM messages WHERE said) AS said,
        (SELECT count(*) FROM messages WHERE said
          AND uuid IN (SELECT unnest(evidence) FROM units WHERE active)) AS cited,
        (SELECT count(*) FROM work WHERE attempts < ${MAX_ATTEMPTS}) AS pending,
        (SELECT count(*) FROM work WHERE kind = 'index') AS indexing,
        (SELECT count(*) FROM cursors) AS files`
    const { cited, files, indexing, messages, pending, said, sessions } = counts!
    return {
      lines: lineSumOf(new Map(lines.map(({ n, name }) => [name, n]))),
      redactions: Object.fromEntries(redactions.map(({ n, name }) => [name, n])),
      sessions,
      messages,
      textMessages: { total: said, cited },
      units: {
        total: types.reduce((sum, { n }) => sum + n, 0),
        byType: Object.fromEntries(types.map(({ n, type }) => [type, n]))
      },
      pending,
      indexing,
      files,
      projects: yield* summaries
    }
  })

  const deadLetters = (limit: number) =>
    Effect.map(
      sql<Body>`SELECT body FROM dead_letters ORDER BY path, line_offset LIMIT ${limit}`,
      (rows) => rows.map(({ body }) => JSON.parse(body) as DeadLetter)
    )

  const failures = (limit: number) =>
    Effect.map(
      sql<
        Omit<FailedWork, "isDead">
      >`SELECT kind, key, attempts, coalesce(error, '') AS error FROM work WHERE attempts > 0
        ORDER BY attempts DESC, kind, key LIMIT ${limit}`,
      (rows) => rows.map((row): FailedWork => ({ ...row, isDead: row.attempts >= MAX_ATTEMPTS }))
    )

  const unreviewed = Effect.map(
    sql<{ id: string }>`SELECT id FROM sessions WHERE NOT EXISTS (
      SELECT FROM reviewed_sessions WHERE reviewed_sessions.id = sessions.id) ORDER BY started_at, id`,
    (rows) => rows.map(({ id }) => id)
  )

  const sessionsByPrefix = (prefix: string) =>
    Effect.map(
      sql<SessionRow>`SELECT * FROM sessions WHERE starts_with(id, ${text(prefix)}) ORDER BY id LIMIT 10`,
      (rows) => rows.map(sessionOf)
    )

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
