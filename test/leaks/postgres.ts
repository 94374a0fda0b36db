/**
 * A PostgreSQL of the gate's own, and a memory in it.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { Client } from "pg"
import * as App from "../../src/App.ts"
import { quoted } from "../../src/resources/Postgres.ts"
import { programs, temporary } from "../postgresServer.mjs"
import { ask, ingest, type Place, vectorsIn } from "./Scenario.ts"

export interface Cluster {
  readonly url: string
  readonly folder: string
}

/** A new server, if PostgreSQL is installed; it ends with the scope. Its user must be able to reach `folder`. */
export const cluster = (folder: string) =>
  Effect.suspend(() =>
    programs() === undefined ? Effect.succeedNone : Effect.map(
      Effect.acquireRelease(Effect.promise(() => temporary(folder)), ({ remove }) => Effect.sync(remove)),
      (server): Option.Option<Cluster> => Option.some(server)
    )
  )

/**
 * Waits at most 1 second for locks: a connection that holds a table to drop is a leak, which the gate reports itself.
 */
const run = (url: string, statement: string) =>
  Effect.promise(async () => {
    const client = new Client({ connectionString: url, options: "-c lock_timeout=1000" })
    try {
      await client.connect()
      await client.query(statement)
    } catch {
      // The server is removed as a whole.
    } finally {
      await client.end()
    }
  })

/** A unique schema name; the schema is dropped when the scope closes. */
export const schema = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => `gate_${randomBytes(6).toString("hex")}`),
    (name) => run(url, `DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`)
  )

export const service = (url: string, schema: string, readOnly: boolean) => ({ home, qdrant }: Place) =>
  Layer.provide(
    App.layer({
      home,
      readOnly,
      busyTimeoutMs: 2_000,
      postgres: { url: Redacted.make(url), schema, connections: 2 },
      qdrant: vectorsIn(qdrant)
    }),
    NodeContext.layer
  )

/** A writer makes the memory in PostgreSQL, vectors in Qdrant, with the offline model; then a reader reads it. */
export const inPostgres = (url: string) => (place: Place) =>
  Effect.gen(function*() {
    const name = yield* schema(url)
    const postponed = yield* Effect.provide(ingest(place.sessions), service(url, name, false)(place))
    const degraded = yield* Effect.provide(ask, service(url, name, true)(place))
    return { degraded: [...postponed, ...degraded] }
  }).pipe(Effect.scoped)
