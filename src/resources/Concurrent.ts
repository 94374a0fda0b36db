/**
 * Processes several items at a time.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { atLeastOne } from "./Permits.ts"

/**
 * Returns the results of `f` in the order of the items, with at most `limit` running; the first failure interrupts the
 * others. Replaces `Effect.forEach` of Effect 3.22.4, which never ends when it is interrupted before its own fiber has
 * taken a step. A limit below 1, or that is no number, is a defect.
 */
export const forEach = <A, B, E, R>(
  items: ReadonlyArray<A>,
  limit: number,
  f: (item: A) => Effect.Effect<B, E, R>
): Effect.Effect<ReadonlyArray<B>, E, Exclude<R, Scope.Scope>> =>
  Effect.gen(function*() {
    const done = yield* Deferred.make<void, E>()
    const found: Array<B> = []
    if (items.length === 0) return found
    const workers = Math.min(atLeastOne(limit), items.length)
    let next = 0
    let working = workers
    const work = Effect.gen(function*() {
      while (next < items.length) {
        const i = next++
        found[i] = yield* f(items[i]!)
      }
    }).pipe(
      Effect.onExit((exit) =>
        Exit.isFailure(exit)
          ? Deferred.failCause(done, exit.cause)
          : --working === 0
          ? Deferred.succeed(done, undefined)
          : Effect.void
      ),
      Effect.forkScoped
    )
    yield* Effect.replicateEffect(work, workers, { discard: true })
    yield* Deferred.await(done)
    return found
  }).pipe(Effect.scoped)
