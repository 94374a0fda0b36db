/**
 * The ledger, with something done to each acquisition.
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import { type Acquisition, ResourceLedger } from "../../src/resources/ResourceLedger.ts"

export interface Acquired {
  readonly kind: string
  readonly name: string
  /** Whether the ledger can force it when it doesn't close. */
  readonly isForced: boolean
}

export interface Decoration {
  readonly opening?: <A, E, R>(open: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Done when it is open, before it is handed over. */
  readonly handing?: Effect.Effect<void>
  /** Done after it has closed, so that what the operating system still has open is ours. */
  readonly closing?: Effect.Effect<unknown, unknown>
}

/** `decorate` is asked at the beginning of each acquisition. */
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
