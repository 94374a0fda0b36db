/**
 * The leak gate: the real layers and programs go wrong in every way, and nothing may be left open. Then leaks are put
 * into the sources, each of which the gate must find.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { plural } from "../../src/cli/Output.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { modelServer } from "../models/server.ts"
import { program, round, timed } from "../script.ts"
import { acquisitions } from "./acquisitions.ts"
import { calls } from "./calls.ts"
import { clients } from "./clients.ts"
import { cycles } from "./cycles.ts"
import { type GateContext, StopAtFirstFailure } from "./GateContext.ts"
import { interruptions } from "./interruptions.ts"
import { mutants } from "./mutants.ts"
import { cluster } from "./postgres.ts"
import { processes } from "./processes.ts"
import * as Progress from "./progress.ts"
import { races } from "./races.ts"
import * as Report from "./report.ts"
import { copySessions } from "./Scenario.ts"
import { steady } from "./steady.ts"
import * as Yardstick from "./Yardstick.ts"

const INTERRUPTIONS = { quick: 12, full: 500 }

const PARTS = [
  "cycles",
  "calls",
  "steady",
  "clients",
  "acquisitions",
  "races",
  "interruptions",
  "processes",
  "mutants"
] as const

const putTemporaryFilesIn = (folder: string) => {
  // @effect-diagnostics-next-line processEnv:off
  process.env["TMPDIR"] = folder
}

/** Makes a folder for temporary files, two sessions, a model server for each role and a Qdrant stand-in. */
const makeContext = (options: Pick<GateContext, "isQuick" | "bails" | "seed" | "failed" | "progress">) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-gate-" })
    const folder = join(root, "tmp")
    const outside = tmpdir()
    yield* fs.makeDirectory(folder)
    putTemporaryFilesIn(folder)
    const sessions = join(root, "sessions")
    copySessions(sessions)
    const servers = {
      light: yield* modelServer,
      heavy: yield* modelServer,
      embedding: yield* modelServer,
      rerank: yield* modelServer
    }
    const qdrant = yield* StandIn.make()
    const postgres = yield* Effect.cached(Scope.extend(cluster(outside), yield* Effect.scope))
    return { ...options, folder, outside, sessions, servers, qdrant, postgres } satisfies GateContext
  })

const options = {
  quick: Options.boolean("quick").pipe(
    Options.withDescription("Each part with fewer repetitions, chosen by the seed")
  ),
  seed: Options.integer("seed").pipe(
    Options.withDescription("Chooses what is left to chance; drawn from the clock without it"),
    Options.optional
  ),
  parts: Options.choice("part", PARTS).pipe(
    Options.withDescription("Only this part; may be given several times"),
    Options.repeated
  ),
  but: Options.choice("but", PARTS).pipe(
    Options.withDescription("Every part but this; may be given several times"),
    Options.repeated
  ),
  replay: Options.integer("replay").pipe(
    Options.withDescription("Only the interruption of this seed, as a failure names it"),
    Options.optional
  ),
  only: Options.text("only").pipe(
    Options.withDescription("Of the processes and the mutants only those that have this in their name"),
    Options.optional
  ),
  bail: Options.boolean("bail").pipe(Options.withDescription("Stop at the first failure"))
}

/** Seeds that are drawn are below it, so that they are short to type. */
const SEEDS = 100_000

/** Prints what was found when a signal ends the gate, at once: a part that hangs may not end in time. */
const printedWhenCut = (print: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      for (const name of CUTS) process.once(name, print)
    }),
    () =>
      Effect.sync(() => {
        for (const name of CUTS) process.off(name, print)
      })
  )
const CUTS = ["SIGINT", "SIGTERM"] as const

/** A list that grows by Node's own warnings of listeners that nobody removes. */
const leakWarnings = Effect.gen(function*() {
  const warnings: Array<string> = []
  const hear = ({ message, name }: Error) => {
    if (name === "MaxListenersExceededWarning") warnings.push(message)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("warning", hear)),
    () => Effect.sync(() => process.off("warning", hear))
  )
  return warnings
})

