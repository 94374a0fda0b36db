/**
 * The whole service in memory, for tests of programs that are built on it: nothing is written and no model is loaded.
 * Transcripts are read from the real file system.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Layer from "effect/Layer"
import { Collector } from "./capture/Collector.ts"
import * as Extractive from "./compress/extractive/Extractive.ts"
import * as SessionRecords from "./hook/SessionRecords.ts"
import * as IndexInMemory from "./index/IndexInMemory.ts"
import { Injector } from "./inject/Injector.ts"
import * as ModelInMemory from "./models/ModelInMemory.ts"
import { ResourceLedger } from "./resources/ResourceLedger.ts"
import { Retriever } from "./retrieve/Retriever.ts"
import { ClaudeMemory } from "./serve/ClaudeMemory.ts"
import * as StoreInMemory from "./store/StoreInMemory.ts"

/**
 * `ClaudeMemory` and all services that it needs; each build of the layer has a memory of its own, gone with the scope.
 */
export const layer = ClaudeMemory.layer.pipe(
  Layer.provideMerge(Injector.layer),
  Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
  Layer.provideMerge(Layer.merge(IndexInMemory.layer, ModelInMemory.layer())),
  Layer.provideMerge(Layer.merge(StoreInMemory.layer, SessionRecords.layerInMemory)),
  Layer.provideMerge(ResourceLedger.layer),
  Layer.provideMerge(NodeContext.layer)
)
