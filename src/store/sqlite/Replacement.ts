/**
 * Puts the content of one database in the place of another's, in a transaction of that one, while other processes have it open.
 *
 * The tables stay, and so does the file: readers see the old content until the commit, and the new one from then on. The tables of the
 * full-text index are copied as they are, which needs a connection that may write them (`writesSchema`), and which does not search.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { EMBEDDED } from "../MemoryStore.ts"
import { SECRET } from "../sql/Statements.ts"
import { objectsIn, quoted } from "./Damage.ts"
import { UNWIPED } from "./Wiping.ts"

/** Name of the other database in the statements. */
const FROM = "restored"

/**
 * Gives the connection the other database, before the transaction. The references between rows hold there, and so are not checked while
 * the tables are filled one by one.
 */
export const attach = (sql: SqlClient, path: string): Effect.Effect<unknown, SqlError> =>
  Effect.zipRight(sql.unsafe("PRAGMA foreign_keys = OFF"), sql`ATTACH ${path} AS ${sql.literal(FROM)}`)

/** What must outlast the replacement. */
const KEEP = [
  `CREATE TEMP TABLE kept_tombstones AS SELECT * FROM main.tombstones`,
  `CREATE TEMP TABLE kept_bin AS SELECT * FROM main.bin_entries`,
  `CREATE TEMP TABLE kept_operations AS SELECT * FROM main.operations WHERE id IN (SELECT operation FROM main.bin_entries)`,
  `CREATE TEMP TABLE kept_excluded AS SELECT id, name, root, key, excluded FROM main.projects
    WHERE excluded = 1 OR merged_into IN (SELECT id FROM main.projects WHERE excluded = 1)`,
  `CREATE TEMP TABLE kept_lanes AS SELECT * FROM main.vector_lanes`,
  `CREATE TEMP TABLE kept_rows AS SELECT * FROM main.sqlite_sequence`,
  `CREATE TEMP TABLE kept_properties AS SELECT * FROM main.properties WHERE name IN ('index', '${SECRET}', '${UNWIPED}')`,
  // Units of which a server of vectors has one that was made of another text.
  `CREATE TEMP TABLE changed_units AS SELECT units.id FROM main.units JOIN ${FROM}.units AS other ON other.id = units.id
    WHERE EXISTS (SELECT 1 FROM main.properties WHERE name = 'index' AND value <> '${EMBEDDED}') AND other.body <> units.body`
]
const KEPT = [
  "kept_tombstones",
  "kept_bin",
  "kept_operations",
  "kept_excluded",
  "kept_lanes",
  "kept_rows",
  "kept_properties",
  "changed_units"
]

/** True unless the hashes of another memory are void here, since another secret comes with the backup. */
const IS_SAME_SECRET = `(SELECT value FROM main.properties WHERE name = '${SECRET}')
  IS (SELECT value FROM temp.kept_properties WHERE name = '${SECRET}')`

/** Forgotten texts stay forgotten, and what lies in the bin can be brought back as before. */
const KEEP_FORGOTTEN = [
  `INSERT OR IGNORE INTO main.properties SELECT * FROM temp.kept_properties WHERE name IN ('${SECRET}', '${UNWIPED}')`,
  `INSERT OR IGNORE INTO main.tombstones SELECT * FROM temp.kept_tombstones WHERE ${IS_SAME_SECRET}`,
  `INSERT OR REPLACE INTO main.operations SELECT * FROM temp.kept_operations WHERE ${IS_SAME_SECRET}`,
  `INSERT OR REPLACE INTO main.bin_entries SELECT * FROM temp.kept_bin WHERE ${IS_SAME_SECRET}`
]

const EXCLUDE = `INSERT INTO main.projects (id, name, root, key, excluded)
  SELECT id, name, root, key, 1 FROM temp.kept_excluded AS kept`

/** Projects that are excluded now stay excluded, also those that the backup lacks, or has not merged into an excluded one. */
const KEEP_EXCLUDED = [
  `${EXCLUDE} WHERE excluded = 1 ON CONFLICT (id) DO UPDATE SET excluded = 1`,
  `${EXCLUDE} WHERE NOT EXISTS (SELECT 1 FROM main.projects AS own JOIN main.projects AS whole ON whole.id = own.merged_into
      WHERE own.id = kept.id AND whole.excluded = 1)
    ON CONFLICT (id) DO UPDATE SET excluded = 1`
]

