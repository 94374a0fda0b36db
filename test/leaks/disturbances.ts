/**
 * Disturbances of a running program, and how src/process/Process.ts must end it.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { constants } from "node:os"
import { endWithPrompt, type Situation, SLOW_MS, type Stage } from "./situations.ts"
import { main, type Program, type Start } from "./spawned.ts"

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const
type Signal = typeof SIGNALS[number]

export interface Expected {
  readonly codes: ReadonlyArray<number>
  /** Signals that may kill the process, but only before src/process/Process.ts listens. */
  readonly signals?: ReadonlyArray<Signal>
  readonly stderr: RegExp
  /** Milliseconds from the disturbance to the end on a quiet machine. */
  readonly withinMs: number
  /** Milliseconds that finalizers may take: a program that ended sooner has run them all. */
  readonly finalizersMs: number
}

export interface Disturbance {
  readonly name: string
  /** Situations in which the disturbance makes sense. */
  readonly at: (situation: Situation) => boolean
  /** Replaces the situation's start. */
  readonly start?: (stage: Stage, situation: Situation, usual: Start) => Effect.Effect<Start>
  /** Returns the signals that it sent. */
  readonly act: (
    stage: Stage,
    program: Program,
    situation: Situation
  ) => Effect.Effect<ReadonlyArray<Signal>>
  readonly expected: (
    situation: Situation,
    signals: ReadonlyArray<Signal>,
    acted: Option.Option<{ readonly isListening: boolean }>
  ) => Expected
}

/** Deadlines of src/process/Process.ts. The hook's is shorter than a slow release. */
const DEADLINE_MS = 10_000
const HOOK_DEADLINE_MS = 200
/** Time to end. */
const PROMPT_MS = 3_000
/** Time to end after a second signal, which waits for nothing. */
const AT_ONCE_MS = 700
const FIRST = 143

const codeOf = (signal: Signal) => 128 + constants.signals[signal]
const isHook = ({ subject }: Situation) => subject === "hook"
const nothing = /^$/

const ends = (situation: Situation, codes: ReadonlyArray<number>, more: Partial<Expected> = {}): Expected => ({
  codes: isHook(situation) ? [0] : codes,
  stderr: nothing,
  withinMs: PROMPT_MS + (!isHook(situation) && situation.state === "stopping" ? SLOW_MS : 0),
  finalizersMs: !isHook(situation) ? DEADLINE_MS : situation.state === "stopping" ? 0 : HOOK_DEADLINE_MS,
  ...more
})

const signal = (name: Signal): Disturbance => ({
  name,
  at: () => true,
  act: (_, program) => Effect.as(program.send(name), [name]),
  expected: (situation, signals) =>
    situation.state === "stopping"
      ? ends(situation, [codeOf(name)], { withinMs: AT_ONCE_MS, finalizersMs: 0 })
      : ends(situation, [codeOf(name)], { signals })
})

/** Sends two signals in a row, so that the second comes while the first is being handled, or before any handler. */
const twoSignals: Disturbance = {
  name: "a second signal",
  at: () => true,
  act: ({ random }, program) =>
    Effect.gen(function*() {
      const one = SIGNALS[yield* random.nextIntBetween(0, 3)]!
      const other = SIGNALS[yield* random.nextIntBetween(0, 3)]!
      yield* program.send(one)
      yield* Effect.sleep(yield* random.nextIntBetween(0, 40))
      yield* program.send(other)
      return [one, other]
    }),
  expected: (situation, signals) =>
    ends(situation, signals.map(codeOf), {
      signals,
      finalizersMs: 0,
      ...(situation.state === "stopping" && { withinMs: AT_ONCE_MS })
    })
}

/** Only the hook reads stdin, and only before it works. */
const endOfStdin: Disturbance = {
  name: "end of stdin",
  at: (situation) => isHook(situation) && (situation.state === "starting" || situation.state === "idle"),
  act: ({ random }, program) =>
    Effect.flatMap(random.nextBoolean, (isEmpty) => isEmpty ? program.endStdin("") : endWithPrompt(program)).pipe(
      Effect.as([])
    ),
  expected: (situation) => ends(situation, [0], { finalizersMs: DEADLINE_MS })
}

/**
 * A closed stdout shows only at the next write. Where the model hangs, that would be 30 seconds later, when it is given
 * up.
 */
const stdoutClosed: Disturbance = {
  name: "stdout closed",
  at: ({ how, subject }) => subject === "hook" || !how.startsWith("the model hangs"),
  start: (_, { state, subject }, usual) =>
    Effect.succeed(
      subject === "lifecycle" && state === "idle" ? { ...usual, args: [main, "lifecycle", "--for", "700ms"] } : usual
    ),
  act: (_, program) => Effect.as(Effect.zipRight(program.closeStdout, endWithPrompt(program)), []),
  expected: (situation) => ends(situation, [situation.state === "stopping" ? FIRST : 0], { withinMs: 10_000 })
}

const crash = (name: "uncaughtException" | "unhandledRejection"): Disturbance => ({
  name,
  at: () => true,
  start: ({ random }, { state }, usual) =>
    Effect.map(random.nextIntBetween(0, 150), (actAfterMs) => ({
      ...usual,
      injection: { ...usual.injection, act: name, ...(state === "starting" && { actAfterMs }) }
    })),
  act: (_, program, { state }) => Effect.as(state === "starting" ? Effect.void : program.act, []),
  expected: (situation, _, acted) => {
    const report = /(?:thrown|rejected) by the gate/
    // Node ends the process by itself before our handlers are installed.
    if (Option.exists(acted, ({ isListening }) => !isListening)) {
      return { ...ends(situation, [1], { stderr: report }), codes: [1] }
    }
    return ends(situation, [1], { stderr: isHook(situation) ? nothing : report })
  }
})

export const disturbances: ReadonlyArray<Disturbance> = [
  ...SIGNALS.map(signal),
  twoSignals,
  endOfStdin,
  stdoutClosed,
  crash("uncaughtException"),
  crash("unhandledRejection")
]
