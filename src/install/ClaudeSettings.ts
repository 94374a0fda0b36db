/**
 * Entries of Claude Memory in Claude Code's own files: hooks and an environment variable in its settings, a server in
 * its list of MCP servers.
 *
 * https://code.claude.com/docs/en/hooks, https://code.claude.com/docs/en/mcp
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Equivalence from "effect/Equivalence"
import type { Node } from "jsonc-parser"
import { homeAt } from "../process/Environment.ts"
import { find, type Flaw, type Json, members, type Path, properties, remove, set, valueOf } from "./JsonText.ts"

export const SERVER = "claude-memory"
/** Name by which `claude plugin` knows the plugin of src/plugin. */
export const PLUGIN = "memory@claude-memory"

const EVENTS = ["SessionStart", "UserPromptSubmit"] as const
type Event = typeof EVENTS[number]

/** Ways to answer a submitted prompt: a program that is started for it, or the MCP server, which already runs. */
export const PROMPT_HOOKS = ["command", "mcp"] as const
export type PromptHook = typeof PROMPT_HOOKS[number]

/** Paths of `node` and of our scripts. */
export interface Programs {
  readonly node: string
  readonly hook: string
  readonly mcp: string
}

/** Value at `path` before and after an edit; undefined where there is none. */
export interface Change {
  readonly path: Path
  readonly before: unknown
  readonly after: unknown
}

export interface Edited {
  readonly json: Json
  readonly changes: ReadonlyArray<Change>
  /** Paths of the properties that did not exist before, outermost first. */
  readonly made: ReadonlyArray<Path>
}

/** True for a script of ours, wherever it lies or lay; false for another script of the same name. */
export type IsOurs = (script: string) => boolean

/** Timeout of the hooks, in seconds: beyond their own, so that they end by themselves. */
const TIMEOUT_SECONDS = 2

/** Returns the timeout for hooks that may take so many milliseconds. */
export const timeoutFor = (ms: number): number => Math.max(TIMEOUT_SECONDS, Math.ceil(ms / 1_000) + 1)

const commandHook = ({ hook, node }: Programs, timeout: number) => ({
  type: "command",
  command: node,
  args: [hook],
  timeout
})

/** Claude Code fills in the fields that a command would get on stdin, and takes the answer like a command's stdout. */
const toolHook = (timeout: number) => ({
  type: "mcp_tool",
  server: SERVER,
  tool: "claude_memory_prompt",
  input: Object.fromEntries(["prompt", "session_id", "cwd", "transcript_path"].map((name) => [name, `\${${name}}`])),
  timeout
})

const HOME_PATH: Path = ["env", "CLAUDE_MEMORY_HOME"]

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {}

const argsOf = (value: unknown): ReadonlyArray<unknown> => {
  const { args } = recordOf(value)
  return Array.isArray(args) ? args : []
}

const isScript = (arg: unknown): arg is string =>
  typeof arg === "string" && /[\\/]dist[\\/](?:hook\.c?js|mcp\.js)$/.test(arg)

/** Returns the script that a hook or a server runs, if it is named like ours. */
const scriptOf = (value: unknown): string | undefined => argsOf(value).find(isScript)

const isHook = (value: unknown, isOurs: IsOurs): boolean => {
  const { server, type } = recordOf(value)
  const script = scriptOf(value)
  return type === "mcp_tool" ? server === SERVER : type === "command" && script !== undefined && isOurs(script)
}

