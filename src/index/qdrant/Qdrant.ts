/**
 * The port to a Qdrant server: the operations in use, typed. A write has been applied when its effect succeeds. Every
 * operation is idempotent and may be sent twice.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Oldest supported and newest known version of the server: [major, minor]. An older one is refused. */
export const OLDEST = [1, 18] as const
export const NEWEST = [1, 19] as const

/** Reports the last attempt: failures that may pass were retried before. */
export class QdrantError extends Schema.TaggedError<QdrantError>()("QdrantError", {
  /**
   * `Away`: the server can't be reached. `Proxy`: a proxy answered in its place. `Rejected`: the request is wrong.
   * `Damaged`: the answer can't be read. `NotQdrant`: the address belongs to another program. `Incompatible`: the
   * server's version is not supported.
   */
  reason: Schema.Literal(
    "Away",
    "TimedOut",
    "RateLimited",
    "Unauthorized",
    "Rejected",
    "NotFound",
    "Full",
    "Failed",
    "Damaged",
    "Tls",
    "Proxy",
    "NotQdrant",
    "Incompatible",
    "Closed"
  ),
  operation: Schema.String,
  /** Scheme, host, port and path, without keys. */
  address: Schema.String,
  detail: Schema.String,
  /** HTTP status of the answer; undefined without an answer. */
  status: Schema.optional(Schema.Number),
  cause: Schema.Defect
}) {
  override get message() {
    return `Qdrant at ${this.address}: ${this.detail}`
  }
}

/** Tests for a UUID of any version, in lower case. */
export const isPointId = (id: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)

export interface Server {
  readonly version: string
  /** True from 1.19 on: collections accept the option `memory`, and queries count IDF among the filtered points. */
  readonly hasMemory: boolean
}

export type Payload = Readonly<Record<string, string | number | boolean | ReadonlyArray<string>>>

export interface SparseVector {
  /** Unique, from 0 to 2³² - 1. */
  readonly indices: ReadonlyArray<number>
  readonly values: ReadonlyArray<number>
}

/** The id is a UUID in lower case. A point may lack some of the collection's named vectors, or all. */
export interface QdrantPoint {
  readonly id: string
  readonly vectors: Readonly<Record<string, ReadonlyArray<number> | SparseVector>>
  readonly payload: Payload
}

/** Condition on an indexed payload field; a list in the payload matches by any of its values. */
export type Condition =
  | { readonly key: string; readonly match: { readonly any: ReadonlyArray<string> } }
  | { readonly key: string; readonly range: { readonly gte?: number; readonly lte?: number } }

/** Conditions that must all hold. */
export type Filter = ReadonlyArray<Condition>

export interface Lane {
  /** Name of the vector to compare. */
  readonly using: string
  readonly vector: ReadonlyArray<number> | SparseVector
  readonly limit: number
}

/**
 * Query for the nearest points that pass the filter. Several lanes are fused by the sum of 1 / (rank / weight + k - 1),
 * with ranks from 1: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009) in Qdrant's form, whose k is the
 * paper's plus one.
 */
export interface Query {
  readonly lanes: readonly [Lane, ...ReadonlyArray<Lane>]
  readonly filter: Filter
  readonly limit: number
  readonly fusion?: { readonly k: number; readonly weights: ReadonlyArray<number> }
}

/** `score` is the cosine for one dense lane, the lexical score for one sparse lane, or the fused sum for several. */
export interface ScoredPoint {
  readonly id: string
  readonly score: number
}

export interface StoredPoint {
  readonly id: string
  readonly payload: Payload
}

export type PayloadIndex = "keyword" | "tenant" | "integer" | "principal"

export interface CollectionConfig {
  /** Dimensions of the dense vectors by name; these are compared by cosine. */
  readonly dense: Readonly<Record<string, number>>
  /** Names of sparse vectors, whose values are weighted by the inverse document frequency of their index. */
  readonly sparse: ReadonlyArray<string>
  /** Stored with the collection, for the program that created it. */
  readonly metadata: Payload
  readonly shards: number
  readonly replicas: number
}

/** Most points that pass a filter for which the server compares each vector with them, exactly. */
export const SCANNED = 100_000

export interface Collection {
  readonly points: number
  /** False while the server still links points, during which a search may miss some or take longer. */
  readonly isSettled: boolean
  /** Points up to which the server compares all that pass a filter. */
  readonly scanned: number
  readonly metadata: Payload
  readonly indexed: ReadonlyArray<string>
}

export interface Alias {
  readonly alias: string
  readonly collection: string
}

/**
 * Reaches all collections of one server, also those of other memories. A write has been applied when its effect
 * succeeds, and any operation may be sent twice.
 */
export class Qdrant extends Context.Tag("claude-memory/Qdrant")<Qdrant, {
  /** Scheme, host, port and path. */
  readonly address: string
  readonly server: Effect.Effect<Server, QdrantError>
  readonly collections: Effect.Effect<ReadonlyArray<string>, QdrantError>
  readonly collection: (name: string) => Effect.Effect<Option.Option<Collection>, QdrantError>
  /** Creates a collection in strict mode: filters may use only indexed fields. Returns false if it exists already. */
  readonly createCollection: (name: string, config: CollectionConfig) => Effect.Effect<boolean, QdrantError>
  readonly createPayloadIndex: (
    collection: string,
    field: string,
    type: PayloadIndex
  ) => Effect.Effect<void, QdrantError>
  /** Has an existing collection compare all points that pass a filter up to `SCANNED`, as a new one does. */
  readonly scan: (name: string, dimension: number) => Effect.Effect<void, QdrantError>
  /** Deletes a collection and its aliases; ignores a missing one. */
  readonly deleteCollection: (name: string) => Effect.Effect<void, QdrantError>
  readonly aliases: Effect.Effect<ReadonlyArray<Alias>, QdrantError>
  /** Points the alias to the collection, in one step, and creates it if missing. */
  readonly switchAlias: (alias: string, collection: string) => Effect.Effect<void, QdrantError>
  /** Writes or replaces points; succeeds only when all are written. */
  readonly upsert: (collection: string, points: ReadonlyArray<QdrantPoint>) => Effect.Effect<void, QdrantError>
  /** Removes points; unknown ids are ignored. */
  readonly remove: (collection: string, ids: ReadonlyArray<string>) => Effect.Effect<void, QdrantError>
  readonly query: (collection: string, query: Query) => Effect.Effect<ReadonlyArray<ScoredPoint>, QdrantError>
  /** Returns ids in ascending order, from `from` (inclusive) on. */
  readonly ids: (
    collection: string,
    from: string | undefined,
    limit: number
  ) => Effect.Effect<ReadonlyArray<string>, QdrantError>
  /** Returns what is stored beside the vectors of these points; unknown ids are left out. */
  readonly payloads: (
    collection: string,
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<StoredPoint>, QdrantError>
  /** Counts the points that pass the filter, exactly. */
  readonly count: (collection: string, filter: Filter) => Effect.Effect<number, QdrantError>
}>() {}
