/**
 * Times `backup`, `backup verify` and `restore` of a large memory, with the most memory that each takes and how long others can't write.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { number } from "../../src/cli/Output.ts"
import { load } from "../../src/resources/SqliteDriver.ts"
import {
  builtMain,
  environment,
  integer,
  outputWatched,
  program,
  progress,
  quantile,
  round,
  row,
  samples,
  temporaryFolder,
  warmRounds
} from "../../test/script.ts"
import { fillProjects, projectsOf } from "./shared/large.ts"

const Made = Schema.parseJson(Schema.Struct({ path: Schema.String, size: Schema.Number, bytes: Schema.Number }))

/** Most memory that a process has had so far, in megabytes (Linux). */
const peakOf = (pid: number): number | undefined => {
  try {
    const kibibytes = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
    return Number.isNaN(kibibytes) ? undefined : kibibytes * 1024 / 1e6
  } catch {
    return undefined
  }
}

/** Begins to write all the time, as a server does, and returns the longest time for which it could not, in milliseconds. */
const makeWriter = (file: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const database = new (load().DatabaseSync)(file)
        database.exec("PRAGMA busy_timeout = 0")
        return database
      }),
      (database) => Effect.sync(() => database.close())
    ),
    (database) => {
      let longest = 0
      let since: number | undefined
      const tries = Effect.map(Clock.currentTimeMillis, (now) => {
        try {
          database.exec("BEGIN IMMEDIATE; ROLLBACK")
          since = undefined
        } catch {
          since ??= now
          longest = Math.max(longest, now - since)
        }
      })
      return { longest: () => longest, tries: Effect.forever(Effect.delay(tries, "5 millis")) }
    }
  )

program("backup", {
  description: "Time backup, backup verify and restore of a large memory",
  options: {
    units: integer("units", 100_000, "Size of the memory"),
    rounds: integer("rounds", 3, "Runs of each"),
    home: Options.directory("home").pipe(
      Options.withDescription("Folder in which the memory is kept for other runs, and taken from when it is there"),
      Options.optional
    )
  },
  run: ({ home: kept, rounds, units }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const main = yield* builtMain
      const folder = path.join(Option.isSome(kept) ? kept.value : yield* temporaryFolder, `units-${units}`)
      if (!(yield* fs.exists(path.join(folder, "memory.db")))) {
        yield* fillProjects(folder, samples, units, projectsOf(20))
      }
      const home = yield* temporaryFolder
      const env = environment(home)
      const memory = env.CLAUDE_MEMORY_HOME!
      const file = path.join(memory, "memory.db")
      yield* fs.makeDirectory(memory, { mode: 0o700 })
      yield* fs.copyFile(path.join(folder, "memory.db"), file)

      const measured = (...words: ReadonlyArray<string>) =>
        Effect.scoped(Effect.gen(function*() {
          const writer = yield* makeWriter(file)
          let peakMb = Number.NaN
          const started = yield* Clock.currentTimeMillis
          const text = yield* outputWatched(
            Command.make(process.execPath, main, ...words, "--json").pipe(Command.env(env)),
            (pid) =>
              Effect.raceFirst(
                writer.tries,
                Effect.forever(Effect.delay(
                  Effect.sync(() => {
                    peakMb = peakOf(pid) ?? peakMb
                  }),
                  "20 millis"
                ))
              )
          )
          const ms = (yield* Clock.currentTimeMillis) - started
          return { text, ms, peakMb, lockedMs: writer.longest() }
        }))

      const runs = yield* warmRounds(rounds, () =>
        Effect.gen(function*() {
          yield* progress("backup")
          const backup = yield* measured("backup")
          const made = yield* Schema.decode(Made)(backup.text)
          const verify = yield* measured("backup", "verify", made.path)
          const restore = yield* measured("restore", made.path)
          yield* fs.remove(path.join(memory, "backups"), { recursive: true })
          return { made, times: { backup, verify, restore } }
        }))
      const [{ made }] = runs as [typeof runs[number]]
      const rows = (["backup", "verify", "restore"] as const).map((name) => {
        const of = (what: "lockedMs" | "ms" | "peakMb") => runs.map(({ times }) => times[name][what])
        return {
          name,
          seconds: round(quantile(of("ms"), 0.5) / 1000, 1),
          greatestSeconds: round(Math.max(...of("ms")) / 1000, 1),
          peakMb: round(Math.max(...of("peakMb"))),
          lockedMs: Math.max(...of("lockedMs"))
        }
      })
      return {
        data: { units, bytes: made.bytes, backupBytes: made.size, rounds, rows },
        text: () => [
          `${number(units)} memories, ${number(Math.round(made.bytes / 1e6))} MB; the backup has ${
            number(Math.round(made.size / 1e6))
          } MB`,
          row("", 10, ["median s", "greatest s", "peak RSS MB", "others wait ms"], 16),
          ...rows.map((each) =>
            row(each.name, 10, [each.seconds, each.greatestSeconds, each.peakMb, each.lockedMs], 16)
          )
        ]
      }
    })
})
