/**
 * Opens resources that a call needs for itself, as a file to read, until the scope of the call closes.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { children, type Owned, type Owner } from "./Owner.ts"

/** Opens in the name of the owner, and in the scope of the caller. */
export type PerCall = <A, E, R>(
  open: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, Owned<R> | Scope.Scope>

/**
 * Makes a function that opens for calls of a service whose layer is built: at most `atMost` handles of a kind at a time. The ledger
 * holds to it: one more is `TooManyOpen`. An opening that is interrupted releases what it acquired.
 */
export const make = (atMost: number): Effect.Effect<PerCall, never, Owner> =>
  Effect.map(
    children("what calls open", atMost),
    (makeChild): PerCall => (open) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const child = yield* makeChild
          yield* Effect.addFinalizer(() => child.close)
          return yield* restore(child.open(open))
        })
      )
  )
