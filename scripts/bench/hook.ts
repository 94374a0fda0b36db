/**
 * Times the hooks of Claude Code over a large memory, from starting the process to its end, beside a bare Node.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { number } from "../../src/cli/Output.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import {
  BenchError,
  builtMain,
  environment,
  integer,
  program,
  quantile,
  round,
  row,
  samples,
  service,
  temporaryFolder,
  timed,
  warmRounds
} from "../../test/script.ts"
import { busy, load } from "./shared/busy.ts"
import { fill } from "./shared/large.ts"
import { QUESTIONS } from "./shared/questions.ts"
import { start } from "./shared/server.ts"

interface Run {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly stdin: () => string
  readonly env: Readonly<Record<string, string>>
  /** True for a run that prints something to inject. */
  readonly speaks: boolean
}

/** Runs a program to its end, while nothing else runs here. */
const started = (node: string, { args, env, name, stdin }: Run, home: Readonly<Record<string, string>>) =>
  Effect.flatMap(
    timed(Effect.sync(() => spawnSync(node, args, { env: { ...home, ...env }, input: stdin(), encoding: "utf8" }))),
    ([{ error, status, stderr, stdout }, ms]) =>
      status === 0
        ? Effect.succeed({ stdout, ms })
        : new BenchError({ reason: "Program", detail: `${name}: ${error?.message ?? stderr}` })
  )

program("hook", {
  description: "Time the hooks over a large memory",
  options: {
    memories: integer("memories", 100_000, "Size of the memory, all of it of one project"),
    transcripts: Options.directory("transcripts").pipe(
      Options.withDescription("What it is made of; the samples of the package without it"),
      Options.withDefault(samples)
    ),
    rounds: integer("rounds", 60, "Starts of each program, interleaved"),
    load,
    node: Options.file("node", { exists: "yes" }).pipe(
      Options.withDescription("The Node that runs the hooks; that of this program without it"),
      Options.withDefault(process.execPath)
    )
  },
  run: ({ load, memories, node, rounds, transcripts }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const hook = path.join(path.dirname(yield* builtMain), "hook.cjs")
      const home = yield* temporaryFolder
      const env = environment(home)
      const { root } = yield* fill(env.CLAUDE_MEMORY_HOME!, transcripts, memories)
      const excluded = path.join(home, "excluded")
      yield* fs.makeDirectory(excluded)
      // Writes the files of starts, too, which the large memory was made without.
      yield* Effect.flatMap(ClaudeMemory, ({ projects }) => projects.exclude(excluded, true)).pipe(
        Effect.provide(service(env.CLAUDE_MEMORY_HOME!))
      )
      let asked = 0
      const input = (rest: object) =>
        JSON.stringify({ session_id: randomUUID(), transcript_path: path.join(home, "none", "x.jsonl"), ...rest })
      const startIn = (cwd: string, source: string) => () => input({ hook_event_name: "SessionStart", cwd, source })
      const promptOf = (prompt: string) => input({ hook_event_name: "UserPromptSubmit", cwd: root, prompt })
      const prompt = () => promptOf(QUESTIONS[asked++ % QUESTIONS.length]!)
      const patient = { CLAUDE_MEMORY_HOOK_MS: "60000", CLAUDE_MEMORY_SESSION_START_MS: "60000" }
      const run = (name: string, stdin: () => string, speaks: boolean, env: Run["env"] = patient): Run => ({
        name,
        args: [hook],
        stdin,
        env,
        speaks
      })
      const node0: Run = { name: "node -e 0", args: ["-e", "0"], stdin: () => "", env: {}, speaks: false }
      const runs: ReadonlyArray<Run> = [
        node0,
        run("switched off", startIn(root, "startup"), false, { CLAUDE_MEMORY_INJECT: "off" }),
        run("excluded project", startIn(excluded, "startup"), false),
        run("no memory", startIn(root, "startup"), false, { CLAUDE_MEMORY_HOME: path.join(home, "none") }),
        run("start", startIn(root, "startup"), true),
        run("start, from the database", startIn(root, "resume"), true),
        run("prompt that needs no memory", () => promptOf("yes"), false),
        run("prompt", prompt, true)
      ]
      /** Times runs, the first of which is the bare Node. */
      const timesOf = (runs: ReadonlyArray<Run>) =>
        Effect.map(
          warmRounds(rounds, () => Effect.forEach(runs, (each) => started(node, each, env))),
          (all) => {
            const times = runs.map((_, i) => all.map((starts) => starts[i]!.ms))
            return runs.map(({ name, speaks }, i) => ({
              name,
              medianMs: round(quantile(times[i]!, 0.5), 1),
              p95Ms: round(quantile(times[i]!, 0.95), 1),
              ratio: round(quantile(times[i]!, 0.5) / quantile(times[0]!, 0.5), 2),
              answered: all.filter((starts) => starts[i]!.stdout !== "").length,
              speaks
            }))
          }
        )
      yield* busy(load)
      const alone = yield* timesOf(runs)
      const [, besideServer] = yield* Effect.gen(function*() {
        const { search, shake } = yield* start(home)
        yield* shake
        yield* search(0)
        return yield* timesOf([node0, run("prompt, by a server", prompt, true, {})])
      }).pipe(Effect.scoped)
      const rows = [...alone, besideServer!]
      const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()
      // Not every prompt needs a memory; the other runs answer always or never.
      const isRight = rows.every(({ answered, name, speaks }) =>
        speaks && name.startsWith("prompt") ? answered > 0 : answered === (speaks ? rounds : 0)
      )
      return {
        data: { memories, rounds, load, node: version, rows },
        ok: isRight,
        text: () => [
          `${number(memories)} memories, Node ${
            version.slice(1)
          }, ${rounds} starts of each, interleaved, beside ${load} busy processes; from spawn to exit`,
          row("", 28, ["median", "p95", "x bare", "answered"], 10),
          ...rows.map(({ answered, medianMs, name, p95Ms, ratio }) =>
            row(name, 28, [`${medianMs.toFixed(1)} ms`, `${p95Ms.toFixed(1)} ms`, ratio.toFixed(2), answered], 10)
          )
        ]
      }
    })
})
