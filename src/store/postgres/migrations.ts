/**
 * The PostgreSQL schema, one step per version; `schema_version` counts the steps taken.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { type Postgres, quoted } from "../../resources/Postgres.ts"
import type { StoreError } from "../MemoryStore.ts"
import { checkVersion } from "../sql/schemaVersion.ts"

/** Ordered by its bytes, as SQLite orders it, whatever the database's language. */
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
  // Sessions that a language model is to look at, with what comes to them later.
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
  // The lexemes of a unit's fields, one after the other with their repeats; \`lengths\` tells where each field ends. Apart from the
  // units, so that a change of those does not write the index anew.
  `CREATE TABLE lexemes (
    row bigint PRIMARY KEY REFERENCES units ON DELETE CASCADE, lexemes text[] COLLATE "C" NOT NULL, lengths integer[] NOT NULL
  )`,
  // What waits to be sorted into the index is read through by every search: little of it.
  `CREATE INDEX lexemes_held ON lexemes USING gin (lexemes) WITH (gin_pending_list_limit = 256)`,
  // Bands of minima of permutations of a unit's words (store/Duplicates.ts), by which units that say the same are found.
  `CREATE TABLE sketches (
    least bigint NOT NULL, row bigint NOT NULL REFERENCES units ON DELETE CASCADE, PRIMARY KEY (least, row)
  )`,
  `CREATE INDEX sketches_row ON sketches (row)`,
  // By project, as commits exclude one another.
  `CREATE TABLE totals (project_id ${TEXT} PRIMARY KEY, units bigint NOT NULL, lexemes bigint NOT NULL)`,
  // "identity" is the store's name, "index" that of the index which follows it.
  `CREATE TABLE properties (name ${TEXT} PRIMARY KEY, value text NOT NULL)`,
  `INSERT INTO properties VALUES ('identity', left(replace(gen_random_uuid()::text, '-', ''), 16))`
], [
  `ALTER TABLE projects ADD COLUMN excluded boolean NOT NULL DEFAULT false, ADD COLUMN merged_into ${TEXT}`,
  // What was forgotten, by keyed hashes (store/Forgetting.ts), with the unit that it was forgotten with.
  `CREATE TABLE tombstones (hash ${TEXT} NOT NULL, unit_id ${TEXT} NOT NULL, PRIMARY KEY (hash, unit_id))`,
  `CREATE INDEX tombstones_unit ON tombstones (unit_id)`
]]

/** 0 where there is no memory yet. */
export const currentVersion = ({ run, sql }: Postgres, schema: string): Effect.Effect<number, SqlError> =>
  run(Effect.gen(function*() {
    const table = `${quoted(schema)}.schema_version`
    const [found] = yield* sql<{ exists: boolean }>`SELECT to_regclass(${table}) IS NOT NULL AS exists`
    if (found?.exists !== true) return 0
    const [row] = yield* sql.unsafe<{ version: number }>(`SELECT version FROM ${table}`)
    return row?.version ?? 0
  }))

/** Several instances that start at once migrate one after the other; a schema that is newer is refused untouched. */
export const migrate = (
  postgres: Postgres,
  schema: string,
  steps = STEPS
): Effect.Effect<void, SqlError | StoreError> =>
  Effect.gen(function*() {
    const { sql, transaction } = postgres
    const before = yield* currentVersion(postgres, schema)
    yield* checkVersion(before, steps.length)
    if (before === steps.length) return
    yield* transaction(Effect.gen(function*() {
      // A step may have a large memory to go through, and others wait for it.
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
    }))
  })
