/**
 * Plans, carries out, removes and inspects the entries of Claude Memory in Claude Code's own files.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Project from "../domain/Project.ts"
import type { Places } from "../settings/Reading.ts"
import * as ClaudeSettings from "./ClaudeSettings.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as InstallRecord from "./InstallRecord.ts"
import { type Flaw, isEmpty, type Json, type Path as JsonPath } from "./JsonText.ts"

export const SCOPES = ["user", "project"] as const
export type Scope = typeof SCOPES[number]

/** Files that Claude Code reads for one scope. */
export interface Target {
  readonly settings: string
  readonly servers: string
  /** Path within `servers` of a project's own part; empty for all projects. */
  readonly place: JsonPath
}

/**
 * Scope "user" covers all projects; scope "project" covers one project, for this user alone, in all its folders and
 * worktrees. The entries name programs of this machine, so they go into no file that is shared with others.
 */
export const targetOf = (scope: Scope, { claudeFile, claudeFolder }: Places, folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    // Claude Code prefers this older file if it exists.
    const legacy = path.join(claudeFolder, ".config.json")
    const servers = (yield* Effect.orElseSucceed(fs.exists(legacy), () => false)) ? legacy : claudeFile
    if (scope === "user") return { servers, settings: path.join(claudeFolder, "settings.json"), place: [] }
    const { root, settings } = yield* Project.rootsOf(folder)
    const key = path.sep === "/" ? root : root.replaceAll(path.sep, "/")
    return { servers, settings: path.join(settings, ".claude", "settings.local.json"), place: ["projects", key] }
  })

const PackageJson = Schema.parseJson(Schema.Struct({ name: Schema.String }))

/** True when the script lies in our package or, if package.json can't be read, in a folder that is named like it. */
const isInPackage = (script: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const text = yield* fs.readFileString(path.join(path.dirname(script), "..", "package.json"))
    return (yield* Schema.decode(PackageJson)(text)).name === "claude-memory"
  }).pipe(Effect.orElseSucceed(() => /[\\/]claude-memory[\\/]dist[\\/]\w+\.c?js$/.test(script)))

/** Finds the scripts in `json` that are ours. */
const ourScriptsIn = (json: Json, known: ReadonlyArray<string>) =>
  Effect.map(
    Effect.filter(
      ClaudeSettings.scriptsIn(json),
      (script) => known.includes(script) ? Effect.succeed(true) : isInPackage(script)
    ),
    (scripts): ClaudeSettings.IsOurs => (script) => scripts.includes(script)
  )

type Edit = (
  json: Json,
  of: Pick<ClaudeSettings.Hooks, "isGone" | "isOurs">
) => Either.Either<ClaudeSettings.Edited, Flaw>

/** Planned content of a file; without `bytes` there will be no file. */
export interface Planned {
  readonly file: ConfigFile.ConfigFile
  readonly changes: ReadonlyArray<ClaudeSettings.Change>
  readonly bytes: Uint8Array | undefined
  /** Written before the file; `backup` is the file without our entries, if no copy is kept yet. */
  readonly record?: { readonly entry: InstallRecord.Entry; readonly backup: Uint8Array | undefined }
  /** Folders to remove if they are empty afterwards, outermost first. */
  readonly folders?: ReadonlyArray<string>
}

type Services = FileSystem.FileSystem | Path.Path

/** A change of one file, planned to be shown, and planned anew when it is carried out. */
export interface Step {
  readonly path: string
  readonly plan: Effect.Effect<Planned, ConfigFile.ConfigFileError, Services>
}

const isSamePath = Arr.getEquivalence<string | number>((a, b) => a === b)

const parse = (file: ConfigFile.ConfigFile, known: ReadonlyArray<InstallRecord.Entry>) =>
  Effect.gen(function*() {
    const json = yield* ConfigFile.jsonOf(file)
    return { json, isOurs: yield* ourScriptsIn(json, known.flatMap(({ scripts }) => scripts)) }
  })

/** Returns the programs at paths where there are none. */
const goneOf = (programs: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    return yield* Effect.filter(
      programs.filter((program) => path.isAbsolute(program)),
      (program) => Effect.map(Effect.orElseSucceed(fs.exists(program), () => false), (isThere) => !isThere)
    )
  })

const readJson = (path: string) => Effect.flatMap(ConfigFile.read(path), (file) => parse(file, []))

const installStep = (
  { home, path, scripts }: { readonly path: string; readonly home: string; readonly scripts: ReadonlyArray<string> },
  edit: Edit
): Step => ({
  path,
  plan: Effect.gen(function*() {
    const entries = yield* InstallRecord.load(home)
    const entry = entries.find((each) => each.path === path)
    const file = yield* ConfigFile.read(path)
    const { isOurs, json } = yield* parse(file, entries)
    const gone = yield* goneOf(ClaudeSettings.commandsIn(json))
    const isGone = (program: string) => gone.includes(program)
    const editing = (of: Json) => Either.mapLeft(edit(of, { isGone, isOurs }), ConfigFile.malformed(path, of.text))
    const { changes, json: after, made } = yield* editing(json)
    if (changes.length === 0) return { file, changes, bytes: file.bytes }
    const bytes = ConfigFile.encode(file, after)
    const next = { path, after: ConfigFile.hashOf(bytes), scripts }
    if (entry !== undefined && file.bytes !== undefined && ConfigFile.hashOf(file.bytes) === entry.after) {
      const all = Arr.dedupeWith([...entry.made, ...made], isSamePath)
      return { file, changes, bytes, record: { entry: { ...entry, ...next, made: all }, backup: undefined } }
    }
    const bare = ClaudeSettings.removeEntries(json, { isOurs, made: entry?.made })
    const isOurFile = file.bytes === undefined || entry?.before === null && isEmpty(bare.json.root)
    const backup = isOurFile ? undefined : bare.changes.length === 0 ? file.bytes : ConfigFile.encode(file, bare.json)
    const missing = yield* Effect.mapError(ConfigFile.missingFolders(file.target), ConfigFile.unreadable(path))
    return {
      file,
      changes,
      bytes,
      record: {
        backup,
        entry: {
          ...next,
          before: backup === undefined ? null : ConfigFile.hashOf(backup),
          made: Arr.dedupeWith([...entry?.made ?? (yield* editing(bare.json)).made, ...made], isSamePath),
          folders: Arr.dedupe([...entry?.folders ?? [], ...missing])
        }
      }
    }
  })
})

