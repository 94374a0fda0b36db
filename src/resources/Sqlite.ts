/**
 * Opens SQLite through `DatabaseSync`, as an @effect/sql client whose connection is in the resource ledger.
 *
 * The driver is Node's own (`node:sqlite`, where it has FTS5), else @photostructure/sqlite, which has the same
 * interface and ships its binaries. Calls are synchronous and can't be interrupted, so their rows and their busy timeout
 * are limited beforehand. Only the start of a write transaction waits for other processes without blocking the thread.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Owner from "./Owner.ts"
import * as Permits from "./Permits.ts"

export class SqliteError extends Schema.TaggedError<SqliteError>()("SqliteError", {
  reason: Schema.Literal("NoDriver", "Locked", "Full", "Damaged", "Denied", "NoExtension", "Other"),
  path: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    switch (this.reason) {
      case "NoDriver":
        return "no SQLite with FTS5 is available: use Node 22.13 or newer, or reinstall with optional dependencies"
      case "Locked":
        return `another process keeps ${this.path} locked; nothing was lost, try again when it has finished`
      case "Full":
        return `the disk that holds ${this.path} is full; nothing was lost, free some space and try again`
      case "Damaged":
        return `${this.path} is damaged or not a database; it was left untouched. Move it away and import again`
      case "Denied":
        return `${this.path} can't be opened: check that its folder exists and belongs to you`
      case "NoExtension":
        return "sqlite-vec can't be loaded on this platform, so vectors can't be searched"
      case "Other":
        return `${this.path}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
    }
  }
}

/** Classifies an error by SQLite's primary result code (https://sqlite.org/rescode.html), or by its message. */
export const reasonOf = (cause: unknown): SqliteError["reason"] => {
  const error = cause as { readonly errcode?: number; readonly cause?: unknown; readonly message?: string } | undefined
  if (error?.errcode === undefined && error?.cause !== undefined) return reasonOf(error.cause)
  switch ((error?.errcode ?? 0) & 0xff) {
    case 5:
    case 6:
      return "Locked"
    case 13:
      return "Full"
    case 11:
    case 26:
      return "Damaged"
    case 3:
    case 8:
    case 14:
    case 23:
      return "Denied"
  }
  const message = error?.message ?? ""
  if (/database is locked|database table is locked/.test(message)) return "Locked"
  if (/disk is full|no space left/.test(message)) return "Full"
  if (/malformed|not a database/.test(message)) return "Damaged"
  return /unable to open|readonly database|permission denied/.test(message) ? "Denied" : "Other"
}

interface Driver {
  readonly DatabaseSync: typeof DatabaseSync
  /** True if closing a database finalizes its statements; else only the garbage collector does, and frees the file. */
  readonly finalizesOnClose: boolean
}

/** Loads node:sqlite without the ExperimentalWarning that Node 22 prints, which tells the user nothing. */
const importQuietly = async (): Promise<typeof DatabaseSync> => {
  const emitWarning = process.emitWarning
  process.emitWarning = (() => {}) as typeof process.emitWarning
  try {
    return (await import("node:sqlite")).DatabaseSync
  } finally {
    process.emitWarning = emitWarning
  }
}

const hasFts5 = (driver: typeof DatabaseSync): boolean => {
  const database = new driver(":memory:")
  try {
    database.exec("CREATE VIRTUAL TABLE probe USING fts5(text)")
    return true
  } catch {
    return false
  } finally {
    database.close()
  }
}

export const loadDriver = Effect.tryPromise({
  try: async (): Promise<Driver> => {
    const builtIn = await importQuietly().catch(() => undefined)
    if (builtIn !== undefined && hasFts5(builtIn)) return { DatabaseSync: builtIn, finalizesOnClose: true }
    const other = await import("@photostructure/sqlite")
    return { DatabaseSync: other.DatabaseSync as unknown as typeof DatabaseSync, finalizesOnClose: false }
  },
  catch: (cause) => new SqliteError({ reason: "NoDriver", path: "", cause })
})

