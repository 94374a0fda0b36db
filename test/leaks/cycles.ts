/**
 * Opens, uses and closes everything again and again in one process: what is kept each time shows as a slope.
 */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import * as LeakProbe from "../../src/resources/monitor/LeakProbe.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { collect } from "./garbage.ts"
import { type GateContext, numbered } from "./GateContext.ts"
import { alone, ask, complete, everything, home, newPlace, offline, type Place, reader, service } from "./Scenario.ts"
import { type Slope, slope } from "./slope.ts"

/** Cycles run before the first measurement, cycles measured, and cycles between two measurements. */
const REPETITIONS = {
  quick: { first: 40, measured: 40, every: 1 },
  full: { first: 200, measured: 1_000, every: 5 }
}

/**
 * Noise floor per cycle, found without any leak: V8's tables grow by some hundred bytes, and over few cycles the
 * allocator has not settled.
 */
const FLOORS = {
  heapBytes: { quick: 4_096, full: 256 },
  externalBytes: { quick: 512, full: 512 },
  rssBytes: { quick: 131_072, full: 8_192 },
  fds: { quick: 0.02, full: 0.002 },
  sockets: { quick: 0.02, full: 0.002 }
}
type Measured = keyof typeof FLOORS
export type Slopes = Readonly<Record<Measured, Slope & { readonly floor: number }>>

const MEASURED: ReadonlyArray<Measured> = ["heapBytes", "externalBytes", "rssBytes", "fds", "sockets"]

/** Turns off V8's optimizer, whose code would add a kilobyte of heap a cycle for a thousand cycles. */
const withoutOptimizer = Effect.acquireRelease(
  Effect.sync(() => setFlagsFromString("--no-opt")),
  () => Effect.sync(() => setFlagsFromString("--opt"))
)

const measure = Effect.map(LeakProbe.read, ({ fds, sockets }): Readonly<Record<Measured, number>> => {
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heapBytes: heapUsed, externalBytes: external, rssBytes: rss, fds: fds ?? 0, sockets }
})

/** Uses the service with models and vectors over the network; in full form also a reader with the offline model. */
const cycle = (remote: Place, local: Place, isQuick: boolean) =>
  Effect.zipRight(
    Effect.provide(Effect.zipRight(ask, complete), alone(service(remote))),
    isQuick ? Effect.void : Effect.provide(ask, alone(reader(local)))
  )

export const cycles = (context: GateContext) =>
  Effect.gen(function*() {
    const form = context.isQuick ? "quick" : "full"
    const { every, first, measured } = REPETITIONS[form]
    yield* withoutOptimizer
    const remote = yield* newPlace(context)
    const local: Place = { ...remote, home: yield* home }
    yield* Effect.provide(everything(remote), ResourceLedger.layer)
    yield* Effect.provide(offline(local), ResourceLedger.layer)
    const series: Record<Measured, Array<number>> = {
      heapBytes: [],
      externalBytes: [],
      rssBytes: [],
      fds: [],
      sockets: []
    }
    for (let i = 0; i < first + measured; i++) {
      if (i % 10 === 0) yield* context.progress(`cycle ${numbered(i, first + measured)}`)
      yield* cycle(remote, local, context.isQuick)
      // The servers' records are in this process, too.
      for (const { seen } of Object.values(context.servers)) seen.paths.length = seen.batches.length = 0
      context.qdrant.seen.operations.length = context.qdrant.seen.bodies.length = 0
      if (i < first || (i - first) % every > 0) continue
      yield* collect
      const now = yield* measure
      for (const each of MEASURED) series[each].push(now[each])
    }
    const perCycle = (each: Measured) => {
      const { high, low, perStep } = slope(series[each])
      return { perStep: perStep / every, low: low / every, high: high / every, floor: FLOORS[each][form] }
    }
    const slopes: Slopes = {
      heapBytes: perCycle("heapBytes"),
      externalBytes: perCycle("externalBytes"),
      rssBytes: perCycle("rssBytes"),
      fds: perCycle("fds"),
      sockets: perCycle("sockets")
    }
    for (const each of MEASURED) {
      const { floor, low, perStep } = slopes[each]
      if (low > floor) {
        yield* context.failed(
          `${each}: ${perStep.toFixed(3)} more with each cycle, surely ${low.toFixed(3)}; the noise floor is ${floor}`
        )
      }
    }
    return { cycles: measured, slopes }
  }).pipe(Effect.scoped)
