/**
 * Memories in the order of their times, a page at a time.
 */
import * as Schema from "effect/Schema"
import { MemoryUnit } from "./MemoryUnit.ts"
import { SearchFilter } from "./Search.ts"

/** Where a memory stands: those of one time stand in the order of their session. */
export const Place = Schema.Struct({
  occurredAt: Schema.Number,
  position: Schema.Number,
  id: Schema.String
})
export type Place = typeof Place.Type

/** Which memories it is of. */
export interface TimelineFilter {
  readonly projects: SearchFilter["projects"]
  readonly sessionId?: string | undefined
}

/** Opaque to whoever asks: a place and the direction to go on from it. */
const Cursor = Schema.parseJson(Schema.Tuple(Schema.Literal("before", "after"), Place))
export const decodeCursor = Schema.decodeEither(Schema.compose(Schema.StringFromBase64Url, Cursor))
export const encodeCursor = Schema.encodeSync(Schema.compose(Schema.StringFromBase64Url, Cursor))

/**
 * What stands around a unit or a time: at most `limit` units, half of them before it. Without either, the newest. With a cursor of an
 * earlier answer, of the same projects and session, the page that it leads to.
 */
export const TimelineRequest = Schema.Struct({
  /** Without these: the unit's own, else all. */
  projects: Schema.optional(SearchFilter.fields.projects),
  /** Only this session, by its id or the beginning of it. */
  sessionId: Schema.optional(Schema.String),
  /** A unit by its id or the beginning of it, or a time in milliseconds since the epoch. */
  around: Schema.optional(Schema.Union(
    Schema.Struct({ unit: Schema.String }),
    Schema.Struct({ time: Schema.Number })
  )),
  cursor: Schema.optional(Schema.String),
  limit: Schema.Int.pipe(Schema.between(1, 100))
})
export type TimelineRequest = typeof TimelineRequest.Type

/** Units in the order of their times, and the cursors of what comes before and after them, if anything does. */
export const Timeline = Schema.Struct({
  units: Schema.Array(MemoryUnit),
  previous: Schema.NullOr(Schema.String),
  next: Schema.NullOr(Schema.String)
})
export type Timeline = typeof Timeline.Type
