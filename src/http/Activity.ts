/**
 * Counts who uses the server, so that one that was opened for a page ends after it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { LIMITS } from "./Limits.ts"
export const make = Effect.sync(() => {
  let streams = 0
  let lastUse = 0
  return Activity.of({
    use: (now) => {
      lastUse = now
    },
    open: (stream) =>
      Effect.sync(() =>
        streams >= LIMITS.streams ? Option.none() : Option.some(Stream.ensuring(
          Stream.concat(Stream.execute(Effect.sync(() => streams++)), stream),
          Effect.sync(() => streams--)
        ))
      ),
    streams: () => streams,
    lastUse: () => lastUse
  })
})

export class Activity extends Context.Tag("claude-memory/http/Activity")<Activity, {
  /** Notes a request with a token, at a time in milliseconds since the epoch. */
  readonly use: (now: number) => void
  readonly lastUse: () => number
  /** Counts a stream while it is open; none when too many are. */
  readonly open: <E>(
    stream: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<Option.Option<Stream.Stream<Uint8Array, E>>>
  /** Streams that are open: one for each page that is looked at. */
  readonly streams: () => number
}>() {}
