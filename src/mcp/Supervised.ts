/**
 * Background work of a process: its failure ends nothing else.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import { failureOf } from "../process/Died.ts"

/** Pause after the first failure; each further failure in a row doubles it, up to the longest. */
const FIRST_PAUSE = Duration.seconds(1)
const LONGEST_PAUSE = Duration.minutes(5)

export interface State {
  readonly name: string
  readonly isRunning: boolean
  /** Failures in all, and those since the last run that did not fail. */
  readonly failures: number
  readonly consecutive: number
  /** Message of the latest failure; kept when the work runs again. */
  readonly failure: string | null
}

export interface Supervised {
  readonly state: Effect.Effect<State>
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never>
}

/**
 * Restarts the work after a pause when it fails or ends, and logs each failure. A run that lasted as long as the
 * longest pause resets the count of failures in a row.
 */
export const make = (
  name: string,
  work: Effect.Effect<unknown, { readonly message: string }>
): Effect.Effect<Supervised> =>
  Effect.map(
    Ref.make<State>({ name, isRunning: false, failures: 0, consecutive: 0, failure: null }),
    (state) => {
      const change = (changes: Partial<State>) => Ref.updateAndGet(state, (current) => ({ ...current, ...changes }))
      const once = Effect.gen(function*() {
        const { consecutive, failures } = yield* change({ isRunning: true })
        const since = yield* Clock.currentTimeMillis
        const exit = yield* Effect.exit(work)
        const ranLong = (yield* Clock.currentTimeMillis) - since >= Duration.toMillis(LONGEST_PAUSE)
        if (Exit.isSuccess(exit)) {
          yield* change({ isRunning: false, consecutive: 0 })
          return yield* Effect.sleep(FIRST_PAUSE)
        }
        if (Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
        const failure = failureOf(exit.cause)
        yield* Effect.logWarning(`${name} failed and is tried again: ${failure}`)
        const previous = ranLong ? 0 : consecutive
        yield* change({ isRunning: false, failures: failures + 1, consecutive: previous + 1, failure })
        yield* Effect.sleep(Duration.min(LONGEST_PAUSE, Duration.times(FIRST_PAUSE, 2 ** Math.min(previous, 10))))
      })
      return { state: Ref.get(state), run: Effect.forever(once) }
    }
  )
