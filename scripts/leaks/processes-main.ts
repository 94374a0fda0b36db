/**
 * This part of the leak gate alone.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { answer, json } from "../../src/cli/Output.ts"
import { Unsuccessful } from "../../src/Process.ts"
import { main, median, round, timed } from "../bench.ts"
import { processes } from "./processes.ts"

const command = Cli.make("leaks-processes", {
  quick: Options.boolean("quick").pipe(Options.withDescription("Some of the cases, chosen by the seed")),
  seed: Options.integer("seed").pipe(Options.withDefault(1)),
  only: Options.optional(
    Options.text("only").pipe(Options.withDescription("Part of the names of the cases to run"))
  ),
  json
}, ({ json, only, quick, seed }) =>
  Effect.gen(function*() {
    const options = { quick, seed, ...(Option.isSome(only) && { only: only.value }) }
    const [report, ms] = yield* timed(processes(options))
    const times = (name: "idle" | "working") => {
      const found = report.exitMs[name]
      return found.length === 0
        ? `${name} not timed`
        : `${name} ${found.length} times, median ${round(median(found))} ms, at most ${round(Math.max(...found))} ms`
    }
    yield* answer(json, { ...report, durationMs: round(ms) }, () =>
      [
        `${report.cases} cases, ${report.failed} failed, in ${round(ms / 1000, 1)} s`,
        `SIGTERM to exit: ${times("idle")}; ${times("working")}`,
        ...report.failures
      ].join("\n"))
    if (report.failed > 0 || report.cases === 0) return yield* Effect.fail(new Unsuccessful())
  })).pipe(Cli.withDescription("Disturb the built program in every way, and look at what it leaves"))

main(command, "leaks-processes")
