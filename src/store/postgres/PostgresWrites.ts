/**
 * What the PostgreSQL store writes. Rows go in as JSON, a statement for each table and batch.
 *
 * Transactions that could undo one another's reading take a lock first: appends to a file or a session, commits of a project's units.
 * All lock in one order (these, then the tables as Writes.ts goes through them, rows by their key), so that none waits for another in a
 * circle.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { evidence, type MemoryUnit } from "../../domain/MemoryUnit.ts"
import * as Duplicates from "../Duplicates.ts"
import { type CaptureBatch, type DeadLetter, MAX_ATTEMPTS, type WorkItem } from "../MemoryStore.ts"
import { says } from "../Rules.ts"
import { SECRET } from "../sql/ForgetWrites.ts"
import type { Statements, StoredMessage } from "../sql/Statements.ts"
import * as Writes from "../sql/Writes.ts"
import { isAlive, LEASE_MS, OWNER } from "../WorkLease.ts"
import { keyOf, rows, text, texts } from "./PostgresLexemes.ts"

const unitOf = ({ body }: { readonly body: string }) => JSON.parse(body) as MemoryUnit

const filesOf = (message: CaptureBatch["messages"][number]) => [
  ...new Set(message.blocks.flatMap(({ file }) => file === undefined ? [] : [file]))
]

const ITEMS = "items(kind text, key text, revision integer)"

const statements = (sql: SqlClient): Statements => {
  /** Until the transaction ends. */
  const exclude = (kind: string, names: Iterable<string>) =>
    sql`SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ${`/${kind}/`} || name, 0))
      FROM (SELECT DISTINCT name COLLATE "C" AS name FROM unnest(${
      texts(names)
    }::text[]) AS names(name) ORDER BY 1) AS names`

  /** Of the whole memory: shared by those that write to it, held alone by those that change what was written. */
  const whole = sql.literal("hashtextextended(current_schema() || '/', 0)")

  /** Rows of the queue, locked in the order of their keys. */
  const held = (items: ReadonlyArray<WorkItem>) =>
    sql`held AS MATERIALIZED (
      SELECT work.* FROM work JOIN json_to_recordset(${rows(items)}) AS ${sql.literal(ITEMS)} USING (kind, key)
      ORDER BY work.kind, work.key FOR UPDATE OF work)`

  return {
    cursorOf: ({ cursor, facts, messages }) =>
      Effect.zipRight(
        exclude("capture", [
          cursor.path,
          ...facts.map((fact) => fact.sessionId),
          ...messages.map((each) => each.sessionId)
        ]),
        Effect.map(
          sql<{ offset: number; fingerprint: string }>`
            SELECT next_offset AS "offset", fingerprint FROM cursors WHERE path = ${text(cursor.path)}`,
          ([row]) => row
        )
      ),

    setCursor: (cursor) =>
      sql`INSERT INTO cursors (path, next_offset, fingerprint, tail, modified_at, session_id)
        VALUES (${text(cursor.path)}, ${cursor.offset}, ${text(cursor.fingerprint)}, ${text(cursor.tail)},
          ${cursor.modifiedAt}, ${text(cursor.sessionId)})
        ON CONFLICT (path) DO UPDATE SET next_offset = excluded.next_offset, fingerprint = excluded.fingerprint,
          tail = excluded.tail, modified_at = excluded.modified_at, session_id = excluded.session_id`,

    known: (uuids) =>
      Effect.map(
        sql<{ uuid: string }>`SELECT uuid FROM messages WHERE uuid = ANY(${texts(uuids)})`,
        (known) => known.map(({ uuid }) => uuid)
      ),

    setProject: ({ id, key, name, root }) =>
      sql`INSERT INTO projects (id, name, root, key) VALUES (${text(id)}, ${text(name)}, ${text(root)}, ${text(key)})
        ON CONFLICT (id) DO UPDATE SET root = excluded.root WHERE projects.root <> excluded.root`,

    projectFor: (id) =>
      Effect.map(
        sql<{ id: string }>`SELECT coalesce(merged_into, id) AS id FROM projects WHERE id = ${text(id)}`,
        ([row]) => row?.id ?? id
      ),

    setExcluded: (id, isExcluded) => sql`UPDATE projects SET excluded = ${isExcluded} WHERE id = ${text(id)}`,

    setName: (id, name) => sql`UPDATE projects SET name = ${text(name)} WHERE id = ${text(id)}`,

    setMerged: (from, into) =>
      sql`UPDATE projects SET merged_into = ${text(into)} WHERE id = ${text(from)} OR merged_into = ${text(from)}`,

    moveSessions: (from, into) => sql`UPDATE sessions SET project_id = ${text(into)} WHERE project_id = ${text(from)}`,

    // Within a text of JSON a quotation mark has a backslash before it.
    moveUnits: (from, into) =>
      Effect.gen(function*() {
        yield* sql`INSERT INTO totals AS known
          SELECT ${text(into)}, units, lexemes FROM totals WHERE project_id = ${text(from)}
          ON CONFLICT (project_id) DO UPDATE SET units = known.units + excluded.units, lexemes = known.lexemes + excluded.lexemes`
        yield* sql`DELETE FROM totals WHERE project_id = ${text(from)}`
        const moved = yield* sql<{ id: string }>`SELECT id FROM units WHERE project_id = ${text(from)} ORDER BY row`
        yield* sql`UPDATE units SET project_id = ${text(into)},
          body = replace(body, ${`"projectId":${JSON.stringify(from)}`}, ${`"projectId":${JSON.stringify(into)}`})
          WHERE project_id = ${text(from)}`
        return moved.map(({ id }) => id)
      }),

    changeSessions: (project, changes) =>
      Effect.map(
        sql<{ n: number }>`WITH changes AS (
            SELECT * FROM json_to_recordset(${rows([...changes].map(([id, change]) => ({ id, ...change })))})
              AS changes(id text, title text, cwd text, branch text, version text, "from" bigint, "to" bigint)),
          known AS (SELECT id FROM sessions WHERE id IN (SELECT id FROM changes)),
          changed AS (INSERT INTO sessions
          SELECT id, ${text(project.id)}, title, coalesce(cwd, ${
          text(project.root)
        }), branch, version, coalesce("from", 0),
            coalesce("to", 0)
          FROM changes
          ORDER BY id COLLATE "C"
          ON CONFLICT (id) DO UPDATE SET
            title = coalesce(excluded.title, sessions.title), branch = coalesce(excluded.branch, sessions.branch),
            version = coalesce(excluded.version, sessions.version),
            started_at = CASE WHEN sessions.started_at = 0 THEN excluded.started_at
              WHEN excluded.started_at = 0 THEN sessions.started_at
              ELSE least(sessions.started_at, excluded.started_at) END,
            ended_at = greatest(sessions.ended_at, excluded.ended_at)
          RETURNING id)
          SELECT count(*) AS n FROM changed WHERE id NOT IN (SELECT id FROM known)`,
        ([row]) => row!.n
      ),

    openSegments: (threadKeys) =>
      Effect.map(
        sql<{ thread_key: string; id: string; messages: number }>`
          SELECT * FROM open_segments WHERE thread_key = ANY(${texts(threadKeys)})`,
        (open) => new Map(open.map((row) => [row.thread_key, { id: row.id, messages: row.messages }]))
      ),

    setOpenSegments: (segments) =>
      sql`INSERT INTO open_segments
        SELECT thread_key, id, (SELECT count(*) FROM messages WHERE segment_id = id)
        FROM json_to_recordset(${rows([...segments].map(([thread_key, id]) => ({ thread_key, id })))})
          AS segments(thread_key text, id text)
        ON CONFLICT (thread_key) DO UPDATE SET id = excluded.id, messages = excluded.messages`,

    insertMessages: (messages, segmentIds) =>
      sql`INSERT INTO messages (uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, files, body)
        SELECT uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, files, body
        FROM json_to_recordset(${
        rows(messages.map((message, i) => ({
          i,
          uuid: message.uuid,
          session_id: message.sessionId,
          thread: message.thread,
          segment_id: segmentIds[i],
          role: message.role,
          is_prompt: message.isPrompt,
          said: says(message),
          occurred_at: message.occurredAt,
          files: filesOf(message),
          body: JSON.stringify(message)
        })))
      }) AS made(i integer, uuid text, session_id text, thread text, segment_id text, role text, is_prompt boolean, said boolean,
          occurred_at bigint, files text[], body text)
        ORDER BY i`,

    addCounts: (table, counts) =>
      sql`INSERT INTO ${sql(table)} AS known
        SELECT name, n FROM json_to_recordset(${rows(Object.entries(counts).map(([name, n]) => ({ name, n })))})
          AS counts(name text, n bigint)
        WHERE n > 0 ORDER BY name COLLATE "C"
        ON CONFLICT (name) DO UPDATE SET n = known.n + excluded.n`,

    insertDeadLetters: (cursor, letters) =>
      letters.length === 0 ? Effect.void : sql`INSERT INTO dead_letters
        SELECT path, ${text(cursor.fingerprint)}, line_offset, body
        FROM json_to_recordset(${
        rows(letters.map((letter) => ({ path: letter.path, line_offset: letter.offset, body: JSON.stringify(letter) })))
      }) AS letters(path text, line_offset bigint, body text)
        ON CONFLICT DO NOTHING`,

    // What is known is locked in the order of keys, before what is new is queued in its own.
    enqueue: (kind, keys) =>
      sql`WITH held AS MATERIALIZED (
          SELECT key FROM work WHERE kind = ${kind} AND key = ANY(${texts(keys)}) ORDER BY key FOR UPDATE)
        INSERT INTO work AS known (kind, key, revision)
        SELECT ${kind}, key, 1 FROM unnest(${texts(keys)}::text[]) WITH ORDINALITY AS queued(key, i)
        WHERE (SELECT count(*) FROM held) >= 0 ORDER BY i
        ON CONFLICT (kind, key) DO UPDATE SET revision = known.revision + 1, attempts = 0, not_before = 0`,

    done: (items) =>
      sql`WITH ${held(items)}
        DELETE FROM work USING held JOIN json_to_recordset(${rows(items)}) AS ${
        sql.literal(ITEMS)
      } USING (kind, key, revision)
        WHERE work.kind = held.kind AND work.key = held.key`,

    release: (items) =>
      sql`WITH ${held(items)}
        UPDATE work SET owner = NULL, until = NULL FROM held
        WHERE work.kind = held.kind AND work.key = held.key AND work.owner = ${OWNER}`,

    attempts: ({ key, kind }) =>
      Effect.map(
        sql<{ attempts: number }>`SELECT attempts FROM work
          WHERE owner = ${OWNER} AND kind = ${kind} AND key = ${text(key)} FOR UPDATE`,
        ([row]) => row?.attempts
      ),

    setFailed: ({ key, kind }, attempts, error, notBefore) =>
      sql`UPDATE work SET owner = NULL, until = NULL, attempts = ${attempts}, error = ${
        text(error)
      }, not_before = ${notBefore}
        WHERE kind = ${kind} AND key = ${text(key)}`,

    segmentsOf: (sessionId) =>
      Effect.map(
        sql<{ id: string }>`SELECT segment_id AS id FROM messages WHERE session_id = ${text(sessionId)}
          GROUP BY segment_id ORDER BY min(seq)`,
        (segments) => segments.map(({ id }) => id)
      ),

    setReviewed: (sessionId) =>
      Effect.map(
        sql`INSERT INTO reviewed_sessions VALUES (${text(sessionId)}) ON CONFLICT DO NOTHING RETURNING id`,
        (added) => added.length > 0
      ),

    isReviewed: (sessionId) =>
      Effect.map(sql`SELECT id FROM reviewed_sessions WHERE id = ${text(sessionId)}`, (known) => known.length > 0),

    alone: sql`SELECT pg_advisory_xact_lock(${whole})`,

    secret: Effect.zipRight(
      sql`SELECT pg_advisory_xact_lock_shared(${whole})`,
      Effect.map(
        sql<{ value: string }>`SELECT value FROM properties WHERE name = ${SECRET}`,
        ([row]) => row?.value
      )
    ),

    entombed: (hashes) =>
      Effect.map(
        sql<{ hash: string }>`SELECT DISTINCT hash FROM tombstones WHERE hash = ANY(${hashes})`,
        (found) => found.map(({ hash }) => hash)
      ),

    insertTombstones: (unitIds, hashes) =>
      sql`INSERT INTO tombstones (hash, unit_id)
        SELECT hash, unit_id FROM unnest(${hashes}::text[]) AS hash, unnest(${texts(unitIds)}::text[]) AS unit_id
        ON CONFLICT DO NOTHING`,

    messagesBy: (uuids) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE uuid = ANY(${texts(uuids)}) ORDER BY seq`,

    messagesOf: (sessionIds, after, limit) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages
        WHERE session_id = ANY(${texts(sessionIds)}) AND seq > ${after} ORDER BY seq LIMIT ${limit}`,

    messagesHolding: (probes, after, limit) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE seq > ${after}
        AND EXISTS (SELECT FROM unnest(${probes.map(([word]) => word)}::text[], ${
        probes.map(([, word]) => word)
      }::text[]) AS probe(one, other) WHERE strpos(body, one) > 0 AND strpos(body, other) > 0)
        ORDER BY seq LIMIT ${limit}`,

    updateMessages: (messages) =>
      sql`UPDATE messages SET said = new.said, files = new.files, body = new.body
        FROM json_to_recordset(${
        rows(messages.map((message) => ({
          uuid: message.uuid,
          said: says(message),
          files: filesOf(message),
          body: JSON.stringify(message)
        })))
      }) AS new(uuid text, said boolean, files text[], body text) WHERE messages.uuid = new.uuid`,

    keptLetters: Effect.map(
      sql<{ fingerprint: string; body: string }>`SELECT fingerprint, body FROM dead_letters`,
      (letters) => letters.map(({ body, fingerprint }) => ({ ...JSON.parse(body) as DeadLetter, fingerprint }))
    ),

    emptyLetters: (letters) =>
      sql`UPDATE dead_letters SET body = emptied.body
        FROM json_to_recordset(${
        rows(letters.map(({ fingerprint, ...letter }) => ({
          path: letter.path,
          fingerprint,
          line_offset: letter.offset,
          body: JSON.stringify({ ...letter, line: "" })
        })))
      }) AS emptied(path text, fingerprint text, line_offset bigint, body text)
        WHERE dead_letters.path = emptied.path AND dead_letters.fingerprint = emptied.fingerprint
          AND dead_letters.line_offset = emptied.line_offset`,

    titlesOf: (sessionIds) =>
      sql<{ id: string; title: string | null }>`SELECT id, title FROM sessions WHERE id = ANY(${texts(sessionIds)})`,

    removeTitles: (sessionIds) => sql`UPDATE sessions SET title = NULL WHERE id = ANY(${texts(sessionIds)})`,

    touch: (kind, keys) =>
      sql`WITH held AS MATERIALIZED (
          SELECT key FROM work WHERE kind = ${kind} AND key = ANY(${texts(keys)}) ORDER BY key FOR UPDATE)
        UPDATE work SET revision = revision + 1 FROM held WHERE work.kind = ${kind} AND work.key = held.key`,

    deleteTombstones: (unitId) => sql`DELETE FROM tombstones WHERE unit_id = ${text(unitId)}`,

    property: (name) =>
      Effect.zipRight(
        exclude("property", [name]),
        Effect.map(sql<{ value: string }>`SELECT value FROM properties WHERE name = ${name}`, ([row]) => row?.value)
      ),

    setProperty: (name, value) =>
      sql`INSERT INTO properties VALUES (${name}, ${
        text(value)
      }) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,

    holdUnits: (origins, units) =>
      Effect.gen(function*() {
        const known = yield* sql<{ project_id: string }>`
          SELECT DISTINCT project_id FROM units WHERE origin = ANY(${texts(origins)})`
        yield* exclude("units", [...units.map((unit) => unit.projectId), ...known.map(({ project_id }) => project_id)])
      }),

    standing: (items) =>
      Effect.map(
        sql<{ key: string }>`WITH ${held(items)}
          SELECT key FROM held JOIN json_to_recordset(${rows(items)}) AS ${
          sql.literal(ITEMS)
        } USING (kind, key, revision)`,
        (standing) => standing.map(({ key }) => key)
      ),

    unitsOf: (origins) =>
      sql<{ row: number; body: string }>`SELECT row, body FROM units WHERE origin = ANY(${
        texts(origins)
      }) ORDER BY row`,

    unitsOfSessions: (sessionIds) =>
      sql<{ row: number; body: string }>`SELECT row, body FROM units
        WHERE session_id = ANY(${texts(sessionIds)}) ORDER BY row`,

    unitsById: (ids) => sql<{ row: number; body: string }>`SELECT row, body FROM units WHERE id = ANY(${texts(ids)})`,

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

    insertUnits: (units) =>
      Effect.gen(function*() {
        const made = yield* sql<{ row: number; id: string }>`INSERT INTO units
          (id, project_id, session_id, origin, position, type, occurred_at, active, lexeme_count, files, evidence, body)
          SELECT id, project_id, session_id, origin, position, type, occurred_at, active, lexeme_count, files, evidence,
            body
          FROM json_to_recordset(${
          rows(units.map(({ lexemeCount, unit }, i) => ({
            i,
            id: unit.id,
            project_id: unit.projectId,
            session_id: unit.sessionId,
            origin: unit.origin,
            position: unit.position,
            type: unit.type,
            occurred_at: unit.occurredAt,
            active: unit.active,
            lexeme_count: lexemeCount,
            files: unit.files,
            evidence: evidence(unit),
            body: JSON.stringify(unit)
          })))
        }) AS made(i integer, id text, project_id text, session_id text, origin text, position double precision, type text,
            occurred_at bigint, active boolean, lexeme_count integer, files text[], evidence text[], body text)
          ORDER BY i RETURNING row, id`
        const rowOf = new Map(made.map(({ id, row }) => [id, row]))
        yield* sql`INSERT INTO lexemes
          SELECT row, lexemes, lengths
          FROM json_to_recordset(${
          rows(units.map(({ fields, unit }) => {
            let end = 0
            return {
              row: rowOf.get(text(unit.id)),
              lexemes: fields.flat().map(keyOf),
              lengths: fields.map((field) => end += field.length)
            }
          }))
        }) AS made(row bigint, lexemes text[], lengths integer[])`
        yield* sql`INSERT INTO totals AS known
          SELECT project_id, count(*), sum(lexeme_count)
          FROM json_to_recordset(${
          rows(units.map(({ lexemeCount, unit }) => ({ project_id: unit.projectId, lexeme_count: lexemeCount })))
        }) AS made(project_id text, lexeme_count integer) GROUP BY project_id
          ON CONFLICT (project_id) DO UPDATE SET units = known.units + excluded.units, lexemes = known.lexemes + excluded.lexemes`
        yield* sql`INSERT INTO sketches
          SELECT least, row FROM json_to_recordset(${
          rows(units.flatMap(({ sketch, unit }) => sketch.map((least) => ({ least, row: rowOf.get(text(unit.id)) }))))
        }) AS made(least bigint, row bigint)
          ON CONFLICT DO NOTHING`
      }),

    setSketches: (sketches) =>
      Effect.zipRight(
        sql`DELETE FROM sketches USING units
          WHERE sketches.row = units.row AND units.id = ANY(${texts(sketches.keys())})`,
        sql`INSERT INTO sketches
          SELECT least, units.row FROM json_to_recordset(${
          rows([...sketches].flatMap(([id, sketch]) => sketch.map((least) => ({ least, id }))))
        }) AS made(least bigint, id text) JOIN units ON units.id = made.id
          ON CONFLICT DO NOTHING`
      ),

    updateUnits: (units) =>
      sql`UPDATE units SET active = new.active, evidence = new.evidence, superseded_by = new.superseded_by, body = new.body
        FROM json_to_recordset(${
        rows(units.map((unit) => ({
          id: unit.id,
          active: unit.active,
          evidence: evidence(unit),
          superseded_by: unit.supersededBy,
          body: JSON.stringify(unit)
        })))
      }) AS new(id text, active boolean, evidence text[], superseded_by text, body text) WHERE units.id = new.id`,

    supersededBy: (ids) =>
      Effect.map(
        sql<{ body: string }>`SELECT body FROM units WHERE superseded_by = ANY(${texts(ids)}) ORDER BY id`,
        (superseded) => superseded.map(unitOf)
      ),

    alike: (ids) =>
      sql<{ id: string; other: string }>`
        SELECT DISTINCT a.id, b.id AS other FROM units AS a JOIN sketches AS s ON s.row = a.row
          JOIN sketches AS t ON t.least = s.least AND t.row <> s.row JOIN units AS b ON b.row = t.row
        WHERE a.id = ANY(${texts(ids)}) AND b.project_id = a.project_id AND b.active`,

    worded: (ids) =>
      Effect.map(
        sql<{ body: string; lexemes: ReadonlyArray<string>; lengths: ReadonlyArray<number> }>`
          SELECT body, lexemes, lengths FROM units JOIN lexemes USING (row) WHERE id = ANY(${texts(ids)})`,
        (worded) =>
          worded.map((each) => ({
            unit: unitOf(each),
            words: Duplicates.wordsOf([[], each.lexemes.slice(each.lengths[0])])
          }))
      )
  }
}

export const make = (sql: SqlClient) => {
  const say = statements(sql)

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

  const renew = (items: ReadonlyArray<WorkItem>) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        sql`UPDATE work SET until = ${now + LEASE_MS}
          FROM json_to_recordset(${rows(items)}) AS ${sql.literal(ITEMS)}
          WHERE work.owner = ${OWNER} AND work.kind = items.kind AND work.key = items.key`
    )

  return { ...Writes.make(say), claim, renew, done: say.done, release: say.release }
}
