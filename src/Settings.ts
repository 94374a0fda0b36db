/**
 * Every setting, read through Config; the environment is read nowhere else.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export interface Settings {
  /** Where everything that is remembered lies. */
  readonly home: string
  /** Claude Code's own folder, which holds the transcripts. */
  readonly claudeFolder: string
}

const nonEmpty = (name: string) => Config.option(Config.nonEmptyString(name))

export const settings: Config.Config<Settings> = Config.all({
  home: nonEmpty("CLAUDE_MEMORY_HOME"),
  claudeFolder: nonEmpty("CLAUDE_CONFIG_DIR")
}).pipe(
  Config.map(({ claudeFolder, home }) => ({
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

export const load = Effect.orDie(settings)
