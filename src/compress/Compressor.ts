/**
 * The port that turns what was said into what is remembered.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SegmentContext, SessionOutline } from "../store/MemoryStore.ts"

export class CompressionError extends Schema.TaggedError<CompressionError>()("CompressionError", {
  /** `Budget` says nothing of what was to be compressed: it counts as no attempt. */
  reason: Schema.Literal("Model", "Budget"),
  operation: Schema.Literal("compress", "summarize"),
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `${this.detail}; what was to be compressed stays in the queue`
  }
}

/**
 * Which sessions a language model compresses again after the `Compressor`, and what asks it. A reference, for without one nothing is
 * reviewed.
 */
export class Reviewer extends Context.Reference<Reviewer>()("claude-memory/Reviewer", {
  defaultValue: (): Option.Option<{
    /** Whether the session of a segment is to be reviewed, by what was made of that. */
    readonly isWanted: (context: SegmentContext, units: ReadonlyArray<MemoryUnit>) => boolean
    readonly compressor: Compressor["Type"]
  }> => Option.none()
}) {}

export class Compressor extends Context.Tag("claude-memory/Compressor")<Compressor, {
  /** As many units as the segment takes, in its order; each within the bounds of domain/MemoryUnit. */
  readonly compress: (context: SegmentContext) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
  /** The session's archive, or nothing when nobody asked anything in it. */
  readonly summarize: (outline: SessionOutline) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
}>() {}
