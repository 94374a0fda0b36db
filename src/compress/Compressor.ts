/**
 * The port that turns what was said into what is remembered.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SegmentContext, SessionOutline } from "../store/MemoryStore.ts"

export class CompressionError extends Schema.TaggedError<CompressionError>()("CompressionError", {
  reason: Schema.Literal("Model", "Budget"),
  operation: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `${this.operation}: the segment stays in the queue and is compressed again later`
  }
}

export class Compressor extends Context.Tag("Compressor")<Compressor, {
  /** As many units as the segment takes, in its order; each within the bounds of domain/MemoryUnit. */
  readonly compress: (context: SegmentContext) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
  /** The session's archive, or nothing when nobody asked anything in it. */
  readonly summarize: (outline: SessionOutline) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
}>() {}
