/**
 * Work that goes on beside what a process is asked for: its failure ends nothing else.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"

/** A failure's pause is twice that of the one before. */
const FIRST_PAUSE = Duration.seconds(1)
const LONGEST_PAUSE = Duration.minutes(5)

export interface State {
  readonly name: string
  readonly isRunning: boolean
  /** How often it failed in all, and in a row. */
  readonly failures: number
  readonly inARow: number
  /** Why it failed last, also when it runs again. */
  readonly failure: string | null
}

export interface Supervised {
  readonly state: Effect.Effect<State>
  /** Until it is interrupted. */
  readonly run: Effect.Effect<never>
}

const failureOf = (cause: Cause.Cause<{ readonly message: string }>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => `a mistake of its own: ${String(Cause.squash(cause))}`,
    onSome: ({ message }) => message
  })

/** Begins again, after a while, when the work fails or ends; a failure is logged. One that ran for so long as the longest pause is well. */
export const make = (
  name: string,
  work: Effect.Effect<unknown, { readonly message: string }>
): Effect.Effect<Supervised> =>
  Effect.map(
    Ref.make<State>({ name, isRunning: false, failures: 0, inARow: 0, failure: null }),
    (state) => {
      const change = (some: Partial<State>) => Ref.updateAndGet(state, (so) => ({ ...so, ...some }))
      const once = Effect.gen(function*() {
        const { failures, inARow } = yield* change({ isRunning: true })
        const since = yield* Clock.currentTimeMillis
        const exit = yield* Effect.exit(work)
        const wasWell = (yield* Clock.currentTimeMillis) - since >= Duration.toMillis(LONGEST_PAUSE)
        if (Exit.isSuccess(exit)) {
          yield* change({ isRunning: false, inARow: 0 })
          return yield* Effect.sleep(FIRST_PAUSE)
        }
        if (Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
        const failure = failureOf(exit.cause)
        yield* Effect.logWarning(`${name} failed and is tried again: ${failure}`)
        const again = wasWell ? 0 : inARow
        yield* change({ isRunning: false, failures: failures + 1, inARow: again + 1, failure })
        yield* Effect.sleep(Duration.min(LONGEST_PAUSE, Duration.times(FIRST_PAUSE, 2 ** Math.min(again, 10))))
      })
      return { state: Ref.get(state), run: Effect.forever(once) }
    }
  )
