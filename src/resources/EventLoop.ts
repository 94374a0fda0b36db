/**
 * Lets the event loop turn within work that is synchronous.
 */
import * as Effect from "effect/Effect"

/**
 * Waits for the callbacks that are due. After a pause of the event loop timers run first: a file that was opened in the pause has a
 * descriptor by then, and its opening has not gone on.
 */
export const callbacks: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/**
 * Lets all others go on that can: signals, files, sockets and, between the two immediates, timers. A sleep of no duration is a timer of
 * a millisecond, in which nobody works.
 */
export const turn: Effect.Effect<void> = Effect.zipRight(callbacks, callbacks)
