/**
 * Calls a function at an interval as a handle of the owner.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Owner from "./Owner.ts"

/** `every` may be longer than the 25 days of Node's own timers. */
export interface TimerOptions {
  /** Name in the ledger. */
  readonly name: string
  readonly every: Duration.DurationInput
  /** What it throws ends the program, as with any timer. */
  readonly run: () => void
}

/** Longest delay of Node's timers, some 25 days: they take a longer one for a millisecond. */
const MAX_DELAY_MS = 2 ** 31 - 1

const start = ({ every, run }: TimerOptions) => {
  const ms = Duration.toMillis(every)
  if (ms <= MAX_DELAY_MS) return setInterval(run, ms)
  const ticks = Math.ceil(ms / MAX_DELAY_MS)
  let left = ticks
  const tick = () => {
    if (--left > 0) return
    left = ticks
    run()
  }
  return setInterval(tick, Number.isFinite(ms) ? ms / ticks : MAX_DELAY_MS)
}

/** For a function that has to be called outside of any fiber; an Effect is repeated by a Schedule, in a scope. */
export const open = (options: TimerOptions): Effect.Effect<void, never, Owner.Owner> =>
  Effect.asVoid(Owner.open({
    kind: "timer",
    name: options.name,
    open: Effect.sync(() => start(options)),
    close: (timer) => Effect.sync(() => clearInterval(timer)),
    // Node's own mark, which its types leave out.
    isGone: (timer) => Predicate.hasProperty(timer, "_destroyed") && timer._destroyed === true,
    within: "1 second"
  }))
