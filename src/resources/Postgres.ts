/**
 * Opens PostgreSQL as an @effect/sql client whose pool is in the resource ledger, and classifies its errors.
 *
 * Replaces the pool and the transactions of @effect/sql-pg. That package opens its pool before a finalizer exists, fails
 * a caller that waits for a connection, and reports success when PostgreSQL rolls back at COMMIT.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Socket } from "node:net"
import * as Pg from "pg"
import { parseIntoClientConfig } from "pg-connection-string"
import * as Owner from "./Owner.ts"
import * as Permits from "./Permits.ts"

/** Oldest supported `server_version_num`: PostgreSQL 13. */
const OLDEST = 130_000

/**
 * `Address`: the URL is none of PostgreSQL. `File`: a file that it names, as a certificate, can't be read. `Secrecy`:
 * no connection by TLS as it asks. `Locked`: a conflict, or a timeout of a lock or a statement. `TooOld`: older than
 * PostgreSQL 13.
 */
export class PostgresError extends Schema.TaggedError<PostgresError>()("PostgresError", {
  reason: Schema.Literal(
    "Address",
    "Away",
    "File",
    "Denied",
    "NoDatabase",
    "NotUtf8",
    "Secrecy",
    "TooOld",
    "Locked",
    "Full",
    "Damaged",
    "Other"
  ),
  /** Name of the server as in the ledger, without user and password. */
  server: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    const said = wordsOf(this.cause)
    switch (this.reason) {
      case "Address":
        return "the database's address is not one of PostgreSQL: it looks like " +
          "postgresql://USER:PASSWORD@HOST:5432/DATABASE, with %2F and %40 for / and @ in the password"
      case "File":
        return `a file that the database's address names can't be read (${said}); correct it there`
      case "Away":
        return `${this.server} can't be reached (${said}); nothing was lost. Try again when it runs, or correct its address`
      case "Denied":
        return `${this.server} refuses this user (${said}); nothing was lost. Check the user, its password and its rights`
      case "NoDatabase":
        return `${this.server} has no such database; nothing was lost. Create it (createdb), or correct its name`
      case "NotUtf8":
        return `${this.server} is a database in ${said}; nothing was touched. Create one with the encoding UTF8`
      case "Secrecy":
        return `${this.server} does not accept TLS as its address asks (${said}); nothing was sent. ` +
          "Correct its certificate, or sslmode in the address"
      case "TooOld":
        return `${this.server} is PostgreSQL ${said}; nothing was touched. Version ${
          OLDEST / 10_000
        } or newer is needed`
      case "Locked":
        return `${this.server} was locked too long by others (${said}); nothing was lost, try again`
      case "Full":
        return `the disk of ${this.server} is full; nothing was lost, free some space and try again`
      case "Damaged":
        return `${this.server} says that its files are damaged (${said})`
      case "Other":
        return `${this.server}: ${said}`
    }
  }
}

interface Thrown {
  readonly code?: unknown
  readonly cause?: unknown
  readonly message?: unknown
  readonly constraint?: unknown
}

/** Returns the driver's error, which the client wraps. */
const innermost = (cause: unknown): Thrown => {
  const { cause: inner, code } = (cause ?? {}) as Thrown
  return code === undefined && inner !== undefined && inner !== null ? innermost(inner) : cause as Thrown ?? {}
}

const wordsOf = (cause: unknown): string => {
  const { code, message } = innermost(cause)
  return typeof message === "string" && message !== "" ? message : String(code ?? cause)
}

/** Returns PostgreSQL's SQLSTATE or the code of a failed system call; empty without a code. */
export const codeOf = (cause: unknown): string => String(innermost(cause).code ?? "")

const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/

/**
 * Classifies an error by its SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), by Node's code,
 * or by the driver's message.
 */