/** True for the server over HTTP that all sessions share, which a person has configured. */
const isShared = (value: unknown): boolean => {
  const { headersHelper, type } = recordOf(value)
  return type === "http" && typeof headersHelper === "string" &&
    /(?:claude-memory|[\\/]main\.js)["']? token --headers/.test(headersHelper)
}

const isServer = (value: unknown, isOurs: IsOurs): boolean => {
  const script = scriptOf(value)
  return isShared(value) || script !== undefined && isOurs(script)
}

/**
 * Checks that existing values on the way to `path` are objects, that none occurs twice, and that a value at `path` has
 * this type.
 */
const checkPath = (json: Json, path: Path, type: "array" | "object"): Either.Either<void, Flaw> => {
  const flaw = (offset: number, detail: string) => Either.left({ offset, detail })
  for (let length = 0; length <= path.length; length++) {
    const prefix = path.slice(0, length)
    const node = find(json, prefix)
    if (node === undefined) break
    const expected = length === path.length ? type : "object"
    if (node.type !== expected) {
      const what = length === 0 ? "all of it" : JSON.stringify(prefix.join("."))
      return flaw(node.offset, `${what} should be an ${expected}, and is not`)
    }
    const duplicate = length < path.length ? properties(node, String(path[length]))[1] : undefined
    if (duplicate !== undefined) return flaw(duplicate.offset, `${JSON.stringify(path[length])} is there twice`)
  }
  return Either.void
}

interface Found {
  readonly path: Path
  readonly value: unknown
}

const namesIn = (node: Node | undefined): ReadonlyArray<string> =>
  node?.type === "object" ? members(node).map(({ children }) => String(children?.[0]?.value)) : []

const elementsAt = (json: Json, path: Path): ReadonlyArray<Found> => {
  const node = find(json, path)
  return node?.type === "array" ? members(node).map((each, i) => ({ path: [...path, i], value: valueOf(each) })) : []
}

const hooksAt = (json: Json, event: string): ReadonlyArray<Found> =>
  elementsAt(json, ["hooks", event]).flatMap(({ path }) => elementsAt(json, [...path, "hooks"]))

const allHooks = (json: Json) => namesIn(find(json, ["hooks"])).flatMap((event) => hooksAt(json, event))

/** Finds the servers of our name: the one for all of a user's projects, and those of single projects. */
const serversIn = (json: Json): ReadonlyArray<Found> =>
  [[], ...namesIn(find(json, ["projects"])).map((project) => ["projects", project])].flatMap((place) => {
    const path = [...place, "mcpServers", SERVER]
    const node = find(json, path)
    return node === undefined ? [] : [{ path, value: valueOf(node) }]
  })

/** Lists the scripts that may be ours, judged by their names. */
export const scriptsIn = (json: Json): ReadonlyArray<string> =>
  Arr.dedupe([...allHooks(json), ...serversIn(json)].flatMap(({ value }) => scriptOf(value) ?? []))

/** Lists the programs that run scripts which may be ours. */
export const commandsIn = (json: Json): ReadonlyArray<string> =>
  Arr.dedupe([...allHooks(json), ...serversIn(json)].flatMap(({ value }) => {
    const { command } = recordOf(value)
    return scriptOf(value) !== undefined && typeof command === "string" ? [command] : []
  }))

const isSame = Equivalence.array(Equivalence.strict<string | number>())

const includesPath = (paths: ReadonlyArray<Path>, path: Path): boolean => paths.some((each) => isSame(each, path))

const put = ({ changes, json, made }: Edited, path: Path, value: unknown): Edited => {
  const existing = find(json, path)
  const missing = path.map((_, i) => path.slice(0, i + 1)).filter((each) => find(json, each) === undefined)
  return {
    json: set(json, path, value),
    changes: [...changes, { path, before: existing && valueOf(existing), after: value }],
    made: [...made, ...missing.filter((each) => typeof each.at(-1) === "string")]
  }
}

/**
 * Removes the value at `path`, then its containers from the inside out while they are empty and `isEmptied` allows it.
 */
const drop = (edited: Edited, path: Path, isRemovable: (path: Path) => boolean): Edited => {
  const before = valueOf(find(edited.json, path)!)
  let json = remove(edited.json, path)
  for (let each = path.slice(0, -1); each.length > 0; each = each.slice(0, -1)) {
    const container = find(json, each)!
    if (members(container).length > 0 || !isRemovable(each)) break
    json = remove(json, each)
  }
  return { ...edited, json, changes: [...edited.changes, { path, before, after: undefined }] }
}

/** Points an existing entry to the script, which may have moved, and to this Node where its own is gone. */
const update = (
  edited: Edited,
  path: Path,
  script: string,
  { isGone, programs }: Pick<Hooks, "isGone" | "programs">
): Edited => {
  const value = valueOf(find(edited.json, path)!)
  const { command } = recordOf(value)
  const args = argsOf(value)
  const at = args.findIndex(isScript)
  const moved = args[at] === script ? edited : put(edited, [...path, "args", at], script)
  return typeof command === "string" && isGone(command) ? put(moved, [...path, "command"], programs.node) : moved
}

/** Removes a hook, and its group when the hook was the only one in it. */
const dropHook = (edited: Edited, path: Path, isRemovable: (path: Path) => boolean): Edited => {
  const list = find(edited.json, path.slice(0, -1))!
  return drop(edited, members(list).length === 1 ? path.slice(0, -2) : path, isRemovable)
}

export interface Hooks {
  readonly programs: Programs
  readonly prompt: PromptHook
  /** In seconds. */
  readonly timeout: number
  /** Folder of the memory, when it is not the default one. */
  readonly home: string | undefined
  readonly isOurs: IsOurs
  /** True for a program at a path where there is none. */
  readonly isGone: (program: string) => boolean
}

/**
 * Adds our hooks to the settings, one for each event, beside those of others. An existing hook of ours keeps its place
 * and its matcher and, unless its type changes, its program is gone or our settings give it more time, its other properties.
 */
export const addHooks = (
  json: Json,
  { home, isGone, isOurs, programs, prompt, timeout }: Hooks
): Either.Either<Edited, Flaw> =>
  Either.gen(function*() {
    if (home !== undefined) yield* checkPath(json, HOME_PATH.slice(0, -1), "object")
    let edited: Edited = { json, changes: [], made: [] }
    for (const event of EVENTS) {
      yield* checkPath(json, ["hooks", event], "array")
      const wanted = event === "UserPromptSubmit" && prompt === "mcp"
        ? toolHook(timeout)
        : commandHook(programs, timeout)
      const [first, ...others] = hooksAt(json, event).filter(({ value }) => isHook(value, isOurs))
      if (first === undefined) {
        edited = put(edited, ["hooks", event, elementsAt(json, ["hooks", event]).length], { hooks: [wanted] })
      } else {
        const given = recordOf(first.value)
        if (given["type"] !== wanted.type) edited = put(edited, first.path, wanted)
        else {
          if (wanted.type === "command") edited = update(edited, first.path, programs.hook, { isGone, programs })
          const isShort = typeof given["timeout"] === "number" && given["timeout"] < timeout
          if (isShort && timeout > TIMEOUT_SECONDS) edited = put(edited, [...first.path, "timeout"], timeout)
        }
      }
      for (const { path } of others.reverse()) edited = dropHook(edited, path, () => false)
    }
    return home === undefined || find(json, HOME_PATH) !== undefined ? edited : put(edited, HOME_PATH, home)
  })

/** Returns the folder of the memory that the settings name, whoever wrote it. */
const homeIn = (json: Json): string | undefined => {
  const value: unknown = find(json, HOME_PATH)?.value
  return typeof value === "string" && value !== "" ? homeAt(value) : undefined
}

/**
 * Adds our server under `place`: the empty path for all of a user's projects, else the path of the project's own part.
 * Fails when another server has the name.
 */
export const addServer = (
  json: Json,
  { isGone, isOurs, place, programs }: Pick<Hooks, "isGone" | "isOurs" | "programs"> & { readonly place: Path }
): Either.Either<Edited, Flaw> =>
  Either.gen(function*() {
    const path = [...place, "mcpServers", SERVER]
    yield* checkPath(json, path.slice(0, -1), "object")
    const edited: Edited = { json, changes: [], made: [] }
    const existing = find(json, path)
    if (existing === undefined) {
      return put(edited, path, { type: "stdio", command: programs.node, args: [programs.mcp] })
    }
    if (isShared(valueOf(existing))) return edited
    if (isServer(valueOf(existing), isOurs)) return update(edited, path, programs.mcp, { isGone, programs })
    return yield* Either.left({
      offset: existing.offset,
      detail: `there is another MCP server by the name of ${SERVER}; remove or rename that`
    })
  })

/**
 * Removes our entries from a file of either kind. `made` lists the containers that we added, which go when they are
 * empty; without it every container that becomes empty goes.
 */
export const removeEntries = (
  json: Json,
  { isOurs, made }: { readonly isOurs: IsOurs; readonly made: ReadonlyArray<Path> | undefined }
): Edited => {
  const isMade = (path: Path) => made === undefined || includesPath(made, path)
  let edited: Edited = { json, changes: [], made: [] }
  const lastHook = () => allHooks(edited.json).findLast(({ value }) => isHook(value, isOurs))
  for (let hook = lastHook(); hook !== undefined; hook = lastHook()) edited = dropHook(edited, hook.path, isMade)
  for (const { path, value } of serversIn(json)) if (isServer(value, isOurs)) edited = drop(edited, path, isMade)
  const isOurHome = made === undefined ? edited.changes.length > 0 : includesPath(made, HOME_PATH)
  return isOurHome && find(json, HOME_PATH) !== undefined ? drop(edited, HOME_PATH, isMade) : edited
}

/** Lists the projects that have our server of their own. */
export const projectsIn = (json: Json, isOurs: IsOurs): ReadonlyArray<string> =>
  serversIn(json).flatMap(({ path: [first, project], value }) =>
    first === "projects" && isServer(value, isOurs) ? [String(project)] : []
  )

export interface Registered {
  readonly hooks: Readonly<Record<Event, PromptHook | undefined>>
  readonly hasServer: boolean
  /** True when the plugin, which does the same, is enabled. */
  readonly hasPlugin: boolean
  /** True when Claude Code runs no hook at all. */
  readonly hooksAreOff: boolean
  readonly home: string | undefined
  /** Commands and scripts that our entries run. */
  readonly programs: ReadonlyArray<string>
}

interface Read {
  readonly json: Json
  readonly isOurs: IsOurs
}

export const registered = (settings: Read, servers: Read, place: Path): Registered => {
  const hooks = EVENTS.map((event) => hooksAt(settings.json, event).find(({ value }) => isHook(value, settings.isOurs)))
  const serverNode = find(servers.json, [...place, "mcpServers", SERVER])
  const server = serverNode && valueOf(serverNode)
  const hasServer = server !== undefined && isServer(server, servers.isOurs)
  const kinds = hooks.map((hook): PromptHook | undefined =>
    hook === undefined ? undefined : recordOf(hook.value)["type"] === "mcp_tool" ? "mcp" : "command"
  )
  return {
    hooks: { SessionStart: kinds[0], UserPromptSubmit: kinds[1] },
    hasServer,
    hasPlugin: find(settings.json, ["enabledPlugins", PLUGIN])?.value === true,
    hooksAreOff: find(settings.json, ["disableAllHooks"])?.value === true,
    home: homeIn(settings.json),
    programs: Arr.dedupe(
      [...hooks.map((hook) => hook?.value), hasServer ? server : undefined].flatMap((value) => {
        const { command } = recordOf(value)
        const script = scriptOf(value)
        return script === undefined ? [] : [...(typeof command === "string" ? [command] : []), script]
      })
    )
  }
}
