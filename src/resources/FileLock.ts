/**
 * Locks a file for one process at a time.
 *
 * The lock is one of the operating system, which SQLite takes on an empty file: it needs no writing, and is free at once when its
 * holder ends, even by a crash.
 */
import * as Effect from "effect/Effect"
import { identityOf } from "./Disk.ts"
import * as Owner from "./Owner.ts"
import { loadDriver, reasonOf, SqliteError } from "./Sqlite.ts"

export { identityOf }

/**
 * Locks the file, which exists, and returns its identity. Fails with "Locked" when another process holds the lock, or when another
 * file took its place meanwhile.
 */
export const open = (name: string, path: string): Effect.Effect<string, SqliteError, Owner.Owner> =>
  Effect.gen(function*() {
    const { DatabaseSync } = yield* loadDriver
    const lock = () => {
      const before = identityOf(path)
      const database = new DatabaseSync(path)
      try {
        // Creates no journal file, not even an empty one.
        database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
        if (before === undefined || identityOf(path) !== before) throw new Error("database is locked")
        return { database, identity: before }
      } catch (cause) {
        database.close()
        throw cause
      }
    }
    const { identity } = yield* Owner.open({
      kind: "lock",
      name,
      open: Effect.try({
        try: lock,
        catch: (cause) => new SqliteError({ reason: reasonOf(cause), path, cause })
      }),
      close: ({ database }) => Effect.sync(() => database.close()),
      isGone: ({ database }) => !database.isOpen,
      within: "1 second"
    })
    return identity
  })
