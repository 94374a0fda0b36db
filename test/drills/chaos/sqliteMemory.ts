/**
 * A memory in SQLite as the drill looks at it.
 */
import * as Effect from "effect/Effect"
import type { DatabaseSync } from "node:sqlite"
import * as SqliteDriver from "../../../src/resources/SqliteDriver.ts"
import { register } from "../../../src/store/sqlite/Packs.ts"
import { BenchError } from "../../script.ts"
import { holds, type Memory, type Queries } from "./memory.ts"
import { hasWriteLock } from "./processes.ts"

/** Opens a database, uses it, and closes it. */
export const using = <A>(file: string, use: (database: DatabaseSync) => A, readOnly = true): A => {
  const database = new (SqliteDriver.load().DatabaseSync)(file, { readOnly })
  try {
    database.exec("PRAGMA busy_timeout = 5000")
    register(database)
    return use(database)
  } finally {
    database.close()
  }
}

export const sqliteColumns: Memory["columns"] = {
  lines: ["outcome", "lines"],
  lexemes: ["rowid", "title || text || tool_use || tool_result"],
  unitBody: "unpacked(body)",
  inBody: (field, body) => `json_extract(${body}, '$.${field}')`
}

/** Of the index in the memory's own file. */
const INDEX_ORPHANS: Queries = {
  "an active unit that the index lacks":
    `SELECT id FROM units WHERE active = 1 AND row NOT IN (SELECT unit_row FROM vectors
      WHERE index_id = (SELECT id FROM vector_indexes WHERE active = 1))`,
  "a vector without a unit": "SELECT unit_row AS id FROM vectors WHERE unit_row NOT IN (SELECT row FROM units)",
  "a vector of a unit that is superseded": `SELECT id FROM units JOIN vectors ON unit_row = row WHERE units.active = 0
      AND index_id = (SELECT id FROM vector_indexes WHERE active = 1)`,
  "a vector of no index": "SELECT unit_row AS id FROM vectors WHERE index_id NOT IN (SELECT id FROM vector_indexes)"
}

/** Has FTS5 compare its index with its table, which needs a database that may be written. */
const wordDamage = (file: string) =>
  Effect.match(
    Effect.try(() =>
      using(
        file,
        (database) => database.exec("INSERT INTO lexemes (lexemes, rank) VALUES ('integrity-check', 1)"),
        false
      )
    ),
    { onSuccess: (): ReadonlyArray<string> => [], onFailure: ({ error }) => [`FTS5: ${String(error)}`] }
  )

/** The memory in this file, whose vectors are there too or in Qdrant. */
export const sqliteMemory = (file: string, hasVectors = true): Memory => {
  const rows: Memory["rows"] = <A extends object>(query: string) =>
    Effect.try({
      try: () => using(file, (database) => database.prepare(query).all() as unknown as ReadonlyArray<A>),
      catch: (cause) => new BenchError({ reason: "Program", detail: `${query}: ${String(cause)}` })
    })
  return {
    env: {},
    rows,
    isWriting: (pid) => Effect.sync(() => hasWriteLock(pid, file)),
    pace: 0.4,
    left: Effect.succeed([]),
    tablesWith: (word) =>
      Effect.filter(
        [["messages", "body"], ["units", sqliteColumns.unitBody]] as const,
        ([table, body]) =>
          Effect.map(rows(`SELECT 1 FROM ${table} WHERE ${holds(body, word)} LIMIT 1`), (found) => found.length > 0)
      ).pipe(Effect.map((tables) => tables.map(([table]) => table))),
    columns: sqliteColumns,
    orphans: hasVectors ? INDEX_ORPHANS : {},
    twice: { "active indexes": "SELECT min(id) AS id FROM vector_indexes WHERE active = 1 HAVING count(*) > 1" },
    sums: {},
    damage: Effect.gen(function*() {
      const found = yield* rows<{ integrity_check: string }>("PRAGMA integrity_check")
      const foreign = yield* rows<{ table: string }>("PRAGMA foreign_key_check")
      return [
        ...found.map(({ integrity_check }) => integrity_check).filter((text) => text !== "ok"),
        ...foreign.map(({ table }) => `a foreign key of ${table}`),
        ...yield* wordDamage(file)
      ]
    })
  }
}