export interface Request {
  readonly target: Target
  readonly places: Places
  readonly programs: ClaudeSettings.Programs
  readonly prompt: ClaudeSettings.PromptHook
  /** Timeout of the hooks, in seconds. */
  readonly timeout: number
}

export const steps = (
  { places: { home, movedHome }, programs, prompt, target, timeout }: Request
): ReadonlyArray<Step> => [
  installStep(
    { path: target.servers, home, scripts: [programs.mcp] },
    (json, of) => ClaudeSettings.addServer(json, { ...of, place: target.place, programs })
  ),
  installStep(
    { path: target.settings, home, scripts: [programs.hook] },
    (json, of) => ClaudeSettings.addHooks(json, { ...of, programs, prompt, timeout, home: movedHome })
  )
]

/** True when the file may hold our entries, so that malformed JSON must be reported. */
const mentionsEntries = (bytes: Uint8Array): boolean =>
  /dist[\\/]+(?:hook\.c?js|mcp\.js)|claude_memory_prompt/.test(Buffer.from(bytes).toString("latin1"))

const removeStep = (path: string, home: string): Step => ({
  path,
  plan: Effect.gen(function*() {
    const entries = yield* InstallRecord.load(home)
    const entry = entries.find((each) => each.path === path)
    const file = yield* ConfigFile.read(path)
    const { bytes } = file
    const { folders = [] } = entry ?? {}
    if (bytes === undefined || entry === undefined && !mentionsEntries(bytes)) {
      return { file, changes: [], bytes, folders }
    }
    const { isOurs, json } = yield* parse(file, entries)
    const { changes, json: bare } = ClaudeSettings.removeEntries(json, { isOurs, made: entry?.made })
    const planned = (bytes: Uint8Array | undefined) => ({ file, changes, bytes, folders })
    if (entry !== undefined && ConfigFile.hashOf(bytes) === entry.after) {
      const backup = yield* InstallRecord.backup(home, entry)
      if (entry.before === null || Option.isSome(backup)) return planned(Option.getOrUndefined(backup))
    }
    if (entry?.before === null && isEmpty(bare.root)) return planned(undefined)
    return planned(changes.length === 0 ? bytes : ConfigFile.encode(file, bare))
  })
})

/** Lists the projects that have our server of their own, since those have our hooks too. */
const projectsIn = (path: string) =>
  Effect.gen(function*() {
    const { isOurs, json } = yield* readJson(path)
    return ClaudeSettings.projectsIn(json, isOurs)
  }).pipe(Effect.orElseSucceed(() => []))

/**
 * Plans the removal from all files that may hold our entries, recorded or not; `folder` is the project to look in
 * first.
 */
export const removal = (places: Places, folder: string) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const entries = yield* InstallRecord.load(places.home)
    const user = yield* targetOf("user", places, folder)
    const projects = yield* Effect.forEach(
      [folder, ...yield* projectsIn(user.servers)],
      (each) => targetOf("project", places, path.resolve(each))
    )
    const paths = [
      ...entries.map((entry) => entry.path),
      user.servers,
      ...[user, ...projects].map(({ settings }) => settings)
    ]
    return Arr.dedupe(paths).map((each) => removeStep(each, places.home))
  })

/** True for the files that Claude Code itself rewrites while it runs. */
const isRewrittenByClaude = (name: string) => name === ".claude.json" || name === ".config.json"

/** Carries out a step; fails with `Changed` when its plan is no longer the one that was shown. */
export const carryOut = (step: Step, shown: Planned, { home }: Places) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const change = Effect.gen(function*() {
      const { bytes, changes, file, record } = yield* step.plan
      yield* ConfigFile.removeTemporary(file)
      if (JSON.stringify(changes) !== JSON.stringify(shown.changes)) return yield* ConfigFile.changed(step.path)
      if (ConfigFile.isEqual(bytes, file.bytes)) return
      if (record !== undefined) yield* InstallRecord.remember(home, record.entry, record.backup)
      yield* ConfigFile.replace(file, bytes)
    })
    const { target } = shown.file
    const needsLock = isRewrittenByClaude(path.basename(step.path)) &&
      (yield* Effect.orElseSucceed(fs.exists(path.dirname(target)), () => false))
    yield* needsLock ? ConfigFile.withLock(shown.file, change) : change
    yield* Effect.forEach([...shown.folders ?? []].reverse(), ConfigFile.removeEmpty)
  })

/** Registration in one scope, and the programs in it that do not exist. */
export interface Registered extends ClaudeSettings.Registered {
  readonly missing: ReadonlyArray<string>
}

export const inspect = (target: Target) =>
  Effect.gen(function*() {
    const settings = yield* readJson(target.settings)
    const servers = yield* readJson(target.servers)
    const found = ClaudeSettings.registered(settings, servers, target.place)
    return { ...found, missing: yield* goneOf(found.programs) }
  })
