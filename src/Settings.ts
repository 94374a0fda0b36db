/**
 * Every setting, read through Config; the environment is read nowhere else.
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export interface Settings {
  /** Where everything that is remembered lies. */
  readonly home: string
  /** Claude Code's own folder, which holds the transcripts. */
  readonly claudeFolder: string
  /** A model that embeds, instead of the one that comes with the package. */
  readonly embedding: Option.Option<ModelSetting>
}

export interface ModelSetting {
  readonly model: string
  readonly baseUrl: string
  readonly apiKey: Option.Option<Redacted.Redacted>
}

export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

const OPENAI = "https://api.openai.com/v1"

const isHttp = (url: string) => /^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")

/** Naming a model switches it on; a key alone does not. */
const embedding = Config.nonEmptyString("CLAUDE_MEMORY_EMBEDDING").pipe(
  Config.mapOrFail((value) => {
    const model = /^openai:(\S+)$/.exec(value)?.[1]
    return model === undefined
      ? Either.left(ConfigError.InvalidData([], "CLAUDE_MEMORY_EMBEDDING is openai:MODEL"))
      : Either.right(model)
  }),
  Config.zip(Config.all({
    baseUrl: Config.nonEmptyString("OPENAI_BASE_URL").pipe(
      Config.withDefault(OPENAI),
      Config.validate({ message: "OPENAI_BASE_URL is a URL such as http://127.0.0.1:11434/v1", validation: isHttp })
    ),
    apiKey: Config.option(Config.redacted(Config.nonEmptyString("OPENAI_API_KEY")))
  })),
  Config.map(([model, endpoint]): ModelSetting => ({ model, ...endpoint }))
)

const nonEmpty = (name: string) => Config.option(Config.nonEmptyString(name))

export const settings: Config.Config<Settings> = Config.all({
  home: nonEmpty("CLAUDE_MEMORY_HOME"),
  claudeFolder: nonEmpty("CLAUDE_CONFIG_DIR"),
  embedding: Config.option(embedding)
}).pipe(
  Config.map(({ claudeFolder, embedding, home }) => ({
    embedding,
    home: Option.getOrElse(home, () => join(homedir(), ".claude-memory")),
    claudeFolder: Option.getOrElse(claudeFolder, () => join(homedir(), ".claude"))
  }))
)

export const transcriptsFolder = (settings: Settings) => join(settings.claudeFolder, "projects")

/** A file of the package, from wherever in `src` or `dist` this module has come to lie. */
export const packageFile = (...parts: ReadonlyArray<string>): string => {
  const here = fileURLToPath(new URL(".", import.meta.url))
  return join(here.replace(/[\\/](?:src|dist)(?:[\\/](?:lib|bench))?(?:[\\/]chunks)?[\\/]?$/, ""), ...parts)
}

/** Hooks say nothing while it is set. */
export const disabled: Config.Config<boolean> = Config.map(nonEmpty("CLAUDE_MEMORY_DISABLE"), Option.contains("1"))

/** Milliseconds that the hook has from its first line on; then it says nothing. */
export const hookBudget: Config.Config<number> = Config.integer("CLAUDE_MEMORY_HOOK_MS").pipe(
  Config.validate({ message: "CLAUDE_MEMORY_HOOK_MS is from 1 to 60000", validation: (ms) => ms >= 1 && ms <= 60_000 }),
  Config.withDefault(150)
)

/** Whether output may be coloured and redrawn is the terminal's business; this is the person's (https://no-color.org). */
export const noColor: Config.Config<boolean> = Config.map(nonEmpty("NO_COLOR"), Option.isSome)

const told = (error: ConfigError.ConfigError): string =>
  error._op === "And" || error._op === "Or" ? `${told(error.left)}; ${told(error.right)}` : error.message

export const load = Effect.mapError(settings, (error) => new SettingsError({ detail: told(error) }))
