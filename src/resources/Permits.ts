/**
 * At most so many at a time, first come first served.
 */
import * as Effect from "effect/Effect"

export type Permits = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Each release wakes one who waits. `Effect.makeSemaphore` (3.22.4) wakes all of them, who then wait again: with a thousand waiting
 * it was forty times as slow.
 */
export const make = (limit: number): Permits => {
  const waiting = new Set<() => void>()
  let free = limit

  const release = () => {
    const [first] = waiting
    if (first === undefined) {
      free++
    } else {
      waiting.delete(first)
      first()
    }
  }
  const take = Effect.async<void>((resume) => {
    const wake = () => resume(Effect.void)
    if (free > 0) {
      free--
      wake()
    } else {
      waiting.add(wake)
    }
    // Interrupted: while it waited, or with the permit in hand.
    return Effect.sync(() => waiting.delete(wake) ? undefined : release())
  })
  return (effect) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(restore(take), Effect.ensuring(restore(effect), Effect.sync(release)))
    )
}
