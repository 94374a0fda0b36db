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
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { basename } from "node:path"
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { identityOf, isOpenHere, sizeOf } from "./Disk.ts"
import * as EventLoop from "./EventLoop.ts"
import * as Owner from "./Owner.ts"
import * as Permits from "./Permits.ts"
import * as SqliteDriver from "./SqliteDriver.ts"

/**
 * `Moved`: the path names another file than the open one, or none. `LogAlone`: a log lies there without its database.
 * `LogGone`: the log was deleted or replaced while open. `Newer`: the schema is newer than `newestSchema`.
 */
export class SqliteError extends Schema.TaggedError<SqliteError>()("SqliteError", {
  reason: Schema.Literal(
    "NoDriver",
    "Locked",
    "Full",
    "Damaged",
    "Denied",
    "Moved",
    "LogAlone",
    "LogGone",
    "Newer",
    "Other"
  ),
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
        return `${this.path} is damaged or not a database; it was left untouched. \`claude-memory doctor --deep\` says what of it ` +
          "is lost, and what to do"
      case "Denied":
        return `${this.path} can't be opened: check that it and its folder exist, belong to you and can be written, and that its ` +
          "disk is neither full nor read-only"
      case "Moved":
        return `${this.path} was moved or deleted while this program had it open, so nothing was written. Start this ` +
          "session of Claude Code, or this program, again. A database that was moved away needs its log: move " +
          `${this.path}-wal and ${this.path}-shm to the same place when all sessions have ended`
      case "LogAlone":
        return `${this.path} is not there, or empty, but its log is, and no other database may begin beside it. End all ` +
          `sessions of Claude Code. Then put the database back, or move ${this.path}-wal and ${this.path}-shm to where it is ` +
          "now; if it was deleted, delete them too"
      case "LogGone":
        return `the log of ${this.path} (${this.path}-wal, or ${this.path}-shm) was deleted or replaced while this program had it ` +
          "open, so nothing was written. Start this session of Claude Code, or this program, again; `claude-memory doctor --deep` " +
          "looks whether something is lost"
      case "Newer":
        return `a newer version of this program has changed the schema of ${this.path}, so nothing was written. Start this ` +
          "session of Claude Code, or this program, again"
      case "Other": {
        const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
        return /disk I\/O error/.test(detail)
          ? `${this.path} can't be read or written (disk I/O error): its disk is full or fails, or its log was deleted while a ` +
            "session had it open. Free some space, or end all sessions of Claude Code, and try again"
          : `${this.path}: ${detail}`
      }
    }
  }
}

