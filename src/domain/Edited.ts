/**
 * A change of a memory that a person, or Claude for one, asks for.
 */
import * as Schema from "effect/Schema"
import { UnitType } from "./MemoryUnit.ts"
import { Content, MAX_TITLE, titleTooLong } from "./Saved.ts"

/** The values to change; `content` has the bounds of every unit. */
export const EditRequest = Schema.Struct({
  content: Schema.optional(Content),
  title: Schema.optional(
    Schema.Trim.pipe(
      Schema.filter((text) => text === "" ? "a title can't be empty" : undefined),
      Schema.maxLength(MAX_TITLE, titleTooLong)
    )
  ),
  type: Schema.optional(UnitType),
  pinned: Schema.optional(Schema.Boolean),
  /** True for what is to be kept, though no session is told it for that: neither listed among the least nor let go. */
  kept: Schema.optional(Schema.Boolean),
  /** Id of the memory that holds instead, or null when this one holds. */
  replacedBy: Schema.optional(Schema.NullOr(Schema.String)),
  /** The revisions that may be changed, 0 for a memory that nobody has changed: another is not overwritten. */
  revisions: Schema.optional(Schema.Array(Schema.Int))
})
export type EditRequest = typeof EditRequest.Type
