/**
 * Installs Claude Memory in Claude Code.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import * as App from "../App.ts"
import { PLUGIN, type Programs, PROMPT_HOOKS, timeoutFor } from "../install/ClaudeSettings.ts"
import { inspect, type Registered, type Request, type Scope, SCOPES, steps, targetOf } from "../install/Installation.ts"
import { isShim, NodeStarts } from "../install/NodeStarts.ts"
import { advice } from "../process/Advice.ts"
import { Unsuccessful, writeStdout } from "../process/Process.ts"
import * as Hooks from "../settings/Hooks.ts"
import * as Reading from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import * as Changes from "./Changes.ts"
import { answer, json } from "./Output.ts"
import * as Question from "./Question.ts"

class InitError extends Schema.TaggedError<InitError>()("InitError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** Finds the `node` on PATH. */
const nodeOnPath = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const name = process.platform === "win32" ? "node.exe" : "node"
  const found = (yield* Settings.searchPath).map((folder) => join(folder, name))
  return yield* Effect.findFirst(found, (file) => Effect.orElseSucceed(fs.exists(file), () => false))
})

/**
 * Returns `node`, for Claude Code to find: a path belongs to one version, and is gone with its next upgrade. If PATH
 * has none, returns the path of the running one.
 */
const node = Effect.map(nodeOnPath, Option.match({ onNone: () => process.execPath, onSome: () => "node" }))

const programs = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const found: Programs = {
    node: yield* node,
    hook: Settings.packageFile("dist", "hook.cjs"),
    mcp: Settings.packageFile("dist", "mcp.js")
  }
  for (const path of [found.hook, found.mcp]) {
    if (!(yield* fs.exists(path))) {
      return yield* new InitError({
        detail: `${path} is missing: this copy of claude-memory is not whole; install it again`
      })
    }
  }
  return found
})

/** Returns the time that Claude Code gives the hooks: more than our settings do. */
const timeout = Effect.map(Hooks.load, ({ within: { later, start } }) => timeoutFor(Math.max(later, start)))

/** Times the `node` on PATH, unless it is the running one; none unless it looks like a shim both times. */
const timesOfShim = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { time } = yield* NodeStarts
  const file = yield* Effect.option(Effect.flatMap(Effect.flatten(nodeOnPath), fs.realPath))
  if (Option.contains(file, process.execPath)) return Option.none()
  const once = Effect.map(time("node", process.execPath), Option.filter(isShim))
  return Option.isNone(yield* once) ? Option.none() : yield* once
})

/** Notes on a `node` that takes far longer to start than the one that runs. */
const notesOnNode = ({ programs: { node }, target: { settings } }: Request) =>
  node === process.execPath
    ? Effect.succeed([])
    : Effect.map(
      timesOfShim,
      (times) =>
        Option.toArray(times).map(({ found, running }) =>
          `\`${node}\` takes ${found.toFixed(0)} ms to start, ${process.execPath} ${running.toFixed(0)}: ` +
          "it looks like the shim of a version manager, for which every session's start and every hook waits. " +
          "Put the folder of the real one first in Claude Code's PATH, or name it as the \"command\" of the hooks in " +
          `${settings}, until your next upgrade of Node; init leaves that as it is.`
        )
    )

/** Notes on settings that keep the installation from working as expected. */
const notesOn = (
  { home, hooksAreOff }: Pick<Registered, "home" | "hooksAreOff">,
  { programs: { hook }, places, scope, target: { settings } }: Request & { readonly scope: Scope }
): ReadonlyArray<string> => [
  ...(hooksAreOff
    ? [`${settings} has disableAllHooks: nothing is put in front of Claude until that is taken out.`]
    : []),
  ...(home !== undefined && home !== places.home
    ? [`${settings} has the memory in ${home} (CLAUDE_MEMORY_HOME); here it is in ${places.home}. Make them the same.`]
    : []),
  ...(/[\\/]_npx[\\/]/.test(hook)
    ? ["This copy lies in npx's cache, which npm may empty: install it (npm link in a checkout), and run init again."]
    : []),
  ...(scope === "project" ? [`${settings} is yours alone: keep it out of git.`] : [])
]

