/**
 * The port to a Qdrant server: the operations that are used of it, typed. Every write is done when its answer comes, and each may be
 * sent twice.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The oldest server that is spoken to, and the newest that is known. */
export const OLDEST = [1, 18] as const
export const NEWEST = [1, 19] as const

export class QdrantError extends Schema.TaggedError<QdrantError>()("QdrantError", {
  /**
   * `Away`: not reached. `Proxy`: something before it answered in its place. `Rejected`: what was asked is wrong. `Damaged`: what it
   * answered can't be read. `NotQdrant`: something else lives there. `Incompatible`: of a version that is not spoken to.
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
  /** Without keys. */
  address: Schema.String,
  detail: Schema.String,
  /** Of the answer, where there was one. */
  status: Schema.optional(Schema.Number),
  cause: Schema.Defect
}) {
  override get message() {
    return `Qdrant at ${this.address}: ${this.detail}`
  }
}

/** A UUID of any version, in lower case. */
export const isPointId = (id: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)

export interface Server {
  readonly version: string
  /** Where a vector or an index is kept can be said by `memory`, and IDF be counted within a filter: from 1.19 on. */
  readonly hasMemory: boolean
}

export type Payload = Readonly<Record<string, string | number | boolean | ReadonlyArray<string>>>

export interface SparseVector {
  /** Each once, from 0 to 2³² - 1. */
  readonly indices: ReadonlyArray<number>
  readonly values: ReadonlyArray<number>
}

/** The id is a UUID in lower case; a point need not have a vector of every name, nor any. */
export interface QdrantPoint {
  readonly id: string
  readonly vectors: Readonly<Record<string, ReadonlyArray<number> | SparseVector>>
  readonly payload: Payload
}

/** On a payload field that is indexed; a list in the payload matches with any of its values. */
export type Condition =
  | { readonly key: string; readonly match: { readonly any: ReadonlyArray<string> } }
  | { readonly key: string; readonly range: { readonly gte?: number; readonly lte?: number } }

/** All must hold. */
export type Filter = ReadonlyArray<Condition>

export interface Lane {
  /** Of a named vector. */
  readonly using: string
  readonly vector: ReadonlyArray<number> | SparseVector
  readonly limit: number
}

/**
 * The nearest points that pass the filter. Of several lanes the ranks are fused: the sum of 1 / (rank / weight + k - 1), the first rank
 * being 1. That is reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009) as Qdrant has it, whose k is one more.
 */
export interface Query {
  readonly lanes: readonly [Lane, ...ReadonlyArray<Lane>]
  readonly filter: Filter
  readonly limit: number
  readonly fusion?: { readonly k: number; readonly weights: ReadonlyArray<number> }
}

/** `score` is a cosine for one dense lane. */
export interface ScoredPoint {
  readonly id: string
  readonly score: number
}

export type PayloadIndex = "keyword" | "tenant" | "integer" | "principal"

export interface CollectionConfig {
  /** Dense vectors by name, with their dimensions; compared by cosine. */
  readonly dense: Readonly<Record<string, number>>
  /** Names of sparse vectors, whose values are weighted by the inverse document frequency of their index. */
  readonly sparse: ReadonlyArray<string>
  /** Kept with the collection, for those who made it. */
  readonly metadata: Payload
  readonly shards: number
  readonly replicas: number
}

export interface Collection {
  readonly points: number
  readonly metadata: Payload
  readonly indexed: ReadonlyArray<string>
}

export interface Alias {
  readonly alias: string
  readonly collection: string
}

export class Qdrant extends Context.Tag("claude-memory/Qdrant")<Qdrant, {
  /** Scheme, host, port and path. */
  readonly address: string
  readonly server: Effect.Effect<Server, QdrantError>
  readonly collections: Effect.Effect<ReadonlyArray<string>, QdrantError>
  readonly collection: (name: string) => Effect.Effect<Option.Option<Collection>, QdrantError>
  /**
   * In strict mode: only indexed fields can be asked for. The answer is whether it was made now.
   */
  readonly createCollection: (name: string, config: CollectionConfig) => Effect.Effect<boolean, QdrantError>
  readonly createPayloadIndex: (
    collection: string,
    field: string,
    type: PayloadIndex
  ) => Effect.Effect<void, QdrantError>
  /** One that is not there is no error. Its aliases go with it. */
  readonly deleteCollection: (name: string) => Effect.Effect<void, QdrantError>
  readonly aliases: Effect.Effect<ReadonlyArray<Alias>, QdrantError>
  /** From whatever it stood for before, in one step. */
  readonly switchAlias: (alias: string, collection: string) => Effect.Effect<void, QdrantError>
  /** Writes or replaces; all are written or none is told to be. */
  readonly upsert: (collection: string, points: ReadonlyArray<QdrantPoint>) => Effect.Effect<void, QdrantError>
  /** Unknown ids are no error. */
  readonly remove: (collection: string, ids: ReadonlyArray<string>) => Effect.Effect<void, QdrantError>
  readonly query: (collection: string, query: Query) => Effect.Effect<ReadonlyArray<ScoredPoint>, QdrantError>
  /** Ids from this one on, in ascending order. */
  readonly ids: (
    collection: string,
    from: string | undefined,
    limit: number
  ) => Effect.Effect<ReadonlyArray<string>, QdrantError>
  /** Exactly. */
  readonly count: (collection: string, filter: Filter) => Effect.Effect<number, QdrantError>
}>() {}
