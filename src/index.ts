/**
 * The library: ports, layers and schemas for those who compose them in programs of their own.
 */
export * as App from "./App.ts"
export { CaptureError, Collector, type TranscriptFile } from "./capture/Collector.ts"
export { CompressionError, Compressor } from "./compress/Compressor.ts"
export type { Message, Segment, Session } from "./domain/Conversation.ts"
export { type InjectionMode, type InjectionRequest, type InjectionResponse, stripFence } from "./domain/Injection.ts"
export { evidence, MemoryUnit, UnitType } from "./domain/MemoryUnit.ts"
export * as Project from "./domain/Project.ts"
export type { SearchFilter, SearchMode, SearchQuery, SearchResponse, SearchResult } from "./domain/Search.ts"
export { IndexError, VectorIndex } from "./index/VectorIndex.ts"
export { Injector } from "./inject/Injector.ts"
export { ModelError, ModelManager } from "./models/ModelManager.ts"
export * as Pipeline from "./Pipeline.ts"
export { LeakedResources, ResourceLedger } from "./resources/ResourceLedger.ts"
export { Retriever } from "./retrieve/Retriever.ts"
export { ClaudeMemory, NotFound } from "./serve/ClaudeMemory.ts"
export { MemoryStore, StoreError } from "./store/MemoryStore.ts"
