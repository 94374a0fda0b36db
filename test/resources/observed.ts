/**
 * Observes a handle that a constructor of src/resources opens: in the ledger, by the operating system's counts, and at its release.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Drift from "../../src/resources/monitor/Drift.ts"
import * as LeakProbe from "../../src/resources/monitor/LeakProbe.ts"
import type { Owned } from "../../src/resources/Owner.ts"
import { type ResourceChange, ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { owned } from "./owned.ts"

const outside = Effect.gen(function*() {
  yield* Effect.sleep("50 millis")
  const { snapshot } = yield* ResourceLedger
  return Drift.unaccounted(yield* LeakProbe.read, yield* snapshot)
})

const nameOf = (change: ResourceChange) =>
  change._tag === "Released" ? change.how : `${change.resource.kind} ${change.resource.name}`

/** What is to be seen of the handles that `open` opens and `use` uses. */
export interface Observed {
  /** Openings and releases in their order, as "child cat" and "closed". */
  readonly changes: ReadonlyArray<string>
  /** What the operating system counts beyond the ledger, while they are open. */
  readonly drift: Drift.Drift
  /** The same after they have been closed. */
  readonly left: Drift.Drift
}

export const observed = <A, E, R, E2>(
  open: Effect.Effect<A, E, R>,
  use: (handle: A) => Effect.Effect<unknown, E2> = () => Effect.void
): Effect.Effect<Observed, E | E2, Owned<R>> =>
  Effect.gen(function*() {
    const changes = yield* Effect.flatMap(ResourceLedger, (ledger) => ledger.changes)
    const before = yield* outside
    const drift = yield* Effect.scoped(Effect.gen(function*() {
      const handle = yield* owned(open)
      const drift = Drift.since(before, yield* outside)
      yield* use(handle)
      return drift
    }))
    const left = Drift.since(before, yield* outside)
    return { changes: Chunk.toReadonlyArray(yield* Queue.takeAll(changes)).map(nameOf), drift, left }
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)) as Effect.Effect<Observed, E | E2, Owned<R>>

export const NO_DRIFT: Drift.Drift = { fds: 0, sockets: 0, watchers: 0, workers: 0, children: 0 }
