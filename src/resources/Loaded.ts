/**
 * Keeps a large value, as a model's weights, until the owner's scope closes.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Owner from "./Owner.ts"
import type { ResourceKind } from "./ResourceLedger.ts"

/** Loads the value, and returns an effect that reads it; none once it is released. */
export const open = <A, E, R>(
  { kind, load, name }: { readonly kind: ResourceKind; readonly name: string; readonly load: Effect.Effect<A, E, R> }
) =>
  Effect.map(
    Owner.open<{ current: Option.Option<A> }, E, R>({
      kind,
      name,
      open: Effect.map(load, (value) => ({ current: Option.some(value) })),
      close: (holder) => Effect.sync(() => holder.current = Option.none()),
      isGone: ({ current }) => Option.isNone(current),
      within: "1 second"
    }),
    (holder): Effect.Effect<Option.Option<A>> => Effect.sync(() => holder.current)
  )
