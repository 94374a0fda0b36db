/**
 * Work on several items at a time.
 */
import * as Arr from "effect/Array"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

/**
 * What `f` gives for each, in their order, at most `limit` at a time; the first failure interrupts the others. For
 * `Effect.forEach` of Effect 3.22.4, which never ends when it is interrupted before its own fiber has taken a step.
 */
export const forEach = <A, B, E, R>(
  items: ReadonlyArray<A>,
  limit: number,
  f: (item: A) => Effect.Effect<B, E, R>
): Effect.Effect<ReadonlyArray<B>, E, Exclude<R, Scope.Scope>> =>
  Effect.gen(function*() {
    if (!Arr.isNonEmptyReadonlyArray(items)) return []
    const done = yield* Deferred.make<void, E>()
    const permits = yield* Effect.makeSemaphore(limit)
    const found: Array<B> = []
    let left = items.length
    const run = (item: A, i: number) =>
      permits.withPermits(1)(f(item)).pipe(
        Effect.onExit((exit) => {
          if (Exit.isFailure(exit)) return Deferred.failCause(done, exit.cause)
          found[i] = exit.value
          return --left === 0 ? Deferred.succeed(done, undefined) : Effect.void
        }),
        Effect.forkScoped
      )
    yield* Effect.forEach(items, run, { discard: true })
    yield* Deferred.await(done)
    return found
  }).pipe(Effect.scoped)
