/**
 * At most so many at a time, first come first served.
 *
 * In place of `Effect.makeSemaphore` (3.22.4). With that one before SQLite's connection, a review that was interrupted in the middle
 * waited for ever (test/Review.test.ts, "that is interrupted, wherever"); https://github.com/Effect-TS/effect/pull/6910 mends such a
 * loss of permits for Effect 4. It also wakes all who wait at each release: with a thousand it was forty times as slow.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

/** Runs the effect when it has a permit; the wait for one can be interrupted. */
export type Permits = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

interface Waiter {
  wake: () => void
}

/** Returns a limit without its fraction; throws where it lets nothing through, so that nobody waits for ever. */
export const atLeastOne = (limit: number): number => {
  if (limit >= 1) return Math.floor(limit)
  throw new RangeError(`at most ${limit} at a time is none; give a whole number from 1 on`)
}

const makeQueue = (limit: number) => {
  const waiting = new Set<Waiter>()
  let free = atLeastOne(limit)

  /** Hands the permit to who waits longest. */
  const release = () => {
    const [first] = waiting
    if (first === undefined) {
      free++
    } else {
      waiting.delete(first)
      first.wake()
    }
  }
  /** Runs in an uninterruptible region; `restore` makes the wait interruptible. */
  const take = (restore: Restore) =>
    Effect.suspend(() => {
      if (free > 0) {
        free--
        return Effect.void
      }
      const waiter: Waiter = { wake: () => {} }
      waiting.add(waiter)
      const woken = Effect.async<void>((resume) => {
        waiter.wake = () => resume(Effect.void)
        if (!waiting.has(waiter)) waiter.wake()
      })
      return Effect.flatMap(Effect.exit(restore(woken)), (exit) => {
        if (Exit.isSuccess(exit)) return Effect.void
        // Interrupted, with the permit in hand unless it still waits.
        if (!waiting.delete(waiter)) release()
        return exit
      })
    })
  return { take, release: Effect.sync(release) }
}

/** Throws a RangeError where the limit is below 1 or no number. */
export const make = (limit: number): Permits => {
  const { release, take } = makeQueue(limit)
  return (effect) =>
    Effect.uninterruptibleMask((restore) => Effect.zipRight(take(restore), Effect.ensuring(restore(effect), release)))
}

/** Takes a permit until the scope closes. */
export const makeScoped = (limit: number): Effect.Effect<void, never, Scope.Scope> => {
  const { release, take } = makeQueue(limit)
  return Effect.uninterruptibleMask((restore) => Effect.zipRight(take(restore), Effect.addFinalizer(() => release)))
}
