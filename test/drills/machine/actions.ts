/**
 * What is asked of the program while a fault lasts: commands, hooks and the tools of a server, in the order of the list.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as Settings from "../../../src/settings/Settings.ts"
import { type Outcome, type Program, run, start } from "../../e2e/program.ts"
import { CLIENT } from "../../e2e/requests.ts"
import { timed } from "../../script.ts"
import type { Fault, Place } from "./faults.ts"

/** Longest time in which anything is answered; what takes longer hangs. */
export const HANGS_AFTER_MS = 10_000

const MAIN = Settings.packageFile("dist", "main.js")
const MCP = Settings.packageFile("dist", "mcp.js")
const HOOK = Settings.packageFile("dist", "hook.cjs")

/** Notes of the memory before a fault, each with what becomes of it. */
export const NOTES = {
  stays: "The harbour master signs the berth list at six.",
  forgottenByCommand: "The old crane was sold to a museum in Antwerp."
} as const

/** What the memory that a server forgets was made of. */
export const FORGOTTEN =
  "We decided that ferries to the island stop at noon in winter, since the crossing ices over by dusk."

export type Ids = Readonly<Record<keyof typeof NOTES | "imported", string>>

/** Text of the transcript that is imported while a fault lasts. */
export const SAID = "We decided that pilots wait at buoy seven, since the channel silts up near buoy five."

export interface Scene {
  readonly fault: Fault
  readonly place: Place
  readonly ids: Ids
  readonly transcript: string
  readonly servers: Map<string, Server>
}

