/**
 * The real Claude Code, with a home of its own and a fake model: what it sends to the model, and what it answers.
 * https://code.claude.com/docs/en/cli-reference
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../data.ts"
import { type Outcome, type Program, start } from "../e2e/program.ts"
import { type Asked, type MessagesApi, messagesApi } from "./MessagesApi.ts"

export const VERSION = "2.1.328"

/** Installed by `npm ci --prefix test/claude`, only on linux-x64. */
export const binary = join(root, "test", "claude", "node_modules", "@anthropic-ai", "claude-code-linux-x64", "claude")
/** Suffix for the name of a skipped suite; empty when Claude Code is installed. */
export const without = existsSync(binary) ? "" : " (Claude Code is not installed: npm ci --prefix test/claude)"

export interface Answer {
  readonly session: string
  readonly text: string
  /** Requests to the model for this prompt, in order. */
  readonly asked: ReadonlyArray<Asked>
  /** Start by performance.now(), and milliseconds until the answer. */
  readonly began: number
  readonly ms: number
}

/**
 * A session of several prompts in one process, as in programs that embed Claude Code (`--input-format stream-json`).
 */
export interface Session extends Program {
  readonly say: (prompt: string) => Effect.Effect<Answer>
  /** Closes stdin and waits for the process to end. */
  readonly close: Effect.Effect<Outcome>
}

export interface Options {
  readonly args?: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Client {
  /** HOME, which holds Claude Code's folder `.claude` and the memory `.claude-memory`. */
  readonly home: string
  /** Default working directory: a folder in `home` whose name has a space and Chinese in it. */
  readonly project: string
  readonly api: MessagesApi
  /** Runs one prompt, headless (`-p`), to the end of the process. */
  readonly ask: (prompt: string, options?: Options) => Effect.Effect<Answer>
  /** Runs any other command of Claude Code (`mcp list`) to its end. */
  readonly run: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Outcome>
  readonly session: (options?: Options) => Effect.Effect<Session, never, Scope.Scope>
  /** Starts Claude Code in a pseudo terminal of script(1). */
  readonly terminal: (options?: Options) => Effect.Effect<Terminal, never, Scope.Scope>
  /** Processes started from here, by Claude Code too, that still run. */
  readonly running: Effect.Effect<ReadonlyArray<Running>>
  /** Path of Claude Code's user settings. */
  readonly settings: string
  /** The whole lines of the transcripts, of one session or of all. */
  readonly transcript: (session?: string) => ReadonlyArray<string>
}

export interface Running {
  readonly pid: number
  /** Pid of the parent. */
  readonly parent: number
  readonly command: string
}

export interface Terminal extends Program {
  /** Types the text as a person does, then Enter. */
  readonly enter: (text: string) => Effect.Effect<void>
}

/** Turns off all network traffic but the model's: https://code.claude.com/docs/en/env-vars */
const quiet = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_ERROR_REPORTING: "1",
  DISABLE_TELEMETRY: "1"
}
const KEY = "sk-ant-stand-in"
/** Sessions stay open as long as a suite works with them. */
const KILL_AFTER_MS = 5 * 60_000

const STREAMS = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
const RESULT = /^\{.*"type":"result"/

/** Finds processes by HOME in their environment; Linux only. */
const runningIn = (home: string): ReadonlyArray<Running> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
      if (!environment.includes(`HOME=${home}`)) return []
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()
      const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      return [{ pid: Number(pid), parent: Number(parent), command: command || readlinkSync(`/proc/${pid}/exe`) }]
    } catch {
      // The process has ended meanwhile, or belongs to another user.
      return []
    }
  })

/** Splits into lines, without a last line that is torn: its writer was killed or is still writing. */
const wholeLines = (text: string) => {
  const lines = text.split("\n")
  const last = lines.pop() ?? ""
  try {
    JSON.parse(last)
    lines.push(last)
  } catch {
    // Torn, or empty after the last newline.
  }
  return lines.filter((line) => line !== "")
}

const transcriptsOf = (home: string, session = "") => {
  const folder = join(home, ".claude", "projects")
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl") && name.includes(session))
    .flatMap((name) => wholeLines(readFileSync(join(folder, name), "utf8")))
}

/** Claude Code's state after a person has answered its questions, so that it starts without any. */
const onboardedState = (project: string) => ({
  hasCompletedOnboarding: true,
  lastOnboardingVersion: VERSION,
  theme: "dark",
  customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
  projects: { [project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } }
})

