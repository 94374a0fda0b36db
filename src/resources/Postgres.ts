/**
 * PostgreSQL as an @effect/sql client whose pool is in the resource ledger, and what its errors mean.
 *
 * The pool and the transactions are ours, not @effect/sql-pg's: its own pool is opened before anything could close it, waiting for
 * one of its connections ends with an error, and it takes the commit of a transaction that PostgreSQL has given up for a success.
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
import * as Permits from "./Permits.ts"
import { ResourceLedger } from "./ResourceLedger.ts"

/** PostgreSQL 13. */
const OLDEST = 130_000

export class PostgresError extends Schema.TaggedError<PostgresError>()("PostgresError", {
  reason: Schema.Literal(
    "Address",
    "Away",
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
  /** As the ledger shows it: without user and password. */
  server: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    const said = wordsOf(this.cause)
    switch (this.reason) {
      case "Address":
        return "the database's address is not one of PostgreSQL: it looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE"
      case "Away":
        return `${this.server} can't be reached (${said}); nothing was lost. Try again when it runs, or correct its address`
      case "Denied":
        return `${this.server} refuses this user (${said}); nothing was lost. Check the user, its password and its rights`
      case "NoDatabase":
        return `${this.server} has no such database; nothing was lost. Create it (createdb), or correct its name`
      case "NotUtf8":
        return `${this.server} is a database in ${said}; nothing was touched. Create one with the encoding UTF8`
      case "Secrecy":
        return `${this.server} can't be spoken to through TLS as its address asks (${said}); nothing was sent. ` +
          "Correct its certificate, or sslmode in the address"
      case "TooOld":
        return `${this.server} is PostgreSQL ${said}; nothing was touched. Version ${
          OLDEST / 10_000
        } or newer is needed`
      case "Locked":
        return `${this.server} was kept too long by others (${said}); nothing was lost, try again`
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

/** The driver's own error: the client wraps it. */
const innermost = (cause: unknown): Thrown => {
  const { cause: inner, code } = (cause ?? {}) as Thrown
  return code === undefined && inner !== undefined && inner !== null ? innermost(inner) : cause as Thrown ?? {}
}

const wordsOf = (cause: unknown): string => {
  const { code, message } = innermost(cause)
  return typeof message === "string" && message !== "" ? message : String(code ?? cause)
}

/** PostgreSQL's SQLSTATE, or the code of a system call. */
export const codeOf = (cause: unknown): string => String(innermost(cause).code ?? "")

const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/

/** Of https://www.postgresql.org/docs/current/errcodes-appendix.html, of Node's codes, and of the driver's words. */
export const reasonOf = (cause: unknown): PostgresError["reason"] => {
  const code = codeOf(cause)
  if (TLS.test(code)) return "Secrecy"
  if (/^(?:28|42501)/.test(code)) return "Denied"
  if (code === "3D000") return "NoDatabase"
  // No connection, no room for another one, or the server is stopping or starting.
  if (/^(?:08|57P0|53300|E[A-Z]+$)/.test(code)) return "Away"
  // A deadlock, a lock or a statement that took too long.
  if (/^(?:40001|40P01|55P03|57014|25P0[34])$/.test(code)) return "Locked"
  if (code === "53100") return "Full"
  if (/^XX00[12]$/.test(code)) return "Damaged"
  const words = wordsOf(cause)
  if (/does not support SSL/.test(words)) return "Secrecy"
  if (/password must be a string|no pg_hba/.test(words)) return "Denied"
  return /[Cc]onnection (?:terminated|ended|closed)|timeout e|not queryable|timed out/.test(words) ? "Away" : "Other"
}

/** Two transactions that got in one another's way: the one that failed may try again. */
export const isConflict = (error: SqlError): boolean => ["40001", "40P01"].includes(codeOf(error))

/** A row was written that another transaction had written meanwhile. */
export const isTaken = (error: SqlError, constraint: string): boolean =>
  codeOf(error) === "23505" && innermost(error).constraint === constraint

export interface PoolOptions {
  /** postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=… */
  readonly url: Redacted.Redacted
  /** The most connections at a time; more work waits for one. Another one may be opened to cancel a statement. */
  readonly connections: number
  /** Where names of tables are looked up. */
  readonly schema: string
  readonly readOnly: boolean
  /** How long connecting may take. */
  readonly connectTimeoutMs: number
  /** How long a statement may run, and wait for another's lock. */
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
}

/** A transaction whose program has stopped without ending it keeps others waiting no longer. */
const IDLE_IN_TRANSACTION_MS = 60_000
/** A connection that nobody uses is closed. */
const IDLE_MS = 10_000

export const quoted = (identifier: string): string => `"${identifier.replaceAll("\"", "\"\"")}"`

/** As a command line of the server, where a backslash keeps a space. */
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
      // Compiling a statement takes longer than any of ours runs.
      setting("jit", "off")
    ].join(" "),
    types: {
      // Rows are counted and times are told in numbers that JavaScript holds exactly.
      getTypeParser: (id: number, format?: "text" | "binary") =>
        id === Pg.types.builtins.INT8 ? Number : Pg.types.getTypeParser(id, format as "text")
    } as Pg.CustomTypesConfig
  }
}

export interface Postgres {
  /** As the ledger shows it. */
  readonly name: string
  readonly sql: SqlClient.SqlClient
  /** Runs statements on one of the connections, or on that of the transaction around it; waiting for one can be interrupted. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** All or nothing. An inner one fails alone; inner ones of one transaction come one after the other. */
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError, R>
}

/** A transaction of another database is none of this one's. */
const outside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.mapInputContext(
    effect,
    (context: Context.Context<R>) => Context.omit(SqlClient.TransactionConnection)(context) as Context.Context<R>
  )

const transactionOf = (sql: SqlClient.SqlClient) => {
  const say = (statement: string) => (connection: Connection) => connection.executeUnprepared(statement, [], undefined)
  return SqlClient.makeWithTransaction({
    transactionTag: SqlClient.TransactionConnection,
    spanAttributes: [["db.system.name", "postgresql"]],
    acquireConnection: Effect.flatMap(
      Scope.make(),
      (scope) => Effect.map(Scope.extend(sql.reserve, scope), (connection) => [scope, connection] as const)
    ),
    begin: say("BEGIN"),
    savepoint: (connection, depth) => say(`SAVEPOINT inner_${depth}`)(connection),
    // A transaction in which a statement failed is rolled back instead, and says so by its tag alone.
    commit: (connection) =>
      Effect.flatMap(connection.executeRaw("COMMIT", []), (result) =>
        (result as Pg.QueryResult).command === "COMMIT"
          ? Effect.void
          : Effect.fail(new SqlError({ message: "COMMIT", cause: new Error("a statement failed before its end") }))),
    rollback: say("ROLLBACK"),
    rollbackSavepoint: (connection, depth) => say(`ROLLBACK TO SAVEPOINT inner_${depth}`)(connection)
  })
}

/** What comes back in the middle of a transaction (its end was cancelled or never came) is closed. */
const discardUnfinished = (_: unknown, client: Pg.PoolClient): void => {
  if (client.getTransactionStatus() !== "I") void client.end().catch(() => {})
}

interface Held {
  readonly sql: SqlClient.SqlClient
  readonly pool: Pg.Pool
  readonly sockets: ReadonlySet<Socket>
}

const cut = (sockets: ReadonlySet<Socket>): void => {
  for (const socket of sockets) socket.destroy()
}

const nameOf = ({ database, host, port, user }: Pg.PoolConfig): string =>
  `PostgreSQL at ${host ?? "localhost"}:${port ?? 5432}/${database ?? user ?? "postgres"}`

/** Where the database is, for people: without user and password. */
export const placeOf = (url: Redacted.Redacted): Effect.Effect<string> =>
  Effect.orElseSucceed(
    Effect.try(() => nameOf(parseIntoClientConfig(Redacted.value(url)) as Pg.PoolConfig)),
    () => "PostgreSQL"
  )

/** Opens the pool in the ledger, and asks the server whether it will do. */
export const open: (
  options: PoolOptions
) => Effect.Effect<Postgres, PostgresError, ResourceLedger | Scope.Scope> = Effect.fn("Postgres.open")(
  function*(options) {
    const ledger = yield* ResourceLedger
    // The parser's own error would tell the password, and it takes any word for the name of a database.
    const noAddress = new PostgresError({ reason: "Address", server: "", cause: undefined })
    if (!/^postgres(?:ql)?:\/\//.test(Redacted.value(options.url))) return yield* noAddress
    const config = yield* Effect.try({ try: () => configOf(options), catch: () => noAddress })
    const name = nameOf(config)
    const toError = (cause: unknown) => new PostgresError({ reason: reasonOf(cause), server: name, cause })

    const { sql } = yield* ledger.acquire({
      kind: "pool",
      name,
      open: Effect.gen(function*(): Effect.fn.Return<Held, SqlError, Scope.Scope | Reactivity.Reactivity> {
        const sockets = new Set<Socket>()
        const stream = () => {
          const socket = new Socket()
          sockets.add(socket)
          return socket.once("close", () => sockets.delete(socket))
        }
        const pool = new Pg.Pool({ ...config, stream })
        // An idle connection that is lost is replaced by the next who asks.
        pool.on("error", () => {}).on("release", discardUnfinished)
        return { pool, sockets, sql: yield* PgClient.fromPool({ acquire: Effect.succeed(pool) }) }
      }),
      // Whoever used a connection has ended before: one that is not idle is still connecting, and for nobody.
      close: ({ pool, sockets }) =>
        Effect.promise(() => {
          if (pool.idleCount < pool.totalCount) cut(sockets)
          return pool.end()
        }),
      destroy: ({ pool, sockets }) =>
        Effect.promise(async () => {
          cut(sockets)
          if (!pool.ending) await pool.end()
        }),
      within: "2 seconds",
      sockets: ({ sockets }) => sockets.size
    }).pipe(Effect.provide(Reactivity.layer), Effect.mapError(toError))

    const permit = Permits.make(options.connections)
    /** In a transaction, who may speak next; each has one of its own. */
    const turns = yield* FiberRef.make<Permits.Permits | undefined>(undefined)
    const begun = transactionOf(sql)
    const postgres: Postgres = {
      name,
      sql,
      run: (effect) =>
        Effect.flatMap(
          FiberRef.get(turns),
          (turn) => turn === undefined ? permit(outside(effect)) : turn(effect)
        ),
      transaction: (effect) =>
        Effect.flatMap(FiberRef.get(turns), (turn) => {
          const whole = begun(Effect.locally(effect, turns, Permits.make(1)))
          return turn === undefined ? permit(outside(whole)) : turn(whole)
        }).pipe(
          // The end of a transaction that fails reaches us as a defect.
          Effect.catchSomeDefect((defect) =>
            defect instanceof SqlError ? Option.some(Effect.fail(defect)) : Option.none()
          )
        )
    }

    const [server] = yield* postgres.run(
      sql<{ version: number; encoding: string }>`
        SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`
    ).pipe(Effect.mapError(toError))
    yield* refuse(name, server!)
    return postgres
  }
)

/** What a server can't be used for, whatever it holds. */
export const refuse = (
  name: string,
  { encoding, version }: { readonly version: number; readonly encoding: string }
): Effect.Effect<void, PostgresError> => {
  const reason = version < OLDEST ? "TooOld" : encoding !== "UTF8" ? "NotUtf8" : undefined
  const cause = { message: version < OLDEST ? `${Math.floor(version / 10_000)}` : encoding }
  return reason === undefined ? Effect.void : Effect.fail(new PostgresError({ reason, server: name, cause }))
}
