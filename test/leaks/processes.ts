/**
 * Disturbs the built programs in every way in every situation: how they end, what they leave, and how the next process
 * copes when none could clean up.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { withBuilt } from "../built.ts"
import * as Aftermath from "./aftermath.ts"
import * as Deaths from "./deaths.ts"
import { type Disturbance, disturbances, type Expected } from "./disturbances.ts"
import { type GateContext, numbered } from "./GateContext.ts"
import * as Neighbours from "./neighbours.ts"
import * as Samples from "./samples.ts"
import { type Case, type Situation, situations, type Stage, timed } from "./situations.ts"
import { type End, place, type Program, start } from "./spawned.ts"
import * as Yardstick from "./Yardstick.ts"

export interface ProcessReport {
  readonly cases: number
  readonly failed: number
  /** Milliseconds from SIGTERM to exit. */
  readonly exitMs: { readonly idle: ReadonlyArray<number>; readonly working: ReadonlyArray<number> }
}

const CASE_WITHIN_MS = 60_000
/** Cases at a time: most of a case is the start of a program, and some are waiting. */
const CONCURRENCY = 3
const TERMINATED = 143

const shown = (text: string) => text.length > 600 ? `${text.slice(0, 300)} … ${text.slice(-300)}` : text

/** Slowness from which on the program's own bounds, which are fixed, may pass without a fault of its. */
const BUSY = 2
/** A line in which a program says that one of its bounds has passed. */
const OVERRUN = /^.*took longer than .*\n?/gm

/** Returns what the program said on stderr, without bounds that passed for want of the processor. */
const withoutOverruns = (stderr: string) => Yardstick.slowness() < BUSY ? stderr : stderr.replace(OVERRUN, "")

/** Compares the end with the expected one. */
const judged = (end: End, expected: Expected, mayDie: boolean): ReadonlyArray<string> => {
  const died = mayDie && end.signal !== null && (expected.signals ?? []).some((name) => name === end.signal)
  return [
    ...(died || (end.code !== null && expected.codes.includes(end.code))
      ? []
      : [`ended with ${end.signal ?? `exit code ${end.code}`}, not ${[...new Set(expected.codes)].join(" or ")}`]),
    ...(end.ms <= Yardstick.limit(expected.withinMs)
      ? []
      : [`took ${Math.round(end.ms)} ms to end, more than ${Math.round(Yardstick.limit(expected.withinMs))}`]),
    ...(expected.stderr.test(withoutOverruns(end.stderr))
      ? []
      : [`said on stderr: ${JSON.stringify(shown(end.stderr))}`]),
    ...(end.isSilent ? [] : ["something else keeps its stdout or stderr open"])
  ]
}

const disturbed = (situation: Situation, disturbance: Disturbance): Case => ({
  name: `${disturbance.name} while ${situation.state}: ${situation.subject}${
    situation.how === "" ? "" : `, ${situation.how}`
  }`,
  covers: [disturbance.name, `${situation.state} ${situation.subject}`],
  run: (stage) =>
    Effect.gen(function*() {
      yield* situation.before?.(stage) ?? Effect.void
      const usual = { injection: {}, ...(yield* situation.start(stage)) }
      const program: Program = yield* start(
        stage.place,
        yield* disturbance.start?.(stage, situation, usual) ?? Effect.succeed(usual)
      )
      yield* situation.reach(stage, program)
      const tooLate = situation.state !== "starting" && (yield* program.hasEnded)
      const mayDie = !(yield* program.isListening)
      const signals = yield* disturbance.act(stage, program, situation)
      const end = yield* program.ended
      // The limit of its end is that of the minute in which it ended.
      yield* Yardstick.refresh
      const expected = disturbance.expected(situation, signals, yield* program.acted)
      return [
        ...(tooLate ? ["it ended before it was disturbed"] : []),
        ...judged(end, expected, mayDie),
        ...(yield* end.ms < expected.finalizersMs && withoutOverruns(end.stderr) === end.stderr
          ? Aftermath.ofStopped(stage.place, program, situation.subject === "hook")
          : Aftermath.ofAny(stage.place))
      ]
    })
})

