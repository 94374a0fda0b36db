/**
 * Keeps a copy of the database from before its schema is changed, one for each schema, or from before a repair, and deletes
 * the copies when something is forgotten.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { copyBeforeRepair, copyOf, isCopy, isUnfinished, temporaryOf } from "../../domain/DatabaseCopy.ts"
import { readFrom, rename, syncFile, syncFolder } from "../../resources/Disk.ts"
import type * as Owner from "../../resources/Owner.ts"
import { copyPages, reasonOf, SqliteError } from "../../resources/Sqlite.ts"
import { StoreError } from "../MemoryStore.ts"
import * as HeaderBytes from "./HeaderBytes.ts"

const use = <A>(path: string, run: () => A) =>
  Effect.try({ try: run, catch: (cause) => new SqliteError({ reason: reasonOf(cause), path, cause }) })

/** Age after which no process is making an unfinished copy any more, in milliseconds. */
const ABANDONED_MS = 3_600_000

const deleteAbandoned = (folder: string, now: number): void => {
  for (const path of readdirSync(folder).filter(isUnfinished).map((name) => join(folder, name))) {
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) < now - ABANDONED_MS) rmSync(path, { force: true })
  }
}

/** Makes the copy under a temporary name; it gets its own when `make` says that it is right, and is on the disk then. */
const finish = <E, R>(copy: string, make: (temporary: string) => Effect.Effect<boolean, E, R>) => {
  const temporary = temporaryOf(copy, process.pid)
  const discard = Effect.ignore(use(temporary, () => rmSync(temporary, { force: true })))
  return Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    yield* use(temporary, () => {
      deleteAbandoned(dirname(copy), now)
      rmSync(temporary, { force: true })
      // SQLite writes into an empty file, whose rights stay.
      writeFileSync(temporary, "", { flag: "wx", mode: 0o600 })
    })
    if (!(yield* make(temporary))) return false
    yield* use(copy, () => {
      syncFile(temporary)
      rename(temporary, copy)
      syncFolder(dirname(copy))
    })
    return true
  }).pipe(Effect.ensuring(discard))
}

/**
 * Copies the database, whose schema has this version, before it is changed. Keeps an earlier copy when another process
 * has changed the schema meanwhile. The copy is readable for its owner only, whole, and on the disk when it has its name.
 */
export const keep = (
  sql: SqlClient,
  database: string,
  version: number
): Effect.Effect<void, SqlError | SqliteError> =>
  Effect.gen(function*() {
    const copy = copyOf(database, version)
    const isKept = yield* finish(copy, (temporary) =>
      Effect.zipRight(
        sql.unsafe("VACUUM INTO ?", [temporary]),
        use(temporary, () => HeaderBytes.parse(readFrom(temporary, HeaderBytes.LENGTH))?.userVersion === version)
      ))
    if (isKept) yield* Effect.logWarning(`the memory as it was before this update is kept in ${copy}`)
  })

/** Copies the database with its damaged pages, before it is repaired, beside earlier copies; returns the copy's path. */
export const keepDamaged = (database: string): Effect.Effect<string, SqliteError, Owner.Owner> =>
  Effect.gen(function*() {
    let number = 1
    while (existsSync(copyBeforeRepair(database, number))) number++
    const copy = copyBeforeRepair(database, number)
    yield* finish(copy, (temporary) => Effect.as(copyPages({ path: database, to: temporary }), true))
    return copy
  })

const deleteCopies = (folder: string): void => {
  const copies = readdirSync(folder).filter(isCopy)
  for (const name of copies) rmSync(join(folder, name), { force: true })
  if (copies.length > 0) syncFolder(folder)
}

/** Deletes all copies, within the transaction that forgets what they may hold. */
export const deleteAll = (database: string): Effect.Effect<void, StoreError> =>
  Effect.try({
    try: () => deleteCopies(dirname(database)),
    catch: (cause) =>
      new StoreError({
        reason: "Locked",
        operation: "delete",
        detail:
          `a copy of the memory from before an update (${copyOf(database, 0).replace(/0$/, "*")}) can't be deleted: ` +
          "another program has it open, or it isn't yours. Nothing was changed",
        cause
      })
  })
