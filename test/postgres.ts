/**
 * A PostgreSQL store for each use, in a schema that no other use has at the time.
 */
import { inject } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { quoted } from "../src/resources/Postgres.ts"
import { PostgresPool, type PostgresPoolOptions } from "../src/store/postgres/PostgresPool.ts"
import * as PostgresStore from "../src/store/postgres/PostgresStore.ts"
import { base } from "./contract/layers.ts"
import { queryAt } from "./postgresDatabase.ts"

export const address = inject("postgres")

/** Runs statements on a connection of its own, beside the store; returns the rows of the last one. */
export const query = (...statements: ReadonlyArray<string>) => queryAt(address, ...statements)

/** Returns a unique name of a schema, with characters that need quoting (quote, space, dot, é). */
const newName = () => `${inject("schemas")} "${randomBytes(6).toString("hex")}". é`

/** A schema of its own for each use, dropped on release. */
export const schema = Effect.acquireRelease(
  Effect.sync(newName),
  (name) => query(`DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`)
)

export const optionsFor = (schema: string, overrides: Partial<PostgresPoolOptions> = {}): PostgresPoolOptions => ({
  url: Redacted.make(address ?? ""),
  schema,
  readOnly: false,
  ...overrides
})

/** Schemas of earlier uses, whose tables are empty: emptying them takes a tenth of the time of creating them. */
const emptied: Array<string> = []

const empty = (name: string) =>
  query(
    `DO $$ DECLARE each text; BEGIN
      FOR each IN SELECT tablename FROM pg_tables
        WHERE schemaname = '${name}' AND tablename NOT IN ('schema_version', 'properties')
      LOOP EXECUTE format('DELETE FROM %I.%I', '${name}', each); END LOOP;
    END $$`,
    `DELETE FROM ${quoted(name)}.properties WHERE name <> 'identity'`
  )

/** A schema without rows, in which the store has created its tables or will. The end of the run drops it. */
const reused = Effect.acquireRelease(
  Effect.sync(() => emptied.pop() ?? newName()),
  (name) => Effect.map(empty(name), () => emptied.push(name))
)

export const postgresPool = Layer.unwrapScoped(Effect.map(reused, (name) => PostgresPool.layer(optionsFor(name))))

export const postgresStore = PostgresStore.layer.pipe(Layer.provide(postgresPool), Layer.provide(base))