const extensionPath = Effect.tryPromise({
  try: async () => (await import("sqlite-vec")).getLoadablePath(),
  catch: (cause) => new SqliteError({ reason: "NoExtension", path: "", cause })
})

/** Collects garbage now: the only way to finalize statements where the driver does not on close. */
const collectGarbage = Effect.gen(function*() {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  if (typeof collect === "function") collect()
  // Finalizers of native objects run as immediates. One timer may fire before the immediates of its turn; a second in a
  // row can't.
  yield* Effect.repeatN(Effect.sleep(0), 2)
})

export interface OpenOptions {
  /** Name in the ledger. */
  readonly name: string
  readonly path: string
  readonly readOnly: boolean
  /** Loads sqlite-vec into this connection. */
  readonly vectors: boolean
  /** Longest wait of a statement for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /**
   * Skips the garbage collection at close: memory and file are freed by a later collection or at the end of the
   * process. A writer may then leave its log behind.
   */
  readonly skipGarbageCollection?: boolean
}

const MAX_PREPARED = 200

/** Longest wait of the checkpoint for other processes, in milliseconds; no signal is handled while the thread waits. */
const CHECKPOINT_WAIT_MS = 200

/**
 * Folds the write-ahead log into the database, so that only its file is left behind. Where another process uses the
 * database or the disk is full, the log stays for that process or the next writer to fold.
 */
const checkpoint = (database: DatabaseSync): void => {
  try {
    database.exec(`PRAGMA busy_timeout = ${CHECKPOINT_WAIT_MS}`)
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  } catch {
    // The log stays, and is complete.
  }
}

/** Takes the write lock at once: a transaction that has read can't be upgraded while another writes. */
const BEGIN_TO_WRITE = "BEGIN IMMEDIATE"

/** Interval at which the write lock is tried again, in milliseconds. */
const LOCK_RETRY_MS = 20

const connect = (
  database: DatabaseSync,
  prepared: Map<string, StatementSync>,
  busyTimeoutMs: number
): Connection => {
  const prepare = (sql: string) => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    if (prepared.size >= MAX_PREPARED) prepared.clear()
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  const attempt = <A>(run: () => A) =>
    Effect.try({ try: run, catch: (cause) => new SqlError({ cause, message: "SQLite refused a statement" }) })
  const all = (sql: string, params: ReadonlyArray<unknown>) =>
    attempt(() => prepare(sql).all(...(params as ReadonlyArray<SQLInputValue>)) as ReadonlyArray<object>)

  /**
   * Runs BEGIN, COMMIT and the like. Rolls back after a COMMIT that failed, since SQLite keeps that transaction open.
   */
  const unprepared = (sql: string, params: ReadonlyArray<SQLInputValue>): ReadonlyArray<object> => {
    try {
      return database.prepare(sql).all(...params) as ReadonlyArray<object>
    } catch (cause) {
      // SQLite rolls back by itself when the disk is full; that error must not be masked by a ROLLBACK that finds no
      // transaction.
      if (sql.startsWith("ROLLBACK") && /no transaction is active|no such savepoint/.test(String(cause))) return []
      if (sql === "COMMIT") unprepared("ROLLBACK", [])
      throw cause
    }
  }

  /** Waits for the write lock by retries, since the busy timeout would block the thread and all other work. */
  const beginToWrite = attempt(() => {
    database.exec("PRAGMA busy_timeout = 0")
    try {
      return unprepared(BEGIN_TO_WRITE, [])
    } finally {
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    }
  }).pipe(Effect.retry({
    while: (error) => reasonOf(error) === "Locked",
    schedule: Schedule.spaced(LOCK_RETRY_MS),
    times: Math.floor(busyTimeoutMs / LOCK_RETRY_MS)
  }))

  return {
    execute: (sql, params, transform) =>
      Effect.map(all(sql, params), (rows) => transform === undefined ? rows : transform(rows)),
    executeRaw: all,
    executeValues: (sql, params) => Effect.map(all(sql, params), (rows) => rows.map((row) => Object.values(row))),
    executeUnprepared: (sql, params, transform) =>
      Effect.map(
        sql === BEGIN_TO_WRITE
          ? beginToWrite
          : attempt(() => unprepared(sql, params as ReadonlyArray<SQLInputValue>)),
        (rows) => transform === undefined ? rows : transform(rows)
      ),
    executeStream: (sql, params) => Stream.unwrap(Effect.map(all(sql, params), Stream.fromIterable))
  }
}