const matrix: ReadonlyArray<Case> = situations.flatMap((situation) =>
  disturbances.filter(({ at }) => at(situation)).map((disturbance) => disturbed(situation, disturbance))
)

/** Quick form: goes through the cases in an order by the seed, and keeps each that covers something new. */
const chosen = (cases: ReadonlyArray<Case>, { isQuick, seed }: GateContext) =>
  Effect.map(Random.make(`cases ${seed}`).shuffle(cases), (shuffled) => {
    if (!isQuick) return cases
    const covered = new Set<string>()
    return [...shuffled].filter(({ covers }) => {
      const isNew = covers.some((each) => !covered.has(each))
      covers.forEach((each) => covered.add(each))
      return isNew
    })
  })

/** Runs in a place of its own, with random delays by seed and name, so that a case repeats exactly when run alone. */
const staged = <A, E, R>(
  samples: Samples.Samples,
  name: string,
  seed: number,
  run: (stage: Stage) => Effect.Effect<A, E, R>
) =>
  Effect.zipRight(Yardstick.refresh, place).pipe(
    Effect.flatMap((place) => run({ place, samples, random: Random.make(`${name} ${seed}`) })),
    Effect.scoped,
    (staged) => Yardstick.within(staged, CASE_WITHIN_MS),
    Effect.flatMap(Option.match({
      onNone: () => Effect.dieMessage("it did not end"),
      onSome: (result) => Effect.succeed(result)
    }))
  )

const tried = (samples: Samples.Samples, seed: number) => ({ name, run }: Case) =>
  staged(samples, name, seed, run).pipe(
    Effect.catchAllCause((cause) => Effect.succeed([Cause.pretty(cause)])),
    Effect.map((complaints) => complaints.map((complaint) => `${name} (seed ${seed}): ${complaint}`))
  )

/** Times SIGTERM to exit of the programs, one after the other. */
const exitTimes = (samples: Samples.Samples, seed: number, state: keyof typeof timed, count: number) =>
  Effect.forEach(Array.from({ length: count }), (_, i) => {
    const situation = timed[state][i % timed[state].length]!
    return staged(samples, `${state} ${i}`, seed, (stage) =>
      Effect.gen(function*() {
        yield* situation.before?.(stage) ?? Effect.void
        const program = yield* start(stage.place, yield* situation.start(stage))
        yield* situation.reach(stage, program)
        yield* program.send("SIGTERM")
        const end = yield* program.ended
        // Otherwise the time measured is not that of the stop.
        return end.code === TERMINATED ? end.ms : yield* Effect.dieMessage(`${state} ${i}: exit code ${end.code}`)
      }))
  })

/** `only`: part of the names of the cases to run. */
export const processes = (context: GateContext, only: Option.Option<string>) =>
  Effect.gen(function*() {
    const { isQuick, seed } = context
    yield* Effect.sync(() => withBuilt(() => {}))
    const samples = yield* Samples.make
    const prepared = yield* Deaths.prepare(samples)
    const all = [...matrix, ...Deaths.cases(prepared), ...Neighbours.cases]
    const some = Option.isSome(only)
      ? all.filter(({ name }) => name.includes(only.value))
      : yield* chosen(all, context)
    let ended = 0
    const failures = yield* Effect.forEach(
      some,
      (one) =>
        Effect.tap(
          tried(samples, seed)(one),
          () => Effect.suspend(() => context.progress(`process ${numbered(ended++, some.length)}`))
        ),
      { concurrency: CONCURRENCY }
    )
    for (const failure of failures.flat()) yield* context.failed(failure)
    const times = (state: keyof typeof timed) =>
      exitTimes(samples, seed, state, Option.isSome(only) ? 0 : isQuick ? 3 : 21)
    const report: ProcessReport = {
      cases: some.length,
      failed: failures.filter(({ length }) => length > 0).length,
      exitMs: { idle: yield* times("idle"), working: yield* times("working") }
    }
    return report
  }).pipe(Effect.scoped)
