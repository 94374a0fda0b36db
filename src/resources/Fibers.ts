/**
 * Keeps a set of fibers as a handle of the owner; those that run are interrupted when its scope closes.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Owner from "./Owner.ts"

/** `name` is the name in the ledger. */
export const open = (name: string): Effect.Effect<FiberSet.FiberSet<unknown, unknown>, never, Owner.Owner> => {
  const handle = Effect.gen(function*() {
    const state = { isEmpty: false }
    // Runs when all fibers of the set have ended.
    yield* Effect.addFinalizer(() => Effect.sync(() => state.isEmpty = true))
    return { state, fibers: yield* FiberSet.make<unknown, unknown>() }
  })
  return Effect.map(
    Owner.adopt({ kind: "fibers", name, scoped: handle, isGone: ({ state }) => state.isEmpty }),
    ({ fibers }) => fibers
  )
}
