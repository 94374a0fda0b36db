/**
 * Spawns a program for the gate to disturb, in folders of its own and with a model server of its own.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { type ChildProcess, spawn } from "node:child_process"
import * as Settings from "../../src/settings/Settings.ts"
import { type ModelServer, modelServer } from "../models/server.ts"
import * as Yardstick from "./Yardstick.ts"

export const main = Settings.packageFile("dist", "main.js")
export const hook = Settings.packageFile("dist", "hook.cjs")
const injected = Settings.packageFile("test", "leaks", "inject.mjs")

/** Everything that a case may touch lies below `root`. */
export interface Place {
  readonly root: string
  readonly home: string
  readonly memory: string
  readonly database: string
  readonly temporary: string
  readonly server: ModelServer
}

/** Content of LEAK_GATE; see inject.mjs. */
export interface Injection {
  readonly act?: "uncaughtException" | "unhandledRejection" | "process.exit"
  /** Milliseconds after the start; without it, acts when the gate asks. */
  readonly actAfterMs?: number
  readonly socketsCloseAfterMs?: number
}

export interface Start {
  readonly args: ReadonlyArray<string>
  /** Options of node. */
  readonly node?: ReadonlyArray<string>
  /** Without it, the program runs unchanged. */
  readonly injection?: Injection
  readonly env?: Readonly<Record<string, string>>
  /** File descriptor that takes stdout and stderr; then stdin is closed. */
  readonly outputTo?: number
}

export interface End {
  /** Null when a signal ended the program. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds from the last disturbance to the end. */
  readonly ms: number
  /** Stdout and stderr were closed once the program had gone; otherwise another process holds them. */
  readonly isSilent: boolean
}

export interface Program {
  /** Starts the clock of `End.ms`. */
  readonly send: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly act: Effect.Effect<void>
  readonly closeStdout: Effect.Effect<void>
  readonly endStdin: (text: string) => Effect.Effect<void>
  readonly hasEnded: Effect.Effect<boolean>
  readonly ended: Effect.Effect<End>
  /** The program's own handlers of signals and crashes are installed; known only with an injection. */
  readonly isListening: Effect.Effect<boolean>
  /** The injection is loaded, and the program comes next. */
  readonly loaded: Effect.Effect<void>
  readonly acted: Effect.Effect<Option.Option<typeof Acted.Type>>
  readonly atExit: Effect.Effect<Option.Option<typeof AtExit.Type>>
}

const Acted = Schema.parseJson(Schema.Struct({ isListening: Schema.Boolean }))
const AtExit = Schema.parseJson(Schema.Struct({
  sockets: Schema.Number,
  workers: Schema.Number,
  files: Schema.Array(Schema.String),
  children: Schema.Array(Schema.String)
}))

/** Polls every 8 ms, for conditions without an event to wait for. */
export const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.asVoid(Effect.repeat(condition, { until: (holds) => holds, schedule: Schedule.spaced("8 millis") }))

export const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "claude-memory-gate-" }), fs.realPath)
  const [home, temporary] = [path.join(root, "home"), path.join(root, "tmp")]
  yield* Effect.forEach([home, temporary], (folder) => fs.makeDirectory(folder))
  const memory = path.join(root, "memory")
  const server = yield* modelServer
  return { root, home, memory, database: path.join(memory, "memory.db"), temporary, server }
})

/** Environment without anything of the person's. */
const environment = ({ home, memory, server, temporary }: Place) => ({
  HOME: home,
  USERPROFILE: home,
  TMPDIR: temporary,
  TMP: temporary,
  TEMP: temporary,
  CLAUDE_CONFIG_DIR: `${home}/.claude`,
  CLAUDE_MEMORY_HOME: memory,
  CLAUDE_MEMORY_EMBEDDING: "openai:letters",
  OPENAI_BASE_URL: server.baseUrl
})

/** Time from the exit to the end of the streams, when no other process holds them. */
const CLOSES_WITHIN_MS = 1_000

/** Collects the output. The end is the exit, and the end of the streams if that comes soon. */
const watch = (child: ChildProcess, since: () => number) =>
  Effect.gen(function*() {
    const parts = { stdout: [] as Array<Buffer>, stderr: [] as Array<Buffer> }
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (part: Buffer) => parts[name].push(part)).on("error", () => {})
    }
    const exited = yield* Deferred.make<Pick<End, "code" | "signal" | "ms">>()
    const closed = yield* Deferred.make<void>()
    child.on("exit", (code, signal) => {
      Deferred.unsafeDone(exited, Effect.succeed({ code, signal, ms: performance.now() - since() }))
    }).on("close", () => Deferred.unsafeDone(closed, Effect.void)).on("error", (error) =>
      Deferred.unsafeDone(exited, Effect.die(error)))
    const text = (name: "stdout" | "stderr") =>
      Buffer.concat(parts[name]).toString("utf8")
    const ended = Effect.gen(function*() {
      const exit = yield* Deferred.await(exited)
      const isSilent = Option.isSome(yield* Yardstick.within(Deferred.await(closed), CLOSES_WITHIN_MS))
      return { ...exit, isSilent, stdout: text("stdout"), stderr: text("stderr") }
    })
    return { ended, hasEnded: Deferred.isDone(exited) }
  })

/** Starts a program; it is killed when the scope closes, at the latest. */
export const start = (place: Place, { args, env, injection, node = [], outputTo }: Start) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const notes = yield* fs.makeTempDirectory({ directory: place.root, prefix: "notes-" })
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(
          process.execPath,
          [...node, ...(injection === undefined ? [] : ["--import", injected]), ...args],
          {
            cwd: place.home,
            env: { ...environment(place), LEAK_GATE: JSON.stringify({ ...injection, notes }), ...env },
            stdio: outputTo === undefined ? "pipe" : ["ignore", outputTo, outputTo]
          }
        )
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    child.stdin?.on("error", () => {})
    let since = performance.now()
    const disturb = (run: () => unknown) =>
      Effect.sync(() => {
        since = performance.now()
        run()
      })
    const { ended, hasEnded } = yield* watch(child, () => since)
    const isNoted = (name: string) => fs.exists(path.join(notes, name)).pipe(Effect.orElseSucceed(() => false))
    const noted = <A>(name: string, schema: Schema.Schema<A, string>) =>
      fs.readFileString(path.join(notes, name)).pipe(Effect.flatMap(Schema.decode(schema)), Effect.option)
    return {
      send: (signal) => disturb(() => child.kill(signal)),
      act: disturb(() => child.kill("SIGUSR2")),
      closeStdout: disturb(() => child.stdout?.destroy()),
      endStdin: (text) => disturb(() => child.stdin?.end(text)),
      hasEnded,
      ended,
      isListening: isNoted("listening"),
      loaded: until(Effect.zipWith(isNoted("loaded"), hasEnded, (a, b) => a || b)),
      acted: noted("acted", Acted),
      atExit: noted("exit", AtExit)
    } satisfies Program
  })

/** Runs a program to its end, with empty stdin. */
export const run = (place: Place, options: Start) =>
  Effect.scoped(Effect.gen(function*() {
    const program = yield* start(place, options)
    yield* program.endStdin("")
    return yield* program.ended
  }))
