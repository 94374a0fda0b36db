/**
 * The port to the dense lane: vectors of units, searched by cosine. An index is derived from the store and can always
 * be rebuilt (index/Reindex.ts).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SearchFilter } from "../domain/Search.ts"
import type { EmbeddingModel } from "../models/ModelManager.ts"

/**
 * `Mismatch`: it is an index of another model, or is kept elsewhere. `Unavailable`: it can't be asked, or nothing is
 * indexed yet. `Rejected`: the request itself is wrong, as a vector of another dimension.
 */
export class IndexError extends Schema.TaggedError<IndexError>()("IndexError", {
  reason: Schema.Literal("Mismatch", "Unavailable", "Rejected"),
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `the index: ${this.detail}`
  }
}

/**
 * A unit and its vector, of the index's dimension and of unit length. `vector` is null where the model has none for the
 * unit: the index then knows the unit and never finds it.
 */
export interface Point {
  readonly unitId: string
  /** Text that the vector was made of, where it may have changed since. */
  readonly text?: string
  readonly vector: Float32Array | null
}

export interface Hit {
  readonly unitId: string
  /** The cosine, -1 to 1; in a fused list any number that grows with the quality of the match. */
  readonly score: number
}

/** One version of the index: the vectors of one model. */
export interface Vectors {
  /**
   * Writes or replaces points. A vector of another dimension is `Rejected`; units that the store no longer has, that
   * are inactive or whose text is another by now are skipped.
   */
  readonly upsert: (points: ReadonlyArray<Point>) => Effect.Effect<void, IndexError>
  /** Removes points; unknown ids are ignored. */
  readonly remove: (unitIds: ReadonlyArray<string>) => Effect.Effect<void, IndexError>
  /**
   * Returns the `limit` nearest units that pass the filter, nearest first, ties by id. Units whose change still waits
   * in the store's queue may be returned though they no longer pass.
   */
  readonly search: (
    vector: Float32Array,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Hit>, IndexError>
  /** Returns the ids of points after this one, ascending, at most 1,000 at a time. */
  readonly ids: (after: string, limit: number) => Effect.Effect<ReadonlyArray<string>, IndexError>
  /**
   * Returns which of these units have a point that was not made of what they are now, or that somebody has changed
   * since. An index in the store's own transactions has none.
   */
  readonly stale: (unitIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, IndexError>
  /** Counts the points, those without a vector included. */
  readonly count: Effect.Effect<number, IndexError>
}

export interface FusedQuestion {
  readonly vector: Float32Array | null
  readonly terms: ReadonlyArray<string>
}

/** A version of the index. The active one answers searches; a reindex left the others or is building them. */
export interface IndexVersion {
  readonly name: string
  readonly model: EmbeddingModel
  readonly count: number
  readonly isActive: boolean
}

/** Describes the active version; `count` includes points without a vector. */
export interface IndexDescription {
  /** Null until something is indexed. */
  readonly model: EmbeddingModel | null
  readonly count: number
}

/** The dense lane. Its own `Vectors` are those of the active version. */
export class VectorIndex extends Context.Tag("claude-memory/VectorIndex")<
  VectorIndex,
  Vectors & {
    /** Names the index's place for people. */
    readonly name: string
    /** Identifies the index's contents: a new identity under the same name is a new, empty index. */
    readonly identity: Effect.Effect<string, IndexError>
    /** True where the index writes into the store's own transaction. */
    readonly sharesStore: boolean
    /**
     * Makes the index for this model when there is none; `Mismatch` when it was built with another. Returns the version, for what is made
     * by this model: another version may serve when that is written.
     */
    readonly ensure: (model: EmbeddingModel) => Effect.Effect<Vectors, IndexError>
    /** Fails where vectors of this model can't be searched: `Mismatch`, or `Unavailable` when nothing is indexed. */
    readonly check: (model: EmbeddingModel) => Effect.Effect<void, IndexError>
    readonly describe: Effect.Effect<IndexDescription, IndexError>
    /** Lists the versions, the active one first. */
    readonly versions: Effect.Effect<ReadonlyArray<IndexVersion>, IndexError>
    /**
     * Opens the version for this model, and creates it if missing. `activate` makes it the serving version in one step
     * and keeps the other.
     */
    readonly version: (
      model: EmbeddingModel
    ) => Effect.Effect<Vectors & { readonly activate: Effect.Effect<void, IndexError> }, IndexError>
    /**
     * Searches vectors and words at once and fuses them by rank; `terms` are lexemes, and without a vector the words
     * decide alone. Undefined where the index holds no words: the store's lexical lane has them.
     */
    readonly fused:
      | ((question: FusedQuestion, filter: SearchFilter, limit: number) => Effect.Effect<
        ReadonlyArray<Hit>,
        IndexError
      >)
      | undefined
    /** Deletes a version by name; the active one is refused. */
    readonly drop: (name: string) => Effect.Effect<void, IndexError>
  }
>() {}
