/**
 * Counts who uses the server, so that one that was opened for a page ends after it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { LIMITS } from "./Limits.ts"
import { type Problem, problem } from "./Problem.ts"

const TOO_MANY = problem("overloaded", `${LIMITS.streams} streams are open already; close a page, or wait`)

export const make = Effect.sync(() => {
  let streams = 0
  let lastUse = 0
  return Activity.of({
    use: (now) => {
      lastUse = now
    },
    open: (stream) =>
      Effect.suspend(() => {
        if (streams >= LIMITS.streams) return Effect.fail(TOO_MANY)
        const counted = Stream.ensuring(
          Stream.concat(Stream.execute(Effect.sync(() => streams++)), stream),
          Effect.sync(() => streams--)
        )
        return Effect.succeed(counted)
      }),
    streams: () => streams,
    lastUse: () => lastUse
  })
})

export class Activity extends Context.Tag("claude-memory/http/Activity")<Activity, {
  /** Notes a request with a token, at a time in milliseconds since the epoch. */
  readonly use: (now: number) => void
  readonly lastUse: () => number
  /** Counts a stream while it is open; a problem when too many are. */
  readonly open: <E>(
    stream: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<Stream.Stream<Uint8Array, E>, Problem>
  /** Streams that are open: one for each page that is looked at. */
  readonly streams: () => number
}>() {}
