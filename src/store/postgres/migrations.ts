/**
 * The PostgreSQL schema, one step per version; `schema_version` counts the steps taken.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { type Postgres, quoted } from "../../resources/Postgres.ts"
import type { StoreError } from "../MemoryStore.ts"
import { BY_FOLDER } from "../sql/ownProjects.ts"
import { checkVersion } from "../sql/schemaVersion.ts"

/** Text ordered by its bytes, as in SQLite, whatever the database's locale. */
const TEXT = `text COLLATE "C"`
const ROW = "bigint GENERATED ALWAYS AS IDENTITY"

export const STEPS: ReadonlyArray<ReadonlyArray<string>> = [[
  `CREATE TABLE projects (id ${TEXT} PRIMARY KEY, name ${TEXT} NOT NULL, root text NOT NULL, key text NOT NULL)`,
  `CREATE TABLE sessions (
    id ${TEXT} PRIMARY KEY, project_id ${TEXT} NOT NULL, title text, cwd text NOT NULL, branch text, version text,
    started_at bigint NOT NULL, ended_at bigint NOT NULL
  )`,
  `CREATE TABLE messages (
    seq ${ROW} PRIMARY KEY, uuid ${TEXT} NOT NULL UNIQUE, session_id ${TEXT} NOT NULL, thread ${TEXT} NOT NULL,
    segment_id ${TEXT} NOT NULL, role text NOT NULL, is_prompt boolean NOT NULL, said boolean NOT NULL,
    occurred_at bigint NOT NULL, files text[] NOT NULL, body text NOT NULL
  )`,
  `CREATE INDEX messages_segment ON messages (segment_id, seq)`,
  `CREATE INDEX messages_session ON messages (session_id, seq)`,
  `CREATE TABLE open_segments (thread_key ${TEXT} PRIMARY KEY, id ${TEXT} NOT NULL, messages integer NOT NULL)`,
  `CREATE TABLE cursors (
    path ${TEXT} PRIMARY KEY, next_offset bigint NOT NULL, fingerprint text NOT NULL, tail text NOT NULL,
    modified_at bigint NOT NULL, session_id text NOT NULL
  )`,
  `CREATE TABLE line_counts (name ${TEXT} PRIMARY KEY, n bigint NOT NULL)`,
  `CREATE TABLE redactions (name ${TEXT} PRIMARY KEY, n bigint NOT NULL)`,
  `CREATE TABLE dead_letters (
    path ${TEXT} NOT NULL, fingerprint text NOT NULL, line_offset bigint NOT NULL, body text NOT NULL,
    PRIMARY KEY (path, fingerprint, line_offset)
  )`,
  `CREATE TABLE work (
    seq ${ROW}, kind ${TEXT} NOT NULL, key ${TEXT} NOT NULL, revision integer NOT NULL, owner text, until bigint,
    attempts integer NOT NULL DEFAULT 0, error text, not_before bigint NOT NULL DEFAULT 0, PRIMARY KEY (kind, key)
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX work_free ON work (kind, seq) WHERE owner IS NULL`,
  `CREATE INDEX work_held ON work (kind, owner) WHERE owner IS NOT NULL`,
  // Sessions for which model reviews were requested; their later segments are reviewed too.
  `CREATE TABLE reviewed_sessions (id ${TEXT} PRIMARY KEY)`,
  `CREATE TABLE units (
    row ${ROW} PRIMARY KEY, id ${TEXT} NOT NULL UNIQUE, project_id ${TEXT} NOT NULL, session_id ${TEXT} NOT NULL,
    origin ${TEXT} NOT NULL, position double precision NOT NULL, type text NOT NULL, occurred_at bigint NOT NULL,
    active boolean NOT NULL, superseded_by ${TEXT}, lexeme_count integer NOT NULL, files text[] NOT NULL,
    evidence text[] NOT NULL, body text NOT NULL
  )`,
  `CREATE INDEX units_session ON units (session_id, position)`,
  `CREATE INDEX units_project ON units (project_id, occurred_at)`,
  `CREATE INDEX units_recent ON units (occurred_at DESC, id) WHERE active`,
  `CREATE INDEX units_origin ON units (origin)`,
  `CREATE INDEX units_superseded ON units (superseded_by) WHERE superseded_by IS NOT NULL`,
  // The lexemes of a unit's fields in sequence, with repeats; `lengths` holds the end of each field. A table apart from the units, so
  // that an update of a unit does not write to the index.
  `CREATE TABLE lexemes (
    row bigint PRIMARY KEY REFERENCES units ON DELETE CASCADE, lexemes text[] COLLATE "C" NOT NULL, lengths integer[] NOT NULL
  )`,
  // Every search scans the index's pending list, so the list is kept short (256 kB).
  `CREATE INDEX lexemes_held ON lexemes USING gin (lexemes) WITH (gin_pending_list_limit = 256)`,
  // Bands of minima of permutations of a unit's words (store/Duplicates.ts), by which duplicate units are found.
  `CREATE TABLE sketches (
    least bigint NOT NULL, row bigint NOT NULL REFERENCES units ON DELETE CASCADE, PRIMARY KEY (least, row)
  )`,
  `CREATE INDEX sketches_row ON sketches (row)`,
  // One row per project, since commits lock their project.
  `CREATE TABLE totals (project_id ${TEXT} PRIMARY KEY, units bigint NOT NULL, lexemes bigint NOT NULL)`,
  // "identity" is the store's name, "index" the name of the index that is kept up to date.
  `CREATE TABLE properties (name ${TEXT} PRIMARY KEY, value text NOT NULL)`,
  `INSERT INTO properties VALUES ('identity', left(replace(gen_random_uuid()::text, '-', ''), 16))`
], [
  `ALTER TABLE projects ADD COLUMN excluded boolean NOT NULL DEFAULT false, ADD COLUMN merged_into ${TEXT}`,
  // Keyed hashes of forgotten text (store/Forgetting.ts), with the unit with which the text was forgotten.
  `CREATE TABLE tombstones (hash ${TEXT} NOT NULL, unit_id ${TEXT} NOT NULL, PRIMARY KEY (hash, unit_id))`,
  `CREATE INDEX tombstones_unit ON tombstones (unit_id)`
], [
  // Projects that sessions and units had before a merge; null where no merge has moved them. `searched`: the newest message in which
  // the command was searched for that made the project's folder.
  `ALTER TABLE sessions ADD COLUMN own_project_id ${TEXT}`,
  `ALTER TABLE units ADD COLUMN own_project_id ${TEXT}`,
  `ALTER TABLE projects ADD COLUMN searched bigint NOT NULL DEFAULT 0`,
  `CREATE TABLE different_projects (one ${TEXT} NOT NULL, other ${TEXT} NOT NULL, PRIMARY KEY (one, other))`,
  BY_FOLDER
], [
  // What a person changed of units (store/Overlay.ts), whether or not a unit of that id is there. The units have the changed values.
  `CREATE TABLE overlay (
    unit_id ${TEXT} PRIMARY KEY, revision integer NOT NULL, title text, content text, type text, pinned boolean NOT NULL,
    replaced_by ${TEXT}, derived text NOT NULL
  )`,
  // What was done by a person, or by Claude for one: the history of units, and what can be undone.
  `CREATE TABLE operations (
    id ${ROW} PRIMARY KEY, kind text NOT NULL, unit_id ${TEXT}, actor text NOT NULL, at bigint NOT NULL,
    undone boolean NOT NULL DEFAULT false, body text NOT NULL
  )`,
  `CREATE INDEX operations_unit ON operations (unit_id) WHERE unit_id IS NOT NULL`,
  // What was forgotten and can still be brought back, by the operation that forgot it.
  `CREATE TABLE bin_entries (
    operation bigint NOT NULL, kind text NOT NULL, key ${TEXT} NOT NULL, body text NOT NULL,
    PRIMARY KEY (operation, kind, key)
  )`,
  `ALTER TABLE tombstones ADD COLUMN at bigint NOT NULL DEFAULT 0`,
  // What was saved is a person's by its origin; a pin says more than that now.
  `UPDATE units SET body = replace(body, '"pinned":true', '"pinned":false') WHERE origin LIKE 'saved:%'`
], [
  // What a person said of units as they were told, as JSON, in how many sessions Claude used them, and the thing that a rule saw replaced where it set `replaced_by`.
  `ALTER TABLE overlay ADD COLUMN replaced_for text`,
  `ALTER TABLE overlay ADD COLUMN feedback text`,
  `ALTER TABLE overlay ADD COLUMN uses integer NOT NULL DEFAULT 0`
]]

