/**
 * Measures commands of the built program on a large memory: their time, and the most memory that they take.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import {
  builtMain,
  environment,
  integer,
  outputWatched,
  quantile,
  round,
  samples,
  temporaryFolder
} from "../../../test/script.ts"
import { fillProjects, projectsOf } from "./large.ts"

export const options = {
  units: integer("units", 100_000, "Size of the memory"),
  rounds: integer("rounds", 3, "Runs of each"),
  home: Options.directory("home").pipe(
    Options.withDescription("Folder in which the memory is kept for other runs, and taken from when it is there"),
    Options.optional
  )
}

/** Makes a home of its own with a memory of so many units, which is kept below a folder; returns its environment. */
export const largeMemory = (kept: Option.Option<string>, units: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = path.join(Option.isSome(kept) ? kept.value : yield* temporaryFolder, `units-${units}`)
    if (!(yield* fs.exists(path.join(folder, "memory.db")))) {
      yield* fillProjects(folder, samples, units, projectsOf(20))
    }
    const env = environment(yield* temporaryFolder)
    const memory = env.CLAUDE_MEMORY_HOME!
    yield* fs.makeDirectory(memory, { mode: 0o700 })
    yield* fs.copyFile(path.join(folder, "memory.db"), path.join(memory, "memory.db"))
    return { env, memory }
  })

/** Most memory that a process has had so far, in megabytes (Linux). */
const peakOf = (pid: number): number | undefined => {
  try {
    const kibibytes = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
    return Number.isNaN(kibibytes) ? undefined : kibibytes * 1024 / 1e6
  } catch {
    return undefined
  }
}

export interface Measured {
  /** What the command printed. */
  readonly text: string
  readonly ms: number
  readonly peakMb: number
}

/** Runs a command of the program with --json, and another effect beside it. */
export const measured = <E = never, R = never>(
  env: Record<string, string>,
  words: ReadonlyArray<string>,
  beside: Effect.Effect<never, E, R> = Effect.never
) =>
  Effect.gen(function*() {
    const main = yield* builtMain
    let peakMb = Number.NaN
    const started = yield* Clock.currentTimeMillis
    const text = yield* outputWatched(
      Command.make(process.execPath, main, ...words, "--json").pipe(Command.env(env)),
      (pid) =>
        Effect.raceFirst(
          beside,
          Effect.forever(Effect.delay(
            Effect.sync(() => {
              peakMb = peakOf(pid) ?? peakMb
            }),
            "20 millis"
          ))
        )
    )
    return { text, ms: (yield* Clock.currentTimeMillis) - started, peakMb } satisfies Measured
  })

/** Sums up the runs of a command. */
export const summed = (name: string, runs: ReadonlyArray<Measured>) => ({
  name,
  seconds: round(quantile(runs.map(({ ms }) => ms), 0.5) / 1000, 1),
  greatestSeconds: round(Math.max(...runs.map(({ ms }) => ms)) / 1000, 1),
  peakMb: round(Math.max(...runs.map(({ peakMb }) => peakMb)))
})
