/**
 * Times how long a hook delays the real Claude Code between a prompt and its first request to the model. It compares no hook, the
 * command, and the MCP server's tool.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { number, table } from "../../src/cli/Output.ts"
import * as Client from "../../test/claude/Client.ts"
import { injectedText } from "../../test/claude/MessagesApi.ts"
import * as story from "../../test/claude/story.ts"
import { run } from "../../test/e2e/program.ts"
import {
  BenchError,
  builtMain,
  integer,
  latency,
  program,
  progress,
  quantile,
  round,
  samples,
  warmRounds
} from "../../test/script.ts"
import { busy, load } from "./shared/busy.ts"
import { fill } from "./shared/large.ts"

/** Time for Claude Code to run its SessionStart hook and connect to the server. A person takes longer to type a prompt. */
const TYPED = "3 seconds"

/** Writes no transcript, so that the memory stays the same for all sessions. */
const UNWRITTEN = { args: ["--no-session-persistence"] }

/** Gives hooks so much time that they answer each prompt, however busy the machine is. */
const PATIENT = { CLAUDE_MEMORY_HOOK_MS: "20000", CLAUDE_MEMORY_SESSION_START_MS: "20000" }

const NAMES = ["no hook", "command", "mcp"] as const
const PROMPTS = ["first", "later"] as const

/** Milliseconds from the prompt to the first request, and whether the memory was put beside the prompt, and at the start. */
const measured = ({ asked: [first], began }: Client.Answer) =>
  first === undefined
    ? Effect.fail(new BenchError({ reason: "Program", detail: "Claude Code answered a prompt without its model" }))
    : Effect.succeed({
      ms: first.at - began,
      isInjected: injectedText(first, "UserPromptSubmit") !== "",
      isOpened: injectedText(first, "SessionStart") !== ""
    })

program("client", {
  description: "Time Claude Code's prompts with the memory beside them, from the prompt to the first request",
  options: {
    units: integer("units", 0, "So many memories beside those of the story that is asked about"),
    rounds: integer("rounds", 20, "Sessions with each hook, interleaved"),
    load,
    patient: Options.boolean("patient").pipe(
      Options.withDescription("Hooks may take as long as they need, and are not given up after their budgets")
    )
  },
  run: (options) =>
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
        yield* fill(join(client.home, ".claude-memory"), samples, options.units)
      }

      // The server is there each time: only who answers the prompt is another.
      const settings = yield* Effect.forEach(
        ["command", "mcp"],
        (by) =>
          Effect.map(memory("init", "--yes", "--prompt-hook", by), () => {
            const text = readFileSync(client.settings, "utf8")
            return options.patient ? text.replace(/(?<key>"timeout": *)\d+/g, "$<key>30") : text
          })
      )
      const hooks = new Map(NAMES.map((name, i) => [name, ["{}", ...settings][i]!]))
      const session = (hook: typeof NAMES[number]) =>
        Effect.scoped(Effect.gen(function*() {
          writeFileSync(client.settings, hooks.get(hook)!)
          const session = yield* client.session(UNWRITTEN)
          yield* Effect.sleep(TYPED)
          const answers = yield* Effect.forEach([story.QUESTION, ...story.LATER], session.say)
          yield* session.close
          return (yield* Effect.forEach(answers, measured)).map((each, i) => ({
            hook,
            prompt: i === 0 ? "first" : "later",
            ...each
          }))
        }))
      yield* busy(options.load)
      const all = (yield* warmRounds(options.rounds, () => Effect.forEach(NAMES, session))).flat(2)
      const promptsOf = (hook: string, prompt: string) =>
        all.filter((each) => each.hook === hook && each.prompt === prompt)
      const timesOf = (hook: string, prompt: string) => promptsOf(hook, prompt).map(({ ms }) => ms)

      const rows = NAMES.flatMap((hook) =>
        PROMPTS.map((prompt) => {
          const ms = timesOf(hook, prompt)
          const without = timesOf(NAMES[0], prompt)
          return {
            hook,
            prompt,
            prompts: ms.length,
            given: promptsOf(hook, prompt).filter(({ isInjected }) => isInjected).length,
            opened: promptsOf(hook, prompt).filter(({ isOpened }) => isOpened).length,
            ...latency(ms),
            moreMs: round(quantile(ms, 0.5) - quantile(without, 0.5), 1)
          }
        })
      )
      return {
        data: { version: Client.VERSION, ...options, rows },
        text: () => [
          `Claude Code ${Client.VERSION}, ${
            number(options.units)
          } memories beside the story's, ${options.rounds} sessions of each, ` +
          `interleaved, beside ${options.load} busy processes; from the prompt to the first request`,
          ...table([
            ["hook", "prompt", "p50", "p99", "more than without, p50", "given the memory", "at the start"],
            ...rows.map(({ given, hook, moreMs, opened, p50Ms, p99Ms, prompt, prompts }) => [
              hook,
              prompt,
              `${p50Ms} ms`,
              `${p99Ms} ms`,
              `${moreMs < 0 ? "" : "+"}${moreMs} ms`,
              `${given} of ${prompts}`,
              prompt === "first" ? `${opened} of ${prompts}` : ""
            ])
          ])
        ]
      }
    })
})
