/**
 * The load of an open session: its server, a transcript that grows, prompts through the socket of the hook, searches and
 * saves.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { randomUUID } from "node:crypto"
import { appendFileSync, mkdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import * as Ask from "../../../src/hook/Ask.ts"
import * as Servers from "../../../src/hook/Servers.ts"
import * as Environment from "../../../src/process/Environment.ts"
import * as Settings from "../../../src/settings/Settings.ts"
import { environment } from "../../data.ts"
import * as McpClient from "../../e2e/mcpClient.ts"
import { copied } from "../../e2e/sessions.ts"
import { BenchError, samples, timed } from "../../script.ts"

/** A session of the samples: its lines are what the transcripts grow by, each time with other uuids. */
const SESSION = "-home-mei-work-shop-api/cd62c694-5fb3-4cd8-b26e-db3191758be8.jsonl"
export const CWD = "/home/mei/work/shop-api"

const QUESTIONS = [
  "why did we decide against Meilisearch?",
  "what exhausted the connection pool under load?",
  "why does max stay at 20 connections?",
  "why is the coupon test flaky?",
  "customers get the order confirmation twice",
  "which rule did finance give for credits above 500 EUR?",
  "what must run before every commit?",
  "generation expression is not immutable"
]

export const questionOf = (i: number): string => QUESTIONS[i % QUESTIONS.length]!

/** Longest time in which a prompt is answered, far above what a hook waits. */
const ANSWERED_WITHIN_MS = 10_000

/** Starts the server of a session whose transcript lies in `home`. */
export const open = (home: string, name: string) =>
  Effect.gen(function*() {
    const client = yield* McpClient.start(Settings.packageFile("dist", "mcp.js"), {
      env: environment(home, { CLAUDE_PROJECT_DIR: CWD }),
      cwd: home,
      stderr: "ignore"
    })
    yield* client.shake
    const { call, child } = client
    const folder = join(home, ".claude", "projects", "-home-mei-work-shop-api")
    mkdirSync(folder, { recursive: true })
    const text = readFileSync(join(samples, SESSION), "utf8")
    let written = 0
    let sessionId = ""
    let lines: ReadonlyArray<string> = []
    /** Appends the next line; a transcript that is whole is followed by that of a new session. */
    const write = () => {
      if (written === lines.length) {
        lines = copied(text, Number.parseInt(randomUUID().slice(0, 8), 16)).split("\n").filter((line) => line !== "")
        sessionId = (JSON.parse(lines.at(-1)!) as { readonly sessionId: string }).sessionId
        written = 0
      }
      appendFileSync(join(folder, `${sessionId}.jsonl`), `${lines[written++]!}\n`)
    }

    const addressed = Effect.filterOrFail(
      Effect.sync(() =>
        Servers.serversIn(join(home, ".claude-memory")).find(({ file }) => basename(file) === `${child.pid}.socket`)
      ),
      (server) => server !== undefined,
      () => new BenchError({ reason: "Program", detail: `the server of ${name} has no socket for prompts` })
    )
    // The server answers prompts a moment after it has shaken hands.
    const server = yield* Effect.retry(addressed, { times: 200, schedule: Schedule.spaced("50 millis") })
    const prompt = (i: number) =>
      Effect.filterOrFail(
        Effect.promise(() =>
          Ask.ask([server], {
            form: Ask.FORM,
            settings: Environment.settings(),
            entryPoint: "",
            limit: 1_000,
            input: {
              hook_event_name: "UserPromptSubmit",
              session_id: sessionId,
              transcript_path: join(folder, `${sessionId}.jsonl`),
              cwd: CWD,
              prompt: `${questionOf(i)} (${i})`
            }
          }, ANSWERED_WITHIN_MS)
        ),
        (answer) => answer !== undefined,
        () => new BenchError({ reason: "Program", detail: `a prompt of ${name} was not answered` })
      )
    const search = (i: number) => call("search", { query: questionOf(i), project_id: "global" })
    const save = (content: string) =>
      Effect.map(call("save", { content }), (answer) => (answer as { readonly id: string }).id)

    /** Time of the effect in milliseconds. */
    const ms = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.map(timed(effect), ([, ms]) => ms)
    return {
      name,
      pid: child.pid!,
      child,
      write,
      prompt: (i: number) => ms(prompt(i)),
      search: (i: number) => ms(search(i)),
      save
    }
  })

export type Session = Effect.Effect.Success<ReturnType<typeof open>>