/** Classifies an error by SQLite's primary result code (https://sqlite.org/rescode.html), or by its message. */
export const reasonOf = (cause: unknown): SqliteError["reason"] => {
  if (cause instanceof SqliteError) return cause.reason
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

const errorAt = (path: string) => (cause: unknown): SqliteError =>
  cause instanceof SqliteError ? cause : new SqliteError({ reason: reasonOf(cause), path, cause })

/** Fails with `NoDriver` where neither Node's SQLite has FTS5 nor @photostructure/sqlite is installed. */
export const loadDriver = Effect.try({
  try: () => SqliteDriver.load(),
  catch: (cause) => new SqliteError({ reason: "NoDriver", path: "", cause })
})

/** V8's collection of garbage, once it is loaded: it comes with a context of its own. */
let collect: unknown

/** Collects garbage now: the only way to finalize statements where the driver does not on close. */
const collectGarbage = Effect.gen(function*() {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc")
    collect = runInNewContext("gc")
  }
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
  /** Longest wait of a statement for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /** Longest wait of a transaction that writes until others have written, in milliseconds: `busyTimeoutMs` without it. It blocks no thread. */
  readonly lockTimeoutMs?: number
  /** Newest version of the schema (`PRAGMA user_version`) into which transactions write; without it, into any. */
  readonly newestSchema?: number
  /**
   * Skips the garbage collection at close: memory and file are freed by a later collection or at the end of the
   * process. A writer may then leave its log behind.
   */
  readonly skipGarbageCollection?: boolean
  /** Statement that makes a temporary table when it is opened. */
  readonly temporary?: string
  /** Makes a new database one that gives its free pages back (`PRAGMA incremental_vacuum`). */
  readonly givesPagesBack?: boolean
  /** Adds functions to the connection that its schema and statements use. */
  readonly register?: (database: DatabaseSync) => void
  /** Lets statements write to the table of the schema, for repairs. */
  readonly writesSchema?: boolean
  /**
   * Keeps its statements out of the transactions of other connections: needed where a fiber uses two databases. Otherwise a statement
   * within a transaction runs on the connection of that, so that a reader of the same file sees what its writer has not committed.
   */
  readonly isApart?: boolean
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

/**
 * Prepares the close of a connection that writes: folds its log, or keeps SQLite from folding one that is gone; what it
 * returns is closed when the connection is.
 *
 * A database that was moved keeps its log as it is: another database may be at the path, whose log has the same index.
 * SQLite's own checkpoint at close looks for itself (`databaseIsUnmoved`), and deletes nothing then.
 *
 * SQLite itself folds and deletes the log when the last connection closes, also where another process has begun a new one:
 * what that process has written would be lost. It needs an exclusive lock to do so, which it does not get while this
 * process reads the database, and which a reader never takes.
 */
const beforeClose = (
  { DatabaseSync }: SqliteDriver.Driver,
  { path }: OpenOptions,
  { database, guard }: { readonly database: DatabaseSync; readonly guard: Guard }
): DatabaseSync | undefined => {
  try {
    guard.assertInPlace()
  } catch (cause) {
    if (reasonOf(cause) !== "LogGone") return undefined
    const reader = new DatabaseSync(path, { readOnly: true })
    try {
      reader.exec("PRAGMA user_version")
    } catch {
      // It has locked the database before it failed.
    }
    return reader
  }
  checkpoint(database)
  return undefined
}

/** Takes the write lock at once: a transaction that has read can't be upgraded while another writes. */
const BEGIN_TO_WRITE = "BEGIN IMMEDIATE"

/** Interval at which the write lock is tried again, in milliseconds. */
const LOCK_RETRY_MS = 20
/** Time of waiting for it, in milliseconds and a multiple of the interval, after which that is said. */
const LONG_WAIT_MS = 2_000

/** Reads that have held the thread as long are followed by a pause. */
const LONG_MS = 15
/** Time without a statement, in milliseconds, after which the thread has surely done other work. */
const IDLE_MS = 50

/**
 * How a transaction that begins makes its commit last: "FULL" outlasts a loss of power, "NORMAL" may lose the last
 * commits then (https://sqlite.org/pragma.html#pragma_synchronous).
 */
const synchronous = globalValue(
  "claude-memory/Sqlite/synchronous",
  () => FiberRef.unsafeMake<"NORMAL" | "FULL">("NORMAL")
)

/**
 * Makes the transactions that begin in the effect outlast a loss of power: the log is on the disk, and so are the
 * entries of its folder, before the transaction ends.
 */
export const durably: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.locally(
  synchronous,
  "FULL"
)

/** True within `durably`. */
export const isDurable: Effect.Effect<boolean> = Effect.map(FiberRef.get(synchronous), (level) => level === "FULL")

interface Guard {
  /** Throws when the path names another file than the one that is open, or none, or when that is so of its log. */
  readonly assertInPlace: () => void
  /** Remembers the log and its index after a statement, by which SQLite has opened them. */
  readonly noteLog: () => void
  /** Throws when another program has migrated the schema beyond what this one knows. */
  readonly assertKnownSchema: (version: unknown) => void
}

const logsOf = (path: string) => [`${path}-wal`, `${path}-shm`]

const guardOf = ({ newestSchema, path }: OpenOptions, identity: string | undefined): Guard => {
  const refusal = (reason: SqliteError["reason"]) => new SqliteError({ reason, path, cause: undefined })
  const logs = new Map<string, string>()
  return {
    assertInPlace: () => {
      if (identity !== undefined && identityOf(path) !== identity) throw refusal("Moved")
      // Nobody else deletes the log while this connection is open, which locks the database to the end.
      for (const [log, known] of logs) if (identityOf(log) !== known) throw refusal("LogGone")
    },
    noteLog: () => {
      if (identity === undefined || logs.size > 0) return
      const found = logsOf(path).flatMap((log) => {
        const known = identityOf(log)
        return known === undefined ? [] : [[log, known] as const]
      })
      if (found.length === 0) return
      // All connections of a process share the index of its first, also when that was deleted and the path names another.
      const isOwn = found.length === 2 && isOpenHere(`${path}-shm`)
      for (const [log, known] of found) logs.set(log, isOwn ? known : "another's")
      if (!isOwn) throw refusal("LogGone")
    },
    assertKnownSchema: (version) => {
      if (newestSchema !== undefined && Number(version) > newestSchema) throw refusal("Newer")
    }
  }
}

const connect = (
  database: DatabaseSync,
  prepared: Map<string, StatementSync>,
  { busyTimeoutMs, lockTimeoutMs = busyTimeoutMs, path, readOnly }: OpenOptions,
  guard: Guard
): Connection => {
  let inTransaction = false
  let level = "NORMAL"
  const prepare = (sql: string) => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    if (prepared.size >= MAX_PREPARED) prepared.clear()
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  const attempt = <A>(run: () => A) =>
    Effect.try({
      try: run,
      catch: (cause) => new SqlError({ cause: errorAt(path)(cause), message: "SQLite refused a statement" })
    })
  const run = (sql: string, params: ReadonlyArray<unknown>) =>
    attempt(() => {
      // A transaction looks when it begins and before it commits.
      if (!inTransaction) guard.assertInPlace()
      const rows = prepare(sql).all(...(params as ReadonlyArray<SQLInputValue>)) as ReadonlyArray<object>
      guard.noteLog()
      return rows
    })
  let busySince = 0
  let endedAt = 0
  /** After a long statement, or several with what is made of their rows, others take their turn: no search is a single block. */
  const all = !readOnly ? run : (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      const started = yield* Clock.currentTimeMillis
      if (started - endedAt > IDLE_MS) busySince = started
      const rows = yield* run(sql, params)
      endedAt = yield* Clock.currentTimeMillis
      if (endedAt - busySince >= LONG_MS) {
        yield* EventLoop.turn
        busySince = endedAt = yield* Clock.currentTimeMillis
      }
      return rows
    })

  /**
   * Runs BEGIN, COMMIT and the like. Rolls back after a COMMIT that failed, since SQLite keeps that transaction open.
   */
  const unprepared = (sql: string, params: ReadonlyArray<SQLInputValue>): ReadonlyArray<object> => {
    try {
      if (sql === "COMMIT" && !readOnly) guard.assertInPlace()
      const rows = database.prepare(sql).all(...params) as ReadonlyArray<object>
      if (sql.startsWith("BEGIN")) inTransaction = true
      if (sql === "COMMIT" || sql === "ROLLBACK") inTransaction = false
      return rows
    } catch (cause) {
      if (sql === "ROLLBACK") inTransaction = false
      // SQLite rolls back by itself when the disk is full; that error must not be masked by a ROLLBACK that finds no
      // transaction.
      if (sql.startsWith("ROLLBACK") && /no transaction is active|no such savepoint/.test(String(cause))) return []
      if (sql === "COMMIT") unprepared("ROLLBACK", [])
      throw cause
    }
  }

  const beginOnce = Effect.flatMap(FiberRef.get(synchronous), (wanted) =>
    attempt(() => {
      guard.assertInPlace()
      // SQLite refuses the change inside of a transaction.
      if (wanted !== level) database.exec(`PRAGMA synchronous = ${wanted}`)
      level = wanted
      database.exec("PRAGMA busy_timeout = 0")
      try {
        const rows = unprepared(BEGIN_TO_WRITE, [])
        try {
          guard.noteLog()
          guard.assertInPlace()
          guard.assertKnownSchema(Object.values(prepare("PRAGMA user_version").get() ?? {})[0])
        } catch (cause) {
          unprepared("ROLLBACK", [])
          throw cause
        }
        return rows
      } finally {
        database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
      }
    }))
  /**
   * Waits for the write lock by retries, since the busy timeout would block the thread and all other work. Finalizers write too, so
   * only a long wait can be interrupted: no transaction has begun then.
   */
  const beginToWrite = (waited = 0): typeof beginOnce =>
    Effect.catchIf(beginOnce, (error) => reasonOf(error) === "Locked" && waited < lockTimeoutMs, () => {
      const pause = Effect.sleep(LOCK_RETRY_MS)
      const waits = `${basename(path)} is locked by another writer; this one waits for it`
      return (waited === LONG_WAIT_MS ? Effect.logWarning(waits) : Effect.void).pipe(
        Effect.zipRight(waited < busyTimeoutMs ? pause : Effect.interruptible(pause)),
        Effect.zipRight(beginToWrite(waited + LOCK_RETRY_MS))
      )
    })

  return {
    execute: (sql, params, transform) =>
      Effect.map(all(sql, params), (rows) => transform === undefined ? rows : transform(rows)),
    executeRaw: all,
    executeValues: (sql, params) => Effect.map(all(sql, params), (rows) => rows.map((row) => Object.values(row))),
    executeUnprepared: (sql, params, transform) =>
      Effect.map(
        sql === BEGIN_TO_WRITE
          ? beginToWrite()
          : attempt(() => unprepared(sql, params as ReadonlyArray<SQLInputValue>)),
        (rows) => transform === undefined ? rows : transform(rows)
      ),
    executeStream: (sql, params) => Stream.unwrap(Effect.map(all(sql, params), Stream.fromIterable))
  }
}

/** Opens the file that the path names before and afterwards; none where its log lies alone. */
const openIn = ({ DatabaseSync }: SqliteDriver.Driver, options: OpenOptions) => {
  const { path, readOnly } = options
  const isFile = path !== MEMORY
  // A reader's SQLite deletes the log beside an empty database, too.
  if (isFile && isLogAlone(path)) throw new SqliteError({ reason: "LogAlone", path, cause: undefined })
  const before = isFile ? identityOf(path) : undefined
  const database = new DatabaseSync(path, { readOnly })
  const guard = guardOf(options, before ?? (isFile ? identityOf(path) : undefined))
  try {
    guard.assertInPlace()
    return { database, guard }
  } catch (cause) {
    database.close()
    throw cause
  }
}

/** Pages that are copied before others get their turn: some milliseconds. */
const PAGES_AT_ONCE = 500

/**
 * Copies a database as it is at one moment into an empty file, page by page, so that damaged pages are copied too, and while others
 * write. Interruption ends it between two parts. `report` takes the number of pages that are copied, and of all.
 */
export const copyPages = ({ path, report = () => {}, to }: {
  readonly path: string
  readonly to: string
  readonly report?: (done: number, total: number) => void
}): Effect.Effect<void, SqliteError, Owner.Owner> =>
  Owner.nested(Effect.gen(function*() {
    const driver = yield* loadDriver
    const options = { name: "Sqlite copy", path, readOnly: true, busyTimeoutMs: 0 }
    const { database } = yield* Owner.open({
      kind: "database",
      name: options.name,
      file: path,
      open: Effect.try({ try: () => openIn(driver, options), catch: errorAt(path) }),
      close: ({ database }) => Effect.sync(() => database.close()),
      isGone: ({ database }) => !database.isOpen,
      within: "5 seconds"
    })
    const { backup } = driver
    if (backup === undefined) {
      // Before Node 22.16: in one go.
      return yield* Effect.try({
        try: () => database.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`),
        catch: errorAt(to)
      })
    }
    // Holds to the state of this moment. Without it, each write of another process would begin the copy anew.
    yield* Effect.try({ try: () => database.exec("BEGIN; PRAGMA user_version"), catch: errorAt(path) })
    yield* Effect.async<void, SqliteError>((resume) => {
      let isWanted = true
      const copied = backup(database, to, {
        rate: PAGES_AT_ONCE,
        progress: ({ remainingPages, totalPages }) => {
          if (!isWanted) throw new Error("interrupted")
          report(totalPages - remainingPages, totalPages)
        }
      })
      const ended = copied.then(
        () => resume(Effect.void),
        (cause: unknown) => resume(Effect.fail(errorAt(to)(cause)))
      )
      return Effect.suspend(() => {
        isWanted = false
        return Effect.promise(() => ended)
      })
    })
  }))

const ATTRIBUTES = [["db.system.name", "sqlite"]] as const

const beginOf = ({ readOnly }: Pick<OpenOptions, "readOnly">) => readOnly ? "BEGIN" : BEGIN_TO_WRITE

/**
 * Has a client's statements run on its own connection alone. Otherwise all clients of @effect/sql take the connection of the fiber's
 * transaction for theirs, whatever database it is of.
 */
const apart = (client: SqlClient.SqlClient, options: Pick<OpenOptions, "readOnly">): SqlClient.SqlClient => {
  class Own extends Context.Tag(`claude-memory/transaction/${randomUUID()}`)<
    Own,
    readonly [connection: Connection, depth: number]
  >() {}
  const execute = (statement: string) => (connection: Connection) =>
    connection.executeUnprepared(statement, [], undefined)
  const withTransaction = SqlClient.makeWithTransaction({
    transactionTag: Own,
    spanAttributes: ATTRIBUTES,
    acquireConnection: Effect.flatMap(
      Scope.make(),
      (scope) => Effect.map(Scope.extend(client.reserve, scope), (connection) => [scope, connection] as const)
    ),
    begin: execute(beginOf(options)),
    savepoint: (connection, depth) => execute(`SAVEPOINT inner_${depth}`)(connection),
    commit: execute("COMMIT"),
    rollback: execute("ROLLBACK"),
    rollbackSavepoint: (connection, depth) => execute(`ROLLBACK TO SAVEPOINT inner_${depth}`)(connection)
  })
  const connection = Effect.flatMap(
    Effect.serviceOption(Own),
    Option.match({ onNone: () => client.reserve, onSome: ([own]) => Effect.succeed(own) })
  )
  const statement = Statement.make(connection, Statement.makeCompilerSqlite(), ATTRIBUTES, undefined)
  return Object.assign(statement, { ...client, ...statement, withTransaction })
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
    const { path } = options
    const prepared = new Map<string, StatementSync>()
    const toError = errorAt(path)

    const { database, guard } = yield* Owner.open({
      kind: "database",
      name: options.name,
      file: path,
      open: Effect.try({ try: () => openIn(driver, options), catch: toError }),
      close: ({ database, guard }) =>
        Effect.gen(function*() {
          prepared.clear()
          const reader = options.readOnly ? undefined : beforeClose(driver, options, { database, guard })
          database.close()
          if (!driver.finalizesOnClose && options.skipGarbageCollection !== true) yield* collectGarbage
          reader?.close()
        }),
      isGone: ({ database }) => !database.isOpen,
      // Includes the garbage collection of a large heap on a busy machine (Node 20); a close can't be forced.
      within: "5 seconds"
    })
    yield* Effect.try({
      try: () => {
        database.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs}`)
        options.register?.(database)
        // Before it may only read, which a temporary table would offend.
        if (options.temporary !== undefined) database.exec(options.temporary)
        if (options.readOnly) database.exec("PRAGMA query_only = 1")
        if (options.writesSchema === true) letWriteSchema(database)
      },
      catch: toError
    })
    if (!options.readOnly) {
      // The busy timeout does not cover a change of the journal mode, so concurrent first starts need the retry.
      yield* Effect.try({
        try: () => {
          if (options.givesPagesBack === true && (sizeOf(path) ?? 0) === 0) {
            database.exec("PRAGMA auto_vacuum = INCREMENTAL")
          }
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

    const connection = connect(database, prepared, options, guard)
    const permit = Permits.makeScoped(1)
    const client = yield* SqlClient.make({
      // The permit is held to the end of the statement or transaction: a statement that released it before it ran could
      // run within another fiber's transaction.
      acquirer: Effect.as(permit, connection),
      compiler: Statement.makeCompilerSqlite(),
      beginTransaction: beginOf(options),
      spanAttributes: ATTRIBUTES
    }).pipe(Effect.provide(Reactivity.layer))
    return options.isApart === true ? apart(client, options) : client
  }
)

/** Drivers that protect the schema by default have a method to change that; others have none. */
const letWriteSchema = (database: DatabaseSync): void =>
  (database as DatabaseSync & { readonly enableDefensive?: (isOn: boolean) => void }).enableDefensive?.(false)

/** The name of a database in memory. */
const MEMORY = ":memory:"

/**
 * Returns true where a log or its index lies without its database, or beside an empty one. SQLite would delete the log,
 * and share the index with a program that still writes to the database which was moved away.
 */
export const isLogAlone = (path: string): boolean => {
  // In this order: who makes a database makes its log later.
  const log = sizeOf(`${path}-wal`)
  if (log === undefined && sizeOf(`${path}-shm`) === undefined) return false
  const database = sizeOf(path)
  return database === undefined || (database === 0 && log !== undefined && log > 0)
}

/** Opens a database in memory, gone with the scope. */
export const openMemory = (options: Pick<OpenOptions, "name" | "register" | "temporary">) =>
  open({ ...options, path: MEMORY, readOnly: false, busyTimeoutMs: 0, skipGarbageCollection: true })

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
