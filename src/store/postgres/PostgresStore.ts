/**
 * `MemoryStore` in PostgreSQL, which several processes and machines can share.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isConflict, isTaken } from "../../resources/Postgres.ts"
import { MemoryStore, type StoreError } from "../MemoryStore.ts"
import * as DatabaseStore from "../sql/DatabaseStore.ts"
import * as Reads from "../sql/Reads.ts"
import { checkStill } from "../sql/schemaVersion.ts"
import * as Statements from "../sql/Statements.ts"
import * as Writes from "../sql/Writes.ts"
import { STEPS } from "./migrations.ts"
import * as PostgresDialect from "./PostgresDialect.ts"
import { PostgresPool, toStoreError } from "./PostgresPool.ts"

/** Most attempts at a write that conflicts with another. */
const TRIES = 5

/** Two transcripts may contain the same message: after a collision, the second attempt finds the message stored, a duplicate. */
const isToBeTriedAgain = (error: SqlError | StoreError) =>
  error instanceof SqlError && (isConflict(error) || isTaken(error, "messages_uuid_key"))

const make = Effect.gen(function*() {
  const { isReadOnly, name, run, sql, transaction } = yield* PostgresPool
  const dialect = PostgresDialect.make(sql)
  /** Another machine may have changed the schema since this one has looked. */
  const checked = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    transaction(
      Effect.zipRight(
        Effect.flatMap(
          sql<{ version: number }>`SELECT version FROM schema_version`,
          ([row]) => checkStill(row?.version ?? 0, STEPS.length)
        ),
        effect
      )
    )
  /** The server says how lasting its commits are (`synchronous_commit`, "on" unless somebody changed it). */
  const write = <A, R>(effect: Effect.Effect<A, SqlError | StoreError, R>) =>
    Effect.retry(checked(effect), { while: isToBeTriedAgain, times: TRIES - 1 })
  return yield* DatabaseStore.emptyingBin(DatabaseStore.make({
    isReadOnly,
    reads: Reads.make(sql, dialect),
    writes: Writes.make(Statements.make(sql, dialect)),
    read: run,
    write,
    keep: write,
    erase: () => write,
    // The server's own vacuum decides when the space is used again.
    wipe: Effect.void,
    transaction: checked,
    toError: (operation) => toStoreError(operation, name)
  }))
})

/** A transaction that conflicts with another is tried up to five times. */
export const layer = Layer.effect(MemoryStore, make)
