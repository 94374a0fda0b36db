/**
 * The port to the dense lane: vectors of units, searched by cosine. Derived from the store; it can always be built anew
 * (index/Reconcile.ts).
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
    return `the index: ${this.detail}`
  }
}

/** `vector` has the dimension of the index and unit length; null where the model has none for the unit, which is then known and not found. */
export interface Point {
  readonly unitId: string
  readonly vector: Float32Array | null
}

export interface Hit {
  readonly unitId: string
  /** Cosine, -1 to 1; of a fused list a number that is greater for the better. */
  readonly score: number
}

/** What one version of the index holds: the vectors of one model. */
export interface Vectors {
  /** Writes or replaces; a vector of another dimension is `Rejected`. Units that the store no longer has, or that don't count, are left out. */
  readonly upsert: (points: ReadonlyArray<Point>) => Effect.Effect<void, IndexError>
  /** Unknown ids are no error. */
  readonly remove: (unitIds: ReadonlyArray<string>) => Effect.Effect<void, IndexError>
  /**
   * The `limit` nearest units that pass the filter, nearest first, equal ones by id. Of what was changed in the store and waits in its
   * queue some may be found that does not pass any more.
   */
  readonly search: (
    vector: Float32Array,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Hit>, IndexError>
  /** Ids of its points that come after this one, in ascending order; at most 1,000 at a time. */
  readonly ids: (after: string, limit: number) => Effect.Effect<ReadonlyArray<string>, IndexError>
  /** Its points, those without a vector too. */
  readonly count: Effect.Effect<number, IndexError>
}

export interface FusedQuestion {
  readonly vector: Float32Array | null
  readonly terms: ReadonlyArray<string>
}

/** The version that serves is active; the others were left by a reindex, or are being built by one. */
export interface IndexVersion {
  readonly name: string
  readonly model: EmbeddingModel
  readonly count: number
  readonly isActive: boolean
}

export interface IndexDescription {
  /** Null while nothing was ever indexed. */
  readonly model: EmbeddingModel | null
  readonly count: number
}

/** Its own `Vectors` are those of the active version. */
export class VectorIndex extends Context.Tag("claude-memory/VectorIndex")<
  VectorIndex,
  Vectors & {
    /** Where it is, for people. */
    readonly name: string
    /** Another than before, of whatever name, is another index, which does not hold what the one before did. */
    readonly identity: Effect.Effect<string, IndexError>
    /** Whether it writes into the store's own transaction. */
    readonly sharesStore: boolean
    /** Makes the index for this model when there is none; `Mismatch` when it was built with another. */
    readonly ensure: (model: EmbeddingModel) => Effect.Effect<void, IndexError>
    /** Fails where vectors of this model can't be searched: `Mismatch`, or `Unavailable` when nothing is indexed. */
    readonly check: (model: EmbeddingModel) => Effect.Effect<void, IndexError>
    readonly describe: Effect.Effect<IndexDescription, IndexError>
    /** The active one first. */
    readonly versions: Effect.Effect<ReadonlyArray<IndexVersion>, IndexError>
    /** The version for this model, made when there is none. `activate` has it serve from now on, in one step; the other one is kept. */
    readonly version: (
      model: EmbeddingModel
    ) => Effect.Effect<Vectors & { readonly activate: Effect.Effect<void, IndexError> }, IndexError>
    /**
     * Vectors and words in one list, by rank, where the index holds the words too and `terms` are lexemes; without a vector by the words
     * alone. Where it is undefined, the store has the words.
     */
    readonly fused:
      | ((question: FusedQuestion, filter: SearchFilter, limit: number) => Effect.Effect<
        ReadonlyArray<Hit>,
        IndexError
      >)
      | undefined
    /** Deletes a version, by its name, that does not serve. */
    readonly drop: (name: string) => Effect.Effect<void, IndexError>
  }
>() {}
