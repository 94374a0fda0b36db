/**
 * Measures the peak memory of an import of one big transcript, in a process of its own.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { number } from "../../src/cli/Output.ts"
import { type Shape, transcript } from "../../test/fixtures/transcript.ts"
import {
  builtMain,
  environment,
  integer,
  outputWatched,
  program,
  progress,
  round,
  temporaryFolder,
  timed
} from "../../test/script.ts"

const BLOCK_LENGTH = 1024 * 1024

/** Writes in blocks of 1 MiB, so that this process stays small too. */
const writeTranscript = (file: string, megabytes: number, shape: Shape) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const handle = yield* fs.open(file, { flag: "wx" })
    const encoder = new TextEncoder()
    let block = ""
    let lines = 0
    let bytes = 0
    const flush = Effect.suspend(() => {
      const encoded = encoder.encode(block)
      block = ""
      bytes += encoded.length
      return Effect.zipRight(handle.writeAll(encoded), progress(`writing ${round(bytes / 1e6)} of ${megabytes} MB`))
    })
    for (const line of transcript(megabytes, shape)) {
      block += `${line}\n`
      lines++
      if (block.length >= BLOCK_LENGTH) yield* flush
    }
    yield* flush
    return { lines, bytes }
  }).pipe(Effect.scoped)

/** Peak resident memory of a process so far, in kibibytes (Linux). */
const highWaterMark = (pid: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const status = yield* Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/status`), () => "")
    return Option.fromNullable(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]).pipe(Option.map(Number))
  })

const Report = Schema.parseJson(Schema.Struct({
  lines: Schema.Struct({ total: Schema.Number }),
  units: Schema.Struct({ total: Schema.Number })
}))

program("memory", {
  description: "Peak memory of a big import",
  options: {
    megabytes: integer("megabytes", 500, "Size of the transcript, in millions of bytes"),
    shape: Options.choice("shape", ["normal", "one-segment", "long-lines"]).pipe(
      Options.withDescription("Sessions as they are, one prompt and no other, or one session with lines of 20 MB"),
      Options.withDefault("normal" as const)
    )
  },
  run: ({ megabytes, shape }) =>
    Effect.gen(function*() {
      const path = yield* Path.Path
      const main = yield* builtMain
      const folder = yield* temporaryFolder
      const file = path.join(folder, "generated.jsonl")
      const { bytes, lines } = yield* writeTranscript(file, megabytes, shape)
      yield* progress(`importing ${number(lines)} lines`)

      const peak = yield* Ref.make(Option.none<number>())
      const watch = (pid: number) =>
        Effect.flatMap(highWaterMark(pid), (mark) => Option.isSome(mark) ? Ref.set(peak, mark) : Effect.void).pipe(
          Effect.repeat(Schedule.spaced("50 millis"))
        )
      const child = Command.make(process.execPath, main, "import", file, "--json").pipe(
        Command.env(environment(folder), { extendEnv: false })
      )
      const [printed, ms] = yield* timed(outputWatched(child, watch))
      const report = yield* Schema.decode(Report)(printed)
      const kibibytes = Option.getOrNull(yield* Ref.get(peak))
      const data = {
        shape,
        megabytes: round(bytes / 1e6, 1),
        lines: report.lines.total,
        units: report.units.total,
        peakRssMb: kibibytes === null ? null : round(kibibytes * 1024 / 1e6, 1),
        seconds: round(ms / 1000, 2),
        mbPerSecond: round(bytes / 1e3 / ms, 2)
      }
      return {
        data,
        text: () => [
          `${data.megabytes} MB (${shape}), ${number(data.lines)} lines, ${number(data.units)} units: ` +
          `${data.seconds} s, ${data.mbPerSecond} MB/s, peak memory ` +
          `${data.peakRssMb === null ? "unknown on this system" : `${data.peakRssMb} MB`}`
        ]
      }
    })
})