const CONTROLS = /\u001b(?:\[[0-9;?<>=]*[A-Za-z]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[78])/g

/** `base` applies to every program that the client starts. */
export const make = Effect.fnUntraced(function*(base: Pick<Options, "env"> = {}) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-claude-" }).pipe(
    Effect.flatMap(fs.realPath),
    Effect.orDie
  )
  const project = join(home, "我的 shop")
  mkdirSync(join(home, ".claude"))
  mkdirSync(project)
  writeFileSync(join(home, ".claude", ".claude.json"), JSON.stringify(onboardedState(project)))
  const api = yield* messagesApi
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => runningIn(home).forEach(({ pid }) => process.kill(pid, "SIGKILL")))
  )

  const optionsOf = ({ cwd, env }: Options) => ({
    home,
    cwd: cwd ?? project,
    command: binary,
    killAfterMs: KILL_AFTER_MS,
    env: { ...quiet, ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: api.origin, SHELL: "/bin/sh", ...base.env, ...env }
  })
  const headless = (args: ReadonlyArray<string>, options: Options, staysOpen = false) =>
    start(["-p", ...args, ...options.args ?? []], { ...optionsOf(options), staysOpen })
  /** The answer in a line of JSON, with the requests since `before`. */
  const answerOf = (line: string, before: number, began: number) => {
    const { result, session_id: session } = JSON.parse(line)
    const asked = api.asked.slice(before).filter((each) => each.session === session)
    return { session, text: result, asked, began, ms: performance.now() - began }
  }

  const client: Client = {
    home,
    project,
    api,
    ask: (prompt, options = {}) =>
      Effect.scoped(Effect.gen(function*() {
        const before = api.asked.length
        const began = performance.now()
        const program = yield* headless([prompt, "--output-format", "json"], options)
        const { code, stderr, stdout } = yield* program.ended
        if (code !== 0) return yield* Effect.dieMessage(`claude ended with exit code ${code}: ${stdout}${stderr}`)
        return answerOf(stdout, before, began)
      })),
    session: (options = {}) =>
      Effect.gen(function*() {
        const program = yield* headless(STREAMS, options, true)
        const results = Effect.map(program.stdout, (text) => text.split("\n").filter((line) => RESULT.test(line)))
        return {
          ...program,
          say: (prompt) =>
            Effect.gen(function*() {
              const { length } = yield* results
              const before = api.asked.length
              const began = performance.now()
              yield* program.send(`${JSON.stringify({ type: "user", message: { role: "user", content: prompt } })}\n`)
              const lines = yield* Effect.repeat(Effect.zipRight(Effect.sleep("5 millis"), results), {
                until: (lines) => lines.length > length
              }).pipe(Effect.raceFirst(Effect.zipRight(program.ended, results)))
              const line = lines[length]
              if (line === undefined) return yield* Effect.dieMessage("claude ended before it answered")
              return answerOf(line, before, began)
            }),
          close: Effect.zipRight(program.closeStdin, program.ended)
        }
      }),
    run: (args, options = {}) => Effect.scoped(Effect.flatMap(start(args, optionsOf(options)), ({ ended }) => ended)),
    terminal: (options = {}) =>
      Effect.gen(function*() {
        const command = [binary, ...options.args ?? []].map((word) => `'${word}'`).join(" ")
        const env = { TERM: "xterm-256color", COLUMNS: "120", LINES: "40", ...options.env }
        const program = yield* start(["-qefc", command, "/dev/null"], {
          ...optionsOf({ ...options, env }),
          command: "script",
          staysOpen: true
        })
        // Without colours and cursor positions.
        const screen = Effect.map(program.stdout, (text) => text.replace(CONTROLS, ""))
        return {
          ...program,
          // Enter read together with the text would count as a line of pasted text, so it waits until all of the text
          // is shown.
          enter: (text) =>
            Effect.gen(function*() {
              const end = text.split(" ").at(-1)!
              const { length } = yield* screen
              yield* program.send(text)
              yield* Effect.repeat(Effect.zipRight(Effect.sleep("50 millis"), screen), {
                until: (shown) => shown.slice(length).includes(end)
              }).pipe(Effect.raceFirst(program.ended))
              yield* program.send("\r")
            })
        }
      }),
    running: Effect.sync(() => runningIn(home)),
    settings: join(home, ".claude", "settings.json"),
    transcript: (session) => transcriptsOf(home, session)
  }
  return client
})