program("leaks", {
  description: "The leak gate",
  options,
  run: ({ bail, but, only, parts, quick, replay, seed: given }, isJson) =>
    Effect.gen(function*() {
      const begun = performance.now()
      const seed = Option.isSome(given) ? given.value : (yield* Clock.currentTimeMillis) % SEEDS
      const command = [
        "npm run leaks --",
        ...(quick ? ["--quick"] : []),
        ...parts.map((part) => `--part ${part}`),
        ...but.map((part) => `--but ${part}`),
        ...Option.match(replay, { onNone: () => [], onSome: (seed) => [`--replay ${seed}`] }),
        ...Option.match(only, { onNone: () => [], onSome: (text) => [`--only ${JSON.stringify(text)}`] }),
        ...(bail ? ["--bail"] : []),
        `--seed ${seed}`
      ].join(" ")
      yield* Progress.line(`seed ${seed}, again with: ${command}`)

      const failures: Array<string> = []
      const failed = (failure: string) =>
        Effect.gen(function*() {
          failures.push(failure)
          yield* Progress.line(`FAILED ${failure}`)
          if (bail) return yield* Effect.fail(new StopAtFirstFailure())
        })
      let now = "the start"
      const context = yield* makeContext({
        isQuick: quick,
        bails: bail,
        seed,
        failed,
        progress: (text) => Progress.step(`${now}: ${text}`)
      })
      const seeds = Option.match(replay, {
        onSome: (seed) => [seed],
        onNone: () =>
          Array.from({ length: quick ? INTERRUPTIONS.quick : INTERRUPTIONS.full }, (_, i) => seed * 1_000 + i)
      })
      const asked: ReadonlyArray<typeof PARTS[number]> = Option.isSome(replay)
        ? ["interruptions"]
        : (parts.length > 0 ? parts : PARTS).filter((part) => !but.includes(part))

      const report: Report.Report = {}
      const soFar = (): Report.Run => ({
        seed,
        command,
        failures,
        ms: performance.now() - begun,
        slowness: Yardstick.greatest()
      })
      yield* printedWhenCut(() => {
        const run = { ...soFar(), cutIn: now }
        const lines = isJson ? [JSON.stringify(Report.data(report, run))] : Report.text(report, run)
        process.stdout.write(`${lines.join("\n")}\n`)
      })
      const warnings = yield* leakWarnings
      const part = <A, E, R>(name: typeof PARTS[number], run: Effect.Effect<A, E, R>) =>
        asked.includes(name)
          ? Effect.gen(function*() {
            now = name
            yield* Yardstick.measure
            const before = failures.length
            const [found, ms] = yield* timed(run).pipe(
              // A part that breaks off has failed.
              Effect.catchAllCause((cause) =>
                Chunk.some(Cause.failures(cause), (error) => error instanceof StopAtFirstFailure)
                  ? Effect.fail(new StopAtFirstFailure())
                  : Effect.as(failed(`${name}: ${Cause.pretty(cause)}`), [undefined, 0] as const)
              )
            )
            for (const warning of warnings.splice(0)) yield* failed(`${name}: ${warning}`)
            const result = failures.length === before ? "nothing left" : plural(failures.length - before, "failure")
            yield* Progress.line(`${name}: ${result}, ${round(ms / 1_000, 1)} s`)
            return found === undefined ? undefined : { ...found, ms }
          })
          : Effect.sync(() => undefined)
      yield* Effect.gen(function*() {
        report.cycles = yield* part("cycles", cycles(context))
        report.calls = yield* part("calls", calls(context))
        report.steady = yield* part("steady", steady(context))
        report.clients = yield* part("clients", clients(context))
        report.acquisitions = yield* part("acquisitions", acquisitions(context))
        report.races = yield* part("races", races(context))
        report.interruptions = yield* part("interruptions", interruptions(context, seeds))
        report.processes = yield* part("processes", processes(context, only))
        report.mutants = yield* part("mutants", mutants(context, only))
      }).pipe(Effect.catchTag("StopAtFirstFailure", () => Effect.void))
      if (Option.isSome(only) && (report.processes?.cases ?? 0) + (report.mutants?.total ?? 0) === 0) {
        failures.push(`no program and no mutant has "${only.value}" in its name`)
      }
      if (asked.length === 0) failures.push("no part is left to run")
      const run = soFar()
      return {
        ok: failures.length === 0,
        data: Report.data(report, run),
        text: () => Report.text(report, run)
      }
    })
})
