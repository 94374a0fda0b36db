/**
 * A PostgreSQL store for each use, in a schema of its own that is dropped at the end.
 */
import { inject } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { Client } from "pg"
import { quoted } from "../src/resources/Postgres.ts"
import { PostgresPool, type PostgresPoolOptions } from "../src/store/postgres/PostgresPool.ts"
import * as PostgresStore from "../src/store/postgres/PostgresStore.ts"
import { base } from "./contract/layers.ts"

export const address = inject("postgres")

/** Runs statements on a connection of its own, beside the store; returns the rows of the last one. */
export const query = (...statements: ReadonlyArray<string>) =>
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

/** Unique schema name with characters that need quoting (space, quote, dot, é); the schema is dropped on release. */
export const schema = Effect.acquireRelease(
  Effect.sync(() => `Test "${randomBytes(6).toString("hex")}". é`),
  (name) => query(`DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`)
)

export const optionsFor = (schema: string, overrides: Partial<PostgresPoolOptions> = {}): PostgresPoolOptions => ({
  url: Redacted.make(address ?? ""),
  schema,
  readOnly: false,
  ...overrides
})

export const postgresPool = Layer.unwrapScoped(Effect.map(schema, (name) => PostgresPool.layer(optionsFor(name))))

export const postgresStore = PostgresStore.layer.pipe(Layer.provide(postgresPool), Layer.provide(base))
