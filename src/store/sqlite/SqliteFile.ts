/**
 * The SQLite file that the store and the embedded index share: a writing connection and a read-only one.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { makeFolder, sizeOf, syncAbove } from "../../resources/Disk.ts"
import * as Owner from "../../resources/Owner.ts"
import { isLogAlone, open, openMemory, reasonOf, SqliteError } from "../../resources/Sqlite.ts"
import { StoreError } from "../MemoryStore.ts"
import { checkVersion } from "../sql/schemaVersion.ts"
import * as Copies from "./Copies.ts"
import { currentVersion, LATEST, migrate, STEPS } from "./migrations.ts"
import * as OpeningFiles from "./OpeningFiles.ts"
import { register } from "./Packs.ts"
import * as SqliteHeader from "./SqliteHeader.ts"
import { PLACES } from "./TermLists.ts"

export interface SqliteFileOptions {
  /** Folder of the database, created with mode 0700. */
  readonly folder: string
  /** A reader opens the file read-only and takes no write lock; its writes fail. */
  readonly readOnly: boolean
  /** Longest wait for another process's lock, in milliseconds; a write waits six times as long for others' writes. */
  readonly busyTimeoutMs: number
  /** Passed to `Sqlite.open`. */
  readonly skipGarbageCollection?: boolean
  /** Beginning of the connections' names in the ledger, "Sqlite" by default; two files of a program need two. */
  readonly name?: string
}

export const DATABASE = "memory.db"

const reasonIn = (reason: SqliteError["reason"]): StoreError["reason"] => {
  switch (reason) {
    case "NoDriver":
      return "Other"
    case "LogAlone":
    case "LogGone":
      return "Moved"
    default:
      return reason
  }
}

export const toStoreError = (operation: string) => (cause: SqlError | SqliteError | StoreError): StoreError => {
  if (cause instanceof StoreError) return cause
  // The driver's message says more than the client's error around it.
  const error = cause instanceof SqliteError
    ? cause
    : cause.cause instanceof SqliteError
    ? cause.cause
    : new SqliteError({ reason: reasonOf(cause), path: "the memory", cause: cause.cause ?? cause })
  return new StoreError({
    reason: reasonIn(error.reason),
    operation,
    detail: error.message,
    cause
  })
}

/** Takes others' rights away, and gives the owner none: who has made a file read-only has meant it. */
export const closeToOthers = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { mode } = yield* fs.stat(path)
    if ((mode & 0o077) !== 0) yield* fs.chmod(path, mode & 0o700)
  })

/** Creates the folder, accessible to its owner only. */
export const restrict = (folder: string) =>
  Effect.gen(function*() {
    yield* Effect.try(() => makeFolder(folder))
    yield* closeToOthers(folder)
  }).pipe(Effect.mapError((cause) =>
    new StoreError({
      reason: "Denied",
      operation: "open",
      detail: `the folder ${folder} can't be made or isn't yours; set CLAUDE_MEMORY_HOME to one that is`,
      cause
    })
  ))

/** Fails for a damaged or newer file before SQLite opens it; returns false when the file was not looked at. */
const inspect = (file: string) =>
  Effect.flatMap(
    SqliteHeader.read(file),
    (header) => header === undefined ? Effect.succeed(false) : Effect.as(checkVersion(header.userVersion, LATEST), true)
  )

/** False as well where nobody may look: the opening says so. */
const logIsAlone = (file: string) => Effect.orElseSucceed(Effect.try(() => isLogAlone(file)), () => false)

/** Bytes from which on somebody waits for a migration, and bytes that it takes about a second for. */
const LARGE = 100_000_000
const BYTES_PER_SECOND = 20_000_000

/** Says how long a migration takes, where it takes long: nothing else is done meanwhile. */
const announce = (file: string) =>
  Effect.suspend(() => {
    const size = sizeOf(file) ?? 0
    return size < LARGE ? Effect.void : Effect.logWarning(
      `the memory is brought to the form of this version, which takes about ${
        Math.round(size / BYTES_PER_SECOND)
      } seconds, once; if it is cut off, the memory stays as it was`
    )
  })

/** Failure of who reads, or copies, a memory that nobody has made yet. */
export const NOTHING_YET = new StoreError({
  reason: "Missing",
  operation: "open",
  detail: "nothing is remembered yet; run `claude-memory import` first",
  cause: undefined
})

/** Codes of `PRAGMA auto_vacuum`. */
const INCREMENTAL = 2

