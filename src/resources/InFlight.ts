/**
 * Runs a service's work in fibers that are interrupted when the service's scope closes or the caller is interrupted.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Fibers from "./Fibers.ts"
import type { Owner } from "./Owner.ts"

/** Runs the effect in a fiber of the owner: its end interrupts the effect, and so does the caller's interruption. */
export type InFlight = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** `name` is the name of the fibers in the ledger. */
export const make = (name: string): Effect.Effect<InFlight, never, Owner> =>
  Effect.map(
    Fibers.open(name),
    (fibers): InFlight => (effect) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const fiber = yield* FiberSet.run(fibers, restore(effect))
          return yield* restore(Fiber.join(fiber)).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))
        })
      )
  )
