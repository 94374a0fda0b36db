/**
 * All settings, read through Config. Only process/CodeCache reads the environment besides, before anything is loaded.
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { homedir } from "node:os"
import { delimiter, isAbsolute, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import * as QdrantAddress from "../index/QdrantAddress.ts"
import { type Endpoint, PRESETS, type Role, ROLES } from "../models/Presets.ts"
import type { Caps } from "../models/Spending.ts"
import * as SettingsFile from "./SettingsFile.ts"

export interface Settings {
  /** Folder of the memory's files. */
  readonly home: string
  /** Claude Code's own folder, which holds the transcripts. */
  readonly claudeFolder: string
  /** Models of providers. Without one for embeddings, the word vectors that come with the package are used. */
  readonly models: Partial<Readonly<Record<Role, ReadonlyArray<Endpoint>>>>
  /** Sessions that a language model compresses again: none, those that seem worth it, or all. */
  readonly compression: typeof COMPRESSIONS[number]
  /** Spending limits of the models. */
  readonly caps: Caps
  /** Milliseconds that a model may take to fuse the injected memories into one text; undefined when fusion is off. */
  readonly fusion: number | undefined
  /** Server of the vectors; without one, they are stored in the memory's own file. */
  readonly qdrant: QdrantSettings | undefined
  /**
   * URL of the memory's PostgreSQL database, whose vectors are in Qdrant; without one, the memory is a file in `home`.
   */
  readonly postgres: Redacted.Redacted | undefined
  /**
   * `strict` limits Claude to the memories of the project that it works in; `shared` lets it ask for other projects'.
   */
  readonly isolation: typeof ISOLATIONS[number]
  readonly exclude: Exclude
}

/** Exclusions from capture. */
export interface Exclude {
  /** Absolute folders. A session that worked in one of them, or below, is not captured. */
  readonly paths: ReadonlyArray<string>
  /** Names of tools; `*` at the end stands for any rest. Their calls and results are not captured. */
  readonly tools: ReadonlyArray<string>
}

export interface QdrantSettings {
  readonly address: QdrantAddress.QdrantAddress
  readonly apiKey: Option.Option<Redacted.Redacted>
  /** Prefix of its collections' names. */
  readonly prefix: string
  /** Number of shards of a new collection; `replicas` is its replication factor. */
  readonly shards: number
  readonly replicas: number
  /** True when Qdrant does the lexical search, too, in place of PostgreSQL. */
  readonly words: boolean
}

const COMPRESSIONS = ["extractive", "hybrid", "abstractive"] as const
const ISOLATIONS = ["shared", "strict"] as const

export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

const told = (error: ConfigError.ConfigError): string =>
  error._op === "And" || error._op === "Or" ? `${told(error.left)}; ${told(error.right)}` : error.message

const toSettingsError = (error: ConfigError.ConfigError) => new SettingsError({ detail: told(error) })

const nonEmpty = (name: string) => Config.option(Config.nonEmptyString(name))

const firstSet = <A>(configs: ReadonlyArray<Config.Config<Option.Option<A>>>): Config.Config<Option.Option<A>> =>
  Config.map(Config.all(configs), Option.firstSomeOf)

/** Each provider's base URL and key, from the environment variables in its preset. */
const providers = Config.all(Record.map(PRESETS, ({ baseUrlNames, keyNames }) =>
  Config.all({
    address: firstSet(baseUrlNames.map((name) => Config.map(nonEmpty(name), Option.map((value) => ({ name, value }))))),
    apiKey: firstSet(keyNames.map((name) => Config.option(Config.redacted(Config.nonEmptyString(name)))))
  })))

const settingOf = (role: Role) => `CLAUDE_MEMORY_${role.toUpperCase()}`

const isHttp = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

/**
 * Converts Ollama's own OLLAMA_HOST to a base URL: a host and a port, where 0.0.0.0 (set for a server) is this machine.
 */
const ollamaHost = (value: string): Either.Either<string, string> => {
  const url = value.includes("://") ? value : `http://${value}`
  if (!isHttp(url)) return Either.left("OLLAMA_HOST is a host and a port such as 127.0.0.1:11434")
  const { host, protocol } = new URL(url)
  return Either.right(`${protocol}//${host.replace(/^0\.0\.0\.0/, "127.0.0.1")}/v1`)
}

