/**
 * Helpers that the benchmarks, drills, fault runs and leak gate share.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Types from "effect/Types"
import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from "node:child_process"
import * as App from "../src/App.ts"
import * as Output from "../src/cli/Output.ts"
import { OWN, runMain, Unsuccessful, writeStderr } from "../src/process/Process.ts"
import { version } from "../src/process/version.ts"
import { forEach } from "../src/resources/Concurrent.ts"
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
    { ...OWN, deadline: "10 seconds" }
  )

/** A program's output: `data` as a line of JSON, or the lines of `text`. It ends with exit code 1 when `ok` is false. */
export interface Answer {
  readonly data: unknown
  readonly text: () => ReadonlyArray<string>
  readonly ok?: boolean
}

interface Description<Config extends Cli.Command.Config, E, R> {
  readonly description: string
  readonly options?: Config
  /** Its scope is closed after the answer is printed. */
  readonly run: (options: Types.Simplify<Cli.Command.ParseConfig<Config>>, isJson: boolean) => Effect.Effect<
    Answer,
    E,
    R
  >
}

/** A command with `--json` beside its own options, which clears the progress line and prints its answer. */
export const commandOf = <Name extends string, const Config extends Cli.Command.Config, E, R>(
  name: Name,
  { description, options, run }: Description<Config, E, R>
) =>
  Cli.make(name, { own: options ?? {} as Config, json: Output.json }, ({ json, own }) =>
    Effect.gen(function*() {
      const { data, ok, text } = yield* run(own as Types.Simplify<Cli.Command.ParseConfig<Config>>, json)
      yield* progress("")
      yield* Output.answer(json, data, () => text().join("\n"))
      if (ok === false) return yield* Effect.fail(new Unsuccessful())
    }).pipe(Effect.scoped)).pipe(Cli.withDescription(description))

/** Runs such a command as the entry of its process. */
export const program = <Name extends string, const Config extends Cli.Command.Config, E>(
  name: Name,
  description: Description<Config, E, NodeContext.NodeContext | Scope.Scope>
) => main(commandOf(name, description), name)

/** An integer that has this value unless it is given. */
export const integer = (name: string, otherwise: number, description?: string): Options.Options<number> => {
  const option = Options.withDefault(Options.integer(name), otherwise)
  return description === undefined ? option : Options.withDescription(option, description)
}

/** Makes a temporary folder and removes it when the scope closes. */
export const temporaryFolder = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "claude-memory-bench-" })
)

/** The sample sessions. */
export const samples = Settings.packageFile("test", "fixtures", "projects")

/** The whole service over the memory in `home`. */
export const service = (
  home: string,
  readOnly = false,
  qdrant?: App.Options["qdrant"],
  models?: App.Options["models"]
) =>
  Layer.provide(
    App.layer({ home, readOnly, busyTimeoutMs: 5_000, qdrant, ...(models !== undefined && { models }) }),
    App.platform
  )

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

/** Waits for a process to end; null when a signal ended it. */
export const exitCodeOf = (child: ChildProcess) =>
  Effect.async<number | null>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.succeed(child.exitCode))
    child.once("exit", (code) => resume(Effect.succeed(code)))
  })

/** Kills a process and waits for its end, after which it writes nothing more. */
export const killed = (child: ChildProcess) =>
  Effect.suspend(() => child.kill("SIGKILL") ? exitCodeOf(child) : Effect.void)

/** Starts `node` with these arguments; it is killed when the scope closes. */
export const startNode = (args: ReadonlyArray<string>, options: SpawnOptions) =>
  Effect.acquireRelease(Effect.sync(() => spawn(process.execPath, args, options)), killed)

/** Runs `node` to its end, while nothing else runs here: its stdout and the milliseconds from before the spawn to the exit. */
export const nodeTimed = (
  args: ReadonlyArray<string>,
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {}
) =>
  Effect.flatMap(
    timed(Effect.sync(() => spawnSync(process.execPath, args, { ...options, encoding: "utf8" }))),
    ([{ status, stderr, stdout }, ms]) =>
      status === 0
        ? Effect.succeed({ stdout, ms })
        : new BenchError({
          reason: "Program",
          detail: `node ${args.join(" ")} ended with exit code ${status}: ${stderr}`
        })
  )

/** Results of `count` rounds, one after the other. */
export const rounds = <A, E, R>(count: number, round: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(
    Array.from({ length: Math.max(1, count) }),
    (_, i) => Effect.zipRight(progress(`round ${i + 1} of ${count}`), round(i))
  )

/** The same after one round more, which does not count: it finds files not yet cached. */
export const warmRounds = <A, E, R>(count: number, round: (i: number) => Effect.Effect<A, E, R>, name = "round") =>
  Effect.map(
    Effect.forEach(
      Array.from({ length: count + 1 }),
      (_, i) => Effect.zipRight(progress(`${name} ${i} of ${count}`), round(i))
    ),
    (results) => results.slice(1)
  )

/** Runs every case, several at a time, and reports the progress. */
export const everyCase = <A, B, E, R>(
  cases: ReadonlyArray<A>,
  concurrency: number,
  run: (each: A) => Effect.Effect<B, E, R>
) =>
  Effect.suspend(() => {
    let done = 0
    return forEach(cases, concurrency, (each) =>
      Effect.zipLeft(
        run(each),
        Effect.suspend(() => progress(`${++done} of ${cases.length}`))
      ))
  })

/** A Markdown table, the heads first. */
export const markdown = (heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string | number>>) =>
  [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)

/** Escapes text for a cell of it. */
export const cellText = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

/** A row of a table whose numbers are aligned at the right. */
export const row = (name: string, nameWidth: number, cells: ReadonlyArray<string | number>, width: number) =>
  name.padEnd(nameWidth) + cells.map((cell) => String(cell).padStart(width)).join("")

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

/** The median and the 99th percentile of milliseconds. */
export const latency = (ms: ReadonlyArray<number>, digits = 1) => ({
  p50Ms: round(quantile(ms, 0.5), digits),
  p99Ms: round(quantile(ms, 0.99), digits)
})

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}

export const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits))
