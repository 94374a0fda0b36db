/**
 * Reads messages whose bodies are a column of their table, as PostgreSQL holds them, and SQLite before schema 11.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import type { Body, Dialect, ReadMessage } from "./Dialect.ts"
import { messageOf } from "./Rows.ts"

export const unpackedMessages = (sql: SqlClient): Dialect["messagesIn"] => (chosen) =>
  Effect.map(
    sql<Body & Omit<ReadMessage, "message">>`SELECT chosen.seq, chosen.key, body
      FROM (${chosen}) AS chosen JOIN messages ON messages.seq = chosen.seq ORDER BY rank, chosen.seq`,
    (rows) => rows.map(({ body, key, seq }) => ({ seq, key, message: messageOf({ body }) }))
  )
