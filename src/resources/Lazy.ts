/**
 * A shared resource opened by whoever needs it first and released with the scope that made it lazy.
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
 * N concurrent first callers open it once. The opening belongs to the scope, not to the caller who began it: when that one is
 * interrupted the others still get it. One that fails leaves nothing behind, is told to all who wait for it, and is tried again
 * by the next caller.
 */
export const make = <A, E, R>(
  open: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<A, E, Exclude<R, Scope.Scope>>, never, Scope.Scope> =>
  // Released where it is made, not where it is first needed: what is made later stands on it and goes before.
  Effect.map(Effect.flatMap(Effect.scope, forkSequential), (scope) => {
    const lock = Permits.make(1)
    let opening = Option.none<Fiber.RuntimeFiber<A, E>>()

    /** In a scope of its own, so that what it opened before it failed is released at once. */
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
