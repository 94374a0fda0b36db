/**
 * Streams that the memory changed, to all who listen: one look at the database each second while anybody does.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { Service } from "./Service.ts"

/** Interval at which the database is looked at, and that at which a listener hears that the server is there. */
const LOOK = "1 second"
const BEAT_MS = 15_000

export const make = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const { closing } = yield* Service
  // Several listeners look at the database at the same time.
  const version = yield* Effect.cachedWithTTL(Effect.option(memory.version), "500 millis")

  const look = (known: string | undefined, beat: number) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const found = yield* version
      const seen = found._tag === "Some" ? found.value : known
      return seen !== known
        ? { text: "data: {\"kind\":\"changed\"}\n\n", state: { known: seen, beat: now } }
        : now - beat >= BEAT_MS
        ? { text: ": still here\n\n", state: { known, beat: now } }
        : { text: "", state: { known, beat } }
    })

  const changes = Stream.unwrap(Effect.gen(function*() {
    const first = yield* version
    const start = {
      known: first._tag === "Some" ? first.value : undefined,
      beat: yield* Clock.currentTimeMillis
    }
    return Stream.repeatEffect(Effect.sleep(LOOK)).pipe(
      Stream.mapAccumEffect(
        start,
        (state) => Effect.map(look(state.known, state.beat), ({ state, text }) => [state, text] as const)
      ),
      Stream.filter((text) => text !== "")
    )
  }))

  return Events.of({
    stream: Stream.concat(Stream.make("data: {\"kind\":\"connected\"}\n\n"), changes).pipe(
      Stream.interruptWhen(closing),
      Stream.encodeText
    )
  })
})

export class Events extends Context.Tag("claude-memory/http/Events")<Events, {
  /** Emits one event at once, one after each change, and comments in between; ends when the server closes. */
  readonly stream: Stream.Stream<Uint8Array>
}>() {}
