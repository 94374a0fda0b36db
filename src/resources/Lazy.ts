/**
 * A shared resource opened by whoever needs it first and released with the scope that made it lazy.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"

/**
 * N concurrent first callers open it once. An open that failed or was interrupted leaves nothing behind and is tried again by
 * the next caller, those already waiting included.
 */
export const make = <A, E, R>(
  open: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<A, E, Exclude<R, Scope.Scope>>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const ref = yield* SynchronizedRef.make(Option.none<A>())
    return SynchronizedRef.modifyEffect(ref, (state) =>
      Option.isSome(state)
        ? Effect.succeed([state.value, state] as const)
        : Effect.map(Scope.extend(open, scope), (value) => [value, Option.some(value)] as const))
  })
