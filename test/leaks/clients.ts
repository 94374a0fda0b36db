/**
 * Clients of MCP over HTTP come and go in every way while the server lives on: each session ends with all that it had, and what
 * clients left that said nothing ends with the server.
 */
// @effect-diagnostics globalFetch:off
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as App from "../../src/App.ts"
import { Address } from "../../src/http/Address.ts"
import * as Server from "../../src/http/Server.ts"
import { HttpSessions } from "../../src/mcp/HttpSessions.ts"
import { NO_CAPS } from "../../src/models/Spending.ts"
import * as Owner from "../../src/resources/Owner.ts"
import * as Platform from "../../src/resources/Platform.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { checkedForLeaks, type GateContext, numbered } from "./GateContext.ts"
import * as HandleCounts from "./HandleCounts.ts"
import { ingest, newPlace, type Place, writer } from "./Scenario.ts"
import * as Yardstick from "./Yardstick.ts"

/** Rounds, in each of which a client leaves in each way. */
const ROUNDS = { quick: 6, full: 60 }
/** Longer than a round takes. */
const ENDS_WITHIN_MS = 20_000

const FOLDER = "/home/mei/work/shop-api"

/** The server over a memory with the offline model; sessions can be counted. */
const serverOf = (place: Place) =>
  Server.layer({
    home: place.home,
    place: place.home,
    transcripts: join(place.home, "projects"),
    checkConnection: () => Effect.succeed({ name: "Claude Code", state: "note", detail: "is not looked for" }),
    isBackedUp: true,
    caps: NO_CAPS,
    telling: { mode: "balanced", maxTokens: 500 },
    pages: join(place.home, "no pages"),
    listen: { host: "127.0.0.1", port: 0 },
    isPortFree: false,
    tls: undefined,
    isInsecure: false,
    allowedHosts: [],
    mcp: { isolation: "shared", home: Option.none() }
  }).pipe(
    Layer.provideMerge(writer(place)),
    Layer.provide(App.spendingIn(place.home)),
    Layer.provide(Platform.layer)
  )

type Ask = (url: URL, token: string) => Promise<void>

const connected = async (url: URL, token: string) => {
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1
    }
  })
  const client = new Client({ name: "gate", version: "0" }, { capabilities: { roots: {} } })
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: pathToFileURL(FOLDER).href }] }))
  await client.connect(transport as Parameters<Client["connect"]>[0])
  await client.listTools()
  return { client, transport }
}
const search = (client: Client, signal?: AbortSignal) =>
  client.callTool({ name: "claude_memory_search", arguments: { query: "list of writes" } }, undefined, {
    ...(signal && { signal })
  })

/** Ways for a client to ask and to leave. */
const WAYS: Readonly<Record<string, Ask>> = {
  "ends its session": async (url, token) => {
    const { client, transport } = await connected(url, token)
    await search(client)
    await transport.terminateSession()
    await client.close()
  },
  "cancels a call": async (url, token) => {
    const { client, transport } = await connected(url, token)
    const cancelling = new AbortController()
    const called = search(client, cancelling.signal).catch(() => {})
    cancelling.abort()
    await called
    await transport.terminateSession()
    await client.close()
  },
  "ends its session while calls run": async (url, token) => {
    const { client, transport } = await connected(url, token)
    const called = Promise.all(Array.from({ length: 5 }, () => search(client).catch(() => {})))
    await transport.terminateSession()
    await client.close()
    await called
  },
  "breaks off its connections": async (url, token) => {
    const { client, transport } = await connected(url, token)
    const id = transport.sessionId!
    const called = Promise.all(Array.from({ length: 5 }, () => search(client).catch(() => {})))
    await client.close()
    await called
    await fetch(url, { method: "DELETE", headers: { authorization: `Bearer ${token}`, "mcp-session-id": id } })
  },
  "begins nothing": async (url, token) => {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream"
      },
      body: "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}"
    })
    await response.text()
  }
}

/** Connections that stay open a while for the next request; their number is bounded. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set(["sockets", "fds"])

const rounds = (context: GateContext, place: Place) =>
  Effect.gen(function*() {
    const { url } = yield* Address
    const { count } = yield* HttpSessions
    const ledger = yield* ResourceLedger
    const address = new URL("/mcp", url)
    const token = yield* Effect.sync(() => readFileSync(join(place.home, "token"), "utf8").trim())
    yield* ingest(context.sessions)
    const all = context.isQuick ? ROUNDS.quick : ROUNDS.full
    const now = Effect.all([HandleCounts.read(context.folder, []), HandleCounts.liveFibers, ledger.snapshot]).pipe(
      Effect.map(([counts, fibers, { length }]): HandleCounts.HandleCounts => ({
        ...Object.fromEntries(Object.entries(counts).filter(([kind]) => !OF_CONNECTIONS.has(kind))),
        fibers,
        ledger: length,
        sessions: count()
      }))
    )
    const wrong: Array<string> = []
    let before: HandleCounts.HandleCounts = {}
    for (let round = 0; round < all; round++) {
      yield* context.progress(`clients, round ${numbered(round, all)}`)
      for (const [name, ask] of Object.entries(WAYS)) {
        const end = yield* Yardstick.within(Effect.promise(() => ask(address, token)), ENDS_WITHIN_MS)
        if (Option.isNone(end)) return [...wrong, `a client that ${name} waits for ever`]
      }
      // The first round opens what is opened once.
      if (round === 0) {
        yield* Effect.sleep("1 second")
        before = yield* now
      }
    }
    for (const each of yield* HandleCounts.increases(before, now)) wrong.push(`after ${all} rounds, ${each}`)
    // These say nothing when they leave.
    yield* Effect.promise(() => Promise.all(Array.from({ length: 5 }, () => connected(address, token))))
    if (count() !== 5) wrong.push(`${count()} sessions, where 5 clients are connected`)
    return wrong
  })

export const clients = (context: GateContext) =>
  Effect.gen(function*() {
    const { wrong } = yield* checkedForLeaks(
      context,
      Effect.gen(function*() {
        const place = yield* newPlace(context)
        return yield* Owner.run(Layer.provideMerge(serverOf(place), ResourceLedger.layer))(rounds(context, place)).pipe(
          Effect.match({ onFailure: (error) => ({ wrong: [String(error)] }), onSuccess: (wrong) => ({ wrong }) })
        )
      })
    )
    for (const each of wrong) yield* context.failed(`clients: ${each}`)
    const all = context.isQuick ? ROUNDS.quick : ROUNDS.full
    return { clients: all * Object.keys(WAYS).length + 5 }
  })
