/**
 * A database of its own for each use, because the program always uses the same schema name.
 */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { Client } from "pg"
import { quoted } from "../src/resources/Postgres.ts"

/** Runs statements on a connection of its own; returns the rows of the last one. */
export const queryAt = (address: string | undefined, ...statements: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const client = new Client({ connectionString: address })
    await client.connect()
    try {
      let rows: ReadonlyArray<Record<string, unknown>> = []
      for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  })

/** Creates a database in the server at this address, and drops it when the scope closes. */
export const temporaryDatabase = (address: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.suspend(() => {
        const name = `claude-memory-test-${randomBytes(6).toString("hex")}`
        return Effect.as(queryAt(address, `CREATE DATABASE ${quoted(name)} TEMPLATE template0 ENCODING 'UTF8'`), name)
      }),
      (name) => queryAt(address, `DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`)
    ),
    (name) => {
      const url = new URL(address)
      url.pathname = `/${name}`
      return url
    }
  )
