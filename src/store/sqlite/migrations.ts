/**
 * The SQLite schema, one step per version; `PRAGMA user_version` counts the steps taken.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import type { YieldWrap } from "effect/Utils"
import { transaction } from "../../resources/Sqlite.ts"
import type { StoreError } from "../MemoryStore.ts"
import type { SqlEffect } from "../sql/Dialect.ts"
import { BY_FOLDER } from "../sql/ownProjects.ts"
import { checkVersion } from "../sql/schemaVersion.ts"
import { PACK_LENGTH } from "./Packs.ts"
import { schemaVersion } from "./SqliteReads.ts"

export const STEPS: ReadonlyArray<ReadonlyArray<string>> = [[
  `CREATE TABLE projects (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, root TEXT NOT NULL, key TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE sessions (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id), title TEXT, cwd TEXT NOT NULL, branch TEXT,
    version TEXT, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL, thread TEXT NOT NULL,
    segment_id TEXT NOT NULL, role TEXT NOT NULL, is_prompt INTEGER NOT NULL, said INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX messages_segment ON messages (segment_id, seq)`,
  `CREATE INDEX messages_session ON messages (session_id, seq)`,
  `CREATE TABLE open_segments (
    thread_key TEXT PRIMARY KEY, id TEXT NOT NULL, messages INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE cursors (
    path TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, fingerprint TEXT NOT NULL, session_id TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE line_counts (outcome TEXT PRIMARY KEY, lines INTEGER NOT NULL) STRICT`,
  `CREATE TABLE redactions (kind TEXT PRIMARY KEY, found INTEGER NOT NULL) STRICT`,
  `CREATE TABLE dead_letters (
    path TEXT NOT NULL, fingerprint TEXT NOT NULL, line_offset INTEGER NOT NULL, reason TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (path, fingerprint, line_offset)
  ) STRICT`,
  `CREATE TABLE work (
    kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, owner TEXT, until INTEGER,
    PRIMARY KEY (kind, key)
  ) STRICT`,
  `CREATE INDEX work_owner ON work (kind, owner)`,
  `CREATE TABLE units (
    row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL, session_id TEXT NOT NULL,
    origin TEXT NOT NULL, position REAL NOT NULL, type TEXT NOT NULL, occurred_at INTEGER NOT NULL,
    active INTEGER NOT NULL, lexeme_count INTEGER NOT NULL, files TEXT NOT NULL, evidence TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX units_session ON units (session_id, position)`,
  `CREATE INDEX units_project ON units (project_id, occurred_at)`,
  `CREATE INDEX units_origin ON units (origin)`,
  // The program tokenizes: lexemes consist of letters, digits and "_" only, and are separated by spaces.
  `CREATE VIRTUAL TABLE lexemes USING fts5(title, text, tool_use, tool_result,
    tokenize = "ascii tokenchars '_'")`,
  `CREATE VIRTUAL TABLE lexeme_counts USING fts5vocab(lexemes, row)`,
  `CREATE TABLE totals (id INTEGER PRIMARY KEY CHECK (id = 1), units INTEGER NOT NULL, lexemes INTEGER NOT NULL) STRICT`,
  `INSERT INTO totals VALUES (1, 0, 0)`,
  `CREATE TABLE vector_indexes (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, dimension INTEGER NOT NULL, active INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE vectors (
    index_id INTEGER NOT NULL, unit_row INTEGER NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (index_id, unit_row)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER units_deleted AFTER DELETE ON units BEGIN
    DELETE FROM vectors WHERE unit_row = old.row AND index_id IN (SELECT id FROM vector_indexes);
  END`
], [
  // Older cursors have neither: their files are read once more, and the lines count as duplicates.
  `ALTER TABLE cursors ADD COLUMN tail TEXT NOT NULL DEFAULT ''`,
  `ALTER TABLE cursors ADD COLUMN modified_at INTEGER NOT NULL DEFAULT 0`
], [
  `ALTER TABLE units ADD COLUMN superseded_by TEXT`,
  `CREATE INDEX units_superseded ON units (superseded_by) WHERE superseded_by IS NOT NULL`,
  // Bands of minima of permutations of a unit's words (store/Duplicates.ts), by which duplicate units are found.
  `CREATE TABLE sketches (least INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (least, row)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX sketches_row ON sketches (row)`,
  `CREATE TRIGGER units_forgotten AFTER DELETE ON units BEGIN DELETE FROM sketches WHERE row = old.row; END`,
  // Appends `also` at the end of the body, where new units don't have it: no new unit compares equal to an old one, so each is written
  // with its sketch.
  `UPDATE units SET body = json_set(body, '$.also', json('[]'))`,
  // Queues everything that an earlier version compressed, to be compressed again.
  `INSERT INTO work (kind, key, revision) SELECT DISTINCT 'segment', segment_id, 1 FROM messages WHERE true
    ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1`,
  `INSERT INTO work (kind, key, revision) SELECT 'session', id, 1 FROM sessions WHERE true
    ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1`
], [
  `ALTER TABLE work ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE work ADD COLUMN error TEXT`,
  `ALTER TABLE work ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0`,
  // Sessions for which model reviews were requested; their later segments are reviewed too.
  `CREATE TABLE reviewed_sessions (id TEXT PRIMARY KEY) STRICT`
], [
  // "identity" is the store's name, "index" the name of the index that is kept up to date.
  `CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`,
  `INSERT INTO properties VALUES ('identity', lower(hex(randomblob(8))))`,
  // The index has an entry for every active unit and no other; an empty vector marks a unit without one.
  `DELETE FROM vectors WHERE unit_row IN (SELECT row FROM units WHERE active = 0)`,
  `INSERT INTO vectors SELECT i.id, u.row, x'' FROM units AS u JOIN vector_indexes AS i ON i.active = 1
    WHERE u.active = 1 AND u.id NOT IN (SELECT key FROM work WHERE kind = 'index')
    ON CONFLICT DO NOTHING`
], [
  `ALTER TABLE projects ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE projects ADD COLUMN merged_into TEXT`,
  // Keyed hashes of forgotten text (store/Forgetting.ts), with the unit with which the text was forgotten.
  `CREATE TABLE tombstones (hash TEXT NOT NULL, unit_id TEXT NOT NULL, PRIMARY KEY (hash, unit_id)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX tombstones_unit ON tombstones (unit_id)`
], [
  // Covers the columns that a search reads of every matching unit, so that it does not read the pages of the units' bodies.
  `CREATE INDEX units_by_row ON units (row, active, project_id, type, occurred_at, id)`
], [
  // Projects that sessions and units had before a merge; null where no merge has moved them. `searched`: the newest message in which
  // the command was searched for that made the project's folder.
  `ALTER TABLE sessions ADD COLUMN own_project_id TEXT`,
  `ALTER TABLE units ADD COLUMN own_project_id TEXT`,
  `ALTER TABLE projects ADD COLUMN searched INTEGER NOT NULL DEFAULT 0`,
  `CREATE TABLE different_projects (one TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (one, other)) STRICT, WITHOUT ROWID`,
  BY_FOLDER
], [
  // Covers what a search in some projects filters by.
  `CREATE INDEX units_by_project ON units (project_id, active, type, occurred_at)`,
  // Vectors lie by project, so that those of one are read in one go.
  `DROP TRIGGER units_deleted`,
  `ALTER TABLE vectors RENAME TO vectors_by_row`,
  `CREATE TABLE vectors (
    index_id INTEGER NOT NULL, project_id TEXT NOT NULL, unit_row INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (index_id, project_id, unit_row)
  ) STRICT, WITHOUT ROWID`,
  `INSERT INTO vectors SELECT v.index_id, u.project_id, v.unit_row, v.vector
    FROM vectors_by_row AS v JOIN units AS u ON u.row = v.unit_row ORDER BY 1, 2, 3`,
  `DROP TABLE vectors_by_row`,
  // What a process has read of a project's vectors is what they are while both numbers are the same: with a greater \`last\` there are
  // more, from the row after that on; with another \`replaced\` they are others.
  `CREATE TABLE vector_lanes (
    index_id INTEGER NOT NULL, project_id TEXT NOT NULL, last INTEGER NOT NULL, replaced INTEGER NOT NULL,
    PRIMARY KEY (index_id, project_id)
  ) STRICT, WITHOUT ROWID`,
  `INSERT INTO vector_lanes SELECT index_id, project_id, max(unit_row), 0 FROM vectors WHERE length(vector) > 0
    GROUP BY index_id, project_id`,
  `CREATE TRIGGER vectors_added AFTER INSERT ON vectors WHEN length(new.vector) > 0 BEGIN
    INSERT INTO vector_lanes VALUES (new.index_id, new.project_id, new.unit_row, 0)
      ON CONFLICT DO UPDATE SET last = max(last, excluded.last), replaced = replaced + (excluded.last <= last);
  END`,
  `CREATE TRIGGER vectors_changed AFTER UPDATE ON vectors BEGIN
    UPDATE vector_lanes SET replaced = replaced + 1 WHERE index_id = old.index_id AND project_id = old.project_id;
    INSERT INTO vector_lanes VALUES (new.index_id, new.project_id, new.unit_row, 0)
      ON CONFLICT DO UPDATE SET last = max(last, excluded.last), replaced = replaced + 1;
  END`,
  `CREATE TRIGGER vectors_removed AFTER DELETE ON vectors WHEN length(old.vector) > 0 BEGIN
    UPDATE vector_lanes SET replaced = replaced + 1 WHERE index_id = old.index_id AND project_id = old.project_id;
  END`,
  `CREATE TRIGGER units_deleted AFTER DELETE ON units BEGIN
    DELETE FROM vectors WHERE unit_row = old.row AND project_id = old.project_id
      AND index_id IN (SELECT id FROM vector_indexes);
  END`,
  `CREATE TRIGGER units_moved AFTER UPDATE OF project_id ON units WHEN new.project_id <> old.project_id BEGIN
    UPDATE vectors SET project_id = new.project_id WHERE unit_row = old.row AND project_id = old.project_id
      AND index_id IN (SELECT id FROM vector_indexes);
  END`
], [
  // What a person changed of units (store/Overlay.ts), whether or not a unit of that id is there. The units have the changed values.
  `CREATE TABLE overlay (
    unit_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, title TEXT, content TEXT, type TEXT, pinned INTEGER NOT NULL,
    replaced_by TEXT, derived TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  // What was done by a person, or by Claude for one: the history of units, and what can be undone.
  `CREATE TABLE operations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, unit_id TEXT, actor TEXT NOT NULL, at INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX operations_unit ON operations (unit_id) WHERE unit_id IS NOT NULL`,
  // What was forgotten and can still be brought back, by the operation that forgot it.
  `CREATE TABLE bin_entries (
    operation INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (operation, kind, key)
  ) STRICT, WITHOUT ROWID`,
  `ALTER TABLE tombstones ADD COLUMN at INTEGER NOT NULL DEFAULT 0`,
  // What was saved is a person's by its origin; a pin says more than that now.
  `UPDATE units SET body = replace(body, '"pinned":true', '"pinned":false') WHERE origin LIKE 'saved:%'`,
  `CREATE INDEX units_by_time ON units (occurred_at DESC, id) WHERE active = 1`
], [
  // The bodies are compressed (Packs.ts): those of messages in packs, each by the number of its first message.
  `CREATE TABLE packs (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT`,
  // Ids of sessions and segments, which many messages have in common.
  `CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT`,
  `CREATE TABLE message_rows (
    seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, session INTEGER NOT NULL, thread TEXT NOT NULL,
    segment INTEGER NOT NULL, role TEXT NOT NULL, is_prompt INTEGER NOT NULL, said INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL
  ) STRICT`,
  `INSERT INTO names (name) SELECT session_id FROM messages UNION SELECT segment_id FROM messages`,
  `INSERT INTO message_rows
    SELECT m.seq, m.uuid, s.number, m.thread, g.number, m.role, m.is_prompt, m.said, m.occurred_at
    FROM messages AS m JOIN names AS s ON s.name = m.session_id JOIN names AS g ON g.name = m.segment_id ORDER BY m.seq`,
  // A pack has no gap between its numbers.
  `INSERT INTO packs
    SELECT first, packed((
      SELECT group_concat(body, char(10)) FROM (SELECT body FROM messages WHERE seq BETWEEN first AND last ORDER BY seq)
    )) FROM (
      SELECT min(seq) AS first, max(seq) AS last FROM (
        SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run,
          sum(length(body)) OVER (ORDER BY seq) / ${PACK_LENGTH} AS pack FROM messages
      ) GROUP BY run, pack
    ) ORDER BY first`,
  `DROP TABLE messages`,
  `CREATE INDEX message_rows_segment ON message_rows (segment)`,
  `CREATE INDEX message_rows_session ON message_rows (session)`,
  `CREATE VIEW messages AS
    SELECT m.seq, m.uuid, s.name AS session_id, m.thread, g.name AS segment_id, m.role, m.is_prompt, m.said, m.occurred_at,
      line_in_pack(
        (SELECT body FROM packs WHERE id <= m.seq ORDER BY id DESC LIMIT 1),
        m.seq - (SELECT max(id) FROM packs WHERE id <= m.seq)
      ) AS body
    FROM message_rows AS m JOIN names AS s ON s.number = m.session JOIN names AS g ON g.number = m.segment`,
  // Segments and sessions of which messages or units were let go, and when; for a session the time of its last message then.
  `CREATE TABLE let_go (
    origin TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL, is_done INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `ALTER TABLE units ADD COLUMN packed_body BLOB NOT NULL DEFAULT x''`,
  `UPDATE units SET packed_body = packed(body)`,
  `ALTER TABLE units DROP COLUMN body`,
  `ALTER TABLE units RENAME COLUMN packed_body TO body`
], [
  // What a person said of units as they were told, as JSON, in how many sessions Claude used them, and the thing that a rule saw replaced where it set `replaced_by`.
  `ALTER TABLE overlay ADD COLUMN replaced_for TEXT`,
  `ALTER TABLE overlay ADD COLUMN feedback TEXT`,
  `ALTER TABLE overlay ADD COLUMN uses INTEGER NOT NULL DEFAULT 0`
]]

export const LATEST = STEPS.length

export const currentVersion = (sql: SqlClient): Effect.Effect<number, SqlError> =>
  Effect.gen(() => schemaVersion<YieldWrap<SqlEffect<unknown>>, Fragment>(sql))

/** Changes whenever another connection commits (https://sqlite.org/pragma.html#pragma_data_version). */
export const dataVersion = (sql: SqlClient): Effect.Effect<number, SqlError> =>
  Effect.map(sql.unsafe<{ data_version: number }>("PRAGMA data_version"), (rows) => rows[0]?.data_version ?? 0)

/** Copies that are made while an earlier program goes on writing; the last one may lack what it wrote at the end. */
const COPIES = 3

/** Takes the steps that are missing. Has an existing database kept before, with all that is in it when the steps are taken. */
export const migrate = <E = never>(
  sql: SqlClient,
  steps = STEPS,
  keep: (version: number) => Effect.Effect<void, E> = () => Effect.void
): Effect.Effect<void, SqlError | StoreError | E> =>
  Effect.gen(function*() {
    for (let copies = 1;; copies++) {
      const before = yield* currentVersion(sql)
      yield* checkVersion(before, steps.length)
      if (before === steps.length) return
      const kept = yield* dataVersion(sql)
      if (before > 0) yield* keep(before)
      const isDone = yield* transaction(
        sql,
        Effect.gen(function*() {
          if (before > 0 && copies < COPIES && (yield* dataVersion(sql)) !== kept) return false
          // Another process may have migrated while this one waited for the lock.
          const version = yield* currentVersion(sql)
          for (const statement of steps.slice(version).flat()) yield* sql.unsafe(statement)
          yield* sql.unsafe(`PRAGMA user_version = ${steps.length}`)
          return true
        })
      )
      if (isDone) return
    }
  })
