/**
 * Damages databases for real: overwrites pages, drops what the schema has, and fills disks.
 */
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { setTimeout } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { load } from "../../src/resources/SqliteDriver.ts"
import { LATEST } from "../../src/store/sqlite/migrations.ts"
import { register } from "../../src/store/sqlite/Packs.ts"

const PAGE = 4_096

/** Opens a database as another program would, and leaves no log behind. */
export const withDatabase = <A>(path: string, use: (database: DatabaseSync) => A): A => {
  const database = new (load().DatabaseSync)(path) as DatabaseSync & {
    readonly enableDefensive?: (on: boolean) => void
  }
  try {
    database.enableDefensive?.(false)
    register(database)
    const result = use(database)
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    return result
  } finally {
    database.close()
  }
}

/** Ends what was read of databases that are closed, where the driver leaves that to the garbage collector: it keeps their files open. */
export const finalizeAll: Effect.Effect<void> = Effect.suspend(() => {
  if (load().finalizesOnClose) return Effect.void
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  // Finalizers of native objects run as immediates.
  return Effect.promise(() => setTimeout(10))
})

export const run = (sql: string) => (path: string): void => withDatabase(path, (database) => database.exec(sql))

/** Takes a memory back to the schema before the newest. */
export const takeBack = run([
  // What this frees holds nothing, as in a memory of that version.
  "PRAGMA secure_delete = ON",
  ...["replaced_for", "feedback", "uses"].map((column) => `ALTER TABLE overlay DROP COLUMN ${column}`),
  `PRAGMA user_version = ${LATEST - 1}`
].join(";\n"))

/** Fills a page with bytes that are no page of SQLite's. */
const overwrite = (path: string, page: number): void => {
  const bytes = readFileSync(path)
  for (let i = page === 1 ? 100 : 0; i < PAGE; i++) bytes[(page - 1) * PAGE + i] = (i * 7_919) & 0xff
  writeFileSync(path, bytes)
}

/** Overwrites the root of the tree of a table or index. */
export const overwriteRoot = (name: string) => (path: string): void =>
  overwrite(
    path,
    withDatabase(path, (database) =>
      Number(database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(name)?.["rootpage"]))
  )

/** Overwrites a leaf in the middle of the tree of a table or index. */
export const overwriteLeaf = (name: string) => (path: string): void =>
  overwrite(
    path,
    withDatabase(path, (database) => {
      const leaves = database.prepare("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'").all(name)
      return Number(leaves[Math.floor(leaves.length / 2)]?.["pageno"])
    })
  )

/** Overwrites the first page of the list of free pages. */
export const overwriteFreeList = (path: string): void => {
  withDatabase(path, (database) => {
    database.exec("CREATE TABLE filler AS SELECT randomblob(100000) AS x")
    database.exec("DROP TABLE filler")
  })
  overwrite(path, readFileSync(path).readUInt32BE(32))
}

/** Overwrites the table of the schema, on the first page behind the header. */
export const overwriteSchema = (path: string): void => overwrite(path, 1)

export const truncate = (share: number) => (path: string): void => {
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)))
}

/** Writes a file that takes all that is left of a disk. */
export const fillDisk = (path: string): void => {
  try {
    writeFileSync(path, Buffer.alloc(32 * 1024 * 1024))
  } catch {
    // The disk is full.
  }
}
