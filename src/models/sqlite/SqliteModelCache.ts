/**
 * `ModelCache` in the SQLite file of models.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { durably, transaction } from "../../resources/Sqlite.ts"
import type { StoreError } from "../../store/MemoryStore.ts"
import { toStoreError } from "../../store/sqlite/SqliteFile.ts"
import { MAX_BYTES, ModelCache, READABLE } from "../ModelCache.ts"
import { ModelsFile } from "./ModelsFile.ts"

/** Number of rows deleted at a time while the cache is too large. */
const STEP = 64

const timesForgotten = (sql: SqlClient) =>
  Effect.map(sql<{ forgotten: number }>`SELECT forgotten FROM answers_size`, ([row]) => row!.forgotten)

const make = (maxBytes: number) =>
  Effect.gen(function*() {
    const file = yield* ModelsFile
    /** Turns an error into a warning and returns `otherwise`, so that callers go on as without a cache. */
    const use = <A>(
      operation: string,
      otherwise: A,
      run: (sql: SqlClient) => Effect.Effect<A, SqlError | StoreError>
    ) =>
      Effect.flatMap(file.sql, run).pipe(
        Effect.mapError(toStoreError(operation)),
        Effect.catchAll((error) =>
          Effect.as(Effect.logWarning(`what models answered is not kept: ${error.detail}`), otherwise)
        ),
        Effect.withSpan(`ModelCache.${operation}`)
      )

    return ModelCache.of({
      get: (keys) =>
        keys.length === 0 ? Effect.succeed([]) : use(
          "get",
          keys.map(() => Option.none()),
          (sql) =>
            Effect.map(
              sql<{ key: string; value: Uint8Array }>`SELECT key, value FROM answers
                WHERE key IN (SELECT value FROM json_each(${JSON.stringify(keys)}))`,
              (rows) => {
                const found = new Map(rows.map(({ key, value }) => [key, value]))
                return keys.map((key) => Option.fromNullable(found.get(key)))
              }
            )
        ),
      put: (entries, since) =>
        entries.length === 0 ? Effect.void : use("put", undefined, (sql) =>
          transaction(
            sql,
            Effect.gen(function*() {
              if (since !== undefined && (yield* timesForgotten(sql)) !== since) return
              for (const [key, value] of entries) {
                yield* sql`DELETE FROM answers WHERE key = ${key}`
                yield* sql`INSERT INTO answers (key, value) VALUES (${key}, ${value})`
              }
              const isOver = Effect.map(
                sql<{ bytes: number }>`SELECT bytes FROM answers_size`,
                ([size]) => size!.bytes > maxBytes
              )
              while (yield* isOver) {
                yield* sql`DELETE FROM answers WHERE row IN (SELECT row FROM answers ORDER BY row LIMIT ${STEP})`
              }
            })
          )),
      forget: Effect.flatMap(file.isThere, (isThere) =>
        isThere
          ? use(
            "forget",
            undefined,
            (sql) =>
              durably(
                transaction(
                  sql,
                  Effect.zipRight(
                    sql`DELETE FROM answers WHERE substr(key, 1, ${READABLE.length}) = ${READABLE}`,
                    Effect.asVoid(sql`UPDATE answers_size SET forgotten = forgotten + 1`)
                  )
                )
              )
          )
          : Effect.void),
      forgotten: use("forgotten", 0, timesForgotten)
    })
  })

/** Keeps up to `maxBytes` of answers in the `ModelsFile`, 256 MiB by default; the oldest go first. */
export const layer = (maxBytes = MAX_BYTES) => Layer.effect(ModelCache, make(maxBytes))
