/**
 * Times `backup`, `backup verify` and `restore` of a large memory, with the most memory that each takes and how long others can't write.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { number } from "../../src/cli/Output.ts"
import { load } from "../../src/resources/SqliteDriver.ts"
import { program, progress, row, warmRounds } from "../../test/script.ts"
import { largeMemory, measured, options, summed } from "./shared/commands.ts"

const Made = Schema.parseJson(Schema.Struct({ path: Schema.String, size: Schema.Number, bytes: Schema.Number }))

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
  options,
  run: ({ home, rounds, units }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const { env, memory } = yield* largeMemory(home, units)
      const file = path.join(memory, "memory.db")

      const watched = (...words: ReadonlyArray<string>) =>
        Effect.scoped(Effect.gen(function*() {
          const writer = yield* makeWriter(file)
          const run = yield* measured(env, words, writer.tries)
          return { ...run, lockedMs: writer.longest() }
        }))

      const runs = yield* warmRounds(rounds, () =>
        Effect.gen(function*() {
          yield* progress("backup")
          const backup = yield* watched("backup")
          const made = yield* Schema.decode(Made)(backup.text)
          const verify = yield* watched("backup", "verify", made.path)
          const restore = yield* watched("restore", made.path)
          yield* fs.remove(path.join(memory, "backups"), { recursive: true })
          return { made, times: { backup, verify, restore } }
        }))
      const [{ made }] = runs as [typeof runs[number]]
      const rows = (["backup", "verify", "restore"] as const).map((name) => {
        const times = runs.map((run) => run.times[name])
        return { ...summed(name, times), lockedMs: Math.max(...times.map(({ lockedMs }) => lockedMs)) }
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