const scope = Options.choice("scope", SCOPES).pipe(
  Options.withDescription(
    "user: in all of your projects. project: in this one, for you alone; nothing is put into files that others get"
  ),
  Options.withDefault("user" as const)
)
const promptHook = Options.choice("prompt-hook", PROMPT_HOOKS).pipe(
  Options.withDescription(
    "What Claude Code asks at each prompt: a command, which asks the MCP server if one runs, or the MCP server itself"
  ),
  Options.withDefault("command" as const)
)

export const options = { scope, promptHook, ...Question.options, json }

export const command = Command.make(
  "init",
  options,
  ({ dryRun, json, promptHook, scope, yes }) =>
    Effect.gen(function*() {
      const places = yield* Reading.loadPlaces
      const user = yield* targetOf("user", places, process.cwd())
      const target = scope === "user" ? user : yield* targetOf(scope, places, process.cwd())
      const request = { target, places, programs: yield* programs, prompt: promptHook, timeout: yield* timeout, scope }
      const inUser = yield* Effect.option(inspect(user))
      const inTarget = yield* Effect.option(inspect(target))
      if ([inUser, inTarget].some(Option.exists(({ hasPlugin }) => hasPlugin))) {
        return yield* new InitError({
          detail: `the plugin ${PLUGIN} is enabled, and does the same: every memory would come twice. ` +
            `Take it out first: claude plugin uninstall ${PLUGIN}`
        })
      }
      if (
        scope === "project" &&
        Option.exists(inUser, ({ hooks }) => Object.values(hooks).some((kind) => kind !== undefined))
      ) {
        return yield* new InitError({
          detail: "it is installed for all of your projects already; run `claude-memory uninstall` first"
        })
      }
      const notes = [
        ...Option.match(inTarget, { onNone: () => [], onSome: (found) => notesOn(found, request) }),
        ...yield* notesOnNode(request)
      ]
      const report = (outcomes: ReadonlyArray<Changes.Outcome>, isDone: boolean, sentences: ReadonlyArray<string>) =>
        answer(json, { scope, promptHook, installed: isDone, files: outcomes, notes }, () =>
          [...sentences, ...notes].join("\n"))

      const planned = yield* Changes.plan(steps(request))
      const expected = planned.map(Changes.expected)
      if (Changes.hasFailed(expected)) {
        const skipped = planned.map(Changes.skipped)
        yield* report(skipped, false, [Changes.text(skipped), "", "Nothing was changed."])
        return yield* Effect.fail(new Unsuccessful())
      }
      if (Changes.areUnchanged(expected)) {
        return yield* report(expected, true, ["Already installed; nothing was changed."])
      }
      if (dryRun) {
        return yield* report(expected, false, [Changes.text(expected), "", "Nothing was changed: --dry-run."])
      }
      const isAsked = Question.isAsked({ json, yes })
      if (isAsked) {
        yield* writeStdout(`${Changes.text(expected)}\n\nAll else in these files stays as it is.\n`)
        if (!(yield* Question.confirm("Write this?", true))) {
          return yield* writeStdout("Nothing was changed.\n")
        }
      }
      const outcomes = yield* Changes.apply(planned, places)
      const isDone = !Changes.hasFailed(outcomes)
      yield* report(
        outcomes,
        isDone,
        isDone
          ? [
            ...isAsked ? [] : [Changes.text(outcomes), ""],
            "Installed: Claude Code remembers from its next session on.",
            advice("  claude-memory import     remembers the sessions that you had before"),
            advice("  claude-memory uninstall  takes all of this out again")
          ]
          : [Changes.text(outcomes), "", "Not everything was installed: fix what is named above, and run this again."]
      )
      if (!isDone) {
        return yield* Effect.fail(new Unsuccessful())
      }
    }).pipe(App.provide(NodeStarts.layer))
).pipe(
  Command.withDescription("Put Claude Memory into Claude Code: its hooks, and its MCP server")
)
