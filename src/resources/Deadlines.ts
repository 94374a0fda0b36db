/**
 * Calls functions at their deadlines, unless they are cancelled before. One fiber waits for the earliest deadline,
 * because a timer and its fibers for each (`Effect.timeout`) cost more than a short request.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Calls `expire` after this time; the returned function cancels that. */
export type Deadlines = (milliseconds: number, expire: () => void) => () => void

interface Deadline {
  /** In milliseconds of a clock that is never set back. */
  readonly at: number
  readonly expire: () => void
}

export const make: Effect.Effect<Deadlines, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
  const pending = new Set<Deadline>()
  /** The time until which the fiber waits, unless it is woken. */
  let earliest = Number.POSITIVE_INFINITY
  let wake = () => {}

  yield* Effect.suspend(() => {
    const time = now()
    let next = Number.POSITIVE_INFINITY
    for (const deadline of pending) {
      if (deadline.at > time) {
        next = Math.min(next, deadline.at)
      } else {
        pending.delete(deadline)
        deadline.expire()
      }
    }
    earliest = next
    // An earlier deadline may have come before this begins to wait.
    const woken = Effect.async<void>((resume) => {
      wake = () => resume(Effect.void)
      if (earliest < next) wake()
    })
    return Effect.timeoutOption(woken, next - time)
  }).pipe(Effect.forever, Effect.forkScoped)

  return (milliseconds, expire) => {
    const deadline = { at: now() + milliseconds, expire }
    pending.add(deadline)
    if (deadline.at < earliest) {
      earliest = deadline.at
      wake()
    }
    return () => pending.delete(deadline)
  }
})