/** Returns the schema's version; 0 when there is no schema yet. */
export const currentVersion = ({ run, sql }: Postgres, schema: string): Effect.Effect<number, SqlError> =>
  run(Effect.gen(function*() {
    const table = `${quoted(schema)}.schema_version`
    const [found] = yield* sql<{ exists: boolean }>`SELECT to_regclass(${table}) IS NOT NULL AS exists`
    if (found?.exists !== true) return 0
    const [row] = yield* sql.unsafe<{ version: number }>(`SELECT version FROM ${table}`)
    return row?.version ?? 0
  }))

/** Migrates under a lock, so that instances that start at once take turns. Fails before any change when the schema is newer. */
export const migrate = (
  postgres: Postgres,
  schema: string,
  steps = STEPS
): Effect.Effect<void, SqlError | StoreError> =>
  Effect.gen(function*() {
    const { patiently, sql, transaction } = postgres
    const before = yield* currentVersion(postgres, schema)
    yield* checkVersion(before, steps.length)
    if (before === steps.length) return
    yield* patiently(transaction(Effect.gen(function*() {
      // A step may rewrite a large memory, while other instances wait for the lock.
      yield* sql`SET LOCAL statement_timeout = 0`
      yield* sql`SET LOCAL lock_timeout = '60s'`
      yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${`claude-memory/${schema}`}, 0))`
      const [known] = yield* sql<{ n: number }>`SELECT count(*) AS n FROM pg_namespace WHERE nspname = ${schema}`
      if (known?.n === 0) yield* sql.unsafe(`CREATE SCHEMA ${quoted(schema)}`)
      const version = yield* currentVersion(postgres, schema)
      yield* checkVersion(version, steps.length)
      if (version === 0) yield* sql`CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)`
      for (const statement of steps.slice(version).flat()) yield* sql.unsafe(statement)
      yield* sql`DELETE FROM schema_version`
      yield* sql`INSERT INTO schema_version VALUES (${steps.length})`
    })))
  })