/**
 * Lets the file give its free pages back (Shrinking.ts). A file that can't yet is written anew, once; where another process or a full
 * disk is in the way, the next start does it.
 */
const letShrink = (sql: SqlClient) =>
  Effect.gen(function*() {
    const [mode] = yield* sql<{ auto_vacuum: number }>`PRAGMA auto_vacuum`
    if (mode?.auto_vacuum === INCREMENTAL) return
    yield* sql.unsafe(`PRAGMA auto_vacuum = ${INCREMENTAL}`)
    yield* Effect.catchIf(
      sql.unsafe("VACUUM"),
      (error) => ["Full", "Locked"].includes(reasonOf(error)),
      () => Effect.void
    )
  })

/** How many times longer a write waits for others' writes than `busyTimeoutMs`: they take long where one writes the file anew (Wiping.ts). */
const WRITES = 6

export const openClients = Effect.fn("SqliteFile.open")(
  function*(options: SqliteFileOptions) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(options.folder, DATABASE)
    const { busyTimeoutMs, name = "Sqlite", skipGarbageCollection = false } = options
    const opened = { path: file, busyTimeoutMs, skipGarbageCollection, register }
    const read = { ...opened, readOnly: true, temporary: PLACES }
    if (options.readOnly) {
      if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) {
        if (yield* logIsAlone(file)) return yield* new SqliteError({ reason: "LogAlone", path: file, cause: undefined })
        return yield* NOTHING_YET
      }
      yield* inspect(file)
      const reader = yield* open({ ...read, name: `${name} reader` })
      yield* Effect.flatMap(
        currentVersion(reader),
        // Another process is making it right now.
        (version) => version === 0 ? NOTHING_YET : checkVersion(version, LATEST)
      )
      return { file, writer: reader, reader, isReadOnly: true }
    }
    yield* restrict(options.folder)
    const existed = yield* Effect.orElseSucceed(fs.exists(file), () => false)
    if (existed) {
      if (!(yield* inspect(file)) || (yield* Effect.orElseSucceed(fs.exists(`${file}-wal`), () => false))) {
        // The newest version may be in the log only. A reader checks it, since a writer would checkpoint the log into the file.
        yield* Owner.nested(
          Effect.flatMap(
            open({ ...opened, readOnly: true, name: `${name} version check` }),
            (sql) => Effect.flatMap(currentVersion(sql), (version) => checkVersion(version, LATEST))
          )
        )
      }
    }
    if (!existed) {
      yield* OpeningFiles.deleteAll(file)
      // SQLite makes the entries of its own files last, and not the folders, which other parts of a program may have made.
      syncAbove(options.folder)
    }
    const writer = yield* open({
      ...opened,
      readOnly: false,
      givesPagesBack: true,
      newestSchema: LATEST,
      lockTimeoutMs: WRITES * busyTimeoutMs,
      name: `${name} writer`
    })
    yield* migrate(
      writer,
      STEPS,
      (version) => Effect.zipRight(announce(file), Copies.keep(writer, file, version))
    )
    if (existed) yield* letShrink(writer)
    yield* Effect.forEach([file, `${file}-wal`, `${file}-shm`], (each) => Effect.ignore(closeToOthers(each)))
    const reader = yield* open({ ...read, name: `${name} reader` })
    return { file, writer, reader, isReadOnly: false }
  },
  Effect.mapError(toStoreError("open"))
)

const openInMemory = Effect.gen(function*() {
  const sql = yield* openMemory({ name: "Sqlite in memory", temporary: PLACES, register })
  yield* migrate(sql)
  return { file: ":memory:", writer: sql, reader: sql, isReadOnly: false }
}).pipe(Effect.mapError(toStoreError("open")))

/**
 * `memory.db` in the folder, with one connection that writes and one that reads. Fails with a `StoreError` of the
 * operation `open`.
 */
export class SqliteFile extends Context.Tag("claude-memory/SqliteFile")<SqliteFile, {
  readonly file: string
  readonly writer: SqlClient
  readonly reader: SqlClient
  /** True for a reader, whose `writer` is its `reader`. */
  readonly isReadOnly: boolean
}>() {
  /** Creates the folder (mode 0700), the file (mode 0600) and the schema, or migrates the schema. A reader creates and migrates nothing. */
  static readonly layer = (options: SqliteFileOptions) => Owner.layer(this, openClients(options))
  /** A database in memory, deleted when the scope closes: one connection that writes and reads. */
  static readonly layerMemory = Owner.layer(this, openInMemory)
}