/** Parses one `provider:model` entry of a role's list, or returns an error message. */
const endpointOf = (
  role: Role,
  entry: string,
  known: Config.Config.Success<typeof providers>
): Either.Either<Endpoint, string> => {
  const colon = entry.indexOf(":")
  const [provider, model] = [entry.slice(0, colon).trim().toLowerCase(), entry.slice(colon + 1).trim()]
  const preset = PRESETS[provider]
  const serving = Object.keys(PRESETS).filter((name) => PRESETS[name]!.roles.includes(role)).join(", ")
  if (colon < 0 || model === "" || preset === undefined) {
    return Either.left(`${settingOf(role)} is PROVIDER:MODEL, fall-backs after commas; providers: ${serving}`)
  }
  if (!preset.roles.includes(role)) {
    return Either.left(`${settingOf(role)}: ${provider} has no models for it; these have: ${serving}`)
  }
  const { address, apiKey } = known[provider]!
  const { name, value } = Option.getOrElse(address, () => ({ name: "", value: preset.baseUrl }))
  const baseUrl = name === "OLLAMA_HOST"
    ? ollamaHost(value)
    : isHttp(value)
    ? Either.right(value)
    : Either.left(`${name} is a URL such as ${preset.baseUrl}`)
  return Either.map(baseUrl, (baseUrl) => ({ provider, model, baseUrl, apiKey }))
}

/**
 * Normalizes a model's name, which providers spell differently: "Qwen/Qwen3-Embedding-8B", "qwen/qwen3-embedding-8b".
 */
const bareName = ({ model }: Endpoint) => model.slice(model.lastIndexOf("/") + 1).toLowerCase()

const named = Config.all(Record.fromIterableWith(ROLES, (role) => [role, nonEmpty(settingOf(role))]))

/** Name of the embedding model that comes with the package, with which `reindex --to local` overrides the setting. */
const LOCAL = "local"

const rolesOf = (
  named: Readonly<Record<string, Option.Option<string>>>,
  known: Config.Config.Success<typeof providers>
): Either.Either<Settings["models"], ConfigError.ConfigError> =>
  Either.gen(function*() {
    const roles: Partial<Record<Role, ReadonlyArray<Endpoint>>> = {}
    for (const role of ROLES) {
      const value = named[role]
      if (value === undefined || Option.isNone(value)) continue
      if (role === "embedding" && value.value.trim().toLowerCase() === LOCAL) continue
      const endpoints: Array<Endpoint> = []
      for (const entry of value.value.split(",")) endpoints.push(yield* endpointOf(role, entry, known))
      if (role === "embedding" && new Set(endpoints.map(bareName)).size > 1) {
        return yield* Either.left(
          `${settingOf(role)}: the vectors of different models can't be compared; name one model at several providers`
        )
      }
      roles[role] = endpoints
    }
    return roles
  }).pipe(Either.mapLeft((detail) => ConfigError.InvalidData([], detail)))

/**
 * The models of all roles. Naming a model turns it on; a key alone does not. Without a named model, the providers' some
 * thirty variables are not looked up, because the hook waits for the settings.
 */
const models: Effect.Effect<Settings["models"], ConfigError.ConfigError> = Effect.flatMap(
  named,
  (named) =>
    Object.values(named).some(Option.isSome)
      ? Effect.flatMap(providers, (known) => rolesOf(named, known))
      : Effect.succeed({})
)

/** Default caps, so that a mistake costs at most one dollar a day and ten a month. */
const CAPS: Caps = {
  day: { usd: 1, tokens: Number.POSITIVE_INFINITY },
  month: { usd: 10, tokens: Number.POSITIVE_INFINITY }
}

