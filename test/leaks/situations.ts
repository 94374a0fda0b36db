/**
 * The moments at which a program is disturbed: how it is started, and how it gets there.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Aftermath from "./aftermath.ts"
import { fixtures, type Samples } from "./samples.ts"
import { hook, main, type Place, type Program, type Start, until } from "./spawned.ts"

export type State = "starting" | "idle" | "working" | "stopping"
export type Subject = "lifecycle" | "import" | "hook" | "quickstart"

export interface Stage {
  readonly place: Place
  readonly samples: Samples
  readonly random: Random.Random
}

export interface Situation {
  readonly state: State
  readonly subject: Subject
  /** Distinguishes situations of one state and subject. */
  readonly how: string
  readonly start: (stage: Stage) => Effect.Effect<Start>
  readonly before?: (stage: Stage) => Effect.Effect<void, unknown, FileSystem.FileSystem>
  readonly reach: (stage: Stage, program: Program) => Effect.Effect<void, never, FileSystem.FileSystem | Path.Path>
}

export interface Case {
  readonly name: string
  /** Labels, each of which a quick run covers with at least one case. */
  readonly covers: ReadonlyArray<string>
  /** Returns complaints. */
  readonly run: (
    stage: Stage
  ) => Effect.Effect<ReadonlyArray<string>, unknown, FileSystem.FileSystem | Path.Path | Scope.Scope>
}

/** Milliseconds that a socket takes to close in a slow release: less than the pool waits (2 seconds). */
export const SLOW_MS = 1_500

const PROMPT = JSON.stringify({
  session_id: "of-the-gate",
  hook_event_name: "UserPromptSubmit",
  cwd: "/home/mei/work/shop-api",
  prompt: "why did we decide against Meilisearch?"
})

const pause = ({ random }: Stage, from: number, to: number) =>
  Effect.flatMap(random.nextIntBetween(from, to), (ms) => Effect.sleep(ms))

/** Waits until the server has received `n` requests, or the program has ended. */
const requests = ({ place: { server } }: Stage, n: number, program: Program) =>
  until(Effect.map(program.hasEnded, (hasEnded) => hasEnded || server.seen.requests >= n))

const serves = (set: Partial<Pick<Place["server"], "behaviour" | "delay">>) => ({ place: { server } }: Stage) =>
  Effect.sync(() => void Object.assign(server, set))

const withMemory = ({ place, samples }: Stage) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.copy(samples.memory, place.memory))

const starts = (start: Start) => () => Effect.succeed(start)
const lifecycle = (wait: string) => starts({ args: [main, "lifecycle", "--for", wait] })
const importing = starts({ args: [main, "import", fixtures, "--json"] })
const hooked = starts({ args: [hook], env: { CLAUDE_MEMORY_HOOK_MS: "60000" } })

/** The program asks for the dimension, finds nothing to index, and then only waits. */
const isIdle = (stage: Stage, program: Program) => Effect.zipRight(requests(stage, 1, program), pause(stage, 80, 300))

const asked = (stage: Stage, program: Program) => Effect.zipRight(program.endStdin(PROMPT), requests(stage, 1, program))

export const endWithPrompt = (program: Program) => program.endStdin(PROMPT)

const stopping = (situation: Omit<Situation, "state">, from: number, to: number): Situation => ({
  ...situation,
  state: "stopping",
  start: (stage) =>
    Effect.map(situation.start(stage), (start) => ({ ...start, injection: { socketsCloseAfterMs: SLOW_MS } })),
  reach: (stage, program) =>
    situation.reach(stage, program).pipe(
      Effect.zipRight(program.send("SIGTERM")),
      Effect.zipRight(pause(stage, from, to))
    )
})

/** Its signal handlers are installed after some 100 ms, its database is open some time later. */
const starting = (subject: Subject, start: Situation["start"]): Situation => ({
  state: "starting",
  subject,
  how: "",
  start,
  reach: (stage) => pause(stage, 0, 250)
})

export const idleLifecycle: Situation = {
  state: "idle",
  subject: "lifecycle",
  how: "",
  start: lifecycle("60s"),
  reach: isIdle
}

const importHanging: Situation = {
  state: "working",
  subject: "import",
  how: "the model hangs",
  start: importing,
  before: serves({ behaviour: "hangs" }),
  reach: (stage, program) => Effect.zipRight(requests(stage, 1, program), pause(stage, 0, 100))
}

const importSlow: Situation = {
  ...importHanging,
  how: "the model is slow",
  before: serves({ delay: 300 }),
  // The first request asks for the dimension, the others embed.
  reach: (stage, program) => Effect.zipRight(requests(stage, 2, program), pause(stage, 0, 150))
}

const importCompressing: Situation = {
  ...importHanging,
  how: "compressing",
  start: ({ samples }) => Effect.map(samples.long, (long) => ({ args: [main, "import", long, "--json"] })),
  before: () => Effect.void,
  reach: ({ place, random }, program) =>
    Effect.flatMap(
      random.nextIntBetween(1, 40),
      (wanted) =>
        until(Effect.zipWith(program.hasEnded, Aftermath.units(place), (hasEnded, n) => hasEnded || n >= wanted))
    )
}

const hookWorking: Situation = {
  state: "working",
  subject: "hook",
  how: "the model hangs",
  start: hooked,
  before: (stage) => Effect.zipRight(withMemory(stage), serves({ behaviour: "hangs" })(stage)),
  reach: asked
}

export const quickstart: Situation = {
  state: "working",
  subject: "quickstart",
  how: "on samples",
  start: starts({ args: [main, "quickstart"] }),
  reach: (stage, program) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* until(Effect.zipWith(
        program.hasEnded,
        Effect.orElseSucceed(fs.readDirectory(stage.place.temporary, { recursive: true }), () => []),
        (hasEnded, names) => hasEnded || names.some((name) => name.endsWith("memory.db"))
      ))
      yield* pause(stage, 0, 200)
    })
}

/**
 * A stop is slow where sockets are slow to close. A compressing import has no sockets yet, and a quickstart uses the
 * package's own model, so neither is stopped here.
 */
export const situations: ReadonlyArray<Situation> = [
  starting("lifecycle", lifecycle("300ms")),
  starting("import", importing),
  { ...starting("hook", hooked), before: withMemory },
  idleLifecycle,
  {
    // It has opened nothing and listens to no signal: the system ends it.
    state: "idle",
    subject: "hook",
    how: "waiting for stdin",
    start: hooked,
    before: withMemory,
    reach: (stage, program) => Effect.zipRight(program.loaded, pause(stage, 20, 150))
  },
  {
    // It has read stdin: the whole program starts.
    ...starting("hook", hooked),
    how: "with a prompt",
    before: withMemory,
    reach: (stage, program) => Effect.zipRight(endWithPrompt(program), pause(stage, 0, 250))
  },
  importHanging,
  { ...importHanging, how: "the model hangs in its answer", before: serves({ behaviour: "hangs in its answer" }) },
  importSlow,
  importCompressing,
  hookWorking,
  quickstart,
  stopping(idleLifecycle, 50, 600),
  stopping(importHanging, 50, 600),
  stopping(hookWorking, 10, 80)
]

/** Situations whose stop is timed. */
export const timed = { idle: [idleLifecycle], working: [importHanging, importSlow, importCompressing] } as const
