/**
 * Every acquisition and every release goes wrong in every way.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { LeakedResources, type ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import type { Acquired } from "./DecoratedLedger.ts"
import { CLOSINGS, fastClock, type Fault, INJECTED, makeFaulty, OPENINGS, shortening } from "./Faults.ts"
import { checkedForLeaks, endOf, type GateContext, numbered, started } from "./GateContext.ts"
import { inPostgres } from "./postgres.ts"
import { everything, newPlace, offline, type Place } from "./Scenario.ts"

/** On a quiet machine time limits of 10 seconds take 1, and those of 1 second 0.4, still longer than the work they limit. */
const FASTER = 10

interface Scenario {
  readonly name: string
  readonly run: (
    place: Place
  ) => Effect.Effect<{ readonly degraded: ReadonlyArray<string> }, { readonly message: string }, ResourceLedger>
  /** Selects the fault for the quick form, by `turn`, which differs for each of the seven ways and with the seed. */
  readonly isQuick: (turn: number, at: number, acquired: Acquired) => boolean
}

/** Two of three acquisitions, each in one way. */
const some: Scenario["isQuick"] = (turn, at) => turn % 7 === 0 && at % 3 !== 0

const SCENARIOS: ReadonlyArray<Scenario> = [
  { name: "models and vectors over the network", run: everything, isQuick: some },
  { name: "offline, then a reader", run: offline, isQuick: some }
]

/** Quick form: every third way of the acquisitions that only PostgreSQL has. */
const scenarioIn = (url: string): Scenario => ({
  name: "a memory in PostgreSQL",
  run: inPostgres(url),
  isQuick: (turn, _, { name }) => name.startsWith("PostgreSQL") && turn % 3 === 0
})

const leakedBy = (cause: Cause.Cause<unknown>): ReadonlyArray<{ readonly kind: string; readonly name: string }> =>
  [...Cause.defects(cause)].flatMap((defect) => defect instanceof LeakedResources ? defect.resources : [])

/** Returns what is wrong with how a run ended; `told` is all of its output. */
const judge = (
  fault: Fault,
  exit: Exit.Exit<unknown, unknown>,
  output: string,
  acquired: ReadonlyArray<Acquired>
): ReadonlyArray<string> => {
  const leaked = Exit.isFailure(exit) ? leakedBy(exit.cause) : []
  const what = acquired[fault.at]
  if (what === undefined) return ["the acquisition did not come"]
  if (fault.of === "closing" && fault.how !== "is late" && !what.isForced) {
    return leaked.length === 1 && leaked[0]!.name === what.name && leaked[0]!.kind === what.kind
      ? []
      : [`what could not be released is not told alone: ${output}`]
  }
  if (leaked.length > 0) return [`left: ${leaked.map(({ name }) => name).join(", ")}`]
  if (fault.of === "closing") {
    const isReported = output.includes(`closing ${what.kind} ${what.name}`)
    return isReported && Exit.isSuccess(exit) ? [] : [`not forced, or not told: ${output}`]
  }
  if (fault.how === "is interrupted") return Exit.isInterrupted(exit) ? [] : [`not interrupted: ${output}`]
  return output.includes(INJECTED) ? [] : [`not told: ${output}`]
}

/** Time in which a closing that is late comes after all. */
const LATE_SETTLES_WITHIN_MS = 6_000

/** Runs a scenario with one fault, or none, and returns its acquisitions and failures. */
const attempt = (context: GateContext, { run }: Scenario, fault: Fault | undefined) =>
  checkedForLeaks(
    context,
    Effect.gen(function*() {
      const logs: Array<string> = []
      const logger = Logger.make(({ message }) => {
        logs.push([message].flat().map(String).join(" "))
      })
      const shorten = shortening(FASTER)
      const faulty = yield* makeFaulty(fault, shorten)
      const place = yield* newPlace(context)
      const running = yield* run(place).pipe(
        Effect.provide(faulty.layer),
        Effect.withClock(fastClock(shorten)),
        Effect.locally(FiberRef.currentLoggers, HashSet.make(logger)),
        started
      )
      if (fault?.how === "is interrupted") {
        yield* Effect.zipRight(Deferred.await(faulty.isHalfWay), Fiber.interruptFork(running)).pipe(
          Effect.raceFirst(Fiber.await(running))
        )
      }
      const end = yield* endOf(running)
      if (Option.isNone(end)) return { acquired: faulty.acquired, wrong: ["it hangs"] }
      const exit = end.value
      yield* faulty.tidy
      const output = [
        ...logs,
        ...(Exit.isFailure(exit) ? [Cause.pretty(exit.cause, { renderErrorCause: true })] : exit.value.degraded)
      ].join("\n")
      return {
        acquired: faulty.acquired,
        wrong: fault === undefined
          ? Exit.isSuccess(exit) && exit.value.degraded.length === 0 ? [] : [output]
          : judge(fault, exit, output, faulty.acquired)
      }
    }),
    // The closing goes on when the run has ended without it.
    fault?.how === "is late" ? LATE_SETTLES_WITHIN_MS : undefined
  )

const faultsAt = (at: number): ReadonlyArray<Fault> => [
  ...OPENINGS.map((how): Fault => ({ of: "opening", at, how })),
  ...CLOSINGS.map((how): Fault => ({ of: "closing", at, how }))
]

const chosen = (acquired: ReadonlyArray<Acquired>, scenario: Scenario, { isQuick, seed }: GateContext) =>
  acquired.flatMap((each, at) =>
    faultsAt(at).filter((_, way) => !isQuick || scenario.isQuick(way + at + seed, at + seed, each))
  )

export const acquisitions = (context: GateContext) =>
  Effect.gen(function*() {
    let acquired = 0
    let runs = 0
    const each = (scenario: Scenario) =>
      Effect.gen(function*() {
        const clean = yield* attempt(context, scenario, undefined)
        for (const wrong of clean.wrong) yield* context.failed(`${scenario.name}, clean: ${wrong}`)
        acquired += clean.acquired.length
        const faults = chosen(clean.acquired, scenario, context)
        for (const [i, fault] of faults.entries()) {
          yield* context.progress(`${scenario.name} ${numbered(i, faults.length)}`)
          const { kind, name } = clean.acquired[fault.at]!
          const { wrong } = yield* attempt(context, scenario, fault)
          for (const each of wrong) {
            yield* context.failed(
              `${scenario.name}: the ${fault.of} of ${kind} ${name} (${fault.at}) ${fault.how}: ${each}`
            )
          }
          runs++
        }
      })
    yield* Effect.forEach(SCENARIOS, each, { discard: true })
    const postgres = yield* context.postgres
    if (Option.isSome(postgres)) yield* each(scenarioIn(postgres.value.url))
    return { acquisitions: acquired, runs, hasPostgres: Option.isSome(postgres) }
  })
