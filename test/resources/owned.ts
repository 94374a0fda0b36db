/**
 * Opens handles in tests: as the building of a layer does, or in the ledger itself.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Files } from "../../src/resources/Files.ts"
import * as Origin from "../../src/resources/Origin.ts"
import * as Owner from "../../src/resources/Owner.ts"
import { acquire, type Acquisition, ResourceLedger } from "../../src/resources/ResourceLedger.ts"

/** The platform of a program, with a ledger of its own. */
export const platform = Layer.provideMerge(Files.layer, Layer.merge(ResourceLedger.layer, NodeContext.layer))

/** Runs what opens handles as a layer's code does; the handles belong to the scope of the caller. */
export const owned = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Owner.Owned<R> | ResourceLedger | Scope.Scope> => {
  const tag = Context.GenericTag<{ readonly value: A }>("the test")
  const layer = Owner.layer(tag, Effect.map(effect, (value) => ({ value })))
  return Effect.map(Layer.build(layer), (context) => Context.get(context, tag).value)
}

export type LooseAcquisition<A, E, R> =
  & Omit<Acquisition<A, E, R>, "isGone">
  & Partial<Pick<Acquisition<A, E, R>, "isGone">>

/**
 * A ledger with the method that its owners have. Unless told otherwise, a handle is gone once its close or destroy has succeeded, and
 * a site may have any number open.
 */
export interface OpenLedger extends Omit<ResourceLedger["Type"], typeof acquire> {
  readonly acquire: <A, E, R>(options: LooseAcquisition<A, E, R>) => Effect.Effect<A, E, R | Scope.Scope>
}

export const openLedger = (ledger: ResourceLedger["Type"]): OpenLedger => {
  const acquireOpen = <A, E, R>({ close, destroy, ...options }: LooseAcquisition<A, E, R>) => {
    const gone = new Set<A>()
    const thenGone = (end: (handle: A) => Effect.Effect<unknown, unknown>) => (handle: A) =>
      Effect.tap(end(handle), () => Effect.sync(() => gone.add(handle)))
    return ledger[acquire](
      {
        atMost: Number.POSITIVE_INFINITY,
        isGone: (handle) => gone.has(handle),
        ...options,
        close: thenGone(close),
        ...(destroy !== undefined && { destroy: thenGone(destroy) })
      },
      Origin.mark(acquireOpen)
    )
  }
  return { snapshot: ledger.snapshot, changes: ledger.changes, acquire: acquireOpen }
}
