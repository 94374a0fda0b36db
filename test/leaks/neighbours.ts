/**
 * Two processes use the same memory at the same time.
 */
import * as Effect from "effect/Effect"
import * as Aftermath from "./aftermath.ts"
import { type Case, idleLifecycle, quickstart } from "./situations.ts"
import { run, start } from "./spawned.ts"
import * as Yardstick from "./Yardstick.ts"

/** Time to end on a quiet machine. */
const WITHIN_MS = 3_000
/** Less than SQLite would wait for the other process (5 seconds), during which no signal is handled. */
const AT_MOST_MS = 4_800

/** Cleaning up after dead processes leaves living ones alone. */
const twoQuickstarts: Case = {
  name: "undisturbed: a quickstart beside another",
  covers: ["beside another"],
  run: (stage) =>
    Effect.gen(function*() {
      const usual = yield* quickstart.start(stage)
      const one = yield* start(stage.place, usual)
      yield* quickstart.reach(stage, one)
      const other = yield* run(stage.place, usual)
      const ends = [yield* one.ended, other]
      return [
        ...ends.flatMap(({ code, stderr }) => code === 0 && stderr === "" ? [] : [`exit code ${code}: ${stderr}`]),
        ...(yield* Aftermath.ofNext(stage.place, false))
      ]
    })
}

/** The log cannot be folded while another process reads; the end leaves it to the next process. */
const reader: Case = {
  name: "SIGTERM while idle: lifecycle, another reads",
  covers: ["beside another"],
  run: (stage) =>
    Effect.gen(function*() {
      const program = yield* start(stage.place, yield* idleLifecycle.start(stage))
      yield* idleLifecycle.reach(stage, program)
      const { code, ms, stderr } = yield* Aftermath.whileReading(
        stage.place,
        Effect.zipRight(program.send("SIGTERM"), program.ended)
      )
      const withinMs = Math.min(AT_MOST_MS, Yardstick.limit(WITHIN_MS))
      return [
        ...(code === 143 && stderr === "" ? [] : [`exit code ${code}: ${stderr}`]),
        ...(ms <= withinMs ? [] : [`took ${Math.round(ms)} ms to end, more than ${Math.round(withinMs)}`]),
        ...(yield* Aftermath.ofAny(stage.place))
      ]
    })
}

export const cases: ReadonlyArray<Case> = [twoQuickstarts, reader]
