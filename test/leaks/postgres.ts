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

/** Its address, where it is installed; it ends with the scope. `folder` is one that its own user can reach. */
export const cluster = (folder: string) =>
  Effect.suspend(() =>
    programs() === undefined ? Effect.succeedNone : Effect.map(
      Effect.acquireRelease(Effect.promise(() => temporary(folder)), ({ remove }) => Effect.sync(remove)),
      ({ url }) => Option.some(url)
    )
  )

/** What still holds a table when it is to be dropped is a leak, and told as one. */
const say = (url: string, statement: string) =>
  Effect.promise(async () => {
    const client = new Client({ connectionString: url, options: "-c lock_timeout=1000" })
    try {
      await client.connect()
      await client.query(statement)
    } catch {
      // The cluster goes as a whole.
    } finally {
      await client.end()
    }
  })

/** A name that nobody has; what is made under it is dropped with the scope. */
const schema = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => `gate_${randomBytes(6).toString("hex")}`),
    (name) => say(url, `DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`)
  )

const service = (url: string, schema: string, readOnly: boolean) => ({ home, qdrant }: Place) =>
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

/** The offline model, the memory in PostgreSQL with its vectors in Qdrant, and a reader on what a writer has made. */
export const inPostgres = (url: string) => (place: Place) =>
  Effect.gen(function*() {
    const name = yield* schema(url)
    const postponed = yield* Effect.provide(ingest(place.sessions), service(url, name, false)(place))
    const degraded = yield* Effect.provide(ask, service(url, name, true)(place))
    return { degraded: [...postponed, ...degraded] }
  }).pipe(Effect.scoped)
