/**
 * The ports in memory, and the whole service on them, for tests of programs that are built on it: nothing is written to a disk and
 * no model is loaded. Each build of a layer has a memory of its own, gone with the scope.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Layer from "effect/Layer"
import { Collector } from "./capture/Collector.ts"
import * as Extractive from "./compress/extractive/Extractive.ts"
import * as Given from "./hook/Given.ts"
import * as QdrantInMemory from "./index/qdrant/QdrantInMemory.ts"
import * as EmbeddedIndex from "./index/sqlite/EmbeddedIndex.ts"
import { Injector } from "./inject/Injector.ts"
import * as ModelInMemory from "./models/ModelInMemory.ts"
import { ModelsFile } from "./models/sqlite/ModelsFile.ts"
import * as SqliteModelCache from "./models/sqlite/SqliteModelCache.ts"
import * as SqliteSpending from "./models/sqlite/SqliteSpending.ts"
import { ResourceLedger } from "./resources/ResourceLedger.ts"
import { Retriever } from "./retrieve/Retriever.ts"
import { ClaudeMemory } from "./serve/ClaudeMemory.ts"
import { SqliteFile } from "./store/sqlite/SqliteFile.ts"
import * as SqliteStore from "./store/sqlite/SqliteStore.ts"

/** `ModelManager`: texts that share words have similar vectors, of 32 dimensions unless told otherwise. */
export const models = ModelInMemory.layer

/** `MemoryStore`: the SQLite adapter on a database in memory. */
export const store = Layer.provide(SqliteStore.layer, SqliteFile.layerMemory)

/** `VectorIndex` in the database of `store`, when both are parts of one layer. */
export const index = Layer.provide(EmbeddedIndex.layer, SqliteFile.layerMemory)

/** `Qdrant`: a server's collections, searched exactly, without a server. */
export const qdrant = QdrantInMemory.layer

/** `Spending`: what models cost. */
export const spending = Layer.provide(SqliteSpending.layer, ModelsFile.layerMemory)

/** `ModelCache`: what models answered. */
export const modelCache = Layer.provide(SqliteModelCache.layer(), ModelsFile.layerMemory)

/** `ClaudeMemory` and all services that it needs. Transcripts are read from the real file system. */
export const layer = ClaudeMemory.layer.pipe(
  Layer.provideMerge(Injector.layer),
  Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
  Layer.provideMerge(Layer.merge(index, models())),
  Layer.provideMerge(Layer.merge(store, Given.layerInMemory)),
  Layer.provideMerge(ResourceLedger.layer),
  Layer.provideMerge(NodeContext.layer)
)
