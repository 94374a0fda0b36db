/**
 * Times the hooks of Claude Code over a large memory, from starting the process to its end, beside a bare Node.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { answer, json, number } from "../../src/cli/Output.ts"
import * as Settings from "../../src/settings/Settings.ts"
import {
  BenchError,
  builtMain,
  environment,
  main,
  progress,
  quantile,
  round,
  temporaryFolder,
  timed
} from "../../test/script.ts"
import { fill } from "./shared/large.ts"
import { QUESTIONS } from "./shared/questions.ts"

interface Run {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly stdin: () => string
  readonly env: Readonly<Record<string, string>>
}

const command = Cli.make("hook", {
  units: Options.integer("units").pipe(
    Options.withDescription("Size of the memory, all of it of one project"),
    Options.withDefault(100_000)
  ),
  transcripts: Options.directory("transcripts").pipe(
    Options.withDescription("What it is made of; the samples of the package without it"),
    Options.withDefault(Settings.packageFile("test", "fixtures", "projects"))
  ),
  rounds: Options.integer("rounds").pipe(
    Options.withDescription("Starts of each program, interleaved"),
    Options.withDefault(40)
  ),
  json
}, (options) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const hook = path.join(path.dirname(yield* builtMain), "hook.js")
    const home = yield* temporaryFolder
    const env = environment(home)
    const { root } = yield* fill(env.CLAUDE_MEMORY_HOME!, options.transcripts, options.units)
    const said = (rest: object) => () => JSON.stringify({ session_id: randomUUID(), cwd: root, ...rest })
    let asked = 0
    const prompt = () => said({ hook_event_name: "UserPromptSubmit", prompt: QUESTIONS[asked++ % QUESTIONS.length] })()
    const patient = { CLAUDE_MEMORY_HOOK_MS: "60000", CLAUDE_MEMORY_SESSION_START_MS: "60000" }
    const runs: ReadonlyArray<Run> = [
      { name: "node -e 0", args: ["-e", "0"], stdin: () => "", env: {} },
      { name: "switched off", args: [hook], stdin: () => "", env: { CLAUDE_MEMORY_DISABLE: "1" } },
      {
        name: "SessionStart",
        args: [hook],
        stdin: said({ hook_event_name: "SessionStart", source: "startup" }),
        env: patient
      },
      { name: "UserPromptSubmit", args: [hook], stdin: prompt, env: patient },
      {
        name: "SessionStart, within its budget",
        args: [hook],
        stdin: said({ hook_event_name: "SessionStart", source: "startup" }),
        env: {}
      },
      { name: "UserPromptSubmit, within its budget", args: [hook], stdin: prompt, env: {} }
    ]
    const times = new Map(runs.map(({ name }) => [name, [] as Array<number>]))
    const answered = new Map(runs.map(({ name }) => [name, 0]))
    // The first run of each warms the file cache and is not counted.
    for (let i = 0; i <= options.rounds; i++) {
      yield* progress(`round ${i} of ${options.rounds}`)
      for (const { args, env: extra, name, stdin } of runs) {
        const [{ status, stdout }, ms] = yield* timed(Effect.sync(() =>
          spawnSync(process.execPath, args, { env: { ...env, ...extra }, input: stdin(), encoding: "utf8" })
        ))
        if (status !== 0) {
          return yield* new BenchError({ reason: "Program", detail: `${name} ended with ${status}` })
        }
        if (i === 0) {
          continue
        }
        times.get(name)!.push(ms)
        if (stdout !== "") {
          answered.set(name, answered.get(name)! + 1)
        }
      }
    }
    yield* progress("")
    const rows = runs.map(({ name }) => ({
      name,
      p50Ms: round(quantile(times.get(name)!, 0.5), 1),
      p99Ms: round(quantile(times.get(name)!, 0.99), 1),
      answered: answered.get(name)!
    }))
    yield* answer(options.json, { units: options.units, rounds: options.rounds, rows }, () =>
      [
        `${number(options.units)} memories, ${options.rounds} starts of each, interleaved; from spawn to exit`,
        ...rows.map(({ answered, name, p50Ms, p99Ms }) =>
          `${name.padEnd(36)} p50 ${p50Ms.toFixed(0).padStart(5)} ms   p99 ${p99Ms.toFixed(0).padStart(5)} ms   ` +
          `answered ${answered}`
        )
      ].join("\n"))
  }).pipe(Effect.scoped)).pipe(Cli.withDescription("Time the hooks over a large memory"))

main(command, "hook")
