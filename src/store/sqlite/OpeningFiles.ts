/**
 * Deletes the files with what is told of a project (domain/OpeningFile.ts) in the transaction that changes it, before
 * its commit. A file that is there tells the same as the database, even if the process ends before it writes it anew.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { FOLDER, nameOf, temporaryOf } from "../../domain/OpeningFile.ts"
import { syncFolder } from "../../resources/Disk.ts"
import { isDurable } from "../../resources/Sqlite.ts"
import { StoreError } from "../MemoryStore.ts"

/**
 * Notes each project once. A constraint could not do that: in a trigger, the conflict policy of the statement that fires
 * it takes the place of its own (https://sqlite.org/lang_createtrigger.html).
 */
const note = (select: string) =>
  `BEGIN INSERT INTO touched_projects SELECT id FROM (${select}) WHERE id NOT IN (SELECT id FROM touched_projects); END`

/**
 * Triggers of one connection, which note the projects whose units, sessions' branches, merges, exclusion, or archives'
 * state it changes, whatever the statement. A rollback takes the notes back.
 */
const TRIGGERS = [
  `CREATE TEMP TABLE touched_projects (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID`,
  `CREATE TEMP TRIGGER touched_by_unit AFTER INSERT ON main.units ${note("SELECT new.project_id AS id")}`,
  `CREATE TEMP TRIGGER touched_by_lost_unit AFTER DELETE ON main.units ${note("SELECT old.project_id AS id")}`,
  `CREATE TEMP TRIGGER touched_by_changed_unit AFTER UPDATE ON main.units
    ${note("SELECT old.project_id AS id UNION SELECT new.project_id")}`,
  `CREATE TEMP TRIGGER touched_by_session AFTER UPDATE ON main.sessions
    WHEN old.branch IS NOT new.branch OR old.project_id <> new.project_id
    ${note("SELECT old.project_id AS id UNION SELECT new.project_id")}`,
  // What Claude saves may come before the transcript that names the session's branch.
  `CREATE TEMP TRIGGER touched_by_new_session AFTER INSERT ON main.sessions
    WHEN new.branch IS NOT NULL AND EXISTS (SELECT 1 FROM units WHERE session_id = new.id)
    ${note("SELECT new.project_id AS id")}`,
  `CREATE TEMP TRIGGER touched_by_project AFTER UPDATE ON main.projects
    WHEN old.excluded <> new.excluded OR old.merged_into IS NOT new.merged_into
    ${
    note(
      "SELECT old.id AS id UNION SELECT coalesce(old.merged_into, old.id) UNION SELECT coalesce(new.merged_into, old.id)"
    )
  }`,
  `CREATE TEMP TRIGGER touched_by_work AFTER DELETE ON main.work WHEN old.kind = 'session'
    ${note("SELECT project_id AS id FROM sessions WHERE sessions.id = old.key")}`
]

const TOUCHED = `SELECT key FROM projects
  WHERE id IN (SELECT id FROM temp.touched_projects) OR merged_into IN (SELECT id FROM temp.touched_projects)`

/** Deletes a file, or empties it where Windows lets nobody delete it. */
const deleteOrEmpty = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    writeFileSync(path, "")
  }
}

const deleteFile = (path: string) =>
  Effect.try({
    try: () => deleteOrEmpty(path),
    catch: (cause) =>
      new StoreError({
        // Tried again, as with a database that another program holds.
        reason: "Locked",
        operation: "delete",
        detail: `${path} can't be deleted: another program has it open, or it isn't yours. Nothing was changed`,
        cause
      })
  })

/** Makes an effect that deletes the files of the projects that the transaction has changed so far. */
export const make = (
  sql: SqlClient,
  database: string
): Effect.Effect<Effect.Effect<void, SqlError | StoreError>, SqlError> =>
  Effect.as(
    Effect.forEach(TRIGGERS, (statement) => sql.unsafe(statement), { discard: true }),
    Effect.gen(function*() {
      const touched = yield* sql.unsafe<{ key: string }>(TOUCHED)
      if (touched.length === 0) return
      for (const { key } of touched) {
        const file = join(dirname(database), FOLDER, nameOf(key))
        yield* deleteFile(file)
        yield* deleteFile(temporaryOf(file))
      }
      // Else a loss of power brings back what is forgotten or excluded.
      if (yield* isDurable) syncFolder(join(dirname(database), FOLDER))
      yield* sql.unsafe("DELETE FROM temp.touched_projects")
    })
  )

/** Deletes all files, before a database is made anew or by other steps. */
export const deleteAll = (database: string) =>
  Effect.suspend(() => {
    const folder = join(dirname(database), FOLDER)
    return existsSync(folder)
      ? Effect.try({
        try: () => rmSync(folder, { recursive: true, force: true }),
        catch: (cause) =>
          new StoreError({ reason: "Denied", operation: "delete", detail: `${folder} can't be deleted`, cause })
      })
      : Effect.void
  })
