/**
 * Helpers that the benchmarks, drills, fault runs and leak gate share.
 */
import * as Cli from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as App from "../src/App.ts"
import { runMain, Unsuccessful, writeStderr } from "../src/process/Process.ts"
import { version } from "../src/process/version.ts"
import * as Settings from "../src/settings/Settings.ts"

export class BenchError extends Schema.TaggedError<BenchError>()("BenchError", {
  reason: Schema.Literal("Input", "Program"),
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

/** Runs a command as the entry of its process. */
export const main = <Name extends string, E, A>(
  command: Cli.Command<Name, NodeContext.NodeContext, E, A>,
  name: NoInfer<Name>
) =>
  runMain(
    Cli.run(command, { name, version })(process.argv).pipe(
      // Validation errors of the arguments have already been printed.
      Effect.catchIf(ValidationError.isValidationError, () => Effect.fail(new Unsuccessful())),
      Effect.provide(NodeContext.layer)
    ),
    { deadline: "10 seconds" }
  )

/** Makes a temporary folder and removes it when the scope closes. */
export const temporaryFolder = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "claude-memory-bench-" })
)

/** The whole service over the memory in `home`. */
export const service = (home: string, readOnly = false, qdrant?: App.Options["qdrant"]) =>
  Layer.provide(App.layer({ home, readOnly, busyTimeoutMs: 5_000, qdrant }), App.platform)

/** Whole environment of a spawned claude-memory: nothing of the person's home, settings or certificates. */
export const environment = (home: string): Record<string, string> => ({
  HOME: home,
  USERPROFILE: home,
  CLAUDE_CONFIG_DIR: `${home}/.claude`,
  CLAUDE_MEMORY_HOME: `${home}/.claude-memory`
})

/** Path of the built command line; fails when it is missing. */
export const builtMain = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const file = Settings.packageFile("dist", "main.js")
  if (!(yield* fs.exists(file))) {
    return yield* new BenchError({ reason: "Input", detail: "dist/main.js is not built; run `npm run prepare` first" })
  }
  return file
})

/**
 * Returns a program's stdout; fails unless its exit code is 0. `whileRunning` runs beside it and is interrupted at its
 * end.
 */
export const outputWatched = <E, R>(
  command: Command.Command,
  whileRunning: (pid: number) => Effect.Effect<unknown, E, R>
) =>
  Effect.scoped(Effect.gen(function*() {
    const child = yield* Command.start(Command.stderr(command, "inherit"))
    yield* Effect.forkScoped(whileRunning(child.pid))
    const text = yield* child.stdout.pipe(Stream.decodeText(), Stream.mkString)
    const code = yield* child.exitCode
    if (code === 0) return text
    const name = command._tag === "StandardCommand" ? [command.command, ...command.args].join(" ") : "a program"
    return yield* new BenchError({ reason: "Program", detail: `${name} ended with exit code ${code}` })
  }))

export const output = (command: Command.Command) => outputWatched(command, () => Effect.void)

/** Returns the result and the milliseconds it took. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeNanos
    const result = yield* effect
    return [result, Number((yield* Clock.currentTimeNanos) - start) / 1e6] as const
  })

/** Writes a progress line over the previous one; writes nothing unless stderr is a terminal. */
export const progress = (text: string) =>
  process.stderr.isTTY === true ? writeStderr(`\r\u001b[2K${text}`) : Effect.void

export const quantile = (values: ReadonlyArray<number>, q: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] ?? Number.NaN

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}

export const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits))

/** Lists the transcripts in the folder and below, sorted. */
export const transcriptsIn = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = yield* fs.readDirectory(folder, { recursive: true })
    return names.filter((name) => name.endsWith(".jsonl")).sort().map((name) => path.join(folder, name))
  })

/** Decodes the lines of a JSONL file, in order. */
export const linesIn = <A>(file: string, line: Schema.Schema<A, string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const lines = (yield* fs.readFileString(file)).split("\n").filter((text) => text.trim() !== "")
    return yield* Effect.forEach(lines, (text) => Schema.decode(line)(text))
  })

const Question = Schema.parseJson(Schema.Struct({ id: Schema.String, question: Schema.String }))

export const questionsIn = (file: string) => linesIn(file, Question)