/** What a person or Claude Code gets for an action. */
export interface Said {
  /** An exit code or a signal; of a tool, whether it answered. */
  readonly end: string
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** What must be there afterwards if the action was accepted, and must not if it was refused; or the other way round. */
export interface Claim {
  readonly text: string
  readonly isThere: boolean
  /** True when what was refused may have been done in part, and the next time goes on. */
  readonly mayBeThere?: boolean
}

export interface Action {
  readonly name: string
  readonly kind: "command" | "doctor" | "hook" | "tool" | "server"
  /** Returns undefined where nothing can be asked, since no server runs. */
  readonly run: (scene: Scene) => Effect.Effect<Said | void, never, Scope.Scope>
  readonly claim?: Claim
  /** Text that an accepted answer has while all is kept. */
  readonly tells?: string
  /** Name of an action that works if this one says that nothing is wrong. */
  readonly vouchesFor?: string
}

export const folderForTemporary = ({ home }: Place) => join(home, "tmp")

/** How a program is started while the fault lasts. */
export const spawning = ({ fault, place }: Pick<Scene, "fault" | "place">, args: ReadonlyArray<string>) => ({
  args: fault.files === undefined
    ? args
    : ["-c", `ulimit -n ${fault.files}; exec "$0" "$@"`, process.execPath, ...args],
  options: {
    home: place.home,
    env: { ...fault.env?.(place), TMPDIR: folderForTemporary(place), CLAUDE_PROJECT_DIR: place.home },
    ...(fault.files !== undefined && { command: "bash" }),
    ...(fault.uid !== undefined && { uid: fault.uid })
  }
})

const endOf = ({ code, signal }: Outcome) => signal ?? String(code)

const spawned = (scene: Scene, args: ReadonlyArray<string>, stdin = ""): Effect.Effect<Said> => {
  const { args: all, options } = spawning(scene, args)
  return Effect.map(
    timed(run(all, { ...options, stdin, killAfterMs: HANGS_AFTER_MS })),
    ([outcome, ms]) => ({ end: endOf(outcome), stdout: outcome.stdout, stderr: outcome.stderr, ms })
  )
}

interface Answer {
  readonly result?: { readonly isError?: boolean; readonly content?: ReadonlyArray<{ readonly text?: string }> }
  readonly error?: { readonly message: string }
}

/** A server and how it is asked. */
interface Server {
  readonly ask: (method: string, params: object) => Effect.Effect<Said>
  readonly end: Effect.Effect<Said>
}

const serverOf = (program: Program): Server => {
  let last = 0
  const unanswered: Said = { end: "no answer", stdout: "", stderr: "", ms: HANGS_AFTER_MS }
  const ended = Effect.gen(function*() {
    const [outcome, ms] = yield* timed(Effect.timeoutOption(program.ended, HANGS_AFTER_MS))
    return Option.match(outcome, {
      onNone: () => unanswered,
      onSome: (outcome) => ({ end: endOf(outcome), stdout: "", stderr: outcome.stderr, ms })
    })
  })
  const send = (message: object) => program.send(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  return {
    ask: (method, params) =>
      Effect.gen(function*() {
        const id = ++last
        yield* send({ id, method, params })
        const end = `"id":${id}}`
        const waited = yield* Effect.timeoutOption(timed(program.waitForText(end)), HANGS_AFTER_MS)
        if (method === "initialize") yield* send({ method: "notifications/initialized" })
        const line = (yield* program.stdout).split("\n").find((line) => line.endsWith(end))
        if (line === undefined) return waited._tag === "None" ? unanswered : yield* ended
        const { error, result } = JSON.parse(line) as Answer
        const text = error?.message ?? result?.content?.[0]?.text ?? ""
        const isRefused = error !== undefined || result?.isError === true
        return {
          end: isRefused ? "refused" : "answered",
          stdout: isRefused ? "" : text,
          stderr: isRefused ? text : "",
          ms: waited._tag === "Some" ? waited.value[1] : HANGS_AFTER_MS
        }
      }),
    end: Effect.zipRight(program.closeStdin, ended)
  }
}

/** Starts a server under this name. */
export const serve = (scene: Scene, name: string) =>
  Effect.gen(function*() {
    const { args, options } = spawning(scene, [MCP])
    const program = yield* start(args, { ...options, staysOpen: true, killAfterMs: 600_000 })
    const server = serverOf(program)
    const said = yield* server.ask("initialize", CLIENT)
    if (said.end === "answered") scene.servers.set(name, server)
    return said
  })

const command = (name: string, words: (scene: Scene) => ReadonlyArray<string>, more: Partial<Action> = {}): Action => ({
  name,
  kind: "command",
  run: (scene) => spawned(scene, [MAIN, ...words(scene)]),
  ...more
})

const saved = (name: string, text: string) => command(name, () => ["save", text], { claim: { text, isThere: true } })

const hook = (name: string, input: object): Action => ({
  name,
  kind: "hook",
  run: (scene) => spawned(scene, [HOOK], JSON.stringify({ session_id: randomUUID(), cwd: scene.place.home, ...input }))
})

const START = { hook_event_name: "SessionStart", source: "startup" }
const PROMPT = {
  hook_event_name: "UserPromptSubmit",
  prompt: "When does the harbour master sign the berth list, at six or at seven?"
}

const tool = (
  server: string,
  name: string,
  args: (scene: Scene) => object,
  more: Partial<Action> = {}
): Action => ({
  name: `${server} server: ${name}`,
  kind: "tool",
  run: (scene) =>
    scene.servers.get(server)?.ask("tools/call", { name: `claude_memory_${name}`, arguments: args(scene) }) ??
      Effect.void,
  ...more
})

const toolSaved = (server: string, text: string, more: Partial<Action> = {}) =>
  tool(server, "save", () => ({ content: text }), { claim: { text, isThere: true }, ...more })

/** Text that a server saves before a fault begins. */
export const BEFORE = "The dredger came back from the yard on Monday."

export const savedBefore = toolSaved("open", BEFORE)

const ended = (server: string): Action => ({
  name: `${server} server: end`,
  kind: "server",
  run: ({ servers }) => servers.get(server)?.end ?? Effect.void
})

const QUESTION = "harbour master berth list"
const gone = (text: string) => ({ claim: { text, isThere: false } })

export const actions: ReadonlyArray<Action> = [
  toolSaved("open", "Tug boats are painted green this year."),
  tool("open", "cross_project_search", () => ({ query: QUESTION, include_all_projects: true }), { tells: NOTES.stays }),
  tool("open", "health", () => ({}), { vouchesFor: "open server: save" }),
  tool("open", "forget", ({ ids }) => ({ ids: [ids.imported] }), gone(FORGOTTEN)),
  hook("hook: prompt", PROMPT),
  hook("hook: start", START),
  command("import", ({ transcript }) => ["import", transcript], {
    claim: { text: SAID, isThere: true, mayBeThere: true }
  }),
  saved("save", "Customs officers drink their coffee on the quay."),
  command("search", () => ["search", "--all-projects", QUESTION], { tells: NOTES.stays }),
  command("show", ({ ids }) => ["show", ids.stays], { tells: NOTES.stays }),
  command("inject", () => ["inject", "--all-projects", "--prompt", PROMPT.prompt]),
  command("forget", ({ ids }) => ["forget", ids.forgottenByCommand, "--yes"], gone(NOTES.forgottenByCommand)),
  command("projects", () => ["projects"]),
  command("status", () => ["status", "--all-projects"]),
  command("injections", () => ["injections"]),
  command("index", () => ["index"]),
  command("models", () => ["models"]),
  command("cost", () => ["cost"]),
  command("resources", () => ["resources"]),
  command("init", () => ["init", "--yes"]),
  command("uninstall", () => ["uninstall", "--yes"]),
  command("doctor", () => ["doctor"], { kind: "doctor" }),
  { name: "new server: start", kind: "tool", run: (scene) => serve(scene, "new") },
  toolSaved("new", "Lamps on the pier burn until sunrise."),
  tool("new", "cross_project_search", () => ({ query: QUESTION, include_all_projects: true }), { tells: NOTES.stays }),
  tool("new", "health", () => ({}), { vouchesFor: "new server: save" }),
  ended("new"),
  toolSaved("open", "Fog horns sound twice before the lock opens.", { name: "open server: save again" }),
  ended("open"),
  hook("hook: prompt, no server", PROMPT),
  saved("save, no server", "Divers inspect the hull of each tanker."),
  command("doctor --deep", () => ["doctor", "--deep"], { kind: "doctor" }),
  command("doctor --repair", () => ["doctor", "--repair"], { kind: "doctor" })
]
