/**
 * The leak gate: the real layers, going wrong at every acquisition and interrupted at random steps; nothing may be left.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { join } from "node:path"
import { answer, json } from "../src/cli/Output.ts"
import { Unsuccessful } from "../src/Process.ts"
import { modelServer } from "../test/models/server.ts"
import { main, progress, round, timed } from "./bench.ts"
import { acquisitions } from "./leaks/acquisitions.ts"
import type { Ground } from "./leaks/Ground.ts"
import { interruptions } from "./leaks/interruptions.ts"
import { races } from "./leaks/races.ts"
import { copySessions } from "./leaks/Scenario.ts"

const INTERRUPTIONS = { quick: 30, full: 500 }

const putTemporaryFilesIn = (folder: string) => {
  // @effect-diagnostics-next-line processEnv:off
  process.env["TMPDIR"] = folder
}

/** A folder that temporary files go to, two sessions and a server of models. */
const ground = (isQuick: boolean, seed: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-gate-" })
    const folder = join(root, "tmp")
    yield* fs.makeDirectory(folder)
    putTemporaryFilesIn(folder)
    const sessions = join(root, "sessions")
    copySessions(sessions)
    const server = yield* modelServer
    return { isQuick, seed, folder, sessions, server, progress } satisfies Ground
  })

const options = {
  quick: Options.boolean("quick").pipe(
    Options.withDescription("Each acquisition in two of the seven ways, and fewer interruptions")
  ),
  seed: Options.integer("seed").pipe(
    Options.withDescription("Chooses what is left to chance"),
    Options.withDefault(1)
  ),
  replay: Options.integer("replay").pipe(
    Options.withDescription("Only the interruption of this seed, as a failure names it"),
    Options.optional
  ),
  json
}

const command = Cli.make("leaks", options, ({ json, quick, replay, seed }) =>
  Effect.gen(function*() {
    const on = yield* ground(quick, seed)
    const seeds = Option.match(replay, {
      onSome: (seed) => [seed],
      onNone: () => Array.from({ length: quick ? INTERRUPTIONS.quick : INTERRUPTIONS.full }, (_, i) => seed * 1_000 + i)
    })
    const [faults, faultsMs] = Option.isSome(replay)
      ? [{ acquisitions: 0, runs: 0, failures: [] }, 0] as const
      : yield* timed(acquisitions(on))
    const [cuts, cutsMs] = yield* timed(interruptions(on, seeds))
    const [race, raceMs] = Option.isSome(replay)
      ? [{ resources: 0, runs: 0, failures: [] }, 0] as const
      : yield* timed(races(on))
    yield* progress("")
    const failures = [...faults.failures, ...cuts.failures, ...race.failures]
    const ok = failures.length === 0
    const data = {
      ok,
      acquisitions: faults.acquisitions,
      runs: faults.runs,
      interruptions: cuts.interruptions,
      races: { resources: race.resources, runs: race.runs },
      durationMs: round(faultsMs + cutsMs + raceMs),
      failures
    }
    yield* answer(json, data, () =>
      [
        `${faults.acquisitions} acquisitions, gone wrong in ${faults.runs} runs, ${round(faultsMs / 1_000, 1)} s`,
        `${cuts.interruptions} interruptions (${cuts.cut} before the end of the work), ${round(cutsMs / 1_000, 1)} s`,
        `${race.runs} interleavings of ${race.resources} shared resources, ${round(raceMs / 1_000, 1)} s`,
        ...failures.map((failure) => `FAILED ${failure}`),
        ok ? "nothing was left open" : `${failures.length} failures`
      ].join("\n"))
    if (!ok) return yield* Effect.fail(new Unsuccessful())
  }).pipe(Effect.scoped)).pipe(Cli.withDescription("The leak gate"))

main(command, "leaks")
