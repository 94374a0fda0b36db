/**
 * Measures how slow the machine is, so that the gate's time limits are multiples of what it does in this minute.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"

/** Milliseconds that a quiet machine takes, of two cores as CI has them: to start and end bare Node, and for `work`. */
const QUIET = { start: 60, work: 25 }
/** Time after which `refresh` measures again. */
const FRESH_MS = 5_000
/** Time for which a measurement counts. */
const REMEMBERED_MS = 60_000

const measured: Array<{ readonly at: number; readonly slowness: number }> = []
let slowest = 1

/** A fixed piece of work for the processor. */
const work = () => {
  let x = 1
  for (let i = 0; i < 1_000_000; i++) x = (x * 1_103_515_245 + 12_345) % 2_147_483_648
  return x
}

const bareNode = Effect.async<void>((resume) => {
  // The path is all that it needs; a person's NODE_OPTIONS would measure something else.
  spawn(process.execPath, ["-e", ""], { stdio: "ignore", env: {} })
    .on("exit", () => resume(Effect.void))
    .on("error", (error) => resume(Effect.die(error)))
})

/** Measures now. */
export const measure: Effect.Effect<void> = Effect.gen(function*() {
  const begun = performance.now()
  yield* bareNode
  const started = performance.now()
  work()
  const at = performance.now()
  const slowness = Math.max(1, (started - begun) / QUIET.start, (at - started) / QUIET.work)
  slowest = Math.max(slowest, slowness)
  measured.push({ at, slowness })
})

/** Measures if the last time was a while ago. */
export const refresh: Effect.Effect<void> = Effect.suspend(() =>
  performance.now() - (measured.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < FRESH_MS ? Effect.void : measure
)

/** How many times as slow as a quiet one the machine was in the last minute, at the worst; at least 1. */
export const slowness = (): number => {
  const since = performance.now() - REMEMBERED_MS
  while (measured.length > 1 && measured[0]!.at < since) measured.shift()
  return measured.reduce((most, { slowness }) => Math.max(most, slowness), 1)
}

/** The same over the whole run. */
export const greatest = (): number => slowest

/** Scales a time limit of a quiet machine. */
export const limit = (quietMs: number): number => quietMs * slowness()

/** Tells whether a time limit that began at `since` is over; measures the machine before it says so. */
export const isOver = (since: number, quietMs: number): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const passed = performance.now() - since
    return passed < limit(quietMs) ? Effect.succeed(false) : Effect.map(measure, () => passed >= limit(quietMs))
  })

/** Waits until the limit is over, however long that turns out to be. */
const untilOver = (since: number, quietMs: number): Effect.Effect<void> =>
  Effect.sleep(Math.max(0, since + limit(quietMs) - performance.now())).pipe(
    Effect.zipRight(isOver(since, quietMs)),
    Effect.flatMap((over) => over ? Effect.void : untilOver(since, quietMs))
  )

/** Runs the effect; none when it takes longer than the scaled limit, and then it is interrupted. */
export const within = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  quietMs: number
): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.suspend(() =>
    Effect.raceFirst(Effect.asSome(effect), Effect.as(untilOver(performance.now(), quietMs), Option.none<A>()))
  )
