/**
 * Reads the settings of a hook without Effect, for the hook's entry. Returns none where one is invalid or odd: then
 * Hooks.ts and Settings.ts read them all, and judge.
 */
// @effect-diagnostics processEnv:off
import { readFileSync, statSync } from "node:fs"
import { delimiter, isAbsolute, join } from "node:path"
import type { UnitType } from "../domain/MemoryUnit.ts"
import { expanded, homeAt, isHome } from "../process/Environment.ts"

/** Words of `CLAUDE_MEMORY_INJECT`, the default first. */
export const MODES = ["balanced", "off", "conservative", "comprehensive"] as const
/** Bounds of `CLAUDE_MEMORY_INJECT_TOKENS`. */
export const LEAST_TOKENS = 100
export const MOST_TOKENS = 8_000
export const DEFAULT_TOKENS = 800
/** Longest time limit of a hook, and the limits without a setting, in milliseconds. */
export const LONGEST_MS = 60_000
export const DEFAULT_WITHIN = { start: 1_000, later: 300 } as const
export const ON_OFF = ["on", "off"] as const
/** Bounds of `CLAUDE_MEMORY_MAX_MB`, in which 0 stands for no limit, and its default. */
export const LEAST_MEGABYTES = 10
export const MOST_MEGABYTES = 1_000_000
export const DEFAULT_MEGABYTES = 1_000
export const ISOLATIONS = ["shared", "strict"] as const

/** Maximum bytes of a settings file. */
export const MAX_FILE_BYTES = 64 * 1024

export type FileValue = string | number | boolean

/** Converts a value of the settings file to its form in the environment, where true is "on" and false is "off". */
export const toEnvironmentValue = (value: FileValue): string =>
  typeof value === "boolean" ? value ? "on" : "off" : String(value)

/** True for `claude -p` and the SDKs, whose entry points are `sdk-cli`, `sdk-ts` and so on. */
export const isHeadless = (entryPoint: string | undefined): boolean => entryPoint?.startsWith("sdk") === true

/** Parses folders, as written or below the home folder. */
export const foldersIn = (text: string): ReadonlyArray<string> =>
  text.split(delimiter).map((part) => part.trim()).filter((part) => part !== "")
    .map(expanded)

/** Tests for one absolute folder: a second drive is another, after a ":" in place of Windows' ";". */
export const isFolder = (path: string): boolean => isAbsolute(path) && (delimiter === ":" || !path.includes(":", 2))

/** Tests for the name of a tool, in which `*` stands at the end alone. */
export const isTool = (name: string): boolean => !name.slice(0, -1).includes("*")

/** Tests for types and days, such as `error_log:90,conversation:365`. */
export const isAges = (text: string, types: ReadonlyArray<string>): boolean =>
  text.split(",").map((part) => part.trim()).filter((part) => part !== "").every((part) => {
    const [type = "", days = "", ...rest] = part.split(":")
    return types.includes(type) && /^[1-9]\d{0,4}$/.test(days) && rest.length === 0
  })

export interface Early {
  /** Folder of the memory's files. */
  readonly home: string
  /**
   * How easily, and how much, is injected at a prompt; undefined when nothing is: always, or in headless runs and
   * this is one.
   */
  readonly telling: { readonly mode: Exclude<typeof MODES[number], "off">; readonly maxTokens: number } | undefined
  /** Time limits in milliseconds, as in HookSettings. */
  readonly within: { readonly start: number; readonly later: number }
  /** True when all other settings are valid, and leave the memory in one SQLite file and name no model. */
  readonly isPlain: boolean
}

type Values = Readonly<Record<string, string | undefined>>

const odd = (): never => {
  throw new Error("the whole program reads this setting")
}

/** True when there is no such file. */
export const isMissing = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "")

const isFileValue = (value: unknown): value is FileValue => ["string", "number", "boolean"].includes(typeof value)

const readSettingsFile = (file: string): Values => {
  let text: string
  try {
    const info = statSync(file)
    if (!info.isFile() || info.size > MAX_FILE_BYTES) return odd()
    text = readFileSync(file, "utf8").replace(/^\ufeff/, "")
  } catch (error) {
    return isMissing(error) ? {} : odd()
  }
  const values: unknown = JSON.parse(text)
  if (typeof values !== "object" || values === null || Array.isArray(values) || HOME in values) return odd()
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isFileValue(value) ? toEnvironmentValue(value) : odd()])
  )
}

