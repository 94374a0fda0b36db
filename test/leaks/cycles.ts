/**
 * Opens, uses and closes everything again and again in one process: what is kept each time shows as a slope.
 */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import * as LeakProbe from "../../src/resources/monitor/LeakProbe.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { collect } from "./garbage.ts"
import { forgetRequests, type GateContext, numbered } from "./GateContext.ts"
import * as Growth from "./growth.ts"
import { alone, ask, complete, everything, home, newPlace, offline, type Place, reader, service } from "./Scenario.ts"
import { type Slope, slope } from "./slope.ts"

/**
 * Cycles run before the first measurement, cycles measured, and cycles between two measurements. In full form nothing
 * but noise is left after the first 120: the slope of the heap is then sure to 70 bytes a cycle. After 40, V8's tables grow by up to
 * 9 kB a cycle, after 90 by less than the noise.
 */
const REPETITIONS = {
  quick: { first: 90, measured: 40, every: 1 },
  full: { first: 120, measured: 480, every: 4 }
}

/**
 * Noise floor per cycle, found without any leak: over few cycles neither V8's tables nor the allocator have settled. What
 * grows by the floor and half the interval is found: in full form 200 bytes of heap, one descriptor in 500 cycles.
 */
const FLOORS = {
  heapBytes: { quick: 4_096, full: 128 },
  externalBytes: { quick: 512, full: 512 },
  rssBytes: { quick: 131_072, full: 4_096 },
  fds: { quick: 0.02, full: 0.002 },
  sockets: { quick: 0.02, full: 0.002 }
}
/** Cycles between the two inventories that name what grows. */
const NAMED_IN = 20

type Measured = keyof typeof FLOORS
export type Slopes = Readonly<Record<Measured, Slope & { readonly floor: number }>>

const MEASURED: ReadonlyArray<Measured> = ["heapBytes", "externalBytes", "rssBytes", "fds", "sockets"]

/** Turns off V8's optimizer, whose code would add a kilobyte of heap a cycle for hundreds of cycles. */
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
    const once = Effect.zipRight(
      cycle(remote, local, context.isQuick),
      Effect.sync(() => forgetRequests(context))
    )
    const series: Record<Measured, Array<number>> = {
      heapBytes: [],
      externalBytes: [],
      rssBytes: [],
      fds: [],
      sockets: []
    }
    for (let i = 0; i < first + measured; i++) {
      if (i % 10 === 0) yield* context.progress(`cycle ${numbered(i, first + measured)}`)
      yield* once
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
    const grows = MEASURED.filter((each) => slopes[each].low > slopes[each].floor)
    if (grows.length > 0) {
      yield* context.progress(`what grows, in ${NAMED_IN} cycles`)
      const names = new Map(
        [...Object.entries(context.servers), ["Qdrant", context.qdrant] as const].map(([name, { origin }]) => [
          new URL(origin).host,
          `the server of ${name}`
        ])
      )
      const of = yield* Growth.named(once, NAMED_IN, names)
      const named = of.length === 0 ? "nothing that each cycle keeps was found in the heap" : of.join("; ")
      for (const each of grows) {
        const { floor, low, perStep } = slopes[each]
        yield* context.failed(
          `${each}: ${perStep.toFixed(3)} more with each cycle, surely ${low.toFixed(3)}; the noise floor is ${floor}` +
            `. Kept: ${named}`
        )
      }
    }
    return { cycles: measured, slopes }
  }).pipe(Effect.scoped)
