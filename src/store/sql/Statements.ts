/**
 * The statements of a store's writes, in SQL that both databases accept; each runs in a transaction. They only read and write rows:
 * Writes.ts and the modules beside it decide which rows change.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import type { Message, OpenSegment } from "../../domain/Conversation.ts"
import { evidence, type MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Project } from "../../domain/Project.ts"
import type { BinKind, CaptureBatch, Cursor, Doer, OperationKind, WorkItem } from "../MemoryStore.ts"
import type { Derived, Overlay } from "../Overlay.ts"
import { hasText, type SessionChange } from "../Rules.ts"
import { OWNER } from "../WorkLease.ts"
import type { Body, Columns, Dialect, Fielded, MessageRow, Row, SqlEffect, StoredMessage, UnitBody } from "./Dialect.ts"
import { insertedInto } from "./Inserted.ts"

/** Name of the property that holds the key of the tombstones' hashes, and beginning of the names of those that archives brought. */
export const SECRET = "secret"

/** Beginning of the names of properties that hold, for an origin whose units are taken in in parts, the memory from which they come. */
const UNFINISHED = "unfinished"

/** A unit with its row number. */
export interface StoredUnit {
  readonly row: number
  readonly unit: MemoryUnit
}

const OVERLAY: Columns = {
  unit_id: "text",
  revision: "integer",
  title: "text",
  content: "text",
  type: "text",
  pinned: "boolean",
  replaced_by: "text",
  replaced_for: "text",
  feedback: "text",
  uses: "integer",
  derived: "text"
}

/** A row of the overlay; a reader of an earlier version's schema finds no feedback in it, and nothing that a rule replaced. */
interface OverlayRow extends Pick<Overlay, "content" | "revision" | "title" | "type"> {
  readonly unit_id: string
  /** SQLite has no booleans. */
  readonly pinned: boolean | number
  readonly replaced_by: string | null
  readonly replaced_for?: string | null
  readonly feedback?: string | null
  readonly uses?: number
  readonly derived: string
}

/** Parses the values of a unit as it was derived. `kept` lies among them, so that no reader of an earlier version lacks a column. */
export const derivedIn = (text: string): { readonly derived: Derived; readonly kept: boolean } => {
  const { kept = false, ...derived } = JSON.parse(text) as Derived & { readonly kept?: boolean }
  return { derived, kept }
}

const overlayOf = (
  { content, derived, feedback, pinned, replaced_by, replaced_for, revision, title, type, unit_id, uses }: OverlayRow
): Overlay => ({
  unitId: unit_id,
  revision,
  title,
  content,
  type,
  pinned: Boolean(pinned),
  replacedBy: replaced_by,
  replacedFor: replaced_for ?? null,
  feedback: JSON.parse(feedback ?? "[]") as Overlay["feedback"],
  uses: uses ?? 0,
  ...derivedIn(derived)
})

/** Columns of an operation under the names that the port has. */
export const OPERATION = `id, kind, unit_id AS "unitId", actor, at, undone, body`

/** A row of the operations table. */
export interface OperationRow extends Body {
  readonly id: number
  readonly kind: OperationKind
  readonly unitId: string | null
  readonly actor: Doer
  readonly at: number
  /** SQLite has no booleans. */
  readonly undone: boolean | number
}

/** A row of the bin. */
export interface BinEntry extends Body {
  readonly kind: BinKind
  readonly key: string
}

const UNITS: Columns = {
  id: "text",
  project_id: "text",
  session_id: "text",
  origin: "text",
  position: "double precision",
  type: "text",
  occurred_at: "bigint",
  active: "boolean",
  lexeme_count: "integer",
  files: "text[]",
  evidence: "text[]",
  own_project_id: "text",
  body: "packed"
}

/** Returns the columns that change when sentences are cut from a message. */
const cutRow = (message: Message) => ({
  uuid: message.uuid,
  said: hasText(message),
  files: [...new Set(message.blocks.flatMap(({ file }) => file === undefined ? [] : [file]))],
  body: JSON.stringify(message)
})

const messageRow = (message: Message, segmentId: string): MessageRow => ({
  ...cutRow(message),
  session_id: message.sessionId,
  thread: message.thread,
  segment_id: segmentId,
  role: message.role,
  is_prompt: message.isPrompt,
  occurred_at: message.occurredAt
})

const unitRow = ({ lexemeCount, ownProjectId, unit }: Fielded): Row => ({
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
  own_project_id: ownProjectId,
  body: JSON.stringify(unit)
})

/** Returns the segments of a session in their order. */
export const segmentsOf = (sql: SqlClient, { text }: Dialect) => (sessionId: string) =>
  Effect.map(
    sql<{ id: string }>`SELECT segment_id AS id FROM messages WHERE session_id = ${text(sessionId)}
      GROUP BY segment_id ORDER BY min(seq)`,
    (rows) => rows.map(({ id }) => id)
  )

