/**
 * The library: ports, layers and schemas for programs that compose them. A port is a tag without layers; each adapter
 * is a namespace whose `layer` implements it. A service without alternatives has its layer as a static member.
 */

// The composed service.
export * as App from "./App.ts"
export * as Pipeline from "./Pipeline.ts"
export { ArchiveError } from "./serve/Archive.ts"
export type { CaptureFailure, CaptureStep } from "./serve/Capture.ts"
export { ClaudeMemory } from "./serve/ClaudeMemory.ts"
export { InvalidRequest } from "./serve/InvalidRequest.ts"
export { NotFound } from "./serve/NotFound.ts"
export { ProjectError } from "./serve/Projects.ts"
export { Conflict, type Edited, NotUndoable } from "./serve/Remembering.ts"
export type { Explanation } from "./serve/Why.ts"
export { SettingsError } from "./settings/Fields.ts"
export { packageFile } from "./settings/Settings.ts"

// What has a default that keeps nothing: a composition without these tells what was told, and lets others capture, too.
export { Exclude } from "./capture/Exclude.ts"
export * as SessionRecords from "./hook/SessionRecords.ts"
export * as Openings from "./inject/Openings.ts"
export { Lease } from "./store/Lease.ts"
export { type Limits, Retention } from "./store/Retention.ts"
export * as SqliteRetention from "./store/sqlite/SqliteRetention.ts"

// The stages between the ports.
export { type Captured, CaptureError, Collector, type TranscriptFile } from "./capture/Collector.ts"
export { Background, BackgroundError } from "./inject/Background.ts"
export { Injector } from "./inject/Injector.ts"
export * as ModelBackground from "./inject/ModelBackground.ts"
export { Retriever } from "./retrieve/Retriever.ts"

// The HTTP API, and a client of it.
export { Api } from "./http/Api.ts"
export * as HttpClient from "./http/Client.ts"

// Ports and adapters. docs/add-a-provider.md, add-an-index.md and add-a-compressor.md show how to add one.
export * as Abstractive from "./compress/abstractive/Abstractive.ts"
export { CompressionError, Compressor, Reviewer } from "./compress/Compressor.ts"
export * as Extractive from "./compress/extractive/Extractive.ts"
export * as Review from "./compress/Review.ts"
export { isCurrent } from "./index/Points.ts"
export { Qdrant, QdrantError } from "./index/qdrant/Qdrant.ts"
export * as QdrantClient from "./index/qdrant/QdrantClient.ts"
export * as QdrantIndex from "./index/qdrant/QdrantIndex.ts"
export * as QdrantAddress from "./index/QdrantAddress.ts"
export * as EmbeddedIndex from "./index/sqlite/EmbeddedIndex.ts"
export {
  type Hit,
  type IndexDescription,
  IndexError,
  type IndexVersion,
  type Point,
  VectorIndex,
  type Vectors
} from "./index/VectorIndex.ts"
export * as Versions from "./index/Versions.ts"
export { Budget } from "./models/Budget.ts"
export { CurrentProject } from "./models/CurrentProject.ts"
export * as LocalModels from "./models/LocalModels.ts"
export { ModelCache } from "./models/ModelCache.ts"
export {
  type Completion,
  type CompletionRequest,
  type EmbeddingModel,
  type Keeping,
  ModelError,
  ModelManager,
  type Purpose,
  type Ranked
} from "./models/ModelManager.ts"
export { type Endpoint, PRESETS } from "./models/Presets.ts"
export * as Prices from "./models/Prices.ts"
export * as Providers from "./models/providers/Providers.ts"
export * as Unmetered from "./models/providers/Unmetered.ts"
export { type Caps, NO_CAPS, Spending, SpendingError } from "./models/Spending.ts"
export { ModelsFile } from "./models/sqlite/ModelsFile.ts"
export * as SqliteModelCache from "./models/sqlite/SqliteModelCache.ts"
export * as SqliteSpending from "./models/sqlite/SqliteSpending.ts"
export {
  ForeignError,
  ForeignMemory,
  type ForeignProject,
  type ForeignRead,
  type ForeignRecord
} from "./moving/ForeignMemory.ts"
export type { Moved } from "./moving/Moving.ts"
export * as Predecessor from "./moving/postgres/Predecessor.ts"
export * as ClaudeMem from "./moving/sqlite/ClaudeMem.ts"
export {
  type Actor,
  type CaptureBatch,
  type Doer,
  type Forgotten,
  type History,
  MemoryStore,
  type Operation,
  type ProjectSummary,
  type SegmentContext,
  type SessionOutline,
  StoreError,
  type StoreStatus,
  type Undone,
  type WorkItem
} from "./store/MemoryStore.ts"
export { PostgresPool, type PostgresPoolOptions } from "./store/postgres/PostgresPool.ts"
export * as PostgresStore from "./store/postgres/PostgresStore.ts"
export { SqliteFile } from "./store/sqlite/SqliteFile.ts"
export * as SqliteStore from "./store/sqlite/SqliteStore.ts"

// Opening and releasing of handles, with the ledger that accounts for them.
export { Files } from "./resources/Files.ts"
export * as HttpPool from "./resources/HttpPool.ts"
export * as Lazy from "./resources/Lazy.ts"
export * as Owner from "./resources/Owner.ts"
export * as PerCall from "./resources/PerCall.ts"
export { LeakedResources, ResourceLedger, TooManyOpen } from "./resources/ResourceLedger.ts"
export * as ScopeMap from "./resources/ScopeMap.ts"

// Running a program: signals, exit codes, and a deadline for the finalizers.
export { runMain, type RunOptions, Unsuccessful } from "./process/Process.ts"

// The domain: schemas and pure functions.
export { Block, BlockKind, Message, Role, type Segment, type Session } from "./domain/Conversation.ts"
export { EditRequest } from "./domain/Edited.ts"
export { passes } from "./domain/Filter.ts"
export { idOf } from "./domain/Ids.ts"
export { InjectionMode, InjectionRequest, InjectionResponse, stripFence } from "./domain/Injection.ts"
export {
  evidence,
  MAX_CONTENT_LENGTH,
  MAX_CONTENT_TOKENS,
  MAX_EVIDENCE,
  MemoryUnit,
  Passage,
  UnitType,
  weightedLength
} from "./domain/MemoryUnit.ts"
export * as Project from "./domain/Project.ts"
export { SaveRequest } from "./domain/Saved.ts"
export { LaneScore, SearchFilter, SearchMode, SearchQuery, SearchResponse, SearchResult, Why } from "./domain/Search.ts"
export { Timeline, TimelineRequest } from "./domain/Timeline.ts"
export * as Tokens from "./domain/Tokens.ts"
