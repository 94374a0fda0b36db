/**
 * A shared resource opened by whoever needs it first and released with the scope that made it lazy.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"

/**
 * N concurrent first callers open it once. An open that failed or was interrupted leaves nothing behind and is tried again by
 * the next caller, those already waiting included.
 */
export const make = <A, E, R>(
  open: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<A, E, Exclude<R, Scope.Scope>>, never, Scope.Scope> =>
  Effect.zipWith(Effect.scope, Effect.makeSemaphore(1), (scope, lock) => {
    let opened = Option.none<A>()

    /** In a scope of its own, so that what it opened before it failed or was interrupted is released at once. */
    const openOnce = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const value = yield* restore(Scope.extend(open, own)).pipe(
          Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
        )
        opened = Option.some(value)
        return value
      })
    )
    return lock.withPermits(1)(
      Effect.suspend(() => Option.match(opened, { onNone: () => openOnce, onSome: Effect.succeed }))
    )
  })