/** Parses a cap: a number, or "none". */
const cap = (name: string, otherwise: number): Config.Config<number> =>
  Config.mapOrFail(Config.option(Config.string(name)), (value) => {
    const text = Option.getOrElse(value, () => "").trim()
    if (text === "") return Either.right(otherwise)
    const amount = text === "none" ? Number.POSITIVE_INFINITY : Number(text)
    return amount >= 0
      ? Either.right(amount)
      : Either.left(ConfigError.InvalidData([], `${name} is a number, 0 or more, or none`))
  })

const caps = Config.all({
  day: Config.all({
    usd: cap("CLAUDE_MEMORY_USD_PER_DAY", CAPS.day.usd),
    tokens: cap("CLAUDE_MEMORY_TOKENS_PER_DAY", CAPS.day.tokens)
  }),
  month: Config.all({
    usd: cap("CLAUDE_MEMORY_USD_PER_MONTH", CAPS.month.usd),
    tokens: cap("CLAUDE_MEMORY_TOKENS_PER_MONTH", CAPS.month.tokens)
  })
})

const fusion: Config.Config<number | undefined> = Config.mapOrFail(
  Config.option(Config.string("CLAUDE_MEMORY_FUSION")),
  (value) => {
    const text = Option.getOrElse(value, () => "").trim()
    if (["", "0", "off"].includes(text)) return Either.right(undefined)
    const ms = Number(text)
    return Number.isInteger(ms) && ms >= 1 && ms <= 60_000
      ? Either.right(ms)
      : Either.left(ConfigError.InvalidData([], "CLAUDE_MEMORY_FUSION is milliseconds from 1 to 60000, or off"))
  }
)

/** Parses one of the words; the first one is the default. */
const oneOf = <A extends string>(name: string, words: readonly [A, ...ReadonlyArray<A>]): Config.Config<A> =>
  Config.mapOrFail(nonEmpty(name), (value) => {
    const found = Option.match(value, {
      onNone: () => words[0],
      onSome: (text) => words.find((word) => word === text.trim().toLowerCase())
    })
    return found === undefined
      ? Either.left(ConfigError.InvalidData([], `${name} is one of ${words.join(", ")}`))
      : Either.right(found)
  })

/** Parses a list, without its empty parts. */
const listOf = (name: string, separator: string): Config.Config<ReadonlyArray<string>> =>
  Config.map(
    nonEmpty(name),
    (value) =>
      Option.getOrElse(value, () => "").split(separator).map((part) => part.trim()).filter((part) => part !== "")
  )

const exclude: Config.Config<Exclude> = Config.all({
  paths: Config.mapOrFail(listOf("CLAUDE_MEMORY_EXCLUDE_PATHS", delimiter), (paths) => {
    const whole = paths.map((path) => path === "~" || /^~[\\/]/.test(path) ? join(homedir(), path.slice(1)) : path)
    return whole.every(isAbsolute)
      ? Either.right(whole.map((path) => resolve(path)))
      : Either.left(
        ConfigError.InvalidData(
          [],
          `CLAUDE_MEMORY_EXCLUDE_PATHS is folders from the root or from ~, with "${delimiter}" between them`
        )
      )
  }),
  tools: listOf("CLAUDE_MEMORY_EXCLUDE_TOOLS", ",")
})

/** Parses a setting of clusters, from 1 to 100; 1 by default, as on a single server. */
const inCluster = (name: string): Config.Config<number> =>
  Config.mapOrFail(nonEmpty(name), (value) => {
    const n = Number(Option.getOrElse(value, () => "1"))
    return Number.isInteger(n) && n >= 1 && n <= 100
      ? Either.right(n)
      : Either.left(ConfigError.InvalidData([], `${name} is from 1 to 100`))
  })

const QDRANT_URLS = ["CLAUDE_MEMORY_QDRANT_URL", "QDRANT_URL"]

