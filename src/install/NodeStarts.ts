/**
 * Times the `node` that Claude Code starts for a hook beside the one that runs now: a version manager may have put a
 * shim before the real one, which takes longer than the hook.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Child from "../resources/Child.ts"
import * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"

/** Starts of each; the fastest counts, since others share the machine. */
const STARTS = 5
const LIMIT = "3 seconds"

/**
 * A shim costs notably more when its fastest start takes half as long again as the real one's, and 15 ms longer: as much
 * as all else that a hook does at a session's start. A `node` found on PATH differs by less than a millisecond.
 */
const SHARE = 1.5
const LEAST_MS = 15

/** Milliseconds from a start to its end. */
export interface NodeTimes {
  readonly found: number
  readonly running: number
}

export const isShim = ({ found, running }: NodeTimes): boolean => found > SHARE * running && found > running + LEAST_MS

const make = Effect.gen(function*() {
  const perCall = yield* PerCall.make(1)
  /** Starts a program to its end; none when it can't be started, or takes too long. */
  const start = (command: string) =>
    Effect.gen(function*() {
      const before = yield* Clock.currentTimeNanos
      const { exit } = yield* perCall(Child.open({ name: command, command, args: ["-e", "0"], stdio: "ignore" }))
      yield* exit
      return Number((yield* Clock.currentTimeNanos) - before) / 1e6
    }).pipe(Effect.scoped, Effect.timeout(LIMIT), Effect.option)

  const time = (found: string, running: string) =>
    Effect.gen(function*() {
      let fastest: NodeTimes = { found: Infinity, running: Infinity }
      for (let i = 0; i < STARTS; i++) {
        const times = Option.all({ found: yield* start(found), running: yield* start(running) })
        if (Option.isNone(times)) return Option.none()
        const { value } = times
        fastest = {
          found: Math.min(fastest.found, value.found),
          running: Math.min(fastest.running, value.running)
        }
      }
      return Option.some(fastest)
    })
  return { time }
})

export class NodeStarts extends Context.Tag("claude-memory/NodeStarts")<NodeStarts, {
  /** Times two commands, in turn; none when one of them does not run. */
  readonly time: (found: string, running: string) => Effect.Effect<Option.Option<NodeTimes>>
}>() {
  static readonly layer = Owner.layer(this, make)
}
