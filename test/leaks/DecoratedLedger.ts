/**
 * The resource ledger with additional effects around acquisitions.
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import { type Acquisition, ResourceLedger } from "../../src/resources/ResourceLedger.ts"

export interface Acquired {
  readonly kind: string
  readonly name: string
  /** The ledger can destroy the handle when it does not close in time. */
  readonly isForced: boolean
}

export interface Decoration {
  readonly opening?: <A, E, R>(open: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Runs once the handle is open, before the caller gets it. */
  readonly handing?: Effect.Effect<void>
  /** Runs after the handle has closed, so that whatever is still open then is a leak of the code itself. */
  readonly closing?: Effect.Effect<unknown, unknown>
}

/** `decorate` is called at the beginning of each acquisition. */
export const layer = (decorate: (acquired: Acquired) => Decoration): Layer.Layer<ResourceLedger> =>
  Layer.effect(
    ResourceLedger,
    Effect.map(ResourceLedger, (ledger) =>
      ResourceLedger.of({
        ...ledger,
        acquire: <A, E, R>(options: Acquisition<A, E, R>) =>
          Effect.suspend(() => {
            const { close, destroy, kind, name, open } = options
            const decoration = decorate({ kind, name, isForced: destroy !== undefined })
            const { closing = Effect.void, handing = Effect.void, opening = identity } = decoration
            return Effect.zipLeft(
              ledger.acquire({
                ...options,
                open: opening(open),
                close: (handle) => Effect.zipRight(close(handle), closing)
              }),
              handing
            )
          }),
        adopt: (kind, name, scoped) =>
          Effect.suspend(() => {
            const decoration = decorate({ kind, name, isForced: false })
            const { closing = Effect.void, handing = Effect.void, opening = identity } = decoration
            const closed = Effect.addFinalizer(() => Effect.orDie(Effect.interruptible(closing)))
            return Effect.zipLeft(ledger.adopt(kind, name, opening(Effect.zipRight(closed, scoped))), handing)
          })
      }))
  ).pipe(Layer.provide(ResourceLedger.layer))
