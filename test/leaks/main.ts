/**
 * The leak gate: the real layers and programs go wrong in every way, and nothing may be left open. Then leaks are put
 * into the sources, each of which the gate must find.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { modelServer } from "../models/server.ts"
import { integer, program, progress, timed } from "../script.ts"
import { abandoned } from "./abandoned.ts"
import { acquisitions } from "./acquisitions.ts"
import { cycles } from "./cycles.ts"
import { type GateContext, StopAtFirstFailure } from "./GateContext.ts"
import { interruptions } from "./interruptions.ts"
import { mutants } from "./mutants.ts"
import { processes } from "./processes.ts"
import { races } from "./races.ts"
import * as Report from "./report.ts"
import { copySessions } from "./Scenario.ts"
import { steady } from "./steady.ts"

const INTERRUPTIONS = { quick: 12, full: 500 }

const PARTS = ["cycles", "calls", "steady", "acquisitions", "races", "interruptions", "processes", "mutants"] as const

const putTemporaryFilesIn = (folder: string) => {
  // @effect-diagnostics-next-line processEnv:off
  process.env["TMPDIR"] = folder
}

/** Makes a folder for temporary files, two sessions, a model server for each role and a Qdrant stand-in. */
const makeContext = (options: Pick<GateContext, "isQuick" | "seed" | "failed">) =>
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
    return { ...options, folder, outside, sessions, servers, qdrant, progress } satisfies GateContext
  })

const options = {
  quick: Options.boolean("quick").pipe(
    Options.withDescription("Each part with fewer repetitions, chosen by the seed")
  ),
  seed: integer("seed", 1, "Chooses what is left to chance"),
  parts: Options.choice("part", PARTS).pipe(
    Options.withDescription("Only this part; may be given several times"),
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

program("leaks", {
  description: "The leak gate",
  options,
  run: ({ bail, only, parts, quick, replay, seed }) =>
    Effect.gen(function*() {
      const failures: Array<string> = []
      const failed = (failure: string) =>
        Effect.suspend(() => failures.push(failure) > 0 && bail ? Effect.fail(new StopAtFirstFailure()) : Effect.void)
      const context = yield* makeContext({ isQuick: quick, seed, failed })
      const seeds = Option.match(replay, {
        onSome: (seed) => [seed],
        onNone: () =>
          Array.from({ length: quick ? INTERRUPTIONS.quick : INTERRUPTIONS.full }, (_, i) => seed * 1_000 + i)
      })
      const asked: ReadonlyArray<typeof PARTS[number]> = Option.isSome(replay)
        ? ["interruptions"]
        : parts.length > 0
        ? parts
        : PARTS

      const report: Report.Report = {}
      const part = <A, E, R>(name: typeof PARTS[number], run: Effect.Effect<A, E, R>) =>
        asked.includes(name)
          ? timed(run).pipe(
            Effect.map(([found, ms]) => ({ ...found, ms })),
            // A part that breaks off has failed.
            Effect.catchAllCause((cause) =>
              Chunk.some(Cause.failures(cause), (error) => error instanceof StopAtFirstFailure)
                ? Effect.fail(new StopAtFirstFailure())
                : Effect.as(failed(`${name}: ${Cause.pretty(cause)}`), undefined)
            )
          )
          : Effect.sync(() => undefined)
      const [, ms] = yield* timed(
        Effect.gen(function*() {
          report.cycles = yield* part("cycles", cycles(context))
          report.calls = yield* part("calls", abandoned(context))
          report.steady = yield* part("steady", steady(context))
          report.acquisitions = yield* part("acquisitions", acquisitions(context))
          report.races = yield* part("races", races(context))
          report.interruptions = yield* part("interruptions", interruptions(context, seeds))
          report.processes = yield* part("processes", processes(context, only))
          report.mutants = yield* part("mutants", mutants(context, only))
        }).pipe(Effect.catchTag("StopAtFirstFailure", () => Effect.void))
      )
      if (Option.isSome(only) && (report.processes?.cases ?? 0) + (report.mutants?.total ?? 0) === 0) {
        failures.push(`no program and no mutant has "${only.value}" in its name`)
      }
      return {
        ok: failures.length === 0,
        data: Report.data(report, failures, ms),
        text: () => Report.text(report, failures, ms)
      }
    })
})
