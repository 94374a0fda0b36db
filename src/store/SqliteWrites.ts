/**
 * What the SQLite store writes. Rows go in as JSON arrays, a statement for each table and batch.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { assignSegments, type Message, type OpenSegment, threadKey } from "../domain/Conversation.ts"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Duplicates from "./Duplicates.ts"
import { fieldsOf } from "./Lexical.ts"
import {
  type CaptureBatch,
  EMBEDDED,
  MAX_ATTEMPTS,
  type ReviewRequest,
  triedAgainAfter,
  type WorkItem
} from "./MemoryStore.ts"
import { changesOf, comparable, freshOf, outcomesOf, says, sessionsChangedBy } from "./Rules.ts"
import { isAlive, LEASE_MS, OWNER } from "./WorkLease.ts"

const json = (value: unknown) => JSON.stringify(value)

export const make = (sql: SqlClient) => {
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
      ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1, attempts = 0, not_before = 0`

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
      yield* sql`INSERT INTO cursors ${
        sql.insert({
          path: batch.cursor.path,
          next_offset: batch.cursor.offset,
          fingerprint: batch.cursor.fingerprint,
          tail: batch.cursor.tail,
          modified_at: batch.cursor.modifiedAt,
          session_id: batch.cursor.sessionId
        })
      } ON CONFLICT (path) DO UPDATE SET next_offset = excluded.next_offset, fingerprint = excluded.fingerprint,
          tail = excluded.tail, modified_at = excluded.modified_at, session_id = excluded.session_id`
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
        WHERE rowid IN (SELECT rowid FROM work
          WHERE kind = ${kind} AND owner IS NULL AND not_before <= ${now} AND attempts < ${MAX_ATTEMPTS}
          ORDER BY rowid LIMIT ${limit})
        RETURNING kind, key, revision`
    })

  const renew = (items: ReadonlyArray<WorkItem>) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        sql`UPDATE work SET until = ${now + LEASE_MS} WHERE owner = ${OWNER} AND (kind, key) IN (
        SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`
    )

  const fail = (items: ReadonlyArray<WorkItem>, error: string) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      for (const { key, kind } of items) {
        const [held] = yield* sql<{ attempts: number }>`SELECT attempts FROM work
          WHERE owner = ${OWNER} AND kind = ${kind} AND key = ${key}`
        if (held === undefined) continue
        const attempts = held.attempts + 1
        yield* sql`UPDATE work SET owner = NULL, until = NULL, attempts = ${attempts}, error = ${error},
          not_before = ${now + triedAgainAfter(attempts)} WHERE kind = ${kind} AND key = ${key}`
      }
    })

  const segmentsOf = (sessionId: string) =>
    Effect.map(
      sql<{ id: string }>`SELECT segment_id AS id FROM messages WHERE session_id = ${sessionId}
        GROUP BY segment_id ORDER BY min(seq)`,
      (rows) => rows.map(({ id }) => id)
    )

  const queueReviews = (requests: ReadonlyArray<ReviewRequest>) =>
    Effect.gen(function*() {
      for (const { isWanted, segmentIds, sessionId } of requests) {
        const [known] = yield* sql`SELECT id FROM reviewed_sessions WHERE id = ${sessionId}`
        if (known === undefined && !isWanted) continue
        if (known === undefined) yield* sql`INSERT INTO reviewed_sessions VALUES (${sessionId})`
        yield* enqueue("review", known === undefined ? yield* segmentsOf(sessionId) : segmentIds)
        yield* enqueue("recap", [sessionId])
      }
    })

  const reviewAgain = (sessionIds: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      let segments = 0
      for (const sessionId of sessionIds) {
        const ids = yield* segmentsOf(sessionId)
        segments += ids.length
        yield* sql`INSERT INTO reviewed_sessions VALUES (${sessionId}) ON CONFLICT DO NOTHING`
        yield* enqueue("review", ids)
        yield* enqueue("recap", [sessionId])
      }
      return segments
    })

  const done = (items: ReadonlyArray<WorkItem>) =>
    sql`DELETE FROM work WHERE (kind, key, revision) IN (
      SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`

  const release = (items: ReadonlyArray<WorkItem>) =>
    sql`UPDATE work SET owner = NULL, until = NULL WHERE owner = ${OWNER} AND (kind, key) IN (
      SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`

  const deleteUnits = (rows: ReadonlyArray<number>) =>
    Effect.gen(function*() {
      if (rows.length === 0) return []
      const list = json(rows)
      yield* sql`UPDATE totals SET units = units - ${rows.length}, lexemes = lexemes - coalesce(
        (SELECT sum(lexeme_count) FROM units WHERE row IN (SELECT value FROM json_each(${list}))), 0)`
      yield* sql`DELETE FROM lexemes WHERE rowid IN (SELECT value FROM json_each(${list}))`
      const rowsGone = yield* sql<
        { id: string }
      >`DELETE FROM units WHERE row IN (SELECT value FROM json_each(${list})) RETURNING id`
      const gone = rowsGone.map(({ id }) => id)
      yield* enqueue("index", gone)
      return gone
    })

  const insertUnits = (units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      if (units.length === 0) return
      const fields = units.map((unit) => fieldsOf(unit))
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
      yield* sql`INSERT INTO sketches (least, row) SELECT value->>0, value->>1 FROM json_each(${
        json(units.flatMap((unit, i) =>
          Duplicates.sketch(unit, Duplicates.wordsOf(fields[i]!)).map((least) => [least, rowOf.get(unit.id)])
        ))
      }) WHERE true ON CONFLICT DO NOTHING`
      yield* enqueue("index", units.map(({ id }) => id))
    })

  const indexFor = (name: string) =>
    Effect.gen(function*() {
      const [row] = yield* sql<{ value: string }>`SELECT value FROM properties WHERE name = 'index'`
      if ((row?.value ?? EMBEDDED) === name) return false
      yield* sql`INSERT INTO properties VALUES ('index', ${name}) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
      yield* enqueue("reconcile", [name])
      return true
    })

  /** `turned` are those of them that count now and did not, or the other way round. */
  const update = (units: ReadonlyArray<MemoryUnit>, turned: ReadonlyArray<string>) =>
    Effect.zipRight(
      enqueue("index", turned),
      sql`UPDATE units SET active = new.active, evidence = new.evidence, superseded_by = new.superseded_by, body = new.body
      FROM (SELECT value->>0 AS id, value->>1 AS active, value->>2 AS evidence, value->>3 AS superseded_by, value->>4 AS body
        FROM json_each(${
        json(units.map((unit) => [unit.id, Number(unit.active), json(evidence(unit)), unit.supersededBy, json(unit)]))
      })) AS new WHERE units.id = new.id`
    )

  /** Units whose successors are gone count again. */
  const restore = (gone: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      if (gone.length === 0) return []
      const rows = yield* sql<{ body: string }>`SELECT body FROM units
        WHERE superseded_by IN (SELECT value FROM json_each(${json(gone)})) ORDER BY id`
      const back = rows.map(({ body }) => Duplicates.restored(JSON.parse(body) as MemoryUnit))
      const ids = back.map(({ id }) => id)
      if (back.length > 0) yield* update(back, ids)
      return ids
    })

  /** Merges units with those active ones of their project that say the same. */
  const mergeWithSame = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      if (ids.length === 0) return
      const pairs = yield* sql<{ id: string; other: string }>`
        SELECT DISTINCT a.id, b.id AS other FROM units AS a JOIN sketches AS s ON s.row = a.row
          JOIN sketches AS t ON t.least = s.least AND t.row <> s.row JOIN units AS b ON b.row = t.row
        WHERE a.id IN (SELECT value FROM json_each(${json(ids)})) AND b.project_id = a.project_id AND b.active = 1`
      if (pairs.length === 0) return
      const rows = yield* sql<{ body: string; text: string; tool_use: string; tool_result: string }>`
        SELECT u.body, l.text, l.tool_use, l.tool_result FROM units AS u JOIN lexemes AS l ON l.rowid = u.row
        WHERE u.id IN (SELECT value FROM json_each(${
        json([...new Set(pairs.flatMap(({ id, other }) => [id, other]))])
      }))`
      const held = new Map(rows.map(({ body, ...fields }) => {
        const unit = JSON.parse(body) as MemoryUnit
        return [unit.id, {
          unit,
          words: new Set(Object.values(fields).join(" ").split(" ").filter((word) => word !== ""))
        }] as const
      }))
      const changed = new Map<string, MemoryUnit>()
      const current = (id: string) => changed.get(id) ?? held.get(id)!.unit
      for (const id of ids) {
        for (const other of pairs.filter((pair) => pair.id === id).map((pair) => pair.other).sort()) {
          if (!current(id).active) break
          if (!current(other).active) continue
          const worded = (id: string) => ({ unit: current(id), words: held.get(id)!.words })
          const merged = Duplicates.merge(worded(id), worded(other))
          if (merged !== undefined) changed.set(merged.goes.id, merged.goes).set(merged.stays.id, merged.stays)
        }
      }
      const gone = [...changed.values()].filter(({ active }) => !active).map(({ id }) => id)
      if (changed.size > 0) yield* update([...changed.values()], gone)
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
      const back = yield* restore(yield* deleteUnits([...stale]))
      yield* insertUnits(fresh)
      yield* mergeWithSame([...back, ...fresh.map(({ id }) => id)])
      yield* done(items)
      yield* release(items)
    })

  const queue = (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => enqueue(kind, keys)

  return { append, claim, queue, indexFor, release, commit, done, renew, fail, queueReviews, reviewAgain }
}
