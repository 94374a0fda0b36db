/**
 * Pages through memories in the order of their times.
 */
import * as Schema from "effect/Schema"
import { MemoryUnit } from "./MemoryUnit.ts"
import { SearchFilter } from "./Search.ts"

/** Sort key of a unit: time, then position in the session, then id. */
export const Place = Schema.Struct({
  occurredAt: Schema.Number,
  position: Schema.Number,
  id: Schema.String
})
export type Place = typeof Place.Type

/** Limits the units of a timeline. */
export interface TimelineFilter {
  readonly projects: SearchFilter["projects"]
  readonly sessionId?: string | undefined
}

/** A place and the direction in which to go on from it; opaque to clients. */
const Cursor = Schema.parseJson(Schema.Tuple(Schema.Literal("before", "after"), Place))
export const decodeCursor = Schema.decodeEither(Schema.compose(Schema.StringFromBase64Url, Cursor))
export const encodeCursor = Schema.encodeSync(Schema.compose(Schema.StringFromBase64Url, Cursor))

/**
 * Asks for at most `limit` units around a unit or a time, half of them before it, or for the newest units when `around`
 * is not set. With the cursor of an earlier answer for the same projects and session, asks for the page that the cursor
 * leads to.
 */
export const TimelineRequest = Schema.Struct({
  /** Defaults to the project of the unit in `around`, else to all. */
  projects: Schema.optional(SearchFilter.fields.projects),
  /** Id of a session, or the beginning of one, to which the timeline is limited. */
  sessionId: Schema.optional(Schema.String),
  /** A unit, by its id or the beginning of the id, or a time in milliseconds since the epoch. */
  around: Schema.optional(Schema.Union(
    Schema.Struct({ unit: Schema.String }),
    Schema.Struct({ time: Schema.Number })
  )),
  cursor: Schema.optional(Schema.String),
  limit: Schema.Int.pipe(Schema.between(1, 100))
})
export type TimelineRequest = typeof TimelineRequest.Type

/** Units in the order of their times, and the cursors of the pages before and after; null without such a page. */
export const Timeline = Schema.Struct({
  units: Schema.Array(MemoryUnit),
  previous: Schema.NullOr(Schema.String),
  next: Schema.NullOr(Schema.String)
})
export type Timeline = typeof Timeline.Type
