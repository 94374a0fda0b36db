/**
 * The resource ledger with additional effects around acquisitions.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import { acquire, type Acquisition, ResourceLedger } from "../../src/resources/ResourceLedger.ts"

export interface Acquired {
  readonly kind: string
  readonly name: string
  /** The ledger can destroy the handle when it does not close in time. */
  readonly isForced: boolean
  /** Bound of its release, in milliseconds. */
  readonly withinMs: number
}

export interface Decoration {
  readonly opening?: <A, E, R>(open: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Runs once the handle is open, before the caller gets it. */
  readonly handing?: Effect.Effect<void>
  /** Takes the place of the handle's own close. */
  readonly closing?: (close: Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown>
}

/** `decorate` is called at the beginning of each acquisition. */
export const layer = (decorate: (acquired: Acquired) => Decoration): Layer.Layer<ResourceLedger> =>
  Layer.effect(
    ResourceLedger,
    Effect.map(ResourceLedger, (ledger) =>
      ResourceLedger.of({
        ...ledger,
        [acquire]: <A, E, R>(options: Acquisition<A, E, R>, marked: Error) =>
          Effect.suspend(() => {
            const { close, destroy, kind, name, open, within } = options
            const decoration = decorate({
              kind,
              name,
              isForced: destroy !== undefined,
              withinMs: Duration.toMillis(within)
            })
            const { closing = identity, handing = Effect.void, opening = identity } = decoration
            return Effect.zipLeft(
              ledger[acquire](
                { ...options, open: opening(open), close: (handle) => closing(Effect.suspend(() => close(handle))) },
                marked
              ),
              handing
            )
          })
      }))
  ).pipe(Layer.provide(ResourceLedger.layer))
