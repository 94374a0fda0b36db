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

const bySettings = <A, E, R>(
  make: (options: Options) => Layer.Layer<A, E, R>,
  readOnly: boolean,
  busyTimeoutMs: number
) => Layer.unwrapEffect(Effect.map(Settings.load, ({ home }) => make({ home, readOnly, busyTimeoutMs })))

/** The service by the settings. */
export const service = bySettings(layer, false, 5_000)

/** The service for those who only read. */
export const reader = bySettings(layer, true, 1_000)

/** For the hook: what injects and nothing more, on a store that it can't be made to wait for. */
export const injector = bySettings(
  (options) => Injector.layer.pipe(Layer.provide(Retriever.layer), Layer.provide(ground(options))),
  true,
  50
)