/**
 * What other processes know by the number of a row, or by a project's mark, is another's from now on: no row's number comes again, and
 * each mark differs from all that were there before (index/sqlite/Lanes.ts).
 */
const RENEW_MARKS = [
  `UPDATE main.vector_lanes SET replaced = 1 + max(replaced, coalesce((SELECT kept.replaced FROM temp.kept_lanes AS kept
    WHERE kept.index_id = vector_lanes.index_id AND kept.project_id = vector_lanes.project_id), 0))`,
  `INSERT OR IGNORE INTO main.vector_lanes SELECT index_id, project_id, 0, replaced + 1 FROM temp.kept_lanes`,
  `UPDATE main.sqlite_sequence SET seq = max(seq, coalesce((SELECT kept.seq FROM temp.kept_rows AS kept
    WHERE kept.name = sqlite_sequence.name), 0))`,
  `INSERT INTO main.sqlite_sequence SELECT name, seq FROM temp.kept_rows
    WHERE name NOT IN (SELECT name FROM main.sqlite_sequence)`
]

/** The index that is in use now stays in use, and is brought in line where it does not come with the backup. */
const KEEP_INDEX = [
  `INSERT INTO main.work (kind, key, revision) SELECT 'reconcile', value, 1 FROM temp.kept_properties AS kept
    WHERE name = 'index' AND (value <> '${EMBEDDED}'
      OR coalesce((SELECT value FROM main.properties WHERE name = 'index'), '${EMBEDDED}') <> '${EMBEDDED}')
    ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1, attempts = 0, not_before = 0`,
  `INSERT INTO main.work (kind, key, revision) SELECT 'index', id, 1 FROM temp.changed_units WHERE true
    ON CONFLICT (kind, key) DO UPDATE SET revision = revision + 1, attempts = 0, not_before = 0`,
  `INSERT INTO main.properties SELECT * FROM temp.kept_properties WHERE name = 'index'
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`
]

const runAll = (sql: SqlClient, statements: ReadonlyArray<string>) =>
  Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })

const isVirtual = (statement: string | null) => statement !== null && /^CREATE VIRTUAL TABLE/i.test(statement)

/**
 * Replaces the content, in the caller's transaction; `attach` comes before. Both databases have the newest schema. `report` takes the
 * number of tables that are done, and of all.
 */
export const replace = (
  sql: SqlClient,
  report: (done: number, total: number) => Effect.Effect<void>
): Effect.Effect<void, SqlError> =>
  Effect.gen(function*() {
    const objects = yield* objectsIn(sql)
    const triggers = objects.filter(({ type }) => type === "trigger")
    // SQLite's own table of the rows' numbers can't be dropped, but written.
    const tables = objects.filter(({ name, sql, type }) =>
      type === "table" && !isVirtual(sql) && (!name.startsWith("sqlite_") || name === "sqlite_sequence")
    )
    yield* runAll(sql, KEEP)
    // Without them a table is emptied, and filled from another of the same form, at once.
    yield* Effect.forEach(triggers, ({ name }) => sql.unsafe(`DROP TRIGGER main.${quoted(name)}`), { discard: true })
    for (const [done, { name }] of tables.entries()) {
      yield* report(done, tables.length)
      yield* sql.unsafe(`DELETE FROM main.${quoted(name)}`)
      if (name === "sqlite_sequence") continue
      yield* sql.unsafe(`INSERT INTO main.${quoted(name)} SELECT * FROM ${FROM}.${quoted(name)}`)
    }
    // Filling the tables has numbered them anew.
    yield* sql.unsafe("DELETE FROM main.sqlite_sequence")
    yield* sql.unsafe(`INSERT INTO main.sqlite_sequence SELECT * FROM ${FROM}.sqlite_sequence`)
    yield* runAll(sql, [...KEEP_FORGOTTEN, ...KEEP_EXCLUDED, ...RENEW_MARKS, ...KEEP_INDEX])
    yield* runAll(sql, KEPT.map((table) => `DROP TABLE temp.${table}`))
    yield* Effect.forEach(triggers, ({ sql: statement }) => sql.unsafe(statement!), { discard: true })
    yield* report(tables.length, tables.length)
  })
