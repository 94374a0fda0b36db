/**
 * What every part of the gate stands on.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ModelServer } from "../../test/models/server.ts"
import * as World from "./World.ts"

export interface Ground {
  readonly isQuick: boolean
  readonly seed: number
  /** Where temporary files go: nothing else is in it but what a run makes. */
  readonly folder: string
  readonly sessions: string
  readonly server: ModelServer
  /** A line that a person watches. */
  readonly progress: (line: string) => Effect.Effect<void>
}

export const numbered = (i: number, all: number) => `${i + 1} of ${all}`

/** A run, and what it left beside what it says is wrong. */
export const withoutTraces = <A extends { readonly wrong: ReadonlyArray<string> }, E, R>(
  { folder, server }: Ground,
  run: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.gen(function*() {
    const now = World.read(folder, [server])
    const before = yield* now
    const result = yield* Effect.scoped(run)
    const left = yield* World.beyond(before, now)
    return left.length === 0 ? result : { ...result, wrong: [...result.wrong, ...left] }
  })
