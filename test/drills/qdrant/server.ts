/**
 * A Qdrant server to measure with: the configured one, or the stand-in in a process of its own. Collections get a
 * prefix of their own, and are removed at the end.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import type * as App from "../../../src/App.ts"
import { Qdrant } from "../../../src/index/qdrant/Qdrant.ts"
import * as QdrantClient from "../../../src/index/qdrant/QdrantClient.ts"
import * as QdrantAddress from "../../../src/index/QdrantAddress.ts"
import { writeStderr } from "../../../src/process/Process.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import type { QdrantSettings } from "../../../src/settings/Qdrant.ts"
import * as Settings from "../../../src/settings/Settings.ts"
import { type Program, start } from "../../e2e/program.ts"
import { BenchError } from "../../script.ts"

/** Longer than any measurement. */
const FOR_GOOD_MS = 3_600_000

type Options = NonNullable<App.Options["qdrant"]>

/** Options with a writer's patience. */
const patient = (settings: QdrantSettings): Options => ({
  ...settings,
  within: "30 seconds",
  retries: 3,
  maxDelay: "10 seconds",
  handshake: "required"
})

const wrong = (detail: string) => new BenchError({ reason: "Input", detail })

/** Stops the stand-in as a person does; dies when it reports requests that broke the contract. */
const ended = (program: Program) =>
  program.kill("SIGTERM").pipe(
    Effect.zipRight(program.ended),
    Effect.timeoutOption("5 seconds"),
    Effect.flatMap((outcome) =>
      Option.isSome(outcome) && outcome.value.stderr !== "" ? Effect.dieMessage(outcome.value.stderr) : Effect.void
    )
  )

/**
 * Starts the stand-in in a process, on this port or a free one. With the same state it continues where the last one
 * ended.
 */
export const standIn = ({ home, port = 0, state }: {
  readonly home: string
  readonly port?: number
  readonly state: string
}) =>
  Effect.gen(function*() {
    const program = yield* start(
      [process.argv[1]!, "qdrant-stand-in", "--state", state, "--port", String(port)],
      { home, killAfterMs: FOR_GOOD_MS }
    )
    yield* Effect.addFinalizer(() => Effect.interruptible(ended(program)))
    yield* program.waitForText("\n")
    const origin = (yield* program.stdout).trim()
    if (origin === "") {
      const { stderr } = yield* program.ended
      return yield* new BenchError({ reason: "Program", detail: `the stand-in did not start: ${stderr}` })
    }
    return { origin, program }
  })

/** The configured server with a prefix of its own; undefined when none is configured. */
export const configured = Effect.map(
  Effect.mapError(Settings.load, ({ message }) => wrong(message)),
  ({ qdrant }) => qdrant && { ...qdrant, prefix: `drill_${randomUUID()}` }
)

/** Settings for a server of ours at this URL; all else as in `settings`. */
export const settingsFor = (url: string, settings?: QdrantSettings) =>
  Effect.mapBoth(QdrantAddress.parse(url), {
    onFailure: wrong,
    onSuccess: (address): QdrantSettings => ({
      apiKey: Option.none(),
      prefix: `drill_${randomUUID()}`,
      shards: 1,
      replicas: 1,
      words: false,
      ...settings,
      address
    })
  })

export const client = (settings: QdrantSettings) =>
  Layer.provide(QdrantClient.layer(patient(settings)), ResourceLedger.layer)

/** Removes the collections with this prefix when the scope closes. */
export const removeCollectionsAtEnd = (settings: QdrantSettings) =>
  Effect.addFinalizer(() =>
    Effect.gen(function*() {
      const { collections, deleteCollection } = yield* Qdrant
      const ours = (yield* collections).filter((name) => name.startsWith(settings.prefix))
      yield* Effect.forEach(ours, deleteCollection, { discard: true })
    }).pipe(
      Effect.provide(client(settings)),
      Effect.catchAll(({ message }) => writeStderr(`what was made there is not removed: ${message}\n`))
    )
  )

export interface Server {
  readonly options: Options
  /** Environment variables for a spawned claude-memory. */
  readonly env: Readonly<Record<string, string>>
  readonly isStandIn: boolean
}

export const environmentOf = (
  { address, apiKey, prefix, replicas, shards }: QdrantSettings
): Readonly<Record<string, string>> => ({
  CLAUDE_MEMORY_QDRANT_URL: QdrantAddress.show(address),
  CLAUDE_MEMORY_QDRANT_PREFIX: prefix,
  CLAUDE_MEMORY_QDRANT_SHARDS: String(shards),
  CLAUDE_MEMORY_QDRANT_REPLICAS: String(replicas),
  ...Option.match(apiKey, {
    onNone: () => ({}),
    onSome: (key) => ({ CLAUDE_MEMORY_QDRANT_API_KEY: Redacted.value(key) })
  })
})

const serverOf = (settings: QdrantSettings, isStandIn: boolean): Server => ({
  options: patient(settings),
  env: environmentOf(settings),
  isStandIn
})

/** The configured server, or the stand-in when none is configured. */
export const server = (home: string) =>
  Effect.gen(function*() {
    const own = yield* configured
    if (own === undefined) {
      const { origin } = yield* standIn({ home, state: `${home}/qdrant.jsonl` })
      return serverOf(yield* settingsFor(origin), true)
    }
    yield* removeCollectionsAtEnd(own)
    return serverOf(own, false)
  })

/** The server at this URL; all else as configured. */
export const serverAt = (url: string) =>
  Effect.gen(function*() {
    const own = yield* configured.pipe(Effect.withConfigProvider(ConfigProvider.orElse(
      ConfigProvider.fromMap(new Map([["CLAUDE_MEMORY_QDRANT_URL", url]])),
      () => ConfigProvider.fromEnv()
    )))
    if (own === undefined) return yield* wrong(`${url} is no URL of a Qdrant server`)
    yield* removeCollectionsAtEnd(own)
    return serverOf(own, false)
  })
