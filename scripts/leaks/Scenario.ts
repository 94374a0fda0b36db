/**
 * What the gate does with the real layers, each time in a memory of its own.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { cpSync, mkdirSync } from "node:fs"
import { basename, join } from "node:path"
import * as App from "../../src/App.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import * as OpenAi from "../../src/models/OpenAi.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Settings from "../../src/Settings.ts"
import type { StoreStatus } from "../../src/store/MemoryStore.ts"
import type { ModelServer } from "../../test/models/server.ts"

const SESSIONS = [
  "-home-mei-work-shop-api/agent-5f21c8ae.jsonl",
  "-home-mei-work-shop-api/43a24c26-cf56-4141-8bb4-24d85373a64c.jsonl"
]

/** Two small sessions. */
export const copySessions = (folder: string): void => {
  const samples = Settings.packageFile("test", "fixtures", "projects")
  mkdirSync(folder, { recursive: true })
  for (const each of SESSIONS) cpSync(join(samples, each), join(folder, basename(each)))
}

/** A memory's folder that is removed when the scope closes. */
export const home = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "claude-memory-leaks-" })
)

export const endpoint = ({ baseUrl }: ModelServer): OpenAi.Endpoint => ({
  baseUrl,
  apiKey: Option.none(),
  model: "letters",
  within: "10 seconds"
})

export interface Place {
  readonly home: string
  readonly sessions: string
  readonly server: ModelServer
}

/** The whole service with models behind the network; the ledger comes from outside. */
export const service = ({ home, server }: Place) =>
  Layer.provide(
    Layer.merge(
      App.layer({ home, readOnly: false, busyTimeoutMs: 2_000, embedding: endpoint(server) }),
      OpenAi.layer({ embedding: endpoint(server), completion: endpoint(server) })
    ),
    NodeContext.layer
  )

export const ingest = (sessions: string) =>
  Effect.flatMap(
    ClaudeMemory,
    ({ discover, ingest }) => Effect.flatMap(discover([sessions]), (files) => Stream.runDrain(ingest(files)))
  )

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

export const complete = Effect.flatMap(ModelManager, ({ complete }) => complete({ prompt: "say" }))

/** Everything once: what was degraded, and what is remembered at the end. */
export const everything = (place: Place) =>
  Effect.gen(function*() {
    yield* ingest(place.sessions)
    const degraded = yield* ask
    yield* complete
    const { status } = yield* ClaudeMemory
    return { degraded, status: yield* status }
  }).pipe(Effect.provide(service(place)))

/** The offline model and a reader on the memory that a writer has made. */
export const offline = ({ home, sessions }: Place) =>
  Effect.gen(function*() {
    const over = (readOnly: boolean) =>
      Layer.provide(App.layer({ home, readOnly, busyTimeoutMs: 2_000 }), NodeContext.layer)
    yield* Effect.provide(ingest(sessions), over(false))
    const degraded = yield* Effect.provide(ask, over(true))
    return { degraded }
  })

/** What two memories of the same sessions have in common. */
export const facts = ({ lines, messages, pending, sessions, units }: StoreStatus) =>
  JSON.stringify({ lines, messages, pending, sessions, units })
