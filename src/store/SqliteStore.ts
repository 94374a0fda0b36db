/**
 * `MemoryStore` in one SQLite file, written through one connection and read through another, so that capture never stalls a
 * search. Rows go in as JSON arrays, a statement for each table and batch.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assignSegments, type Message, type OpenSegment, type Session, threadKey } from "../domain/Conversation.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import type { Project } from "../domain/Project.ts"
import type { SearchFilter } from "../domain/Search.ts"
import { lexemes } from "../domain/Tokenizer.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { transaction } from "../resources/Sqlite.ts"
import { fieldsOf, sumOf } from "./Lexical.ts"
import { type CaptureBatch, type Cursor, MemoryStore, type WorkItem } from "./MemoryStore.ts"
import {
  changesOf,
  comparable,
  freshOf,
  lineSumOf,
  outcomesOf,
  OUTLINE,
  recalling,
  says,
  sessionsChangedBy
} from "./Rules.ts"
import { SqliteFile, toStoreError } from "./SqliteFile.ts"
import { conditions } from "./SqliteFilter.ts"
import { isAlive, LEASE_MS, OWNER } from "./WorkLease.ts"

const json = (value: unknown) => JSON.stringify(value)

interface UnitRow {
  readonly body: string
}
const unitOf = (row: UnitRow): MemoryUnit => JSON.parse(row.body) as MemoryUnit
const messageOf = (row: { readonly body: string }): Message => JSON.parse(row.body) as Message

interface SessionRow {
  readonly id: string
  readonly project_id: string
  readonly title: string | null
  readonly cwd: string
  readonly branch: string | null
  readonly started_at: number
  readonly ended_at: number
}
const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  projectId: row.project_id,
  title: row.title,
  cwd: row.cwd,
  branch: row.branch,
  startedAt: row.started_at,
  endedAt: row.ended_at
})

const makeWrites = (sql: SqlClient) => {
  const addCounts = (table: "line_counts" | "redactions", counts: Readonly<Record<string, number>>) => {
    const [key, value] = table === "line_counts" ? ["outcome", "lines"] : ["kind", "found"]
    return sql.unsafe(
      `INSERT INTO ${table} SELECT key, value FROM json_each(?) WHERE value > 0
        ON CONFLICT (${key}) DO UPDATE SET ${value} = ${value} + excluded.${value}`,
      [json(counts)]
    )
  }

  const enqueue = (kind: WorkItem["kind"], keys: Iterable<string>) =>
    sql`INSERT INTO work (kind, key, revision) SELECT ${kind}, value, 1 FROM json_each(${
      json([...new Set(keys)])
    }) WHERE true
      ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1`

  const upsertSessions = (batch: CaptureBatch) => {
    const changes = [...changesOf(batch.facts)].map(([id, change]) => ({ id, ...change }))
    return sql`INSERT INTO sessions
      SELECT value->>'id', ${batch.project.id}, value->>'title', coalesce(value->>'cwd', ${batch.project.root}), value->>'branch',
        value->>'version', coalesce(value->>'from', 0), coalesce(value->>'to', 0)
      FROM json_each(${json(changes)}) WHERE true
      ON CONFLICT (id) DO UPDATE SET
        title = coalesce(excluded.title, title), branch = coalesce(excluded.branch, branch),
        version = coalesce(excluded.version, version),
        started_at = CASE WHEN started_at = 0 THEN excluded.started_at
          WHEN excluded.started_at = 0 THEN started_at ELSE min(started_at, excluded.started_at) END,
        ended_at = max(ended_at, excluded.ended_at)`
  }

  const insertMessages = (messages: ReadonlyArray<Message>) =>
    Effect.gen(function*() {
      const keys = [...new Set(messages.map((message) => threadKey(message.sessionId, message.thread)))]
      const rows = yield* sql<{ thread_key: string; id: string; messages: number }>`
        SELECT * FROM open_segments WHERE thread_key IN (SELECT value FROM json_each(${json(keys)}))`
      const openSegments = new Map<string, OpenSegment>(
        rows.map((row) => [row.thread_key, { id: row.id, messages: row.messages }])
      )
      const segmentIds = assignSegments(messages, openSegments)
      yield* sql`INSERT INTO messages (uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, body)
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8
        FROM json_each(${
        json(messages.map((message, i) => [
          message.uuid,
          message.sessionId,
          message.thread,
          segmentIds[i],
          message.role,
          Number(message.isPrompt),
          Number(says(message)),
          message.occurredAt,
          json(message)
        ]))
      })`
      yield* sql`INSERT INTO open_segments
        SELECT s.value->>0, s.value->>1, (SELECT count(*) FROM messages WHERE segment_id = s.value->>1)
        FROM json_each(${
        json([...new Map(messages.map((message, i) => [threadKey(message.sessionId, message.thread), segmentIds[i]]))])
      }) AS s WHERE true
        ON CONFLICT (thread_key) DO UPDATE SET id = excluded.id, messages = excluded.messages`
      yield* enqueue("segment", segmentIds)
    })

  const append = (batch: CaptureBatch) =>
    Effect.gen(function*() {
      const cursor = (yield* sql<{ next_offset: number; fingerprint: string }>`
        SELECT next_offset, fingerprint FROM cursors WHERE path = ${batch.cursor.path}`)[0]
      if (cursor?.next_offset !== batch.previous?.offset || cursor?.fingerprint !== batch.previous?.fingerprint) {
        return { _tag: "Conflict" as const }
      }

      const known = yield* sql<{ uuid: string }>`SELECT uuid FROM messages
        WHERE uuid IN (SELECT value FROM json_each(${json(batch.messages.map(({ uuid }) => uuid))}))`
      const fresh = freshOf(batch.messages, known.map(({ uuid }) => uuid))
      const duplicates = batch.messages.length - fresh.length
      const stored = fresh.length + batch.factLines

      yield* sql`INSERT INTO projects ${
        sql.insert({ ...batch.project })
      } ON CONFLICT (id) DO UPDATE SET root = excluded.root`
      const sessionIds = json([...new Set(batch.facts.map(({ sessionId }) => sessionId))])
      const countSessions = sql<{ n: number }>`SELECT count(*) AS n FROM sessions
        WHERE id IN (SELECT value FROM json_each(${sessionIds}))`
      const before = (yield* countSessions)[0]?.n ?? 0
      yield* upsertSessions(batch)
      const after = (yield* countSessions)[0]?.n ?? 0
      if (fresh.length > 0) yield* insertMessages(fresh)
      yield* enqueue("session", sessionsChangedBy(fresh, batch.facts))
      yield* sql`INSERT INTO cursors VALUES
        (${batch.cursor.path}, ${batch.cursor.offset}, ${batch.cursor.fingerprint}, ${batch.cursor.sessionId})
        ON CONFLICT (path) DO UPDATE SET next_offset = excluded.next_offset, fingerprint = excluded.fingerprint,
          session_id = excluded.session_id`
      yield* addCounts("line_counts", outcomesOf(batch, stored, duplicates))
      yield* addCounts("redactions", batch.redactions)
      yield* sql`INSERT INTO dead_letters
        SELECT value->>'path', ${batch.cursor.fingerprint}, value->>'offset', value->>'reason', value->>'line' FROM json_each(${
        json(batch.deadLetters)
      })
        WHERE true ON CONFLICT DO NOTHING`
      return { _tag: "Appended" as const, stored, duplicates, newSessions: after - before }
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
        WHERE rowid IN (SELECT rowid FROM work WHERE kind = ${kind} AND owner IS NULL ORDER BY rowid LIMIT ${limit})
        RETURNING kind, key, revision`
    })

  const done = (items: ReadonlyArray<WorkItem>) =>
    sql`DELETE FROM work WHERE (kind, key, revision) IN (
      SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`

  const release = (items: ReadonlyArray<WorkItem>) =>
    sql`UPDATE work SET owner = NULL, until = NULL WHERE owner = ${OWNER} AND (kind, key) IN (
      SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`

  const deleteUnits = (rows: ReadonlyArray<number>) =>
    Effect.gen(function*() {
      if (rows.length === 0) return
      const list = json(rows)
      yield* sql`UPDATE totals SET units = units - ${rows.length}, lexemes = lexemes - coalesce(
        (SELECT sum(lexeme_count) FROM units WHERE row IN (SELECT value FROM json_each(${list}))), 0)`
      yield* sql`DELETE FROM lexemes WHERE rowid IN (SELECT value FROM json_each(${list}))`
      const gone = yield* sql<
        { id: string }
      >`DELETE FROM units WHERE row IN (SELECT value FROM json_each(${list})) RETURNING id`
      yield* enqueue("index", gone.map(({ id }) => id))
    })

  const insertUnits = (units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      if (units.length === 0) return
      const fields = units.map((unit) => fieldsOf(unit, lexemes))
      const counts = fields.map((each) => each.reduce((sum, field) => sum + field.length, 0))
      const rows = yield* sql<{ row: number; id: string }>`INSERT INTO units
        (id, project_id, session_id, origin, position, type, occurred_at, active, lexeme_count, files, evidence, body)
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, value->>9,
          value->>10, value->>11 FROM json_each(${
        json(units.map((unit, i) => [
          unit.id,
          unit.projectId,
          unit.sessionId,
          unit.origin,
          unit.position,
          unit.type,
          unit.occurredAt,
          Number(unit.active),
          counts[i],
          json(unit.files),
          json(evidence(unit)),
          json(unit)
        ]))
      }) RETURNING row, id`
      const rowOf = new Map(rows.map(({ row, id }) => [id, row]))
      yield* sql`INSERT INTO lexemes (rowid, title, text, tool_use, tool_result)
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(${
        json(units.map((unit, i) => [rowOf.get(unit.id), ...fields[i]!.map((field) => field.join(" "))]))
      })`
      yield* sql`UPDATE totals SET units = units + ${units.length}, lexemes = lexemes + ${
        counts.reduce((sum, n) => sum + n, 0)
      }`
      yield* enqueue("index", units.map(({ id }) => id))
    })

  const commit = (items: ReadonlyArray<WorkItem>, units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const current = yield* sql<{ key: string }>`SELECT key FROM work WHERE (kind, key, revision) IN (
        SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`
      const origins = new Set(current.map(({ key }) => key))
      const kept = units.filter(({ origin }) => origins.has(origin))
      const existing = yield* sql<{ row: number; body: string }>`SELECT row, body FROM units
        WHERE origin IN (SELECT value FROM json_each(${json([...origins])}))`
      // A unit that comes out the same stays, so that growing a segment does not embed its whole again.
      const unchanged = new Map(existing.map(({ row, body }) => [comparable(JSON.parse(body) as MemoryUnit), row]))
      const fresh = unchanged.size === 0 ? kept : kept.filter((unit) => !unchanged.delete(comparable(unit)))
      const stale = new Set(unchanged.values())
      yield* deleteUnits([...stale])
      yield* insertUnits(fresh)
      yield* done(items)
      yield* release(items)
    })

  return { append, claim, release, commit, done }
}

const makeReads = (sql: SqlClient) => {
  const cursors = (paths: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ path: string; next_offset: number; fingerprint: string; session_id: string }>`
        SELECT * FROM cursors WHERE path IN (SELECT value FROM json_each(${json(paths)}))`,
      (rows) =>
        new Map<string, Cursor>(rows.map((row) => [
          row.path,
          { path: row.path, offset: row.next_offset, fingerprint: row.fingerprint, sessionId: row.session_id }
        ]))
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

  const segments = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const rows = yield* sql<{ seq: number; segment_id: string; body: string }>`
        SELECT seq, segment_id, body FROM messages WHERE segment_id IN (SELECT value FROM json_each(${
        json(ids)
      })) ORDER BY seq`
      const bySegment = new Map<string, Array<{ readonly seq: number; readonly message: Message }>>()
      for (const row of rows) {
        const list = bySegment.get(row.segment_id) ?? []
        bySegment.set(row.segment_id, list)
        list.push({ seq: row.seq, message: messageOf(row) })
      }
      const sessions = yield* sessionsById([...bySegment.values()].map((list) => list[0]!.message.sessionId))
      return ids.flatMap((id) => {
        const list = bySegment.get(id)
        const first = list?.[0]
        const session = first && sessions.get(first.message.sessionId)
        if (list === undefined || first === undefined || session === undefined) return []
        const messages = list.map(({ message }) => message)
        return [{
          segment: { id, sessionId: session.id, thread: first.message.thread, messages },
          session,
          position: first.seq
        }]
      })
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
          return {
            session,
            prompts: prompts.map(messageOf),
            closing: closing.map(messageOf).reverse(),
            files: files.map(({ file }) => file)
          }
        }))
    })

  const units = (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql<UnitRow>`SELECT units.body FROM json_each(${json(ids)}) AS wanted JOIN units ON units.id = wanted.value
        ORDER BY wanted.key`,
      (rows) => rows.map(unitOf)
    )

  const unitsByPrefix = (prefix: string) =>
    Effect.map(
      sql<UnitRow>`SELECT body FROM units WHERE id >= ${prefix} AND id < ${`${prefix}g`} ORDER BY id LIMIT 10`,
      (rows) => rows.map(unitOf)
    )

  const recent = (filter: SearchFilter, limit: number) =>
    Effect.map(
      sql<UnitRow>`SELECT body FROM units WHERE ${
        conditions(sql, filter)
      } ORDER BY occurred_at DESC, id LIMIT ${limit}`,
      (rows) => rows.map(unitOf)
    )

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
      const rows = yield* sql<{
        id: string
        session_id: string
        position: number
        title: string
        text: string
        tool_use: string
        tool_result: string
      }>`SELECT units.id, units.session_id, units.position, lexemes.title, lexemes.text, lexemes.tool_use, lexemes.tool_result
        FROM lexemes JOIN units ON units.row = lexemes.rowid
        WHERE lexemes MATCH ${match} AND ${conditions(sql, filter)} ORDER BY lexemes.rank, units.id LIMIT ${limit}`
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

  const projects = sql<Project>`SELECT id, name, root, key FROM projects ORDER BY name, id`

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
      pending: yield* one("n", "SELECT count(*) AS n FROM work"),
      files: yield* one("n", "SELECT count(*) AS n FROM cursors"),
      projects: yield* sql<Project & { units: number }>`SELECT p.id, p.name, p.root, p.key,
        (SELECT count(*) FROM units WHERE project_id = p.id AND active = 1) AS units FROM projects p ORDER BY p.name, p.id`
    }
  })

  const deadLetters = (limit: number) =>
    sql<{ path: string; offset: number; reason: string; line: string }>`
      SELECT path, line_offset AS offset, reason, line FROM dead_letters ORDER BY path, line_offset LIMIT ${limit}`

  return {
    cursors,
    places,
    segments,
    outlines,
    units,
    unitsByPrefix,
    recent,
    messages,
    neighbours,
    lexical,
    projects,
    status,
    deadLetters
  }
}

const make = Effect.gen(function*() {
  const { reader, writer } = yield* SqliteFile
  const inFlight = yield* makeInFlight("MemoryStore")
  const reads = makeReads(reader)
  const writes = makeWrites(writer)
  const fail = <A, R>(operation: string, effect: Effect.Effect<A, SqlError, R>) =>
    inFlight(Effect.mapError(effect, toStoreError(operation))).pipe(Effect.withSpan(`MemoryStore.${operation}`))
  const write = <A, R>(operation: string, effect: Effect.Effect<A, SqlError, R>) =>
    fail(operation, transaction(writer, effect))

  return MemoryStore.of({
    cursors: (paths) => fail("cursors", reads.cursors(paths)),
    append: (batch) => write("append", writes.append(batch)),
    places: (uuids) => fail("places", reads.places(uuids)),
    claim: (kind, limit) => write("claim", writes.claim(kind, limit)),
    release: (items) => write("release", Effect.asVoid(writes.release(items))),
    segments: (ids) => fail("segments", reads.segments(ids)),
    outlines: (ids) => fail("outlines", reads.outlines(ids)),
    commit: (items, units) => write("commit", Effect.asVoid(writes.commit(items, units))),
    done: (items) => write("done", Effect.asVoid(writes.done(items))),
    units: (ids) => fail("units", reads.units(ids)),
    unitsByPrefix: (prefix) => fail("unitsByPrefix", reads.unitsByPrefix(prefix)),
    recent: (filter, limit) => fail("recent", reads.recent(filter, limit)),
    messages: (uuids) => fail("messages", reads.messages(uuids)),
    neighbours: (ids) => fail("neighbours", reads.neighbours(ids)),
    lexical: (terms, filter, limit) => fail("lexical", reads.lexical(terms, filter, limit)),
    projects: fail("projects", reads.projects),
    deadLetters: (limit) => fail("deadLetters", reads.deadLetters(limit)),
    status: fail("status", reads.status),
    transaction: (effect) =>
      transaction(writer, effect).pipe(
        Effect.mapError((error) => error instanceof SqlError ? toStoreError("transaction")(error) : error)
      )
  })
})

export const layer = Layer.scoped(MemoryStore, make)