/**
 * Opens a database and returns a client with one permit: transactions exclude one another, and
 * interruption rolls back. A read-only connection never waits for a writer in WAL mode.
 */
export const open: (
  options: OpenOptions
) => Effect.Effect<SqlClient.SqlClient, SqliteError, Owner.Owner> = Effect.fn("Sqlite.open")(
  function*(options) {
    const driver = yield* loadDriver
    const prepared = new Map<string, StatementSync>()
    const extension = options.vectors ? yield* extensionPath : undefined
    const toError = (cause: unknown) => new SqliteError({ reason: reasonOf(cause), path: options.path, cause })

    const database = yield* Owner.open({
      kind: "database",
      name: options.name,
      open: Effect.try({
        try: () =>
          new driver.DatabaseSync(options.path, { readOnly: options.readOnly, allowExtension: options.vectors }),
        catch: toError
      }),
      close: (database) =>
        Effect.sync(() => {
          prepared.clear()
          if (!options.readOnly) checkpoint(database)
          database.close()
        }).pipe(
          Effect.zipRight(
            driver.finalizesOnClose || options.skipGarbageCollection === true ? Effect.void : collectGarbage
          )
        ),
      isGone: (database) => !database.isOpen,
      // Includes the garbage collection of a large heap on a busy machine (Node 20); a close can't be forced.
      within: "5 seconds"
    })
    yield* Effect.try({
      try: () => {
        database.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs}`)
        if (options.readOnly) database.exec("PRAGMA query_only = 1")
        if (extension !== undefined) {
          database.enableLoadExtension(true)
          database.loadExtension(extension)
          database.enableLoadExtension(false)
        }
      },
      catch: toError
    })
    if (!options.readOnly) {
      // The busy timeout does not cover a change of the journal mode, so concurrent first starts need the retry.
      yield* Effect.try({
        try: () => {
          database.exec("PRAGMA journal_mode = WAL")
          database.exec("PRAGMA synchronous = NORMAL")
          database.exec("PRAGMA secure_delete = ON")
        },
        catch: toError
      }).pipe(Effect.retry({
        while: (error) => error.reason === "Locked",
        schedule: Schedule.spaced("50 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(100)))
      }))
    }

    const connection = connect(database, prepared, options.busyTimeoutMs)
    const permit = Permits.makeScoped(1)
    return yield* SqlClient.make({
      // The permit is held to the end of the statement or transaction: a statement that released it before it ran could
      // run within another fiber's transaction.
      acquirer: Effect.as(permit, connection),
      compiler: Statement.makeCompilerSqlite(),
      beginTransaction: options.readOnly ? "BEGIN" : BEGIN_TO_WRITE,
      spanAttributes: [["db.system.name", "sqlite"]]
    }).pipe(Effect.provide(Reactivity.layer))
  }
)

/** Opens a database in memory, gone with the scope. */
export const openMemory = (options: Pick<OpenOptions, "name" | "vectors">) =>
  open({ ...options, path: ":memory:", readOnly: false, busyTimeoutMs: 0, skipGarbageCollection: true })

/**
 * Runs the effect in a transaction. A COMMIT that SQLite refuses (a full disk) is a defect in @effect/sql, and an error
 * here. The fiber does not yield by itself in between: another connection of this process, waiting for the lock, would
 * block the thread that must end the transaction.
 */
export const transaction = <A, E, R>(
  sql: SqlClient.SqlClient,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError, R> =>
  sql.withTransaction(effect).pipe(
    Effect.withMaxOpsBeforeYield(Number.MAX_SAFE_INTEGER),
    Effect.catchSomeDefect((defect) => defect instanceof SqlError ? Option.some(Effect.fail(defect)) : Option.none())
  )
