/**
 * Writes the memory's file anew after something was forgotten for good, so that no bytes of it stay there.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { tmpdir } from "node:os"
import { dirname } from "node:path"
import { sqliteTemporaryFolders } from "../../process/Environment.ts"
import { freeAt, isWritable } from "../../resources/Disk.ts"
import { SqliteError, transaction } from "../../resources/Sqlite.ts"
import { StoreError } from "../MemoryStore.ts"
import { toStoreError } from "./SqliteFile.ts"

/** Name of the property that is there while something was deleted for good since the file was last written anew. */
export const UNWIPED = "unwiped"

/** Notes that something is deleted for good. Another value each time: a wipe takes away the note that it has read, and none that came meanwhile. */
export const note = (sql: SqlClient): Effect.Effect<unknown, SqlError> =>
  Effect.suspend(() =>
    sql`INSERT INTO properties (name, value) VALUES (${UNWIPED}, ${randomUUID()})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`
  )

/** Returns where SQLite makes its temporary files: on Unix in the first of its folders in which this user may write. */
const temporaryFolder = (): string => sqliteTemporaryFolders().find(isWritable) ?? tmpdir()

/** Returns the bytes that the file has once it is written anew: those of its pages, also where the log alone has them, without free ones. */
const sizeAnew = (sql: SqlClient) =>
  Effect.map(
    sql<{ bytes: number }>`SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    ([row]) => row?.bytes ?? 0
  )

/** Fails where there is no room for the whole file once more in the log, and once in a temporary file, which are VACUUM's. */
const checkRoom = (sql: SqlClient, file: string, free: typeof freeAt) =>
  Effect.flatMap(sizeAnew(sql), (size) => {
    const disks = [dirname(file), temporaryFolder()].map((folder) => ({ folder, ...free(folder) }))
    const needed = disks[0]!.device === disks[1]!.device ? 2 * size : size
    const full = disks.find(({ bytes = Infinity }) => bytes < needed)?.folder
    return full === undefined ? Effect.void : Effect.fail(
      new StoreError({
        reason: "Full",
        operation: "wipe",
        detail: `the disk that holds ${full} has no room for the ${
          Math.ceil(needed / 1e6)
        } MB that writing the memory's file anew takes meanwhile; free some space`,
        cause: undefined
      })
    )
  })

/** Makes what `MemoryStore.wipe` does for a file. `free` is for tests. */
export const make = (
  { file, reader, writer }: { readonly file: string; readonly reader: SqlClient; readonly writer: SqlClient },
  free = freeAt
): Effect.Effect<void, SqlError | StoreError> => {
  /** Note whose bytes are out of the file, but not yet out of the log. */
  let vacuumed: string | undefined
  const fold = Effect.filterOrFail(
    writer.unsafe<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)"),
    ([folded]) => folded?.busy === 0,
    () => toStoreError("wipe")(new SqliteError({ reason: "Locked", path: file, cause: undefined }))
  )
  return Effect.gen(function*() {
    const [noted] = yield* reader<{ value: string }>`SELECT value FROM properties WHERE name = ${UNWIPED}`
    if (noted === undefined) return
    if (noted.value !== vacuumed) {
      yield* checkRoom(reader, file, free)
      // SQLite writes zeros over a row that is deleted, but not over where rows lay that its pages have passed to one another
      // (https://sqlite.org/pragma.html#pragma_secure_delete). What it wrote before it failed keeps its room until the log is folded.
      yield* Effect.tapError(writer.unsafe("VACUUM"), () => Effect.ignore(fold))
      vacuumed = noted.value
    }
    // The log holds the pages as they were until it is folded to its end.
    yield* fold
    yield* transaction(writer, writer`DELETE FROM properties WHERE name = ${UNWIPED} AND value = ${noted.value}`)
  })
}
