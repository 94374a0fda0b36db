/**
 * Settings and servers that all parts of the gate share.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { ROLES } from "../../src/models/Presets.ts"
import type { StandIn } from "../index/qdrant/StandIn.ts"
import * as HandleCounts from "./HandleCounts.ts"
import type { Cluster } from "./postgres.ts"
import { keyOf, type Servers } from "./Scenario.ts"
import * as Yardstick from "./Yardstick.ts"

/** Ends the gate at the first failure (`--bail`). */
export class StopAtFirstFailure {
  readonly _tag = "StopAtFirstFailure"
}

export interface GateContext {
  readonly isQuick: boolean
  /** Stops at the first failure: a part that collects failures may give up at its first. */
  readonly bails: boolean
  readonly seed: number
  /** Folder for temporary files; it holds only what a run makes. */
  readonly folder: string
  /** Folder for temporary files outside of the gate, which other users can reach. */
  readonly outside: string
  readonly sessions: string
  readonly servers: Servers
  readonly qdrant: StandIn
  /** Starts PostgreSQL on first use; none where it is not installed. */
  readonly postgres: Effect.Effect<Option.Option<Cluster>>
  /** Shows a line of progress. */
  readonly progress: (line: string) => Effect.Effect<void>
  readonly failed: (failure: string) => Effect.Effect<void, StopAtFirstFailure>
}

export const numbered = (i: number, all: number) => `${i + 1} of ${all}`

/** Empties the records of the servers, which are in the process whose memory is measured. */
export const forgetRequests = ({ qdrant, servers }: Pick<GateContext, "qdrant" | "servers">): void => {
  for (const { seen } of Object.values(servers)) seen.paths.length = seen.batches.length = 0
  qdrant.seen.operations.length = qdrant.seen.bodies.length = 0
}

/** Reports each server that received another server's key. */
const misplacedKeys = (servers: Servers): ReadonlyArray<string> =>
  ROLES.flatMap((role) =>
    [...servers[role].seen.keys].some((key) => key !== keyOf(role) && key !== `Bearer ${keyOf(role)}`)
      ? [`the server of ${role} saw the key of another`]
      : []
  )

/** Runs `run`; adds to its failures whatever it left open, and keys that reached the wrong server. */
export const checkedForLeaks = <A extends { readonly wrong: ReadonlyArray<string> }, E, R>(
  { folder, qdrant, servers }: GateContext,
  run: Effect.Effect<A, E, R>,
  settlesWithinMs?: number
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.gen(function*() {
    yield* Yardstick.refresh
    const now = HandleCounts.read(folder, [...Object.values(servers), qdrant])
    const before = yield* now
    const result = yield* Effect.scoped(run)
    return {
      ...result,
      wrong: [
        ...result.wrong,
        ...(yield* HandleCounts.increases(before, now, settlesWithinMs)),
        ...misplacedKeys(servers),
        ...qdrant.breaches.splice(0)
      ]
    }
  })

/** Forked as a daemon, because a run that hangs could not be waited for as a child. */
export const started = Effect.forkDaemon

/** Longer than an opening (10 seconds), a release (5) and the last openings (2) by a fast clock. */
const ENDS_WITHIN_MS = 10_000

/** Exit of the fiber; none when it hangs. */
export const endOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) => Yardstick.within(Fiber.await(fiber), ENDS_WITHIN_MS)
