/**
 * Runs another benchmark and keeps its output with the command, the date, the version and the machine, for the page of benchmarks.
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { cpus, loadavg } from "node:os"
import { version } from "../../src/process/version.ts"
import * as Settings from "../../src/settings/Settings.ts"
import { output, program, round } from "../../test/script.ts"
import { kept } from "./shared/kept.ts"

/** Replaces a path, whatever has a slash, by DIR or FILE. */
const withoutPath = (word: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const [, option = "", value = ""] = /^(--[^=]+=)?(.*)$/s.exec(word) ?? []
    if (!value.includes("/")) return word
    const isFolder = yield* Effect.orElseSucceed(
      Effect.map(fs.stat(value), ({ type }) => type === "Directory"),
      () => false
    )
    return `${option}${isFolder ? "DIR" : "FILE"}`
  })

const commit = Command.make("git", "describe", "--always", "--dirty", "--exclude", "*").pipe(
  Command.workingDirectory(Settings.packageFile()),
  output,
  Effect.map((text) => text.trim()),
  Effect.orElseSucceed(() => version)
)

program("keep", {
  description: "Run a benchmark and keep its output: keep --in DIR --as NAME -- BENCHMARK OPTIONS…",
  options: {
    folder: Options.text("in").pipe(Options.withDescription("Folder of the outputs; made when it is missing")),
    name: Options.text("as").pipe(Options.withDescription("Name of the output, such as recall-dev")),
    words: Args.repeated(Args.text({ name: "words" })).pipe(
      Args.withDescription("After --: the benchmark's name and its options")
    )
  },
  run: ({ folder, name, words }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const start = {
        at: yield* DateTime.now,
        version: yield* commit,
        node: process.versions.node,
        cores: cpus().length,
        load: round(loadavg()[0]!, 1)
      }
      const printed = yield* output(
        Command.make(
          process.execPath,
          Settings.packageFile("scripts", "run.mjs"),
          Settings.packageFile("scripts", "bench"),
          ...words,
          "--json"
        )
      )
      // A folder may have been made meanwhile.
      const command = (yield* Effect.forEach(words, withoutPath)).join(" ")
      const file = path.join(folder, `${name}.json`)
      yield* fs.makeDirectory(folder, { recursive: true })
      yield* fs.writeFileString(
        file,
        `${yield* Schema.encode(kept(Schema.Unknown))({ ...start, command, data: JSON.parse(printed) })}\n`
      )
      return { data: { file }, text: () => [`${file}: ${command}`] }
    })
})
