/**
 * The insertion of rows of values into a table, in SQL that both databases accept.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Columns, Dialect, Row } from "./Dialect.ts"

/** Makes a function that inserts rows into a table, in their order. */
export const insertedInto =
  (sql: SqlClient, table: Dialect["table"]) => (into: string, columns: Columns, rows: ReadonlyArray<Row>) => {
    const names = sql.literal(Object.keys(columns).join(", "))
    return sql`INSERT INTO ${sql.literal(into)} (${names})
      SELECT ${names} FROM ${table("made", columns, rows)} WHERE true ORDER BY made.i`
  }
