/**
 * A memory in PostgreSQL as the drill looks at it, on a connection of its own.
 */
import * as Effect from "effect/Effect"
import { Pool, types } from "pg"
import { SCHEMA } from "../../../src/store/postgres/PostgresPool.ts"
import { BenchError } from "../../script.ts"
import { holds, type Memory } from "./memory.ts"
import { portsOf } from "./processes.ts"

/** Longest time for which a killed process's transactions may go on. */
const ENDS_WITHIN = "15 seconds"

/** Counts and times are below 2⁵³, so that JavaScript holds them exactly. */
const NUMBERS: ReadonlyArray<number> = [types.builtins.INT8, types.builtins.NUMERIC]

/** A pool of one connection, so that queries wait for one another. */
const connected = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      new Pool({
        connectionString: url,
        max: 1,
        idleTimeoutMillis: 0,
        options: `-c search_path=${SCHEMA}`,
        types: {
          getTypeParser: ((id: number, format?: "text") =>
            NUMBERS.includes(id) ? Number : types.getTypeParser(id, format)) as typeof types.getTypeParser
        }
      }).on("error", () => {})
    ),
    // It has ended before its connection has, which the end of the database then cuts.
    (pool) => Effect.promise(() => pool.end())
  )

export const postgresColumns: Memory["columns"] = {
  lines: ["name", "n"],
  lexemes: ["row", "array_to_string(lexemes, ' ')"],
  unitBody: "body",
  inBody: (field, body) => `${body}::json->>'${field}'`
}

const OTHERS =
  "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND client_port IS NOT NULL"

/** The memory in the database at this URL, which no other memory uses. */
export const postgresMemory = (url: string) =>
  Effect.map(connected(url), (pool): Memory => {
    const rows: Memory["rows"] = <A extends object>(query: string) =>
      Effect.tryPromise({
        try: async () => (await pool.query<A>(query)).rows,
        catch: (cause) => new BenchError({ reason: "Program", detail: `${query}: ${String(cause)}` })
      })
    const connections = Effect.orDie(
      rows<{ state: string; query: string }>(`SELECT state, left(query, 80) AS query FROM ${OTHERS}`)
    )
    return {
      env: { CLAUDE_MEMORY_POSTGRES_URL: url },
      rows,
      // A transaction has a number once it has written, or locked a row.
      isWriting: (pid) =>
        Effect.map(
          Effect.orDie(rows<{ port: number }>(`SELECT client_port AS port FROM ${OTHERS} AND backend_xid IS NOT NULL`)),
          (writers) => {
            const ports = writers.length === 0 ? [] : portsOf(pid)
            return writers.some(({ port }) => ports.includes(port))
          }
        ),
      pace: 0.2,
      left: Effect.repeat(connections, { until: (each) => each.length === 0 }).pipe(
        Effect.timeoutTo({
          duration: ENDS_WITHIN,
          onSuccess: () => Effect.succeed<ReadonlyArray<string>>([]),
          onTimeout: () =>
            Effect.map(connections, (each) =>
              each.map(({ query, state }) => `a connection that nobody uses is ${state}: ${query}`))
        }),
        Effect.flatten
      ),
      tablesWith: (word) =>
        Effect.gen(function*() {
          const tables = yield* rows<{ name: string }>(
            `SELECT tablename AS name FROM pg_tables WHERE schemaname = '${SCHEMA}' ORDER BY 1`
          )
          return yield* Effect.filter(
            tables.map(({ name }) =>
              name
            ),
            (name) =>
              Effect.map(
                rows(`SELECT 1 FROM ${name} WHERE ${holds(`${name}::text`, word)} LIMIT 1`),
                ({ length }) => length > 0
              )
          )
        }),
      columns: postgresColumns,
      orphans: {},
      twice: {},
      sums: {
        "totals of projects are not kept":
          `SELECT count(*) AS n FROM totals FULL JOIN (SELECT project_id, count(*) AS n, sum(lexeme_count) AS words
            FROM units GROUP BY project_id) AS held USING (project_id)
            WHERE coalesce(units, 0) <> coalesce(n, 0) OR coalesce(lexemes, 0) <> coalesce(words, 0)`,
        "words of units are not counted": `SELECT count(*) AS n FROM units JOIN lexemes USING (row)
            WHERE lexeme_count <> cardinality(lexemes) OR lexeme_count <> lengths[cardinality(lengths)]`
      },
      damage: Effect.succeed([])
    }
  })
