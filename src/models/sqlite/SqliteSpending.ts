/**
 * `Spending` in the SQLite file of models. Each operation that writes is one transaction that takes the write lock
 * first, so that processes check and count against the same amounts.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { transaction } from "../../resources/Sqlite.ts"
import type { StoreError } from "../../store/MemoryStore.ts"
import { toStoreError } from "../../store/sqlite/SqliteFile.ts"
import {
  type Amount,
  type BreakdownRow,
  type Grouping,
  type Period,
  periodsOf,
  refusalOf,
  Spending,
  SpendingError,
  spentOf,
  tokensOf,
  type Warning,
  warningOf
} from "../Spending.ts"
import { ModelsFile } from "./ModelsFile.ts"

/** Retention of single calls, 400 days; the totals of days and months are kept for good. */
const RETENTION_MS = 400 * 86_400_000

const GROUP: Readonly<Record<Grouping, string>> = {
  day: "day",
  model: "provider || ':' || model",
  role: "role",
  project: "coalesce(project, '')"
}

interface PeriodRow extends Amount {
  readonly key: string
  readonly told: number
}

/** Greatest distance of a time from the epoch in milliseconds (ECMA-262, 21.4.1.1). */
const MAX_TIME = 8.64e15
const isTime = (at: number) => Math.abs(at) <= MAX_TIME

const noTime = (at: number) =>
  new SpendingError({
    operation: "spent",
    detail: `${at} is no time in milliseconds since the epoch`,
    cause: undefined
  })

const keysOf = (at: number) => JSON.stringify(periodsOf(at).map(({ key }) => key))

const readPeriods = (sql: SqlClient, at: number) =>
  Effect.map(
    sql<PeriodRow>`SELECT key, tokens, usd, told FROM periods WHERE key IN (SELECT value FROM json_each(${
      keysOf(at)
    }))`,
    (rows) => {
      const found = new Map(rows.map((row) => [row.key, row]))
      return (period: Period) => found.get(period.key) ?? { tokens: 0, usd: 0, told: 0 }
    }
  )

const add = (sql: SqlClient, at: number, { tokens, usd }: Amount) =>
  sql`INSERT INTO periods SELECT value, ${tokens}, ${usd}, 0 FROM json_each(${keysOf(at)}) WHERE true
    ON CONFLICT (key) DO UPDATE SET tokens = tokens + excluded.tokens, usd = usd + excluded.usd`

const make = Effect.gen(function*() {
  const file = yield* ModelsFile
  const use = <A>(
    operation: SpendingError["operation"],
    run: (sql: SqlClient) => Effect.Effect<A, SqlError | StoreError>
  ) =>
    Effect.flatMap(file.sql, run).pipe(
      Effect.mapError(toStoreError(operation)),
      Effect.mapError((cause) => new SpendingError({ operation, detail: cause.detail, cause })),
      Effect.withSpan(`Spending.${operation}`)
    )

  return Spending.of({
    begin: (call, caps) =>
      use("begin", (sql) =>
        transaction(
          sql,
          Effect.gen(function*() {
            const more = { tokens: tokensOf(call.maximum), usd: call.usd }
            const used = yield* readPeriods(sql, call.at)
            const refusal = refusalOf(caps, used, more, call.at)
            if (refusal !== undefined) return { _tag: "Refused" as const, refusal }
            const [day, month] = periodsOf(call.at)
            if (used(month!).tokens === 0) yield* sql`DELETE FROM calls WHERE at < ${call.at - RETENTION_MS}`
            yield* add(sql, call.at, more)
            const [row] = yield* sql<{ id: number }>`INSERT INTO calls ${
              sql.insert({
                at: call.at,
                day: day!.key,
                provider: call.provider,
                model: call.model,
                role: call.role,
                project: call.project,
                input: call.maximum.input,
                cached: call.maximum.cached,
                output: call.maximum.output,
                usd: call.usd,
                basis: call.basis
              })
            } RETURNING id`
            return { _tag: "Begun" as const, id: row!.id }
          })
        )),
    end: (id, end, caps) =>
      use("end", (sql) =>
        transaction(
          sql,
          Effect.gen(function*() {
            const [before] = yield* sql<Amount & { readonly at: number }>`
              SELECT at, input + output AS tokens, usd FROM calls WHERE id = ${id}`
            if (before === undefined) return []
            yield* sql`UPDATE calls SET ${
              sql.update({
                model: end.model,
                input: end.tokens.input,
                cached: end.tokens.cached,
                output: end.tokens.output,
                usd: end.usd,
                basis: end.basis,
                duration_ms: Math.round(end.durationMs),
                outcome: end.outcome
              })
            } WHERE id = ${id}`
            yield* add(sql, before.at, {
              tokens: tokensOf(end.tokens) - before.tokens,
              usd: end.usd - before.usd
            })
            const used = yield* readPeriods(sql, before.at)
            const warnings: Array<Warning> = []
            for (const period of periodsOf(before.at)) {
              const warning = warningOf(caps, period, used(period), used(period).told)
              if (warning === undefined) continue
              yield* sql`UPDATE periods SET told = ${warning.percent} WHERE key = ${period.key}`
              warnings.push(warning)
            }
            return warnings
          })
        )),
    spent: (at) =>
      !isTime(at) ?
        Effect.fail(noTime(at)) :
        use("spent", (sql) =>
          Effect.map(readPeriods(sql, at), (used) =>
            spentOf((period) => {
              const { tokens, usd } = used(period)
              return { tokens, usd }
            }, at))),
    breakdown: (by, since) =>
      use("breakdown", (sql) =>
        sql.unsafe<BreakdownRow>(
          `SELECT ${GROUP[by]} AS key, count(*) AS calls, sum(outcome IS NOT 'answered') AS failed, sum(input) AS input,
            sum(cached) AS cached, sum(output) AS output, sum(usd) AS usd,
            sum(CASE WHEN basis = 'assumed' THEN usd ELSE 0 END) AS assumedUsd
          FROM calls WHERE at >= ? GROUP BY 1 ORDER BY ${by === "day" ? "1 DESC" : "usd DESC, 1"}`,
          [since]
        ))
  })
})

/** Keeps single calls in the `ModelsFile` for 400 days, and the sums of days and months for good. */
export const layer = Layer.effect(Spending, make)