/** Qdrant's settings. The URL may be `off`, for people who have set QDRANT_URL for another program. */
const qdrant: Config.Config<QdrantSettings | undefined> = Config.all({
  url: firstSet(QDRANT_URLS.map((name) => Config.map(nonEmpty(name), Option.map((value) => ({ name, value }))))),
  apiKey: firstSet(
    ["CLAUDE_MEMORY_QDRANT_API_KEY", "QDRANT_API_KEY"].map((name) =>
      Config.option(Config.redacted(Config.nonEmptyString(name)))
    )
  ),
  prefix: Config.nonEmptyString("CLAUDE_MEMORY_QDRANT_PREFIX").pipe(
    Config.validate({
      message: "CLAUDE_MEMORY_QDRANT_PREFIX is of letters, digits, - and _, at most 64",
      validation: (name) => /^[A-Za-z0-9_-]{1,64}$/.test(name)
    }),
    Config.withDefault("claude_memory")
  ),
  shards: inCluster("CLAUDE_MEMORY_QDRANT_SHARDS"),
  replicas: inCluster("CLAUDE_MEMORY_QDRANT_REPLICAS"),
  words: Config.map(oneOf("CLAUDE_MEMORY_QDRANT_WORDS", ["off", "on"]), (value) => value === "on")
}).pipe(Config.mapOrFail(({ url, ...rest }) =>
  Option.match(url, {
    onNone: () => Either.right(undefined),
    onSome: ({ name, value }) =>
      value.trim().toLowerCase() === "off" ? Either.right(undefined) : Either.mapBoth(QdrantAddress.parse(value), {
        onLeft: (detail) => ConfigError.InvalidData([], `${name}: ${detail}`),
        onRight: (address) => ({ address, ...rest })
      })
  })
))

const postgres = Config.map(
  Config.option(Config.redacted(Config.nonEmptyString("CLAUDE_MEMORY_POSTGRES_URL"))),
  Option.getOrUndefined
)

/** True when the models suffice for the compression: every kind but `extractive` needs a language model. */
const isWritten = ({ compression, models }: Pick<Settings, "compression" | "models">) =>
  compression === "extractive" || models.light !== undefined || models.heavy !== undefined

const ownHome = () => join(homedir(), ".claude-memory")

/** Folder of the memory's files. Read from the environment alone, because the settings file lies in that folder. */
export const home: Config.Config<string> = Config.map(nonEmpty("CLAUDE_MEMORY_HOME"), Option.getOrElse(ownHome))

/** Falls back to the settings file for values that the environment lacks. */
const withFile = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ConfigError.ConfigError, R> =>
  Effect.configProviderWith((environment) =>
    Effect.flatMap(
      Effect.flatMap(environment.load(home), (folder) => SettingsFile.read(join(folder, "config.json"))),
      (file) => Effect.withConfigProvider(effect, ConfigProvider.orElse(environment, () => file))
    )
  )

/** Paths that are known even when another setting is invalid. */
export interface Places extends Pick<Settings, "claudeFolder" | "home"> {
  /** `home` as an absolute path, if it is not the default. */
  readonly movedHome: string | undefined
  /** Claude Code's file of the user's data, which also lists MCP servers. */
  readonly claudeFile: string
}

/** With CLAUDE_CONFIG_DIR, `claudeFile` is in that folder, too (https://code.claude.com/docs/en/claude-directory). */
export const places: Config.Config<Places> = Config.map(
  Config.all({ home, folder: nonEmpty("CLAUDE_CONFIG_DIR") }),
  ({ folder, home }) => ({
    home,
    movedHome: resolve(home) === ownHome() ? undefined : resolve(home),
    claudeFolder: Option.getOrElse(folder, () => join(homedir(), ".claude")),
    claudeFile: join(Option.getOrElse(folder, homedir), ".claude.json")
  })
)

