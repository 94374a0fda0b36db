/**
 * The port to the dense lane: vectors of units, searched by cosine. Derived from the store; it can always be rebuilt.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SearchFilter } from "../domain/Search.ts"
import type { EmbeddingModel } from "../models/ModelManager.ts"

export class IndexError extends Schema.TaggedError<IndexError>()("IndexError", {
  reason: Schema.Literal("Mismatch", "Unavailable", "Rejected"),
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `index, ${this.operation}: ${this.detail}`
  }
}

/** `vector` has the dimension of the index and unit length. */
export interface Point {
  readonly unitId: string
  readonly vector: Float32Array
}

export interface Hit {
  readonly unitId: string
  /** Cosine, -1 to 1. */
  readonly score: number
}

export interface IndexDescription {
  /** Null while nothing was ever indexed. */
  readonly model: EmbeddingModel | null
  readonly count: number
}

export class VectorIndex extends Context.Tag("VectorIndex")<VectorIndex, {
  /** Whether it writes into the store's own transaction. */
  readonly sharesStore: boolean
  /** Makes the index for this model when there is none; `Mismatch` when it was built with another. */
  readonly ensure: (model: EmbeddingModel) => Effect.Effect<void, IndexError>
  /** Writes or replaces; a vector of another dimension is `Rejected`. Units that the store no longer has are left out. */
  readonly upsert: (points: ReadonlyArray<Point>) => Effect.Effect<void, IndexError>
  /** Unknown ids are no error. */
  readonly remove: (unitIds: ReadonlyArray<string>) => Effect.Effect<void, IndexError>
  /** The `limit` nearest units that pass the filter, nearest first, equal ones by id. */
  readonly search: (
    vector: Float32Array,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Hit>, IndexError>
  readonly describe: Effect.Effect<IndexDescription, IndexError>
}>() {}

/** Refuses what no index may hold: a wrong dimension, or a number that is none. */
export const checkVector = (vector: Float32Array, dimension: number): string | undefined =>
  vector.length !== dimension
    ? `a vector has ${vector.length} dimensions, the index ${dimension}`
    : vector.every(Number.isFinite)
    ? undefined
    : "a vector holds a number that is not finite"
