/**
 * The port that compresses segments and sessions of a conversation into memory units.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SegmentContext, SessionOutline } from "../store/MemoryStore.ts"

/**
 * Leaves a segment or a session in the queue. `Model` counts as one of the five attempts after which it waits there
 * until it is queued again.
 */
export class CompressionError extends Schema.TaggedError<CompressionError>()("CompressionError", {
  /** `Postponed`: the spending limit was reached, or no model could be asked. Counts as no attempt: the input is not at fault. */
  reason: Schema.Literal("Model", "Postponed"),
  operation: Schema.Literal("compress", "summarize"),
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `${this.detail}; what was to be compressed stays in the queue`
  }
}

/**
 * Selects the sessions that a language model compresses again after the `Compressor`, and holds the compressor that
 * asks the model. A reference with the default none: without a reviewer, nothing is reviewed.
 */
export class Reviewer extends Context.Reference<Reviewer>()("claude-memory/Reviewer", {
  defaultValue: (): Option.Option<{
    /** True when the segment or the units compressed from it call for a review of their whole session. */
    readonly isWanted: (context: SegmentContext, units: ReadonlyArray<MemoryUnit>) => boolean
    readonly compressor: Compressor["Type"]
  }> => Option.none()
}) {}

/**
 * May be called again for the same input, after a crash or by a newer version: its units then take the place of those
 * of the same origin.
 */
export class Compressor extends Context.Tag("claude-memory/Compressor")<Compressor, {
  /**
   * Version, from 1, raised when the same input is to give other units: sessions that a lower version compressed are
   * then compressed again, each in one transaction. 1 in a compressor that takes long or costs money.
   */
  readonly version: number
  /** Returns the segment's units, however many, in its order; each stays within the bounds of domain/MemoryUnit. */
  readonly compress: (context: SegmentContext) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
  /** Returns the session's archive: one unit, or an empty array when the session has no prompt or is not worth one. */
  readonly summarize: (outline: SessionOutline) => Effect.Effect<ReadonlyArray<MemoryUnit>, CompressionError>
}>() {}