export const reasonOf = (cause: unknown): PostgresError["reason"] => {
  const code = codeOf(cause)
  if (TLS.test(code)) return "Secrecy"
  if (/^(?:28|42501)/.test(code)) return "Denied"
  if (code === "3D000") return "NoDatabase"
  // No connection, too many connections, or the server is stopping or starting.
  if (/^(?:08|57P0|53300|E[A-Z]+$)/.test(code)) return "Away"
  // A serialization failure, a deadlock, or the timeout of a lock, a statement or a transaction.
  if (/^(?:40001|40P01|55P03|57014|25P0[34])$/.test(code)) return "Locked"
  if (code === "53100") return "Full"
  if (/^XX00[12]$/.test(code)) return "Damaged"
  const words = wordsOf(cause)
  if (/does not support SSL/.test(words)) return "Secrecy"
  if (/password must be a string|no pg_hba/.test(words)) return "Denied"
  return /[Cc]onnection (?:terminated|ended|closed)|timeout e|not queryable|timed out/.test(words) ? "Away" : "Other"
}

/** Tests for a serialization failure or a deadlock, after which the transaction may be tried again. */
export const isConflict = (error: SqlError): boolean => ["40001", "40P01"].includes(codeOf(error))

/** Tests for a violation of this unique constraint: another transaction has written the same key meanwhile. */
export const isTaken = (error: SqlError, constraint: string): boolean =>
  codeOf(error) === "23505" && innermost(error).constraint === constraint

export interface PoolOptions {
  /** postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=… */
  readonly url: Redacted.Redacted
  /** Greatest number of connections; further work waits for one. One more may be opened to cancel a statement. */
  readonly connections: number
  /** Schema in which table names are looked up (`search_path`). */
  readonly schema: string
  readonly readOnly: boolean
  /** Longest time for connecting, in milliseconds. */
  readonly connectTimeoutMs: number
  /** Longest time for which a statement may run, and wait for a lock, in milliseconds. */
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
  /**
   * Milliseconds after which a connection is cut on which nothing comes or goes: the network may have lost it without a
   * word. By default five seconds more than a statement, or a pause within a transaction, may take.
   */
  readonly silenceMs?: number
}

/** Longest pause within a transaction, so that a program that hangs in one does not block others. */
const IDLE_IN_TRANSACTION_MS = 60_000
/** Time after which an idle connection is closed. */
const IDLE_MS = 10_000

/** Writes a name as SQL has it: in double quotes, with those in it doubled. */
export const quoted = (identifier: string): string => `"${identifier.replaceAll("\"", "\"\"")}"`

/** Formats a setting for the server's command line, where a backslash escapes a space. */
const setting = (name: string, value: string | number): string =>
  `-c ${name}=${String(value).replace(/[\\\s]/g, (each) => `\\${each}`)}`

