/**
 * What every part of the gate stands on.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { ROLES } from "../../src/models/Presets.ts"
import type { StandIn } from "../index/qdrant/StandIn.ts"
import { keyOf, type Servers } from "./Scenario.ts"
import * as World from "./World.ts"

/** The gate was to stop at the first failure. */
export class Enough {
  readonly _tag = "Enough"
}

export interface Ground {
  readonly isQuick: boolean
  readonly seed: number
  /** Where temporary files go: nothing else is in it but what a run makes. */
  readonly folder: string
  /** Where they go outside of the gate, and other users reach them. */
  readonly outside: string
  readonly sessions: string
  readonly servers: Servers
  readonly qdrant: StandIn
  /** A line that a person watches. */
  readonly progress: (line: string) => Effect.Effect<void>
  readonly failed: (failure: string) => Effect.Effect<void, Enough>
}

export const numbered = (i: number, all: number) => `${i + 1} of ${all}`

/** No server is told what another's key is. */
const strangeKeys = (servers: Servers): ReadonlyArray<string> =>
  ROLES.flatMap((role) =>
    [...servers[role].seen.keys].some((key) => key !== keyOf(role) && key !== `Bearer ${keyOf(role)}`)
      ? [`the server of ${role} saw the key of another`]
      : []
  )

/** A run, and what it left beside what it says is wrong. */
export const withoutTraces = <A extends { readonly wrong: ReadonlyArray<string> }, E, R>(
  { folder, qdrant, servers }: Ground,
  run: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.gen(function*() {
    const now = World.read(folder, [...Object.values(servers), qdrant])
    const before = yield* now
    const result = yield* Effect.scoped(run)
    return {
      ...result,
      wrong: [
        ...result.wrong,
        ...(yield* World.beyond(before, now)),
        ...strangeKeys(servers),
        ...qdrant.breaches.splice(0)
      ]
    }
  })

/** One that hangs can't be waited for, so it is nobody's child. */
export const started = Effect.forkDaemon

/** An opening (10 seconds), a release (5) and the last openings (2) by a fast clock, and the work, also on a busy machine. */
const ENDS_WITHIN = "10 seconds"

/** How it ended; none when it hangs. */
export const endOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) => Effect.timeoutOption(Fiber.await(fiber), ENDS_WITHIN)
