/**
 * What every index refuses, in the same words.
 */
import * as Effect from "effect/Effect"
import type { EmbeddingModel } from "../models/ModelManager.ts"
import { checkVector, IndexError } from "./VectorIndex.ts"

export const ensureModel = (built: EmbeddingModel, wanted: EmbeddingModel): Effect.Effect<void, IndexError> =>
  built.id === wanted.id && built.dimension === wanted.dimension
    ? Effect.void
    : Effect.fail(
      new IndexError({
        reason: "Mismatch",
        operation: "ensure",
        detail: `it was built with ${built.id} (${built.dimension} dimensions), the model in use is ${wanted.id} ` +
          `(${wanted.dimension}); go back to that model, or import into a new CLAUDE_MEMORY_HOME`,
        cause: undefined
      })
    )

export const ensureVector = (
  operation: string,
  vector: Float32Array,
  dimension: number
): Effect.Effect<void, IndexError> => {
  const detail = checkVector(vector, dimension)
  return detail === undefined
    ? Effect.void
    : Effect.fail(new IndexError({ reason: "Rejected", operation, detail, cause: undefined }))
}

export const nothingIndexed = (operation: string) =>
  new IndexError({ reason: "Unavailable", operation, detail: "nothing is indexed yet", cause: undefined })
