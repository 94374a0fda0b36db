/**
 * The servers that the service calls, and how they go wrong while it does.
 */
import * as Effect from "effect/Effect"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Client } from "pg"
import { quoted } from "../../src/resources/Postgres.ts"
import { error, type StandIn } from "../index/qdrant/StandIn.ts"
import type { Behaviour } from "../models/server.ts"
import { resume, stop } from "../postgresServer.mjs"
import type { Cluster } from "./postgres.ts"
import type { Servers } from "./Scenario.ts"

/** A way in which a server goes wrong. */
export interface Trouble {
  readonly name: string
  /** Begins before the call. */
  readonly before: Effect.Effect<void>
  /** Comes when the server has got the call's request. */
  readonly within?: Effect.Effect<void>
}

export interface Backend {
  readonly name: string
  /** Takes requests from now on, and never answers. */
  readonly hang: Effect.Effect<void>
  /** Answers again. */
  readonly mend: Effect.Effect<void>
  /** Number of requests that the server is at. */
  readonly running: Effect.Effect<number>
  readonly troubles: ReadonlyArray<Trouble>
  /** What its pool keeps and opens again while it lives; it must be gone when the pool is. */
  readonly kept: ReadonlyArray<string>
}

const SOCKETS = ["fds", "sockets", "serverSockets"]

const refuse = (http: Server) =>
  Effect.async<void>((done) => {
    http.close(() => done(Effect.void))
    http.closeAllConnections()
  })

/** Listens again at the port that clients know. */
const listen = (http: Server, origin: string) =>
  Effect.async<void>((done) => {
    if ((http.address() as AddressInfo | null) !== null) return done(Effect.void)
    http.listen(Number(new URL(origin).port), "127.0.0.1", () => done(Effect.void))
  })

interface Web {
  readonly origin: string
  readonly http: Server
  readonly seen: { readonly running: number }
}

const overHttp = (
  name: string,
  servers: ReadonlyArray<Web>,
  set: (way: "answers" | "hangs" | "fails" | "resets" | "resets in its answer") => void
): Backend => {
  const ways = (way: Parameters<typeof set>[0]) => Effect.sync(() => set(way))
  const each = (run: (server: Web) => Effect.Effect<void>) => Effect.forEach(servers, run, { discard: true })
  return {
    name,
    kept: SOCKETS,
    hang: ways("hangs"),
    mend: Effect.zipRight(ways("answers"), each(({ http, origin }) => listen(http, origin))),
    running: Effect.sync(() => servers.reduce((sum, { seen }) => sum + seen.running, 0)),
    troubles: [
      { name: "refuses", before: each(({ http }) => refuse(http)) },
      { name: "is unavailable", before: ways("fails") },
      { name: "resets", before: ways("resets") },
      { name: "breaks off its answer", before: ways("resets in its answer") },
      { name: "dies while it is asked", before: ways("hangs"), within: each(({ http }) => refuse(http)) }
    ]
  }
}

const UNAVAILABLE: Behaviour = { status: 503, body: "the gate's" }

export const models = (servers: Servers): Backend => {
  const all = Object.values(servers)
  return overHttp("models", all, (way) => {
    for (const server of all) server.behaviour = way === "fails" ? UNAVAILABLE : way
  })
}

export const qdrant = (standIn: StandIn): Backend =>
  overHttp("Qdrant", [standIn], (way) => {
    const fault = way === "answers" ? undefined : way === "fails" ? error(503, "the gate's") : way
    standIn.fault = () => fault
  })

/** The name by which the server knows the connections of src/resources/Postgres.ts. */
const OURS = "application_name = 'claude-memory'"

/** PostgreSQL hangs in the locks of another client, of whatever table. */
export const postgres = ({ folder, url }: Cluster, schema: string) =>
  Effect.gen(function*() {
    let holder: Client | undefined
    const connect = async () => {
      const client = new Client({ connectionString: url })
      // The server may die under it.
      client.on("error", () => {})
      await client.connect()
      return client
    }
    const asked = <A extends object>(statement: string) =>
      Effect.promise(async (): Promise<ReadonlyArray<A>> => {
        const client = await connect()
        try {
          return (await client.query<A>(statement)).rows
        } finally {
          await client.end()
        }
      })
    const hang = Effect.promise(async () => {
      holder = await connect()
      const { rows } = await holder.query<{ name: string }>(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1",
        [schema]
      )
      const tables = rows.map(({ name }) => `${quoted(schema)}.${quoted(name)}`).join(", ")
      await holder.query(`BEGIN; LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE`)
    })
    const letGo = Effect.promise(async () => {
      await holder?.end().catch(() => {})
      holder = undefined
    })
    let isStopped = false
    const dies = Effect.sync(() => {
      isStopped = true
      stop(folder)
    })
    const mend = Effect.zipRight(
      letGo,
      Effect.sync(() => {
        if (isStopped) resume(folder)
        isStopped = false
      })
    )
    yield* Effect.addFinalizer(() => mend)
    const backend: Backend = {
      name: "PostgreSQL",
      // An idle connection is closed by a timer.
      kept: [...SOCKETS, "timers"],
      hang,
      mend,
      running: Effect.map(
        asked<{ n: string }>(
          `SELECT count(*) AS n FROM pg_stat_activity WHERE ${OURS} AND state <> 'idle'`
        ),
        ([row]) => Number(row?.n ?? 0)
      ),
      troubles: [
        { name: "refuses", before: dies },
        {
          name: "ends the connections while it is asked",
          before: hang,
          within: Effect.asVoid(asked(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OURS}`))
        },
        { name: "dies while it is asked", before: hang, within: dies }
      ]
    }
    return backend
  })
