/**
 * Shares a resource that the first caller opens and the scope of the owner releases.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { children, type Owned, type Owner } from "./Owner.ts"
import * as Permits from "./Permits.ts"

/**
 * Returns an effect that opens the resource once, however many callers run it at the same time. The opening belongs to
 * the owner: when the caller that began it is interrupted, the others still get the resource. A failed opening releases
 * what it acquired, fails for all who wait for it, and is tried again by the next caller.
 */
export const make = <A, E, R>(
  open: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<A, E, Owned<R>>, never, Owner> =>
  Effect.map(children("a lazy resource"), (makeChild) => {
    const lock = Permits.make(1)
    let opening = Option.none<Fiber.RuntimeFiber<A, E>>()

    const begin = Effect.gen(function*() {
      const child = yield* makeChild
      const fiber = yield* Effect.interruptible(child.open(open)).pipe(
        Effect.onError(() => Effect.sync(() => opening = Option.none())),
        Effect.forkIn(child.parent)
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
