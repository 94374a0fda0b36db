/**
 * A memory's new words that no memory can have: too long, none, or of a project that is excluded.
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * A request beyond the bounds of `SaveRequest` or `EditRequest`, or to save in a project that is excluded; nothing was written. `detail` says
 * what to do.
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

/** Checks a request of any caller against the bounds in its schema; the error says how to keep within them. */
export const validated = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknown(schema)
  return (request: A): Effect.Effect<A, InvalidRequest> =>
    Effect.mapError(
      decode(request),
      (error) => new InvalidRequest({ detail: ParseResult.ArrayFormatter.formatErrorSync(error)[0]!.message })
    )
}