const settings = Effect.all({
  places,
  models,
  compression: oneOf("CLAUDE_MEMORY_COMPRESSION", COMPRESSIONS),
  caps,
  fusion,
  qdrant,
  postgres,
  isolation: oneOf("CLAUDE_MEMORY_ISOLATION", ISOLATIONS),
  exclude
}).pipe(
  Effect.filterOrFail(
    isWritten,
    ({ compression }) =>
      ConfigError.InvalidData(
        [],
        `CLAUDE_MEMORY_COMPRESSION=${compression} needs a language model: set CLAUDE_MEMORY_LIGHT, such as openai:gpt-6-luna`
      )
  ),
  Effect.filterOrFail(
    ({ postgres, qdrant }) => postgres === undefined || qdrant !== undefined,
    () =>
      ConfigError.InvalidData(
        [],
        "CLAUDE_MEMORY_POSTGRES_URL: the vectors of a memory in PostgreSQL are in Qdrant; set CLAUDE_MEMORY_QDRANT_URL too"
      )
  ),
  Effect.filterOrFail(
    ({ postgres, qdrant }) => qdrant?.words !== true || postgres !== undefined,
    () =>
      ConfigError.InvalidData(
        [],
        "CLAUDE_MEMORY_QDRANT_WORDS=on is for a memory in PostgreSQL; unset it, or set CLAUDE_MEMORY_POSTGRES_URL"
      )
  ),
  Effect.map(({ places: { claudeFolder, home }, ...rest }): Settings => ({
    ...rest,
    home,
    claudeFolder
  }))
)

export const transcriptsFolder = (settings: Settings) => join(settings.claudeFolder, "projects")

/** Returns the path of a file in the package, wherever in `src` or `dist` this module is bundled. */
export const packageFile = (...parts: ReadonlyArray<string>): string => {
  const here = fileURLToPath(new URL(".", import.meta.url))
  return join(here.replace(/[\\/](?:src|dist)(?:[\\/](?:lib|settings))?(?:[\\/]chunks)?[\\/]?$/, ""), ...parts)
}

/** Folders in which programs are searched. */
export const searchPath: Config.Config<ReadonlyArray<string>> = Config.map(
  firstSet(["PATH", "Path"].map(nonEmpty)),
  Option.match({ onNone: () => [], onSome: (folders) => folders.split(delimiter).filter((folder) => folder !== "") })
)

/** Claude Code's variables for its MCP servers: the project's folder (else the working directory) and the session. */
export const claudeSession = Effect.mapError(
  Config.all({
    folder: Config.map(nonEmpty("CLAUDE_PROJECT_DIR"), Option.getOrElse(() => process.cwd())),
    sessionId: Config.map(nonEmpty("CLAUDE_CODE_SESSION_ID"), Option.getOrUndefined)
  }),
  toSettingsError
)

/** Settings that a hook reads before all others. */
export interface HookSettings {
  /** True when the hook injects nothing: the memory is disabled, or turned off for headless runs and this is one. */
  readonly isOff: boolean
  /** Time limit in milliseconds, from the hook's first line on; a hook that exceeds it injects nothing. */
  readonly within: { readonly SessionStart: number; readonly UserPromptSubmit: number }
}

const hookMs = (name: string, otherwise: number): Config.Config<number> =>
  Config.integer(name).pipe(
    Config.validate({ message: `${name} is from 1 to 60000`, validation: (ms) => ms >= 1 && ms <= 60_000 }),
    Config.withDefault(otherwise)
  )

/** True under `claude -p` and the SDKs, whose entry points are `sdk-cli`, `sdk-ts` and so on. */
const isHeadless = Config.map(nonEmpty("CLAUDE_CODE_ENTRYPOINT"), Option.exists((name) => name.startsWith("sdk")))

const isDisabled = Config.map(
  nonEmpty("CLAUDE_MEMORY_DISABLE"),
  Option.exists((value) => /^(?:1|on|true)$/i.test(value))
)

export const hook: Effect.Effect<HookSettings, SettingsError> = withFile(Config.all({
  isOff: Config.map(
    Config.all([isDisabled, isHeadless, oneOf("CLAUDE_MEMORY_HEADLESS", ["on", "off"])]),
    ([disabled, headless, whenHeadless]) => disabled || headless && whenHeadless === "off"
  ),
  within: Config.all({
    SessionStart: hookMs("CLAUDE_MEMORY_SESSION_START_MS", 200),
    UserPromptSubmit: hookMs("CLAUDE_MEMORY_HOOK_MS", 150)
  })
})).pipe(Effect.mapError(toSettingsError))

/** The person's wish for output without colours (https://no-color.org), regardless of what the terminal can do. */
export const noColor: Config.Config<boolean> = Config.map(nonEmpty("NO_COLOR"), Option.isSome)

export const load = Effect.mapError(withFile(settings), toSettingsError)
