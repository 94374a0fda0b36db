/**
 * Reads the memory of the predecessor, the Python service of 2025, from its PostgreSQL database: its memory units, in transactions that may
 * only read. Its conversations and messages are no memories, and stay.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Owner from "../../resources/Owner.ts"
import { open, PostgresError, quoted, reasonOf } from "../../resources/Postgres.ts"
import type { Row } from "../Fields.ts"
import { ForeignError, ForeignMemory, MAX_FIELD_LENGTH } from "../ForeignMemory.ts"
import { NEEDED, toRead, UNITS } from "../PredecessorRows.ts"

/** Rows read at a time. */
const PAGE = 50

const SCHEMA = "public"

/** Types of a key by which rows can be read page by page. */
const KEYS = new Set(["uuid", "int2", "int4", "int8", "text", "varchar", "bpchar"])

/** Its tables are looked for in the schema `public`. */
export interface PredecessorOptions {
  /** postgresql://USER:PASSWORD@HOST:PORT/DATABASE; SQLAlchemy's form, with a driver, too. */
  readonly url: Redacted.Redacted
}

const LIMITS = { connections: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000, lockTimeoutMs: 5_000 }

/** Removes the driver from an address as the predecessor's settings have it: postgresql+asyncpg://…. */
const withoutDriver = (url: Redacted.Redacted): Redacted.Redacted =>
  Redacted.make(Redacted.value(url).replace(/^(postgres(?:ql)?)\+\w+:/, "$1:"))

const make = Effect.fn("Predecessor.open")(function*({ url }: PredecessorOptions) {
  const postgres = yield* Effect.mapError(
    open({ ...LIMITS, url: withoutDriver(url), schema: SCHEMA, readOnly: true }),
    (cause) => fail("Server", "PostgreSQL", cause.message, cause)
  )
  const { name: place, sql } = postgres
  const toError = (cause: SqlError) => {
    const error = new PostgresError({ reason: reasonOf(cause), server: place, cause })
    return fail("Server", place, error.message, error)
  }
  const query = (statement: string, ...parameters: ReadonlyArray<string>) =>
    Effect.mapError(postgres.run(sql.unsafe<Row>(statement, parameters)), toError)

  const found = yield* query(
    `SELECT c.table_name AS name, c.column_name AS col, c.udt_name AS type FROM information_schema.columns AS c
      JOIN information_schema.tables AS t USING (table_schema, table_name)
      WHERE c.table_schema = '${SCHEMA}' AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`
  )
  const own = new Map(found.filter(({ name }) => name === UNITS).map(({ col, type }) => [col!, type!]))
  const missing = NEEDED.filter((column) => !own.has(column))
  if (missing.length > 0) {
    const tables = [...new Set(found.map(({ name }) => name!))]
    return yield* fail(
      "UnknownSchema",
      place,
      own.size > 0
        ? `its table ${UNITS} is without ${missing.join(", ")}`
        : `${
          tables.length === 0 ? "it has no tables" : `it has ${tables.slice(0, 10).join(", ")}`
        } in the schema ${SCHEMA}; ` +
          `${UNITS} is expected`,
      undefined
    )
  }
  const key = own.get("id")!
  if (!KEYS.has(key)) return yield* fail("UnknownSchema", place, `the type of ${UNITS}.id is ${key}`, undefined)

  const countOf = (table: string) =>
    Effect.map(query(`SELECT count(*)::text AS n FROM ${quoted(table)}`), ([row]) => Number(row?.["n"] ?? 0))
  const others = ["conversations", "messages"].filter((table) => found.some(({ name }) => name === table))
  const left = yield* Effect.forEach(others, (table) => Effect.map(countOf(table), (n) => [table, n] as const))
  const names = yield* query(`SELECT DISTINCT project_id::text AS name FROM ${UNITS} ORDER BY 1 LIMIT 10000`)

  const values = Array.from(own.keys(), (column) => [column, `(to_jsonb(m.${quoted(column)}) #>> '{}')`] as const)
  const select = `SELECT ${
    values.map(([column, value]) => `left(${value}, ${MAX_FIELD_LENGTH}) AS ${quoted(column)}`).join(", ")
  }, (${
    values.map(([, value]) => `greatest(0, coalesce(length(${value}), 0) - ${MAX_FIELD_LENGTH})`).join(" + ")
  })::text AS "cut", m.id::text AS "after" FROM ${UNITS} AS m`
  const pageAfter = (after: string | undefined) =>
    after === undefined
      ? query(`${select} ORDER BY m.id LIMIT ${PAGE}`)
      : query(`${select} WHERE m.id > $1::${key} ORDER BY m.id LIMIT ${PAGE}`, after)

  return ForeignMemory.of({
    source: "predecessor",
    place,
    total: yield* countOf(UNITS),
    projects: names.map(({ name }) => ({ name: (name ?? "").trim(), folders: [], files: [] })),
    left: Object.fromEntries(left.filter(([, n]) => n > 0)),
    records: Stream.paginateChunkEffect(
      undefined as string | undefined,
      (after) =>
        Effect.map(pageAfter(after), (rows) => [
          Chunk.fromIterable(rows.map(toRead)),
          Option.map(Option.fromNullable(rows.at(-1)?.["after"]), (last): string | undefined => last)
        ])
    )
  })
})

const fail = (reason: ForeignError["reason"], place: string, detail: string, cause: unknown) =>
  new ForeignError({ reason, source: "predecessor", place, detail, cause })

/** Connects, and checks that the tables are there; the layer's scope ends the connection. */
export const layer = (options: PredecessorOptions) => Owner.layer(ForeignMemory, make(options))
