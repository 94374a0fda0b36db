/**
 * Times the hooks of Claude Code over a large memory, from starting the process to its end, beside a bare Node.
 */
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { number } from "../../src/cli/Output.ts"
import {
  builtMain,
  environment,
  integer,
  latency,
  nodeTimed,
  program,
  samples,
  temporaryFolder,
  warmRounds
} from "../../test/script.ts"
import { fill } from "./shared/large.ts"
import { QUESTIONS } from "./shared/questions.ts"

interface Run {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly stdin: () => string
  readonly env: Readonly<Record<string, string>>
}

program("hook", {
  description: "Time the hooks over a large memory",
  options: {
    units: integer("units", 100_000, "Size of the memory, all of it of one project"),
    transcripts: Options.directory("transcripts").pipe(
      Options.withDescription("What it is made of; the samples of the package without it"),
      Options.withDefault(samples)
    ),
    rounds: integer("rounds", 40, "Starts of each program, interleaved")
  },
  run: ({ rounds, transcripts, units }) =>
    Effect.gen(function*() {
      const path = yield* Path.Path
      const hook = path.join(path.dirname(yield* builtMain), "hook.cjs")
      const home = yield* temporaryFolder
      const env = environment(home)
      const { root } = yield* fill(env.CLAUDE_MEMORY_HOME!, transcripts, units)
      const inputOf = (rest: object) => () => JSON.stringify({ session_id: randomUUID(), cwd: root, ...rest })
      let asked = 0
      const prompt = () =>
        inputOf({ hook_event_name: "UserPromptSubmit", prompt: QUESTIONS[asked++ % QUESTIONS.length] })()
      const patient = { CLAUDE_MEMORY_HOOK_MS: "60000", CLAUDE_MEMORY_SESSION_START_MS: "60000" }
      const runs: ReadonlyArray<Run> = [
        { name: "node -e 0", args: ["-e", "0"], stdin: () => "", env: {} },
        { name: "switched off", args: [hook], stdin: () => "", env: { CLAUDE_MEMORY_INJECT: "off" } },
        {
          name: "SessionStart",
          args: [hook],
          stdin: inputOf({ hook_event_name: "SessionStart", source: "startup" }),
          env: patient
        },
        { name: "UserPromptSubmit", args: [hook], stdin: prompt, env: patient },
        {
          name: "SessionStart, within its budget",
          args: [hook],
          stdin: inputOf({ hook_event_name: "SessionStart", source: "startup" }),
          env: {}
        },
        { name: "UserPromptSubmit, within its budget", args: [hook], stdin: prompt, env: {} }
      ]
      const all = yield* warmRounds(rounds, () =>
        Effect.forEach(runs, ({ args, env: extra, stdin }) =>
          nodeTimed(args, { env: { ...env, ...extra }, input: stdin() })))
      const rows = runs.map(({ name }, i) => {
        const starts = all.map((round) =>
          round[i]!
        )
        return {
          name,
          ...latency(starts.map(({ ms }) => ms)),
          answered: starts.filter(({ stdout }) => stdout !== "").length
        }
      })
      return {
        data: { units, rounds, rows },
        text: () => [
          `${number(units)} memories, ${rounds} starts of each, interleaved; from spawn to exit`,
          ...rows.map(({ answered, name, p50Ms, p99Ms }) =>
            `${name.padEnd(36)} p50 ${p50Ms.toFixed(0).padStart(5)} ms   p99 ${p99Ms.toFixed(0).padStart(5)} ms   ` +
            `answered ${answered}`
          )
        ]
      }
    })
})