export type Statements = ReturnType<typeof make>

export const make = (sql: SqlClient, dialect: Dialect) => {
  const { boolean, isIn, table, text, unitOf } = dialect
  const inserted = insertedInto(sql, table)

  const property = (name: string) =>
    Effect.map(
      sql<{ value: string }>`SELECT value FROM properties WHERE name = ${name}`,
      ([row]) => row?.value
    )

  const setProperty = (name: string, value: string) =>
    sql`INSERT INTO properties (name, value) VALUES (${text(name)}, ${text(value)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`

  const numbers = (operations: ReadonlyArray<number>) =>
    table("numbered", { operation: "bigint" }, operations.map((operation) => ({ operation })))

  const unfinishedName = (origin: string) => text(`${UNFINISHED}:${origin}`)

  const stored = (rows: SqlEffect<ReadonlyArray<UnitBody & { readonly row: number }>>) =>
    Effect.map(rows, (units) => units.map((each): StoredUnit => ({ row: each.row, unit: unitOf(each) })))

  return {
    ...dialect,

    /** Returns the cursor of the batch's file; locks the file and its sessions against other appends. */
    cursorOf: ({ cursor, facts, messages }: CaptureBatch) =>
      Effect.zipRight(
        dialect.lock("capture", [cursor.path, ...[...facts, ...messages].map(({ sessionId }) => sessionId)]),
        Effect.map(
          sql<Pick<Cursor, "fingerprint" | "offset">>`
            SELECT next_offset AS "offset", fingerprint FROM cursors WHERE path = ${text(cursor.path)}`,
          ([row]) => row
        )
      ),

    setCursor: (cursor: Cursor) =>
      sql`INSERT INTO cursors (path, next_offset, fingerprint, tail, modified_at, session_id)
        VALUES (${text(cursor.path)}, ${cursor.offset}, ${text(cursor.fingerprint)}, ${text(cursor.tail)},
          ${cursor.modifiedAt}, ${text(cursor.sessionId)})
        ON CONFLICT (path) DO UPDATE SET next_offset = excluded.next_offset, fingerprint = excluded.fingerprint,
          tail = excluded.tail, modified_at = excluded.modified_at, session_id = excluded.session_id`,

    /** Returns the uuids of the messages that are already stored. */
    known: (uuids: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ uuid: string }>`SELECT uuid FROM messages WHERE ${isIn("uuid", uuids)}`,
        (rows) => rows.map(({ uuid }) => uuid)
      ),

    setProject: ({ id, key, name, root }: Project) =>
      sql`INSERT INTO projects (id, name, root, key) VALUES (${text(id)}, ${text(name)}, ${text(root)}, ${text(key)})
        ON CONFLICT (id) DO UPDATE SET root = excluded.root WHERE projects.root <> excluded.root`,

    /** Returns the project that this one was merged into, otherwise the given id. */
    projectFor: (id: string) =>
      Effect.map(
        sql<{ id: string }>`SELECT coalesce(merged_into, id) AS id FROM projects WHERE id = ${text(id)}`,
        ([row]) => row?.id ?? id
      ),

    /** Excludes the project, or includes it, with those merged into it. */
    setExcluded: (id: string, isExcluded: boolean) =>
      sql`UPDATE projects SET excluded = ${boolean(isExcluded)} WHERE id = ${text(id)} OR merged_into = ${text(id)}`,

    /** Tests whether the project is excluded, or the one that it was merged into. */
    isExcluded: (id: string) =>
      Effect.map(
        sql`SELECT 1 FROM projects WHERE excluded = ${boolean(true)}
          AND (id = ${text(id)} OR id = (SELECT merged_into FROM projects WHERE id = ${text(id)}))`,
        (rows) => rows.length > 0
      ),

    setName: (id: string, name: string) => sql`UPDATE projects SET name = ${text(name)} WHERE id = ${text(id)}`,

    /** Marks the project, and those merged into it before, as merged into `into`. */
    setMerged: (from: string, into: string) =>
      sql`UPDATE projects SET merged_into = ${text(into)} WHERE id = ${text(from)} OR merged_into = ${text(from)}`,

    /** Marks a project as merged into no other. */
    setSplit: (id: string) => sql`UPDATE projects SET merged_into = NULL WHERE id = ${text(id)}`,

    setDifferent: (pairs: ReadonlyArray<readonly [one: string, other: string]>) =>
      sql`INSERT INTO different_projects (one, other) SELECT one, other FROM ${
        table("made", { one: "text", other: "text" }, pairs.map(([one, other]) => ({ one, other })))
      } WHERE true ON CONFLICT DO NOTHING`,

    setSearched: (ids: ReadonlyArray<string>, end: number) =>
      sql`UPDATE projects SET searched = ${end} WHERE ${isIn("id", ids)} AND searched < ${end}`,

    moveSessions: (from: string, into: string) =>
      sql`UPDATE sessions SET project_id = ${text(into)}, own_project_id = coalesce(own_project_id, project_id)
        WHERE project_id = ${text(from)}`,

    /** Moves the sessions back that were `own`'s before a merge; returns their ids. */
    moveSessionsBack: (own: string, from: string) =>
      Effect.map(
        sql<{ id: string }>`UPDATE sessions SET project_id = ${text(own)}, own_project_id = NULL
          WHERE project_id = ${text(from)} AND own_project_id = ${text(own)} RETURNING id`,
        (rows) => rows.map(({ id }) => id)
      ),

    segmentsIn: (sessionIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ id: string }>`SELECT DISTINCT segment_id AS id FROM messages WHERE ${isIn("session_id", sessionIds)}`,
        (rows) => rows.map(({ id }) => id)
      ),

    unitsIn: (projectId: string) =>
      Effect.map(
        sql<{ id: string }>`SELECT id FROM units WHERE project_id = ${text(projectId)} ORDER BY row`,
        (rows) => rows.map(({ id }) => id)
      ),

    /** Returns the ids of the units that were `own`'s before a merge, and of those made of its sessions since. */
    unitsOfOwn: (own: string, projectId: string) =>
      Effect.map(
        sql<{ id: string }>`SELECT u.id FROM units AS u
            LEFT JOIN sessions AS s ON s.id = u.session_id AND u.origin NOT LIKE 'saved:%'
          WHERE u.project_id = ${text(projectId)}
            AND CASE WHEN s.id IS NULL THEN u.own_project_id ELSE s.own_project_id END = ${text(own)} ORDER BY u.row`,
        (rows) => rows.map(({ id }) => id)
      ),

    /**
     * Moves units to a project. `own` is the one for which they were made, where that is merged into it; left out, it stays what it was.
     * Only the JSON property changes: inside a JSON string, quotation marks are escaped.
     */
    moveUnits: (ids: ReadonlyArray<string>, from: string, into: string, own?: string | null) =>
      Effect.zipRight(
        dialect.moveTotals(ids, from, into),
        sql`UPDATE units SET project_id = ${text(into)},
          own_project_id = ${
          own === undefined ? sql`coalesce(own_project_id, project_id)` : own === null ? sql`NULL` : text(own)
        },
          body = ${dialect.replacedBody(`"projectId":${JSON.stringify(from)}`, `"projectId":${JSON.stringify(into)}`)}
          WHERE ${isIn("id", ids)}`
      ),

    /** Returns the units of these two projects that a unit of the other one has superseded, ordered by id. */
    supersededAcross: (one: string, other: string) =>
      Effect.map(
        sql<UnitBody>`SELECT u.body FROM units AS u JOIN units AS o ON o.id = u.superseded_by
          WHERE (u.project_id = ${text(one)} AND o.project_id = ${text(other)})
            OR (u.project_id = ${text(other)} AND o.project_id = ${text(one)}) ORDER BY u.id`,
        (rows) => rows.map(unitOf)
      ),

    /**
     * Inserts or updates sessions, and returns the number of new ones. `own` is the project of their folder, when that is merged into
     * `project`.
     */
    changeSessions: (project: Project, own: string | null, changes: ReadonlyMap<string, SessionChange>) =>
      Effect.gen(function*() {
        const [known] = yield* sql<{ n: number }>`SELECT count(*) AS n FROM sessions WHERE ${
          isIn("id", changes.keys())
        }`
        yield* sql`INSERT INTO sessions
            (id, project_id, own_project_id, title, cwd, branch, version, started_at, ended_at)
          SELECT id, ${text(project.id)}, own_project_id, title, coalesce(cwd, ${
          text(project.root)
        }), branch, version, started_at, ended_at
          FROM ${
          table(
            "made",
            {
              id: "text",
              own_project_id: "text",
              title: "text",
              cwd: "text",
              branch: "text",
              version: "text",
              started_at: "bigint",
              ended_at: "bigint"
            },
            [...changes].map(([id, { from = 0, to = 0, ...change }]) => ({
              id,
              own_project_id: own,
              ...change,
              started_at: from,
              ended_at: to
            }))
          )
        } WHERE true ORDER BY id
          ON CONFLICT (id) DO UPDATE SET
            title = coalesce(excluded.title, sessions.title), branch = coalesce(excluded.branch, sessions.branch),
            version = coalesce(excluded.version, sessions.version),
            started_at = CASE
              WHEN sessions.started_at = 0 OR (excluded.started_at <> 0 AND excluded.started_at < sessions.started_at)
                THEN excluded.started_at
              ELSE sessions.started_at END,
            ended_at = CASE WHEN excluded.ended_at > sessions.ended_at THEN excluded.ended_at ELSE sessions.ended_at END`
        return changes.size - known!.n
      }),

    /**
     * Moves sessions to the project of a transcript that begins earlier than what is known of them, and returns their ids: whichever
     * transcript is read first, a session is where it began.
     */
    moveToBeginning: (project: Project, own: string | null, changes: ReadonlyMap<string, SessionChange>) => {
      const begun = [...changes].flatMap(([id, { cwd = project.root, from }]) =>
        from === undefined ? [] : [{ id, cwd, begun: from }]
      )
      const made = table("made", { id: "text", cwd: "text", begun: "bigint" }, begun)
      return begun.length === 0 ? Effect.succeed([]) : Effect.map(
        sql<{ id: string }>`UPDATE sessions
          SET project_id = ${text(project.id)}, own_project_id = ${own === null ? sql`NULL` : text(own)}, cwd = made.cwd
          FROM ${made} WHERE sessions.id = made.id AND (sessions.started_at = 0 OR made.begun < sessions.started_at)
            AND coalesce(own_project_id, project_id) <> ${text(own ?? project.id)} RETURNING sessions.id AS id`,
        (rows) => rows.map(({ id }) => id)
      )
    },

    openSegments: (threadKeys: ReadonlyArray<string>) =>
      Effect.map(
        sql<OpenSegment & { thread_key: string }>`
          SELECT thread_key, id, messages FROM open_segments WHERE ${isIn("thread_key", threadKeys)}`,
        (rows) => new Map(rows.map(({ id, messages, thread_key }) => [thread_key, { id, messages }]))
      ),

    /** Records the segment that the next message of each thread joins. */
    setOpenSegments: (segments: ReadonlyMap<string, string>) =>
      sql`INSERT INTO open_segments (thread_key, id, messages)
        SELECT thread_key, id, (SELECT count(*) FROM messages WHERE segment_id = made.id)
        FROM ${
        table("made", { thread_key: "text", id: "text" }, [...segments].map(([thread_key, id]) => ({ thread_key, id })))
      } WHERE true ORDER BY thread_key
        ON CONFLICT (thread_key) DO UPDATE SET id = excluded.id, messages = excluded.messages`,

    insertMessages: (messages: ReadonlyArray<Message>, segmentIds: ReadonlyArray<string>) =>
      dialect.insertMessages(messages.map((message, i) => messageRow(message, segmentIds[i]!))),

    addCounts: (counted: "line_counts" | "redactions", counts: Readonly<Record<string, number>>) => {
      const [name, n] = dialect.countColumns[counted].map((column) => sql.literal(column)) as [Fragment, Fragment]
      const known = sql.literal(counted)
      return sql`INSERT INTO ${known} (${name}, ${n})
        SELECT name, n FROM ${
        table("made", { name: "text", n: "bigint" }, Object.entries(counts).map(([name, n]) => ({ name, n })))
      } WHERE n > 0 ORDER BY name
        ON CONFLICT (${name}) DO UPDATE SET ${n} = ${known}.${n} + excluded.${n}`
    },

    /** Returns how often an item has failed; undefined when this process has no claim on it. */
    attempts: ({ key, kind }: WorkItem) =>
      Effect.map(
        sql<{ attempts: number }>`SELECT attempts FROM work
          WHERE owner = ${OWNER} AND kind = ${kind} AND key = ${text(key)} ${dialect.forUpdate}`,
        ([row]) => row?.attempts
      ),

    setFailed: ({ key, kind }: WorkItem, attempts: number, error: string, notBefore: number) =>
      sql`UPDATE work SET owner = NULL, until = NULL, attempts = ${attempts}, error = ${text(error)},
        not_before = ${notBefore} WHERE kind = ${kind} AND key = ${text(key)}`,

    /** Frees failed work for another attempt, in a new revision; returns the number of items. */
    retry: (item?: Pick<WorkItem, "key" | "kind">) =>
      Effect.map(
        sql<{ key: string }>`UPDATE work SET revision = revision + 1, attempts = 0, not_before = 0 WHERE attempts > 0 ${
          item === undefined ? sql.literal("") : sql`AND kind = ${item.kind} AND key = ${text(item.key)}`
        } RETURNING key`,
        (rows) => rows.length
      ),

    segmentsOf: segmentsOf(sql, dialect),

    /** Requests reviews of a session from now on; returns false when they were requested before. */
    setReviewed: (sessionId: string) =>
      Effect.map(
        sql`INSERT INTO reviewed_sessions (id) VALUES (${text(sessionId)}) ON CONFLICT DO NOTHING RETURNING id`,
        (rows) => rows.length > 0
      ),

    isReviewed: (sessionId: string) =>
      Effect.map(sql`SELECT id FROM reviewed_sessions WHERE id = ${text(sessionId)}`, (rows) => rows.length > 0),

    /**
     * The keys of the tombstones' hashes, this memory's own first; empty when nothing was ever forgotten. Takes `lockShared`, so that no
     * other transaction forgets until this one ends.
     */
    secrets: Effect.zipRight(
      dialect.lockShared,
      Effect.map(
        sql<
          { value: string }
        >`SELECT value FROM properties WHERE name LIKE ${`${SECRET}%`} ORDER BY length(name), name`,
        (rows) => [...new Set(rows.map(({ value }) => value))]
      )
    ),

    /** Returns the times at which units were forgotten, the last of each. */
    forgottenAt: (unitIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ id: string; at: number }>`SELECT unit_id AS id, max(at) AS at FROM tombstones
          WHERE ${isIn("unit_id", unitIds)} GROUP BY unit_id`,
        (rows) => new Map(rows.map(({ at, id }) => [id, at]))
      ),

    putTombstones: (tombs: ReadonlyArray<{ readonly hash: string; readonly unitId: string; readonly at: number }>) =>
      sql`${
        inserted(
          "tombstones",
          { hash: "text", unit_id: "text", at: "bigint" },
          tombs.map(({ at, hash, unitId }) => ({ hash, unit_id: unitId, at }))
        )
      } ON CONFLICT DO NOTHING`,

    /** Returns the hashes for which a tombstone exists. */
    tombstonesOf: (hashes: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ hash: string }>`SELECT DISTINCT hash FROM tombstones WHERE ${isIn("hash", hashes)}`,
        (rows) => rows.map(({ hash }) => hash)
      ),

    deleteTombstones: (unitIds: ReadonlyArray<string>) => sql`DELETE FROM tombstones WHERE ${isIn("unit_id", unitIds)}`,

    overlays: (unitIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<OverlayRow>`SELECT * FROM overlay WHERE ${isIn("unit_id", unitIds)}`,
        (rows) => new Map(rows.map((row) => [row.unit_id, overlayOf(row)]))
      ),

    setOverlays: (overlays: ReadonlyArray<Overlay>) =>
      sql`${
        inserted(
          "overlay",
          OVERLAY,
          overlays.map(({ derived, feedback, kept, replacedBy, replacedFor, unitId, ...overlay }) => ({
            ...overlay,
            unit_id: unitId,
            replaced_by: replacedBy,
            replaced_for: replacedFor,
            feedback: feedback.length === 0 ? null : JSON.stringify(feedback),
            derived: JSON.stringify(kept ? { ...derived, kept } : derived)
          }))
        )
      } ON CONFLICT (unit_id) DO UPDATE SET revision = excluded.revision, title = excluded.title,
        content = excluded.content, type = excluded.type, pinned = excluded.pinned,
        replaced_by = excluded.replaced_by, replaced_for = excluded.replaced_for, feedback = excluded.feedback,
        uses = excluded.uses,
        derived = excluded.derived`,

    deleteOverlays: (unitIds: ReadonlyArray<string>) => sql`DELETE FROM overlay WHERE ${isIn("unit_id", unitIds)}`,

    /** Records an operation; returns its number. */
    insertOperation: (
      { actor, at, body, kind, unitId }: Pick<OperationRow, "actor" | "at" | "kind" | "unitId"> & { body: unknown }
    ) =>
      Effect.map(
        sql<{ id: number }>`INSERT INTO operations (kind, unit_id, actor, at, body) VALUES (
          ${kind}, ${unitId === null ? null : text(unitId)}, ${actor}, ${at}, ${
          text(JSON.stringify(body))
        }) RETURNING id`,
        ([row]) => row!.id
      ),

    /** Writes operations again that were deleted, with the numbers that they had. */
    insertOperations: (operations: ReadonlyArray<OperationRow>) =>
      sql`INSERT INTO operations (id, kind, unit_id, actor, at, undone, body) ${dialect.withNumbers}
        SELECT id, kind, unit_id, actor, at, undone, body FROM ${
        table(
          "made",
          { id: "bigint", kind: "text", unit_id: "text", actor: "text", at: "bigint", undone: "boolean", body: "text" },
          operations.map(({ undone, unitId, ...row }) => ({
            ...row,
            unit_id: unitId,
            undone: boolean(Boolean(undone))
          }))
        )
      } WHERE true ON CONFLICT (id) DO NOTHING`,

    /** Returns what was done to units, oldest first: by its number, since a clock may have been ahead. */
    operationsOf: (unitIds: ReadonlyArray<string>) =>
      sql<OperationRow>`SELECT ${sql.literal(OPERATION)} FROM operations WHERE ${isIn("unit_id", unitIds)}
        ORDER BY id`,

    deleteOperationsOf: (unitIds: ReadonlyArray<string>) =>
      sql`DELETE FROM operations WHERE ${isIn("unit_id", unitIds)}`,

    /** Returns the newest operations of these kinds since a time that were not undone, newest first. */
    newestOperations: (kinds: ReadonlyArray<OperationKind>, since: number, limit: number) =>
      sql<OperationRow>`SELECT ${sql.literal(OPERATION)} FROM operations
        WHERE ${isIn("kind", kinds)} AND undone = ${boolean(false)} AND at >= ${since} ORDER BY id DESC LIMIT ${limit}`,

    /** Returns the operations of these kinds after one that were not undone, oldest first. */
    operationsAfter: (kinds: ReadonlyArray<OperationKind>, { id }: OperationRow) =>
      sql<OperationRow>`SELECT ${sql.literal(OPERATION)} FROM operations
        WHERE ${isIn("kind", kinds)} AND undone = ${boolean(false)} AND id > ${id} ORDER BY id`,

    operation: (id: number) =>
      Effect.map(
        sql<OperationRow>`SELECT ${sql.literal(OPERATION)} FROM operations WHERE id = ${id}`,
        ([row]) => row
      ),

    setUndone: (operation: number) => sql`UPDATE operations SET undone = ${boolean(true)} WHERE id = ${operation}`,

    /** Adds entries; of a message that is there already, the earlier one has more of its sentences. */
    insertBin: (operation: number, entries: ReadonlyArray<BinEntry>) =>
      sql`INSERT INTO bin_entries (operation, kind, key, body) SELECT CAST(${operation} AS bigint), kind, key, body
        FROM ${table("made", { kind: "text", key: "text", body: "text" }, entries)}
        WHERE true ON CONFLICT (operation, kind, key) DO NOTHING`,

    updateBin: (operation: number, { body, key, kind }: BinEntry) =>
      sql`UPDATE bin_entries SET body = ${text(body)}
        WHERE operation = ${operation} AND kind = ${kind} AND key = ${text(key)}`,

    /** Returns what the bin holds of an operation, or of all. */
    bin: (operation: number | "all") =>
      sql<BinEntry & { readonly operation: number }>`SELECT operation, kind, key, body FROM bin_entries ${
        operation === "all" ? sql.literal("") : sql`WHERE operation = ${operation}`
      } ORDER BY operation, kind, key`,

    /** Counts what the bin holds of each of these operations, by kind. */
    binCounts: (operations: ReadonlyArray<number>) =>
      sql<
        { operation: number; kind: BinKind; count: number }
      >`SELECT operation, kind, count(*) AS count FROM bin_entries
        WHERE operation IN (SELECT operation FROM ${numbers(operations)}) GROUP BY operation, kind`,

    /** Returns the first units that the bin holds of each of these operations, by their ids. */
    binnedUnits: (operations: ReadonlyArray<number>, limit: number) =>
      sql<Body & { readonly operation: number }>`SELECT operation, body FROM (
          SELECT operation, key, body, row_number() OVER (PARTITION BY operation ORDER BY key) AS place FROM bin_entries
          WHERE kind = 'unit' AND operation IN (SELECT operation FROM ${numbers(operations)})
        ) AS placed WHERE place <= ${limit} ORDER BY operation, key`,

    /** Returns the ids of the units that the bin holds of an operation. */
    unitsBinnedBy: (operation: number) =>
      Effect.map(
        sql<{ key: string }>`SELECT key FROM bin_entries WHERE operation = ${operation} AND kind = 'unit'`,
        (rows) => rows.map(({ key }) => key)
      ),

    /** Returns the other operations of which the bin holds a unit, message, title or line that it holds of this one too. */
    binningAlike: (operation: number) =>
      Effect.map(
        sql<{ operation: number }>`SELECT DISTINCT other.operation FROM bin_entries AS own
          JOIN bin_entries AS other ON other.kind = own.kind AND other.key = own.key AND other.operation <> own.operation
          WHERE own.operation = ${operation} AND own.kind <> 'origin'`,
        (rows) => rows.map(({ operation }) => operation)
      ),

    /** Returns the operations that forgot these units, as far as the bin holds them. */
    binnedBy: (unitIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ operation: number }>`SELECT DISTINCT operation FROM bin_entries
          WHERE kind = 'unit' AND ${isIn("key", unitIds)} ORDER BY operation`,
        (rows) => rows.map(({ operation }) => operation)
      ),

    /** Returns the operations before a time of which the bin holds something. */
    binnedBefore: (time: number) =>
      Effect.map(
        sql<{ id: number }>`SELECT id FROM operations
          WHERE at < ${time} AND id IN (SELECT operation FROM bin_entries) ORDER BY id`,
        (rows) => rows.map(({ id }) => id)
      ),

    deleteBin: (operations: ReadonlyArray<number>) =>
      sql`DELETE FROM bin_entries WHERE operation IN (SELECT operation FROM ${numbers(operations)})`,

    deleteBinEntry: (operation: number, { key, kind }: Pick<BinEntry, "key" | "kind">) =>
      sql`DELETE FROM bin_entries WHERE operation = ${operation} AND kind = ${kind} AND key = ${text(key)}`,

    /** Returns the projects that sessions had before a merge, or have, by the session's id. */
    ownProjectsOfSessions: (ids: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ id: string; own: string }>`SELECT id, coalesce(own_project_id, project_id) AS own FROM sessions
          WHERE ${isIn("id", [...new Set(ids)])}`,
        (rows) => new Map(rows.map(({ id, own }) => [id, own]))
      ),

    /** Returns the project that each unit had before a merge, by the unit's id. */
    ownProjects: (unitIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ id: string; own: string }>`SELECT id, own_project_id AS own FROM units
          WHERE own_project_id IS NOT NULL AND ${isIn("id", unitIds)}`,
        (rows) => new Map(rows.map(({ id, own }) => [id, own]))
      ),

    /** Gives sessions that have no title the one that they had. */
    setTitles: (titles: ReadonlyArray<{ readonly id: string; readonly title: string }>) =>
      sql`UPDATE sessions SET title = made.title FROM ${table("made", { id: "text", title: "text" }, titles)}
        WHERE sessions.id = made.id AND sessions.title IS NULL`,

    /** Returns messages after a number, in the order of insertion. */
    messagesAfter: (after: number, limit: number) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE seq > ${after} ORDER BY seq LIMIT ${limit}`,

    messagesBy: (uuids: ReadonlyArray<string>) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE ${isIn("uuid", uuids)} ORDER BY seq`,

    messagesOf: (sessionIds: ReadonlyArray<string>, after: number, limit: number) =>
      sql<StoredMessage>`SELECT seq, segment_id, body FROM messages
        WHERE ${isIn("session_id", sessionIds)} AND seq > ${after} ORDER BY seq LIMIT ${limit}`,

    updateMessages: (messages: ReadonlyArray<Message>) => dialect.updateMessages(messages.map(cutRow)),

    transcriptsOf: (sessionIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ path: string }>`SELECT path FROM cursors WHERE ${isIn("session_id", sessionIds)}`,
        (rows) => rows.map(({ path }) => path)
      ),

    titlesOf: (sessionIds: ReadonlyArray<string>) =>
      sql<{ id: string; title: string | null }>`SELECT id, title FROM sessions WHERE ${isIn("id", sessionIds)}`,

    /** Returns when these sessions ended, of those that are known. */
    endsOf: (sessionIds: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ id: string; at: number }>`SELECT id, ended_at AS at FROM sessions WHERE ${isIn("id", sessionIds)}`,
        (rows) => new Map(rows.map(({ at, id }) => [id, at]))
      ),

    removeTitles: (sessionIds: ReadonlyArray<string>) =>
      sql`UPDATE sessions SET title = NULL WHERE ${isIn("id", sessionIds)}`,

    removeBranches: (sessionIds: ReadonlyArray<string>) =>
      sql`UPDATE sessions SET branch = NULL WHERE ${isIn("id", sessionIds)}`,

    property: (name: string) => Effect.zipRight(dialect.lock("property", [name]), property(name)),

    setProperty,

    /** Returns the memory from whose archive the units of these origins were taken in so far, of those of which more are to come. */
    unfinished: (origins: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ name: string; value: string }>`SELECT name, value FROM properties WHERE ${
          isIn("name", origins.map(unfinishedName))
        }`,
        (rows) => new Map(rows.map(({ name, value }) => [name.slice(UNFINISHED.length + 1), value]))
      ),

    setUnfinished: (origin: string, memory: string) => setProperty(unfinishedName(origin), memory),

    setFinished: (origins: ReadonlyArray<string>) =>
      sql`DELETE FROM properties WHERE ${isIn("name", origins.map(unfinishedName))}`,

    /** Returns those of these origins of which a unit is stored. */
    originsAmong: (origins: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ origin: string }>`SELECT DISTINCT origin FROM units WHERE ${isIn("origin", origins)}`,
        (rows) => rows.map(({ origin }) => origin)
      ),

    /** Returns those of these segments and sessions of which memories are yet to be made. */
    queuedAmong: (keys: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ key: string }>`SELECT key FROM work WHERE kind IN ('segment', 'session') AND ${isIn("key", keys)}`,
        (rows) => rows.map(({ key }) => key)
      ),

    /** Returns those of these ids of which a unit is stored. */
    unitsAmong: (ids: ReadonlyArray<string>) =>
      Effect.map(
        sql<{ id: string }>`SELECT id FROM units WHERE ${isIn("id", ids)}`,
        (rows) => rows.map(({ id }) => id)
      ),

    unitsOf: (origins: ReadonlyArray<string>) =>
      stored(sql`SELECT row, body FROM units WHERE ${isIn("origin", origins)} ORDER BY row`),

    unitsOfSessions: (sessionIds: ReadonlyArray<string>) =>
      stored(sql`SELECT row, body FROM units WHERE ${isIn("session_id", sessionIds)} ORDER BY row`),

    /** Returns units after one, by their origins and ids. */
    unitsAfter: (origin: string, id: string, limit: number) =>
      stored(sql`SELECT row, body FROM units WHERE (origin, id) > (${text(origin)}, ${text(id)})
        ORDER BY origin, id LIMIT ${limit}`),

    /** Returns units after a row, in the order of their rows. */
    unitsAfterRow: (row: number, limit: number) =>
      stored(sql`SELECT row, body FROM units WHERE row > ${row} ORDER BY row LIMIT ${limit}`),

    unitsById: (ids: ReadonlyArray<string>) => stored(sql`SELECT row, body FROM units WHERE ${isIn("id", ids)}`),

    insertUnits: (units: ReadonlyArray<Fielded>) =>
      Effect.gen(function*() {
        const made = yield* sql<{ row: number; id: string }>`${
          inserted("units", UNITS, units.map(unitRow))
        } RETURNING row, id`
        const rows = new Map(made.map(({ id, row }) => [id, row]))
        const rowOf = (unit: MemoryUnit) => rows.get(text(unit.id))
        yield* dialect.insertLexemes(units, rowOf)
        yield* sql`INSERT INTO sketches (least, row) SELECT least, row FROM ${
          table(
            "made",
            { least: "bigint", row: "bigint" },
            units.flatMap(({ sketch, unit }) => sketch.map((least) => ({ least, row: rowOf(unit) })))
          )
        } WHERE true ON CONFLICT DO NOTHING`
      }),

    /** Sets the numbers of the lexemes of units, by row. */
    setLexemeCounts: (counts: ReadonlyMap<number, number>) =>
      sql`UPDATE units SET lexeme_count = made.lexeme_count FROM ${
        table(
          "made",
          { row: "bigint", lexeme_count: "integer" },
          Array.from(counts, ([row, lexemeCount]) => ({ row, lexeme_count: lexemeCount }))
        )
      } WHERE units.row = made.row AND units.lexeme_count <> made.lexeme_count`,

    /** Replaces the sketches of units, by id. */
    setSketches: (sketches: ReadonlyMap<string, ReadonlyArray<number>>) =>
      Effect.zipRight(
        sql`DELETE FROM sketches WHERE row IN (SELECT row FROM units WHERE ${isIn("id", sketches.keys())})`,
        sql`INSERT INTO sketches (least, row) SELECT made.least, units.row FROM ${
          table(
            "made",
            { least: "bigint", id: "text" },
            [...sketches].flatMap(([id, sketch]) => sketch.map((least) => ({ least, id })))
          )
        } JOIN units ON units.id = made.id WHERE true ON CONFLICT DO NOTHING`
      ),

    updateUnits: (units: ReadonlyArray<MemoryUnit>) =>
      sql`UPDATE units SET active = made.active, evidence = made.evidence, superseded_by = made.superseded_by,
        body = made.body FROM ${
        table(
          "made",
          { id: "text", active: "boolean", evidence: "text[]", superseded_by: "text", body: "packed" },
          units.map((unit) => ({
            id: unit.id,
            active: unit.active,
            evidence: evidence(unit),
            superseded_by: unit.supersededBy,
            body: JSON.stringify(unit)
          }))
        )
      } WHERE units.id = made.id`,

    /** Returns the units that the given ones have superseded, ordered by id. */
    supersededBy: (ids: ReadonlyArray<string>) =>
      Effect.map(
        sql<UnitBody>`SELECT body FROM units WHERE ${isIn("superseded_by", ids)} ORDER BY id`,
        (rows) => rows.map(unitOf)
      ),

    /** Returns pairs of a unit and an active unit of its project that may be its duplicate. */
    similarTo: (ids: ReadonlyArray<string>) =>
      sql<{ id: string; other: string }>`
        SELECT DISTINCT a.id, b.id AS other FROM units AS a JOIN sketches AS s ON s.row = a.row
          JOIN sketches AS t ON t.least = s.least AND t.row <> s.row JOIN units AS b ON b.row = t.row
        WHERE ${isIn("a.id", ids)} AND b.project_id = a.project_id AND b.active`
  }
}
