/**
 * The PostgreSQL database of a store: a pool of a few connections, with the schema at this program's version.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Owner from "../../resources/Owner.ts"
import { open, type Postgres, PostgresError, reasonOf } from "../../resources/Postgres.ts"
import { StoreError } from "../MemoryStore.ts"
import { checkVersion } from "../sql/schemaVersion.ts"
import { currentVersion, migrate, STEPS } from "./migrations.ts"

/**
 * Times are in milliseconds: by default 5,000 to connect, 30,000 for a statement, 10,000 for a lock, and 65,000 without
 * a word on a connection, after which it is cut (five seconds more than a statement may take, if that is longer).
 */
export interface PostgresPoolOptions {
  /** postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=… */
  readonly url: Redacted.Redacted
  /** Schema of all tables; `claude_memory` by default. */
  readonly schema?: string
  /** A reader creates no tables and may not write. */
  readonly readOnly: boolean
  /** Most statements and transactions at a time; 4 by default. */
  readonly connections?: number
  readonly connectTimeoutMs?: number
  readonly statementTimeoutMs?: number
  readonly lockTimeoutMs?: number
  readonly silenceMs?: number
}

export const SCHEMA = "claude_memory"

const REASONS: Readonly<Record<PostgresError["reason"], StoreError["reason"]>> = {
  Address: "Other",
  Away: "Away",
  Denied: "Denied",
  NoDatabase: "Missing",
  NotUtf8: "Other",
  Secrecy: "Denied",
  TooOld: "Other",
  Locked: "Locked",
  File: "Other",
  Full: "Full",
  Damaged: "Damaged",
  Other: "Other"
}

export const toStoreError =
  (operation: string, server: string) => (cause: SqlError | PostgresError | StoreError): StoreError => {
    if (cause instanceof StoreError) return cause
    const error = cause instanceof PostgresError ? cause : new PostgresError({ reason: reasonOf(cause), server, cause })
    return new StoreError({ reason: REASONS[error.reason], operation, detail: error.message, cause })
  }

const check = (postgres: Postgres, schema: string) =>
  Effect.gen(function*() {
    const version = yield* currentVersion(postgres, schema)
    yield* checkVersion(version, STEPS.length)
    if (version === STEPS.length) return
    return yield* new StoreError({
      reason: "Missing",
      operation: "open",
      detail: version === 0
        ? "nothing is remembered yet; run `claude-memory import` first"
        : "the memory was written by an earlier claude-memory; run `claude-memory import` once",
      cause: undefined
    })
  })

const make = Effect.fn("PostgresPool.open")(
  function*(options: PostgresPoolOptions) {
    const { schema = SCHEMA } = options
    const postgres = yield* Effect.mapError(
      open({
        connections: 4,
        connectTimeoutMs: 5_000,
        statementTimeoutMs: 30_000,
        lockTimeoutMs: 10_000,
        ...options,
        schema
      }),
      toStoreError("open", "")
    )
    yield* (options.readOnly ? check(postgres, schema) : migrate(postgres, schema)).pipe(
      Effect.mapError(toStoreError("open", postgres.name))
    )
    return postgres
  }
)

/** Fails with a `StoreError` of the operation `open` when the server can't be used. */
export class PostgresPool extends Context.Tag("claude-memory/PostgresPool")<PostgresPool, Postgres>() {
  /** Connects, and creates or migrates the schema; a reader only checks its version. */
  static readonly layer = (options: PostgresPoolOptions) => Owner.layer(this, make(options))
}
