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

/** The whole service over a memory in `home`, with the ledger open to those who want to look. */
export const layer = (options: Options) => {
  const storage = SqliteFile.layer({ folder: options.home, readOnly: options.readOnly, busyTimeoutMs: options.busyTimeoutMs })
  const store = SqliteStore.layer.pipe(Layer.provideMerge(storage))
  const lanes = Layer.merge(EmbeddedIndex.layer, ModelManager.layerLocal(Settings.packageFile("assets", "static-embeddings.bin")))
  return ClaudeMemory.layer.pipe(
    Layer.provideMerge(Injector.layer),
    Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
    Layer.provideMerge(lanes),
    Layer.provideMerge(store),
    Layer.provideMerge(ResourceLedger.layer),
    Layer.provideMerge(NodeContext.layer)
  )
}

/** By the settings: a service that may write. */
export const service = Layer.unwrapEffect(
  Effect.map(Settings.load, ({ home }) => layer({ home, readOnly: false, busyTimeoutMs: 5_000 }))
)

/** By the settings: a service that reads only. */
export const reader = Layer.unwrapEffect(
  Effect.map(Settings.load, ({ home }) => layer({ home, readOnly: true, busyTimeoutMs: 1_000 }))
)
