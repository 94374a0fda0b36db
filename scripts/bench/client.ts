/**
 * Times how long a hook delays the real Claude Code between a prompt and its first request to the model. It compares no hook, the
 * command, and the MCP server's tool.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { answer, json, number, table } from "../../src/cli/Output.ts"
import * as Settings from "../../src/settings/Settings.ts"
import * as Client from "../../test/claude/Client.ts"
import { given } from "../../test/claude/MessagesApi.ts"
import * as story from "../../test/claude/story.ts"
import { run } from "../../test/e2e/program.ts"
import { BenchError, builtMain, main, progress, quantile, round } from "../../test/script.ts"
import { fill } from "./shared/large.ts"

/** Time for Claude Code to run its SessionStart hook and connect to the server. A person takes longer to type a prompt. */
const TYPED = "3 seconds"

/** Writes no transcript, so that the memory stays the same for all sessions. */
const UNWRITTEN = { args: ["--no-session-persistence"] }

/** Gives hooks so much time that they answer each prompt, however busy the machine is. */
const PATIENT = { CLAUDE_MEMORY_HOOK_MS: "20000", CLAUDE_MEMORY_SESSION_START_MS: "20000" }

const NAMES = ["no hook", "command", "mcp"] as const
const PROMPTS = ["first", "later"] as const

/** Times from the prompt to the first request, for one kind of prompts. */
interface Times {
  readonly ms: Array<number>
  /** Number of prompts for which something was injected. */
  given: number
}

const prompted = (times: Times, { asked: [first], began }: Client.Answer) => {
  if (first === undefined) {
    return Effect.fail(new BenchError({ reason: "Program", detail: "Claude Code answered a prompt without its model" }))
  }
  times.ms.push(first.at - began)
  if (given(first, "UserPromptSubmit") !== "") times.given++
  return Effect.void
}

const command = Cli.make("client", {
  units: Options.integer("units").pipe(
    Options.withDescription("So many memories beside those of the story that is asked about"),
    Options.withDefault(0)
  ),
  rounds: Options.integer("rounds").pipe(
    Options.withDescription("Sessions with each hook, interleaved"),
    Options.withDefault(20)
  ),
  patient: Options.boolean("patient").pipe(
    Options.withDescription("Hooks may take as long as they need, and are not given up after their budgets")
  ),
  json
}, (options) =>
  Effect.gen(function*() {
    const program = yield* builtMain
    if (Client.without !== "") {
      return yield* new BenchError({ reason: "Input", detail: Client.without.trim() })
    }
    const client = yield* Client.make({ env: options.patient ? PATIENT : {} })
    const memory = (...args: ReadonlyArray<string>) =>
      Effect.filterOrFail(
        run([program, ...args], { home: client.home, cwd: client.project }),
        ({ code }) => code === 0,
        ({ stderr }) => new BenchError({ reason: "Program", detail: `claude-memory ${args.join(" ")}: ${stderr}` })
      )

    yield* progress("the story that is asked about")
    yield* Effect.flatMap(story.play(client), ({ session }) => session.close).pipe(Effect.scoped)
    yield* memory("import")
    if (options.units > 0) {
      yield* fill(
        join(client.home, ".claude-memory"),
        Settings.packageFile("test", "fixtures", "projects"),
        options.units
      )
    }

    // The server runs each time; only the answering program differs.
    const settings = yield* Effect.forEach(
      ["command", "mcp"],
      (by) =>
        Effect.map(memory("init", "--yes", "--prompt-hook", by), () => {
          const text = readFileSync(client.settings, "utf8")
          return options.patient ? text.replace(/(?<key>"timeout": *)1\b/g, "$<key>30") : text
        })
    )
    const hooks = new Map(NAMES.map((name, i) => [name, ["{}", ...settings][i]!]))
    const times = new Map(
      NAMES.flatMap((name) => PROMPTS.map((kind): [string, Times] => [`${name} ${kind}`, { ms: [], given: 0 }]))
    )

    // The first run of each warms the file cache and is not counted.
    for (let i = 0; i <= options.rounds; i++) {
      yield* progress(`round ${i} of ${options.rounds}`)
      for (const name of NAMES) {
        writeFileSync(client.settings, hooks.get(name)!)
        const answers = yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* client.session(UNWRITTEN)
          yield* Effect.sleep(TYPED)
          const answers = yield* Effect.forEach([story.QUESTION, ...story.LATER], session.say)
          yield* session.close
          return answers
        }))
        if (i === 0) continue
        for (const [at, each] of answers.entries()) {
          yield* prompted(times.get(`${name} ${at === 0 ? "first" : "later"}`)!, each)
        }
      }
    }
    yield* progress("")

    const rows = NAMES.flatMap((hook) =>
      PROMPTS.map((prompt) => {
        const { given, ms } = times.get(`${hook} ${prompt}`)!
        const without = times.get(`${NAMES[0]} ${prompt}`)!.ms
        return {
          hook,
          prompt,
          prompts: ms.length,
          given,
          p50Ms: round(quantile(ms, 0.5), 1),
          p99Ms: round(quantile(ms, 0.99), 1),
          moreMs: round(quantile(ms, 0.5) - quantile(without, 0.5), 1)
        }
      })
    )
    yield* answer(options.json, {
      version: Client.VERSION,
      units: options.units,
      rounds: options.rounds,
      patient: options.patient,
      rows
    }, () =>
      [
        `Claude Code ${Client.VERSION}, ${
          number(options.units)
        } memories beside the story's, ${options.rounds} sessions of each, ` +
        "interleaved; from the prompt to the first request",
        ...table([
          ["hook", "prompt", "p50", "p99", "more than without, p50", "given the memory"],
          ...rows.map(({ given, hook, moreMs, p50Ms, p99Ms, prompt, prompts }) => [
            hook,
            prompt,
            `${p50Ms} ms`,
            `${p99Ms} ms`,
            `${moreMs < 0 ? "" : "+"}${moreMs} ms`,
            `${given} of ${prompts}`
          ])
        ])
      ].join("\n"))
  }).pipe(Effect.scoped)).pipe(
    Cli.withDescription("Time Claude Code's prompts with the memory beside them, from the prompt to the first request")
  )

main(command, "client")
