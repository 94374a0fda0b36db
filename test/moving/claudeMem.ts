/**
 * Makes databases with the tables of claude-mem, as its versions have them.
 */
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import * as SqliteDriver from "../../src/resources/SqliteDriver.ts"

export const MAY = Date.UTC(2026, 4, 4, 9)

type Fields = Readonly<Record<string, string | number | bigint | null | Uint8Array>>

/** Tables of its schemas 1 and 2, which had memories and overviews. */
const FIRST = [
  `CREATE TABLE sessions (id INTEGER PRIMARY KEY, session_id TEXT UNIQUE, project TEXT, created_at TEXT, created_at_epoch INTEGER)`,
  `CREATE TABLE memories (
    id INTEGER PRIMARY KEY, session_id TEXT, text TEXT, document_id TEXT, keywords TEXT, created_at TEXT, created_at_epoch INTEGER,
    project TEXT, archive_basename TEXT, origin TEXT, title TEXT, subtitle TEXT, facts TEXT, concepts TEXT, files_touched TEXT
  )`,
  `CREATE TABLE overviews (
    id INTEGER PRIMARY KEY, session_id TEXT, content TEXT, created_at TEXT, created_at_epoch INTEGER, project TEXT, origin TEXT
  )`
]

/** Its schema 4: observations of one text, sessions by their earlier names, no table of prompts. */
const FOURTH = [
  `CREATE TABLE schema_versions (id INTEGER PRIMARY KEY, version INTEGER UNIQUE, applied_at TEXT)`,
  `CREATE TABLE sdk_sessions (
    id INTEGER PRIMARY KEY, claude_session_id TEXT, sdk_session_id TEXT, project TEXT, user_prompt TEXT, started_at TEXT,
    started_at_epoch INTEGER, completed_at TEXT, completed_at_epoch INTEGER, status TEXT
  )`,
  `CREATE TABLE observations (
    id INTEGER PRIMARY KEY, sdk_session_id TEXT, project TEXT, text TEXT, type TEXT, created_at TEXT, created_at_epoch INTEGER
  )`,
  `CREATE TABLE session_summaries (
    id INTEGER PRIMARY KEY, sdk_session_id TEXT, project TEXT, request TEXT, investigated TEXT, learned TEXT, completed TEXT,
    next_steps TEXT, files_read TEXT, files_edited TEXT, notes TEXT, created_at TEXT, created_at_epoch INTEGER
  )`
]

/** Its schema 49, without the columns and tables that only its own programs need. */
const NEWEST = [
  `CREATE TABLE schema_versions (id INTEGER PRIMARY KEY, version INTEGER UNIQUE, applied_at TEXT)`,
  `CREATE TABLE sdk_sessions (
    id INTEGER PRIMARY KEY, content_session_id TEXT, memory_session_id TEXT UNIQUE, project TEXT, platform_source TEXT, user_prompt TEXT,
    started_at TEXT, started_at_epoch INTEGER, status TEXT, custom_title TEXT
  )`,
  `CREATE TABLE observations (
    id INTEGER PRIMARY KEY, memory_session_id TEXT, project TEXT, text TEXT, type TEXT, title TEXT, subtitle TEXT, facts TEXT,
    narrative TEXT, concepts TEXT, files_read TEXT, files_modified TEXT, prompt_number INTEGER, discovery_tokens INTEGER,
    created_at TEXT, created_at_epoch INTEGER, content_hash TEXT, merged_into_project TEXT, metadata TEXT, sync_rev TEXT
  )`,
  `CREATE TABLE session_summaries (
    id INTEGER PRIMARY KEY, memory_session_id TEXT, project TEXT, request TEXT, investigated TEXT, learned TEXT, completed TEXT,
    next_steps TEXT, files_read TEXT, files_edited TEXT, notes TEXT, prompt_number INTEGER, created_at TEXT, created_at_epoch INTEGER,
    merged_into_project TEXT
  )`,
  `CREATE TABLE user_prompts (
    id INTEGER PRIMARY KEY, session_db_id INTEGER, content_session_id TEXT, prompt_number INTEGER, prompt_text TEXT, created_at TEXT,
    created_at_epoch INTEGER
  )`,
  // The search index of the table, whose own tables must not be taken for others.
  `CREATE VIRTUAL TABLE observations_fts USING fts5(title, narrative, content='observations', content_rowid='id')`,
  `CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT, slug TEXT, root_path TEXT)`,
  `CREATE TABLE memory_items (
    id TEXT PRIMARY KEY, project_id TEXT, server_session_id TEXT, legacy_observation_id INTEGER, kind TEXT, type TEXT, title TEXT,
    subtitle TEXT, text TEXT, narrative TEXT, facts TEXT, concepts TEXT, files_read TEXT, files_modified TEXT, created_at_epoch INTEGER
  )`
]

export const SCHEMAS = { first: FIRST, fourth: FOURTH, newest: NEWEST } as const

/** Opens a database as claude-mem does, in WAL mode. */
export const openIn = (file: string, schema: ReadonlyArray<string> = []): DatabaseSync => {
  const database = new (SqliteDriver.load().DatabaseSync)(file)
  database.exec("PRAGMA journal_mode = WAL")
  for (const statement of schema) database.exec(statement)
  return database
}

export const insert = (database: DatabaseSync, table: string, ...rows: ReadonlyArray<Fields>): void => {
  for (const row of rows) {
    const names = Object.keys(row)
    database.prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
      .run(...Object.values(row))
  }
}

/** An observation of the newest schema. */
export const observation = (n: number, fields: Fields = {}): Fields => ({
  memory_session_id: "mem-1",
  project: "shop-api",
  type: "bugfix",
  title: `Webhook ${n} handled twice`,
  subtitle: `Why order ${n} was charged two times`,
  facts: JSON.stringify([`The handler of order ${n} waits 250 ms`, `Ticket OPS-${n} tells the history`]),
  narrative:
    `The payment of order ${n} was stored before its webhook was marked as handled, so that a retry stored it again.`,
  concepts: JSON.stringify(["problem-solution", "gotcha"]),
  files_read: JSON.stringify(["package.json"]),
  files_modified: JSON.stringify([`src/webhooks/order${n}.ts`]),
  created_at: `2026-05-04T09:00:00.${String(n % 1_000).padStart(3, "0")}Z`,
  created_at_epoch: MAY + n,
  ...fields
})

/** A folder that is removed with the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "claude-memory-moving-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
