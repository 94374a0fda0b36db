/**
 * Functions that run alike within `Effect.gen` and at once. What they read is an `Eventual`: a service's Effect, or a
 * value that is there. Without Effect, since the hook's entry runs them.
 */

/** Value for `yield*`: what an Effect succeeds with, or one that is there at once. */
export interface Eventual<Y, A> {
  readonly [Symbol.iterator]: () => Iterator<Y, A, unknown>
}

export type Steps<Y, A> = Generator<Y, A, unknown>

/** Computes a value whenever it is waited for. */
export const lazily = <A>(compute: () => A): Eventual<never, A> => ({
  [Symbol.iterator]: () => ({ next: () => ({ done: true, value: compute() }) })
})

/** The turn of work that lets nothing come between. */
export const noTurn: Eventual<never, void> = lazily(() => undefined)

/** Runs steps whose values are all there at once. */
export const runAtOnce = <A>(steps: Steps<never, A>): A => steps.next().value
