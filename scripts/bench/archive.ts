/**
 * Times `export` and `import-archive` of a large memory, with the most memory that each takes: into an empty memory, and once more.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { number } from "../../src/cli/Output.ts"
import { environment, program, rounds as repeated, row, temporaryFolder } from "../../test/script.ts"
import { largeMemory, measured, options, summed } from "./shared/commands.ts"

const Written = Schema.parseJson(Schema.Struct({ bytes: Schema.Number }))
const Taken = Schema.parseJson(Schema.Struct({ units: Schema.Number }))

program("archive", {
  description: "Time export and import-archive of a large memory",
  options,
  run: ({ home, rounds, units }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const { env } = yield* largeMemory(home, units)
      const runs = yield* repeated(rounds, () =>
        Effect.scoped(Effect.gen(function*() {
          const file = path.join(yield* temporaryFolder, "archive.jsonl")
          const other = environment(yield* temporaryFolder)
          const written = yield* measured(env, ["export", file])
          const first = yield* measured(other, ["import-archive", file])
          const again = yield* measured(other, ["import-archive", file])
          const bytes = (yield* Schema.decode(Written)(written.text)).bytes
          const taken = (yield* Schema.decode(Taken)(first.text)).units
          const twins = (yield* Schema.decode(Taken)(again.text)).units
          yield* fs.remove(file)
          return { written, first, again, bytes, taken, twins }
        })))
      const [{ bytes, taken, twins }] = runs as [typeof runs[number]]
      const rows = [
        summed("export", runs.map(({ written }) => written)),
        summed("import", runs.map(({ first }) => first)),
        summed("again", runs.map(({ again }) => again))
      ]
      return {
        data: { units, bytes, taken, twins, rounds, rows },
        text: () => [
          `${number(units)} memories; the archive has ${number(Math.round(bytes / 1e6))} MB; ${
            number(taken)
          } were taken in, ` +
          `${number(twins)} the second time`,
          row("", 10, ["median s", "greatest s", "peak RSS MB"], 16),
          ...rows.map((each) => row(each.name, 10, [each.seconds, each.greatestSeconds, each.peakMb], 16))
        ]
      }
    })
})
