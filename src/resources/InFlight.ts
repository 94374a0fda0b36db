/**
 * Runs a service's work in fibers that are interrupted when the service's scope closes or the caller is interrupted.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { ResourceLedger } from "./ResourceLedger.ts"

export type InFlight = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** `name` is the owning Tag's name, for the ledger. */
export const make: (name: string) => Effect.Effect<InFlight, never, ResourceLedger | Scope.Scope> = Effect.fn(
  "InFlight.make"
)(function*(name) {
  const ledger = yield* ResourceLedger
  const fibers = yield* ledger.adopt("fibers", name, FiberSet.make<unknown, unknown>())
  return (effect) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const fiber = yield* FiberSet.run(fibers, restore(effect))
        return yield* restore(Fiber.join(fiber)).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))
      })
    )
})
