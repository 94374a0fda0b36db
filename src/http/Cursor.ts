/**
 * Cursors of lists: opaque to clients, and checked when they come back.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { problem } from "./Problem.ts"

/** Numbers that say where a list goes on. */
const Cursor = Schema.compose(Schema.StringFromBase64Url, Schema.parseJson(Schema.Array(Schema.JsonNumber)))
const encode = Schema.encodeSync(Cursor)
const decode = Schema.decode(Cursor)

export const toCursor = (...place: ReadonlyArray<number>): string => encode(place)

/** Returns the numbers of a cursor, or those of the beginning; a problem for a cursor that no list returned. */
export const fromCursor = (cursor: string | undefined, ...beginning: ReadonlyArray<number>) =>
  cursor === undefined
    ? Effect.succeed(beginning)
    : decode(cursor).pipe(
      Effect.filterOrFail((place) => place.length === beginning.length && place.every((n) => Math.abs(n) <= 8.64e15)),
      Effect.mapError(() => problem("bad-request", "the cursor is none that this list returned; leave it out"))
    )
