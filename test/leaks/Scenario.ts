/**
 * Work that the gate does with the real layers, each time in a memory of its own.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { cpSync, mkdirSync } from "node:fs"
import { basename, join } from "node:path"
import * as App from "../../src/App.ts"
import * as QdrantAddress from "../../src/index/QdrantAddress.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { type Endpoint, PRESETS, type Role } from "../../src/models/Presets.ts"
import type * as Providers from "../../src/models/providers/Providers.ts"
import * as Unmetered from "../../src/models/providers/Unmetered.ts"
import { NO_CAPS } from "../../src/models/Spending.ts"
import { forEach } from "../../src/resources/Concurrent.ts"
import * as Platform from "../../src/resources/Platform.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Settings from "../../src/settings/Settings.ts"
import type { StoreStatus } from "../../src/store/MemoryStore.ts"
import type { StandIn } from "../index/qdrant/StandIn.ts"
import type { ModelServer } from "../models/server.ts"

const SESSIONS = [
  "-home-mei-work-shop-api/agent-5f21c8ae.jsonl",
  "-home-mei-work-shop-api/43a24c26-cf56-4141-8bb4-24d85373a64c.jsonl"
]

/** Copies two small sessions into the folder. */
export const copySessions = (folder: string): void => {
  const samples = Settings.packageFile("test", "fixtures", "projects")
  mkdirSync(folder, { recursive: true })
  for (const each of SESSIONS) cpSync(join(samples, each), join(folder, basename(each)))
}

/** Folder of a memory, removed when the scope closes. */
export const home = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "claude-memory-leaks-" })
)

/** A server for each role, so that a request that goes to the wrong one shows. */
export type Servers = Readonly<Record<Role, ModelServer>>

export const keyOf = (role: Role) => `the key for ${role}`

/** A provider for each role, each of another dialect. */
const PROVIDERS: Readonly<Record<Role, string>> = {
  embedding: "openai",
  light: "gemini",
  heavy: "anthropic",
  rerank: "voyage"
}

export const endpoint = (servers: Servers, role: Role): Endpoint => ({
  provider: PROVIDERS[role],
  baseUrl: new URL(new URL(PRESETS[PROVIDERS[role]]!.baseUrl).pathname, servers[role].origin).href,
  apiKey: Option.some(Redacted.make(keyOf(role))),
  model: "letters"
})

const roles = (servers: Servers): Providers.Options["roles"] => ({
  light: [endpoint(servers, "light")],
  heavy: [endpoint(servers, "heavy")],
  embedding: [endpoint(servers, "embedding")],
  rerank: [endpoint(servers, "rerank")]
})

export const patience: Providers.Options["patience"] = { timeout: "10 seconds", retries: 0, maxDelay: 0 }

export interface Place {
  readonly home: string
  readonly sessions: string
  readonly servers: Servers
  /** Server that holds the vectors. */
  readonly qdrant: StandIn
}

/** A new memory, whose folder is removed when the scope closes. */
export const newPlace = ({ qdrant, servers, sessions }: Omit<Place, "home">) =>
  Effect.map(home, (home): Place => ({ home, sessions, servers, qdrant }))

/** Provides the layer with a ledger of its own. */
export const alone = <A, E>(layer: Layer.Layer<A, E, ResourceLedger>) => Layer.provide(layer, ResourceLedger.layer)

export const vectorsIn = ({ origin }: StandIn): NonNullable<App.Options["qdrant"]> => ({
  address: Either.getOrThrow(QdrantAddress.parse(origin)),
  apiKey: Option.none(),
  prefix: "gate",
  shards: 1,
  replicas: 1,
  within: "10 seconds",
  retries: 0,
  maxDelay: 0,
  handshake: "tolerant"
})

/** The whole service with models and vectors over the network; the ledger comes from outside. */
export const service = ({ home, qdrant, servers }: Place) =>
  Layer.provide(
    Layer.merge(
      App.layer({
        home,
        readOnly: false,
        busyTimeoutMs: 2_000,
        models: { roles: roles(servers), patience, caps: NO_CAPS },
        review: "hybrid",
        fusion: 2_000,
        qdrant: vectorsIn(qdrant)
      }),
      // Another manager of the same servers, as another program has one: with a ledger of its own.
      Layer.provide(Unmetered.providers({ roles: roles(servers), patience }), Layer.fresh(ResourceLedger.layer))
    ),
    Platform.layer
  )

/** Imports the sessions; returns the messages of postponed steps. */
export const ingest = (sessions: string) =>
  Effect.gen(function*() {
    const { discover, ingest } = yield* ClaudeMemory
    const files = yield* discover([sessions])
    return yield* Stream.runFold(
      ingest(files),
      [] as ReadonlyArray<string>,
      (postponed, step) => step._tag === "Postponed" ? [...postponed, step.error.message] : postponed
    )
  })

const QUESTION = {
  text: "why does the list of writes matter?",
  projects: "all",
  limit: 3,
  minScore: 0,
  mode: "hybrid"
} as const

export const ask = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const { degraded } = yield* memory.search(QUESTION)
  yield* memory.inject({ prompt: QUESTION.text, projects: "all", mode: "balanced", maxTokens: 500, maxChars: 5_000 })
  return degraded
})

export const completion = (tier: "light" | "heavy") =>
  Effect.flatMap(ModelManager, ({ complete }) => complete({ tier, prompt: "say" }))

/** Calls both models at once. */
export const complete = forEach(["light", "heavy"] as const, 2, completion)

export const rerank = Effect.flatMap(ModelManager, ({ rerank }) => rerank("which?", ["one", "another"]))

export const embed = Effect.flatMap(ModelManager, ({ embed }) => embed(["a text", "another"]))

/** Imports, searches and completes once; returns what was degraded, and the status at the end. */
export const everything = (place: Place) =>
  Effect.gen(function*() {
    const postponed = yield* ingest(place.sessions)
    const degraded = yield* ask
    yield* complete
    const { status } = yield* ClaudeMemory
    return { degraded: [...postponed, ...degraded], status: yield* status }
  }).pipe(Effect.provide(service(place)))

/** The service with the offline model. */
const local = (readOnly: boolean) => ({ home }: Place) =>
  Layer.provide(App.layer({ home, readOnly, busyTimeoutMs: 2_000 }), Platform.layer)
export const reader = local(true)
export const writer = local(false)

/** A writer makes the memory, then a reader reads it: with the offline model and vectors beside the memory. */
export const offline = (place: Place) =>
  Effect.gen(function*() {
    const postponed = yield* Effect.provide(ingest(place.sessions), writer(place))
    const degraded = yield* Effect.provide(ask, reader(place))
    return { degraded: [...postponed, ...degraded] }
  })

/** The part of the status that memories of the same sessions share. */
export const facts = ({ lines, messages, pending, sessions, units }: StoreStatus) =>
  JSON.stringify({ lines, messages, pending, sessions, units })