const configOf = (options: PoolOptions): Pg.PoolConfig => {
  const { options: theirs, ...given } = parseIntoClientConfig(Redacted.value(options.url))
  return {
    ...given,
    max: options.connections + 1,
    application_name: "claude-memory",
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    options: [
      ...(theirs === undefined ? [] : [theirs]),
      setting("search_path", quoted(options.schema)),
      setting("statement_timeout", options.statementTimeoutMs),
      setting("lock_timeout", options.lockTimeoutMs),
      setting("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_MS),
      setting("default_transaction_read_only", options.readOnly ? "on" : "off"),
      // Compiling a statement takes longer than running any of ours.
      setting("jit", "off")
    ].join(" "),
    types: {
      // Parses int8 as a number: our counts and times are below 2⁵³, so JavaScript holds them exactly.
      getTypeParser: (id: number, format?: "text" | "binary") =>
        id === Pg.types.builtins.INT8 ? Number : Pg.types.getTypeParser(id, format as "text")
    } as Pg.CustomTypesConfig
  }
}

export interface Postgres {
  /** Name of the server as in the ledger, without user and password. */
  readonly name: string
  /** True where the server refuses all writes of these connections. */
  readonly isReadOnly: boolean
  readonly sql: SqlClient.SqlClient
  /**
   * Runs statements on a connection of the pool, or on that of the surrounding transaction. The wait for a connection
   * can be interrupted.
   */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * Runs the effect in a transaction. A nested transaction rolls back alone (a savepoint), and those nested in the same
   * transaction run one after another.
   */
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>
  /** Cuts no connection because of its silence while the effect runs: one of its statements may take any time. */
  readonly patiently: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Hides the surrounding transaction, which belongs to another database. */
const outside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.mapInputContext(
    effect,
    (context: Context.Context<R>) => Context.omit(SqlClient.TransactionConnection)(context) as Context.Context<R>
  )

const transactionOf = (sql: SqlClient.SqlClient) => {
  const execute = (statement: string) => (connection: Connection) =>
    connection.executeUnprepared(statement, [], undefined)
  return SqlClient.makeWithTransaction({
    transactionTag: SqlClient.TransactionConnection,
    spanAttributes: [["db.system.name", "postgresql"]],
    acquireConnection: Effect.flatMap(
      Scope.make(),
      (scope) => Effect.map(Scope.extend(sql.reserve, scope), (connection) => [scope, connection] as const)
    ),
    begin: execute("BEGIN"),
    savepoint: (connection, depth) => execute(`SAVEPOINT inner_${depth}`)(connection),
    // PostgreSQL rolls back a transaction in which a statement failed; only the command tag of the answer shows this.
    commit: (connection) =>
      Effect.flatMap(connection.executeRaw("COMMIT", []), (result) =>
        (result as Pg.QueryResult).command === "COMMIT"
          ? Effect.void
          : Effect.fail(new SqlError({ message: "COMMIT", cause: new Error("a statement failed before its end") }))),
    rollback: execute("ROLLBACK"),
    rollbackSavepoint: (connection, depth) => execute(`ROLLBACK TO SAVEPOINT inner_${depth}`)(connection)
  })
}

/** Closes a connection that is returned within a transaction, whose end was cancelled or never sent. */
const discardUnfinished = (_: unknown, client: Pg.PoolClient): void => {
  if (client.getTransactionStatus() !== "I") void client.end().catch(() => {})
}

interface Held {
  readonly sql: SqlClient.SqlClient
  readonly pool: Pg.Pool
  readonly sockets: ReadonlySet<Socket>
}

const destroyAll = (sockets: ReadonlySet<Socket>): void => {
  for (const socket of sockets) socket.destroy()
}

/** Tests for an "@" in the path: of a password with a bare "/", the rest of which would be told as the database's name. */
const isMisread = (address: string): boolean => /^\w+:\/\/[^/?#]*\/[^?#]*@/.test(address)

/** Tells of a file named in the address, of a certificate or a key, that can't be read. */
const fileError = (cause: unknown): PostgresError | undefined => {
  const { code, path } = cause as { readonly code?: unknown; readonly path?: unknown }
  return typeof code === "string" && typeof path === "string"
    ? new PostgresError({ reason: "File", server: "", cause: new Error(`${path}: ${code}`) })
    : undefined
}

const nameOf = ({ database, host, port, user }: Pg.PoolConfig): string =>
  `PostgreSQL at ${host ?? "localhost"}:${port ?? 5432}/${database ?? user ?? "postgres"}`

/** Names the database for people, without user and password. */
export const placeOf = (url: Redacted.Redacted): Effect.Effect<string> =>
  Effect.orElseSucceed(
    Effect.try(() => nameOf(parseIntoClientConfig(Redacted.value(url)) as Pg.PoolConfig)).pipe(
      Effect.filterOrFail(() => !isMisread(Redacted.value(url)))
    ),
    () => "PostgreSQL"
  )

/** Opens the pool, and checks the server's version and encoding. */
export const open: (
  options: PoolOptions
) => Effect.Effect<Postgres, PostgresError, Owner.Owner | Scope.Scope> = Effect.fn("Postgres.open")(
  function*(options) {
    // The parser's own error contains the password, and the parser accepts any word as the name of a database.
    const noAddress = new PostgresError({ reason: "Address", server: "", cause: undefined })
    const address = Redacted.value(options.url)
    if (!/^postgres(?:ql)?:\/\//.test(address) || isMisread(address)) return yield* noAddress
    const config = yield* Effect.try({ try: () => configOf(options), catch: (cause) => fileError(cause) ?? noAddress })
    const name = nameOf(config)
    const toError = (cause: unknown) => new PostgresError({ reason: reasonOf(cause), server: name, cause })

    const silenceMs = options.silenceMs ?? Math.max(options.statementTimeoutMs, IDLE_IN_TRANSACTION_MS) + 5_000
    let patient = 0
    const { sql } = yield* Owner.open({
      kind: "pool",
      name,
      open: Effect.gen(function*(): Effect.fn.Return<Held, SqlError, Scope.Scope | Reactivity.Reactivity> {
        const sockets = new Set<Socket>()
        const stream = () => {
          const socket = new Socket()
          sockets.add(socket)
          socket.setTimeout(silenceMs, () => {
            if (patient === 0) socket.destroy()
          })
          return socket.once("close", () => sockets.delete(socket))
        }
        const pool = new Pg.Pool({ ...config, stream })
        // Ignores the loss of an idle connection: the next caller opens another.
        pool.on("error", () => {}).on("release", discardUnfinished)
        return { pool, sockets, sql: yield* PgClient.fromPool({ acquire: Effect.succeed(pool) }) }
      }),
      // All users of connections have ended by now, so a connection that is not idle is still connecting, without use.
      close: ({ pool, sockets }) =>
        Effect.promise(() => {
          if (pool.idleCount < pool.totalCount) destroyAll(sockets)
          return pool.end()
        }),
      destroy: ({ pool, sockets }) =>
        Effect.promise(async () => {
          destroyAll(sockets)
          if (!pool.ending) await pool.end()
        }),
      isGone: ({ pool, sockets }) => pool.ended && sockets.size === 0,
      within: "2 seconds",
      sockets: ({ sockets }) => sockets.size
    }).pipe(Effect.provide(Reactivity.layer), Effect.mapError(toError))

    const permit = Permits.make(options.connections)
    /** Permit for the connection of the current transaction; each transaction has its own, and none is set outside. */
    const transactionPermit = yield* FiberRef.make<Permits.Permits | undefined>(undefined)
    const begun = transactionOf(sql)
    const postgres: Postgres = {
      name,
      isReadOnly: options.readOnly,
      sql,
      run: (effect) =>
        Effect.flatMap(
          FiberRef.get(transactionPermit),
          (turn) => turn === undefined ? permit(outside(effect)) : turn(effect)
        ),
      transaction: (effect) =>
        Effect.flatMap(FiberRef.get(transactionPermit), (turn) => {
          const whole = begun(Effect.locally(effect, transactionPermit, Permits.make(1)))
          return turn === undefined ? permit(outside(whole)) : turn(whole)
        }).pipe(
          // @effect/sql reports a COMMIT or ROLLBACK that fails as a defect.
          Effect.catchSomeDefect((defect) =>
            defect instanceof SqlError ? Option.some(Effect.fail(defect)) : Option.none()
          )
        ),
      patiently: (effect) =>
        Effect.acquireUseRelease(
          Effect.sync(() => void patient++),
          () => effect,
          () => Effect.sync(() => void patient--)
        )
    }

    const [server] = yield* postgres.run(
      sql<{ version: number; encoding: string }>`
        SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`
    ).pipe(Effect.mapError(toError))
    yield* checkServer(name, server!)
    return postgres
  }
)

/** Fails for a server that is too old, or whose database is not in UTF-8. */
export const checkServer = (
  name: string,
  { encoding, version }: { readonly version: number; readonly encoding: string }
): Effect.Effect<void, PostgresError> => {
  const reason = version < OLDEST ? "TooOld" : encoding !== "UTF8" ? "NotUtf8" : undefined
  const cause = { message: version < OLDEST ? `${Math.floor(version / 10_000)}` : encoding }
  return reason === undefined ? Effect.void : Effect.fail(new PostgresError({ reason, server: name, cause }))
}
