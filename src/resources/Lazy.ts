/**
 * Shares a resource that the first caller opens and the scope of `make` releases.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Permits from "./Permits.ts"

const forkSequential = (scope: Scope.Scope) => Scope.fork(scope, ExecutionStrategy.sequential)

/**
 * Returns an effect that opens the resource once, however many callers run it at the same time. The opening belongs to
 * the scope: when the caller that began it is interrupted, the others still get the resource. A failed opening releases
 * what it acquired, fails for all who wait for it, and is tried again by the next caller.
 */
export const make = <A, E, R>(
  open: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<A, E, Exclude<R, Scope.Scope>>, never, Scope.Scope> =>
  // The finalizer's place is that of `make`, not of the first use: resources made later may depend on this one and are
  // released before it.
  Effect.map(Effect.flatMap(Effect.scope, forkSequential), (scope) => {
    const lock = Permits.make(1)
    let opening = Option.none<Fiber.RuntimeFiber<A, E>>()

    /** Opens in a scope of its own, so that a failed opening releases its resources at once. */
    const begin = Effect.gen(function*() {
      const own = yield* forkSequential(scope)
      const fiber = yield* Effect.interruptible(Scope.extend(open, own)).pipe(
        Effect.onError((cause) =>
          Effect.ensuring(
            Scope.close(own, Exit.failCause(cause)),
            Effect.sync(() => opening = Option.none())
          )
        ),
        Effect.forkIn(scope)
      )
      opening = Option.some(fiber)
      return fiber
    })
    return Effect.suspend(() => Option.match(opening, { onNone: () => begin, onSome: Effect.succeed })).pipe(
      Effect.uninterruptible,
      lock,
      Effect.flatMap(Fiber.await),
      Effect.flatten
    )
  })
