/**
 * Another process uses the same at the same time.
 */
import * as Effect from "effect/Effect"
import * as Aftermath from "./aftermath.ts"
import { type Case, idleLifecycle, quickstart } from "./situations.ts"
import { run, start } from "./spawned.ts"

/** Less than SQLite would wait for the other (5 seconds), in which no signal is heard. */
const WITHIN_MS = 3_000

/** Cleaning up after the dead leaves the living alone. */
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

/** The log can't be folded under a reader; the reader's end leaves it to the next. */
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
      return [
        ...(code === 143 && stderr === "" ? [] : [`exit code ${code}: ${stderr}`]),
        ...(ms <= WITHIN_MS ? [] : [`took ${Math.round(ms)} ms to end, more than ${WITHIN_MS}`]),
        ...(yield* Aftermath.ofAny(stage.place))
      ]
    })
}

export const cases: ReadonlyArray<Case> = [twoQuickstarts, reader]
