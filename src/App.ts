/**
 * The only place that wires the layers: one for each need.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Collector from "./capture/Collector.ts"
import * as Extractive from "./compress/Extractive.ts"
import * as EmbeddedIndex from "./index/EmbeddedIndex.ts"
import * as Injector from "./inject/Injector.ts"
import { ModelManager } from "./models/ModelManager.ts"
import * as Monitor from "./resources/Monitor.ts"
import { ResourceLedger } from "./resources/ResourceLedger.ts"
import * as Retriever from "./retrieve/Retriever.ts"
import * as ClaudeMemory from "./serve/ClaudeMemory.ts"
import * as Settings from "./Settings.ts"
import { SqliteFile } from "./store/SqliteFile.ts"
import * as SqliteStore from "./store/SqliteStore.ts"

export interface Options {
  readonly home: string
  /** A reader never writes and takes no lock. */
  readonly readOnly: boolean
  readonly busyTimeoutMs: number
}

const modelFile = Settings.packageFile("assets", "static-embeddings.bin")

/** Store, index and models over one SQLite file. */
const ground = (options: Options) => {
  const storage = SqliteFile.layer({
    folder: options.home,
    readOnly: options.readOnly,
    busyTimeoutMs: options.busyTimeoutMs
  })
  return Layer.mergeAll(
    Layer.provide(SqliteStore.layer, storage),
    Layer.provide(EmbeddedIndex.layer, storage),
    ModelManager.layerLocal(modelFile)
  )
}

/** The whole service over a memory in `home`; the ledger and the platform come from outside. */
export const layer = (options: Options) =>
  ClaudeMemory.layer.pipe(
    Layer.provide(
      Layer.provideMerge(Injector.layer, Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer))
    ),
    Layer.provide(ground(options))
  )

/** What every entry stands on. */
export const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

const inHome = <A, E, R>(make: (home: string) => Layer.Layer<A, E, R>) =>
  Layer.unwrapEffect(Effect.map(Settings.load, ({ home }) => make(home)))

/** The service over a memory in `home`, watched while it runs; `command` is the subcommand that runs it. */
export const serviceIn = (home: string, command: string) =>
  Layer.provide(layer({ home, readOnly: false, busyTimeoutMs: 5_000 }), Monitor.layer({ home, command }))

/** The service by the settings. */
export const service = (command: string) => inHome((home) => serviceIn(home, command))

/** The service for those who only read. */
export const reader = inHome((home) => layer({ home, readOnly: true, busyTimeoutMs: 1_000 }))

/** For the hook: what injects and nothing more, on a store that it can't be made to wait for. */
export const injector = inHome((home) =>
  Injector.layer.pipe(
    Layer.provide(Retriever.layer),
    Layer.provide(ground({ home, readOnly: true, busyTimeoutMs: 50 }))
  )
)
