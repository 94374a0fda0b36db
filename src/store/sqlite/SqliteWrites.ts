/**
 * What the SQLite store writes. Rows go in as JSON arrays, a statement for each table and batch.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { evidence, type MemoryUnit } from "../../domain/MemoryUnit.ts"
import { MAX_ATTEMPTS, type WorkItem } from "../MemoryStore.ts"
import { says } from "../Rules.ts"
import { SECRET } from "../sql/ForgetWrites.ts"
import type { KeptLetter, Statements, StoredMessage } from "../sql/Statements.ts"
import * as Writes from "../sql/Writes.ts"
import { isAlive, LEASE_MS, OWNER } from "../WorkLease.ts"

const json = (value: unknown) => JSON.stringify(value)

/** A write transaction excludes all others: nothing else needs a lock. */
const statements = (sql: SqlClient): Statements => ({
  cursorOf: ({ cursor }) =>
    Effect.map(
      sql<{ offset: number; fingerprint: string }>`
        SELECT next_offset AS "offset", fingerprint FROM cursors WHERE path = ${cursor.path}`,
      ([row]) => row
    ),

  setCursor: (cursor) =>
    sql`INSERT INTO cursors ${
      sql.insert({
        path: cursor.path,
        next_offset: cursor.offset,
        fingerprint: cursor.fingerprint,
        tail: cursor.tail,
        modified_at: cursor.modifiedAt,
        session_id: cursor.sessionId
      })
    } ON CONFLICT (path) DO UPDATE SET next_offset = excluded.next_offset, fingerprint = excluded.fingerprint,
        tail = excluded.tail, modified_at = excluded.modified_at, session_id = excluded.session_id`,

  known: (uuids) =>
    Effect.map(
      sql<{ uuid: string }>`SELECT uuid FROM messages WHERE uuid IN (SELECT value FROM json_each(${json(uuids)}))`,
      (rows) => rows.map(({ uuid }) => uuid)
    ),

  setProject: ({ id, key, name, root }) =>
    sql`INSERT INTO projects ${
      sql.insert({ id, name, root, key })
    } ON CONFLICT (id) DO UPDATE SET root = excluded.root`,

  projectFor: (id) =>
    Effect.map(
      sql<{ id: string }>`SELECT coalesce(merged_into, id) AS id FROM projects WHERE id = ${id}`,
      ([row]) => row?.id ?? id
    ),

  setExcluded: (id, isExcluded) => sql`UPDATE projects SET excluded = ${Number(isExcluded)} WHERE id = ${id}`,

  setName: (id, name) => sql`UPDATE projects SET name = ${name} WHERE id = ${id}`,

  setMerged: (from, into) => sql`UPDATE projects SET merged_into = ${into} WHERE id = ${from} OR merged_into = ${from}`,

  moveSessions: (from, into) => sql`UPDATE sessions SET project_id = ${into} WHERE project_id = ${from}`,

  // Within a text of JSON a quotation mark has a backslash before it.
  moveUnits: (from, into) =>
    Effect.zipLeft(
      Effect.map(
        sql<{ id: string }>`SELECT id FROM units WHERE project_id = ${from} ORDER BY row`,
        (rows) => rows.map(({ id }) => id)
      ),
      sql`UPDATE units SET project_id = ${into},
        body = replace(body, ${`"projectId":${json(from)}`}, ${`"projectId":${json(into)}`})
        WHERE project_id = ${from}`
    ),

  changeSessions: (project, changes) =>
    Effect.gen(function*() {
      const countSessions = sql<{ n: number }>`SELECT count(*) AS n FROM sessions
        WHERE id IN (SELECT value FROM json_each(${json([...changes.keys()])}))`
      const before = (yield* countSessions)[0]?.n ?? 0
      yield* sql`INSERT INTO sessions
        SELECT value->>'id', ${project.id}, value->>'title', coalesce(value->>'cwd', ${project.root}), value->>'branch',
          value->>'version', coalesce(value->>'from', 0), coalesce(value->>'to', 0)
        FROM json_each(${json([...changes].map(([id, change]) => ({ id, ...change })))}) WHERE true
        ON CONFLICT (id) DO UPDATE SET
          title = coalesce(excluded.title, title), branch = coalesce(excluded.branch, branch),
          version = coalesce(excluded.version, version),
          started_at = CASE WHEN started_at = 0 THEN excluded.started_at
            WHEN excluded.started_at = 0 THEN started_at ELSE min(started_at, excluded.started_at) END,
          ended_at = max(ended_at, excluded.ended_at)`
      return ((yield* countSessions)[0]?.n ?? 0) - before
    }),

  openSegments: (threadKeys) =>
    Effect.map(
      sql<{ thread_key: string; id: string; messages: number }>`
        SELECT * FROM open_segments WHERE thread_key IN (SELECT value FROM json_each(${json(threadKeys)}))`,
      (rows) => new Map(rows.map((row) => [row.thread_key, { id: row.id, messages: row.messages }]))
    ),

  setOpenSegments: (segments) =>
    sql`INSERT INTO open_segments
      SELECT s.value->>0, s.value->>1, (SELECT count(*) FROM messages WHERE segment_id = s.value->>1)
      FROM json_each(${json([...segments])}) AS s WHERE true
      ON CONFLICT (thread_key) DO UPDATE SET id = excluded.id, messages = excluded.messages`,

  insertMessages: (messages, segmentIds) =>
    sql`INSERT INTO messages (uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, body)
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
    })`,

  addCounts: (table, counts) => {
    const [key, value] = table === "line_counts" ? ["outcome", "lines"] : ["kind", "found"]
    return sql.unsafe(
      `INSERT INTO ${table} SELECT key, value FROM json_each(?) WHERE value > 0
        ON CONFLICT (${key}) DO UPDATE SET ${value} = ${value} + excluded.${value}`,
      [json(counts)]
    )
  },

  insertDeadLetters: (cursor, letters) =>
    sql`INSERT INTO dead_letters
      SELECT value->>'path', ${cursor.fingerprint}, value->>'offset', value->>'reason', value->>'line' FROM json_each(${
      json(letters)
    })
      WHERE true ON CONFLICT DO NOTHING`,

  enqueue: (kind, keys) =>
    sql`INSERT INTO work (kind, key, revision) SELECT ${kind}, value, 1 FROM json_each(${json(keys)}) WHERE true
      ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1, attempts = 0, not_before = 0`,

  done: (items) =>
    sql`DELETE FROM work WHERE (kind, key, revision) IN (
      SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`,

  release: (items) =>
    sql`UPDATE work SET owner = NULL, until = NULL WHERE owner = ${OWNER} AND (kind, key) IN (
      SELECT value->>'kind', value->>'key' FROM json_each(${json(items)}))`,

  attempts: ({ key, kind }) =>
    Effect.map(
      sql<{ attempts: number }>`SELECT attempts FROM work WHERE owner = ${OWNER} AND kind = ${kind} AND key = ${key}`,
      ([row]) => row?.attempts
    ),

  setFailed: ({ key, kind }, attempts, error, notBefore) =>
    sql`UPDATE work SET owner = NULL, until = NULL, attempts = ${attempts}, error = ${error}, not_before = ${notBefore}
      WHERE kind = ${kind} AND key = ${key}`,

  segmentsOf: (sessionId) =>
    Effect.map(
      sql<{ id: string }>`SELECT segment_id AS id FROM messages WHERE session_id = ${sessionId}
        GROUP BY segment_id ORDER BY min(seq)`,
      (rows) => rows.map(({ id }) => id)
    ),

  setReviewed: (sessionId) =>
    Effect.map(
      sql`INSERT INTO reviewed_sessions VALUES (${sessionId}) ON CONFLICT DO NOTHING RETURNING id`,
      (rows) => rows.length > 0
    ),

  isReviewed: (sessionId) =>
    Effect.map(sql`SELECT id FROM reviewed_sessions WHERE id = ${sessionId}`, (rows) => rows.length > 0),

  alone: Effect.void,

  secret: Effect.map(
    sql<{ value: string }>`SELECT value FROM properties WHERE name = ${SECRET}`,
    ([row]) => row?.value
  ),

  entombed: (hashes) =>
    Effect.map(
      sql<{ hash: string }>`SELECT DISTINCT hash FROM tombstones WHERE hash IN (SELECT value FROM json_each(${
        json(hashes)
      }))`,
      (rows) => rows.map(({ hash }) => hash)
    ),

  insertTombstones: (unitIds, hashes) =>
    sql`INSERT INTO tombstones (hash, unit_id)
      SELECT h.value, u.value FROM json_each(${json(hashes)}) AS h, json_each(${json(unitIds)}) AS u WHERE true
      ON CONFLICT DO NOTHING`,

  messagesBy: (uuids) =>
    sql<StoredMessage>`SELECT seq, segment_id, body FROM messages
      WHERE uuid IN (SELECT value FROM json_each(${json(uuids)})) ORDER BY seq`,

  messagesOf: (sessionIds, after, limit) =>
    sql<StoredMessage>`SELECT seq, segment_id, body FROM messages
      WHERE session_id IN (SELECT value FROM json_each(${
      json(sessionIds)
    })) AND seq > ${after} ORDER BY seq LIMIT ${limit}`,

  messagesHolding: (probes, after, limit) =>
    sql<StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE seq > ${after}
      AND EXISTS (SELECT 1 FROM json_each(${
      json(probes)
    }) WHERE instr(body, value->>0) > 0 AND instr(body, value->>1) > 0)
      ORDER BY seq LIMIT ${limit}`,

  updateMessages: (messages) =>
    sql`UPDATE messages SET said = new.said, body = new.body
      FROM (SELECT value->>0 AS uuid, value->>1 AS said, value->>2 AS body FROM json_each(${
      json(messages.map((message) => [message.uuid, Number(says(message)), json(message)]))
    })) AS new WHERE messages.uuid = new.uuid`,

  keptLetters: sql<KeptLetter>`SELECT path, fingerprint, line_offset AS "offset", reason, line FROM dead_letters`,

  emptyLetters: (letters) =>
    sql`UPDATE dead_letters SET line = '' WHERE (path, fingerprint, line_offset) IN (
      SELECT value->>'path', value->>'fingerprint', value->>'offset' FROM json_each(${json(letters)}))`,

  titlesOf: (sessionIds) =>
    sql<{ id: string; title: string | null }>`SELECT id, title FROM sessions
      WHERE id IN (SELECT value FROM json_each(${json(sessionIds)}))`,

  removeTitles: (sessionIds) =>
    sql`UPDATE sessions SET title = NULL WHERE id IN (SELECT value FROM json_each(${json(sessionIds)}))`,

  touch: (kind, keys) =>
    sql`UPDATE work SET revision = revision + 1
      WHERE kind = ${kind} AND key IN (SELECT value FROM json_each(${json(keys)}))`,

  deleteTombstones: (unitId) => sql`DELETE FROM tombstones WHERE unit_id = ${unitId}`,

  property: (name) =>
    Effect.map(sql<{ value: string }>`SELECT value FROM properties WHERE name = ${name}`, ([row]) => row?.value),

  setProperty: (name, value) =>
    sql`INSERT INTO properties VALUES (${name}, ${value}) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,

  holdUnits: () => Effect.void,

  standing: (items) =>
    Effect.map(
      sql<{ key: string }>`SELECT key FROM work WHERE (kind, key, revision) IN (
        SELECT value->>'kind', value->>'key', value->>'revision' FROM json_each(${json(items)}))`,
      (rows) => rows.map(({ key }) => key)
    ),

  unitsOf: (origins) =>
    sql<{ row: number; body: string }>`SELECT row, body FROM units
      WHERE origin IN (SELECT value FROM json_each(${json(origins)}))`,

  unitsOfSessions: (sessionIds) =>
    sql<{ row: number; body: string }>`SELECT row, body FROM units
      WHERE session_id IN (SELECT value FROM json_each(${json(sessionIds)})) ORDER BY row`,

  unitsById: (ids) =>
    sql<{ row: number; body: string }>`SELECT row, body FROM units WHERE id IN (SELECT value FROM json_each(${
      json(ids)
    }))`,

  deleteUnits: (rows, isForgotten) =>
    Effect.gen(function*() {
      const list = json(rows)
      // FTS5 keeps what was deleted until it merges, unless it is told (https://sqlite.org/fts5.html, section 6.13). It takes a whole
      // number alone, and Node's own SQLite is given every number as a fraction.
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

  insertUnits: (units) =>
    Effect.gen(function*() {
      const rows = yield* sql<{ row: number; id: string }>`INSERT INTO units
        (id, project_id, session_id, origin, position, type, occurred_at, active, lexeme_count, files, evidence, body)
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, value->>9,
          value->>10, value->>11 FROM json_each(${
        json(units.map(({ lexemeCount, unit }) => [
          unit.id,
          unit.projectId,
          unit.sessionId,
          unit.origin,
          unit.position,
          unit.type,
          unit.occurredAt,
          Number(unit.active),
          lexemeCount,
          json(unit.files),
          json(evidence(unit)),
          json(unit)
        ]))
      }) RETURNING row, id`
      const rowOf = new Map(rows.map(({ row, id }) => [id, row]))
      yield* sql`INSERT INTO lexemes (rowid, title, text, tool_use, tool_result)
        SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(${
        json(units.map(({ fields, unit }) => [rowOf.get(unit.id), ...fields.map((field) => field.join(" "))]))
      })`
      yield* sql`UPDATE totals SET units = units + ${units.length}, lexemes = lexemes + ${
        units.reduce((sum, { lexemeCount }) => sum + lexemeCount, 0)
      }`
      yield* sql`INSERT INTO sketches (least, row) SELECT value->>0, value->>1 FROM json_each(${
        json(units.flatMap(({ sketch, unit }) => sketch.map((least) => [least, rowOf.get(unit.id)])))
      }) WHERE true ON CONFLICT DO NOTHING`
    }),

  setSketches: (sketches) =>
    Effect.zipRight(
      sql`DELETE FROM sketches WHERE row IN (
        SELECT row FROM units WHERE id IN (SELECT value FROM json_each(${json([...sketches.keys()])})))`,
      sql`INSERT INTO sketches (least, row) SELECT value->>0, row FROM json_each(${
        json([...sketches].flatMap(([id, sketch]) => sketch.map((least) => [least, id])))
      }) JOIN units ON units.id = value->>1 WHERE true ON CONFLICT DO NOTHING`
    ),

  updateUnits: (units) =>
    sql`UPDATE units SET active = new.active, evidence = new.evidence, superseded_by = new.superseded_by, body = new.body
      FROM (SELECT value->>0 AS id, value->>1 AS active, value->>2 AS evidence, value->>3 AS superseded_by, value->>4 AS body
        FROM json_each(${
      json(units.map((unit) => [unit.id, Number(unit.active), json(evidence(unit)), unit.supersededBy, json(unit)]))
    })) AS new WHERE units.id = new.id`,

  supersededBy: (ids) =>
    Effect.map(
      sql<{ body: string }>`SELECT body FROM units
        WHERE superseded_by IN (SELECT value FROM json_each(${json(ids)})) ORDER BY id`,
      (rows) => rows.map(({ body }) => JSON.parse(body) as MemoryUnit)
    ),

  alike: (ids) =>
    sql<{ id: string; other: string }>`
      SELECT DISTINCT a.id, b.id AS other FROM units AS a JOIN sketches AS s ON s.row = a.row
        JOIN sketches AS t ON t.least = s.least AND t.row <> s.row JOIN units AS b ON b.row = t.row
      WHERE a.id IN (SELECT value FROM json_each(${json(ids)})) AND b.project_id = a.project_id AND b.active = 1`,

  worded: (ids) =>
    Effect.map(
      sql<{ body: string; text: string; tool_use: string; tool_result: string }>`
        SELECT u.body, l.text, l.tool_use, l.tool_result FROM units AS u JOIN lexemes AS l ON l.rowid = u.row
        WHERE u.id IN (SELECT value FROM json_each(${json(ids)}))`,
      (rows) =>
        rows.map(({ body, ...fields }) => ({
          unit: JSON.parse(body) as MemoryUnit,
          words: new Set(Object.values(fields).join(" ").split(" ").filter((word) => word !== ""))
        }))
    )
})

export const make = (sql: SqlClient) => {
  const say = statements(sql)

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

  return { ...Writes.make(say), claim, renew, done: say.done, release: say.release }
}