/** Settings that `read` understands. All others of ours go to the whole program. */
const READ = new Set([
  "CLAUDE_MEMORY_HEADLESS",
  "CLAUDE_MEMORY_HOOK_MS",
  "CLAUDE_MEMORY_INJECT",
  "CLAUDE_MEMORY_INJECT_TOKENS",
  "CLAUDE_MEMORY_SESSION_START_MS"
])
/** Names the folder of the memory, in which the settings file lies. */
export const HOME = "CLAUDE_MEMORY_HOME"
const ISOLATION = "CLAUDE_MEMORY_ISOLATION"
const EXCLUDE_PATHS = "CLAUDE_MEMORY_EXCLUDE_PATHS"
const EXCLUDE_TOOLS = "CLAUDE_MEMORY_EXCLUDE_TOOLS"
const MAX_MB = "CLAUDE_MEMORY_MAX_MB"
const KEEP_DAYS = "CLAUDE_MEMORY_KEEP_DAYS"
/** Settings of backups and of what models may cost, which no hook needs, with values that are surely valid. */
const OTHERS =
  /^CLAUDE_MEMORY_(?:BACKUPS=[1-9]\d?|(?:BACKUPS_MB|TOKENS_PER_(?:DAY|MONTH))=[1-9]\d{0,5}|USD_PER_(?:DAY|MONTH)=\d{1,4}(?:\.\d{1,2})?)$/
/** The types of memories, which the domain's schema names too. */
const TYPES: ReadonlyArray<UnitType> = [
  "conversation",
  "error_log",
  "decision",
  "code_snippet",
  "documentation",
  "archive"
]
/** Names are compared in upper case, since Windows takes any. */
const OURS = /^(?:CLAUDE_MEMORY|QDRANT)_/

/** Returns the settings; none where the whole program must read them. */
export const read = (environment: Values = process.env): Early | undefined => {
  try {
    const home = isHome(environment[HOME]) ? homeAt(environment[HOME]) : odd()
    const file = readSettingsFile(join(home, "config.json"))
    const text = (name: string) => environment[name] || file[name] || undefined
    const oneOf = <A extends string>(name: string, words: readonly [A, ...ReadonlyArray<A>]): A => {
      const value = text(name)?.trim().toLowerCase()
      return value === undefined ? words[0] : words.find((word) => word === value) ?? odd()
    }
    const integer = (name: string, least: number, most: number, otherwise: number): number => {
      const value = environment[name] ?? file[name]
      if (value === undefined) return otherwise
      return /^[1-9]\d{0,4}$/.test(value) && Number(value) >= least && Number(value) <= most ? Number(value) : odd()
    }
    const mode = oneOf("CLAUDE_MEMORY_INJECT", MODES)
    const maxTokens = integer("CLAUDE_MEMORY_INJECT_TOKENS", LEAST_TOKENS, MOST_TOKENS, DEFAULT_TOKENS)
    const whenHeadless = oneOf("CLAUDE_MEMORY_HEADLESS", ON_OFF)
    const within = {
      start: integer("CLAUDE_MEMORY_SESSION_START_MS", 1, LONGEST_MS, DEFAULT_WITHIN.start),
      later: integer("CLAUDE_MEMORY_HOOK_MS", 1, LONGEST_MS, DEFAULT_WITHIN.later)
    }
    const isValid = (name: string, value: string | undefined) => {
      switch (name) {
        case ISOLATION:
          return ISOLATIONS.some((word) => word === value?.trim().toLowerCase())
        case EXCLUDE_PATHS:
          return foldersIn(value ?? "").every(isFolder)
        case EXCLUDE_TOOLS:
          return (value ?? "").split(",").every((name) => isTool(name.trim()))
        case MAX_MB:
          return value === "0" || /^[1-9]\d{0,6}$/.test(value ?? "") && Number(value) >= LEAST_MEGABYTES &&
              Number(value) <= MOST_MEGABYTES
        case KEEP_DAYS:
          return isAges(value ?? "", TYPES)
        default:
          return READ.has(name) || !OURS.test(name.toUpperCase()) ||
            OTHERS.test(`${name}=${value}`)
      }
    }
    const areValid = (values: Values, known?: string) =>
      Object.keys(values).every((name) => name === known || isValid(name, values[name]))
    return {
      home,
      telling: mode === "off" || isHeadless(text("CLAUDE_CODE_ENTRYPOINT")) && whenHeadless === "off"
        ? undefined
        : { mode, maxTokens },
      within,
      isPlain: areValid(environment, HOME) && areValid(file)
    }
  } catch {
    return undefined
  }
}
