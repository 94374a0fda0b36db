/**
 * Settings of what is read: the folders of the memory and of Claude Code, and exclusions from capture.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { delimiter, join, resolve } from "node:path"
import { homeAt, isHome, userFolder } from "../process/Environment.ts"
import { foldersIn, isFolder, isTool } from "./Early.ts"
import { listOf, nonEmpty, toSettingsError } from "./Fields.ts"

/** Exclusions from capture. */
export interface Exclude {
  /** Absolute folders. A session that worked in one of them, or below, is not captured. */
  readonly paths: ReadonlyArray<string>
  /** Names of tools; `*` at the end stands for any rest. Their calls and results are not captured. */
  readonly tools: ReadonlyArray<string>
}

export const exclude: Config.Config<Exclude> = Config.all({
  paths: Config.nonEmptyString("CLAUDE_MEMORY_EXCLUDE_PATHS").pipe(
    Config.map(foldersIn),
    Config.validate({
      message: `CLAUDE_MEMORY_EXCLUDE_PATHS is folders from the root or from ~, with "${delimiter}" between them`,
      validation: (paths) => paths.every(isFolder)
    }),
    Config.map((paths) => paths.map((path) => resolve(path))),
    Config.withDefault([])
  ),
  tools: listOf("CLAUDE_MEMORY_EXCLUDE_TOOLS", ",").pipe(
    Config.validate({
      message:
        "CLAUDE_MEMORY_EXCLUDE_TOOLS is names of tools with \",\" between them, and \"*\" only at the end of a name",
      validation: (names) => names.every(isTool)
    })
  )
})

/** Folder of the memory's files. Read from the environment alone, because the settings file lies in that folder. */
export const home: Config.Config<string> = nonEmpty("CLAUDE_MEMORY_HOME").pipe(
  Config.map(Option.getOrUndefined),
  Config.validate({
    message: "CLAUDE_MEMORY_HOME is a folder from the root or from ~, such as ~/.claude-memory",
    validation: isHome
  }),
  Config.map(homeAt)
)

/** Paths that are known even when another setting is invalid. */
export interface Places {
  /** Folder of the memory's files. */
  readonly home: string
  /** `home`, if it is not the default. */
  readonly movedHome: string | undefined
  /** Claude Code's own folder, which holds the transcripts. */
  readonly claudeFolder: string
  /** Claude Code's file of the user's data, which also lists MCP servers. */
  readonly claudeFile: string
}

/** With CLAUDE_CONFIG_DIR, `claudeFile` is in that folder, too (https://code.claude.com/docs/en/claude-directory). */
export const places: Config.Config<Places> = Config.map(
  Config.all({ home, folder: nonEmpty("CLAUDE_CONFIG_DIR") }),
  ({ folder, home }) => ({
    home,
    movedHome: home === homeAt(undefined) ? undefined : home,
    claudeFolder: Option.getOrElse(folder, () => join(userFolder(), ".claude")),
    claudeFile: join(Option.getOrElse(folder, userFolder), ".claude.json")
  })
)

export const loadPlaces = Effect.mapError(places, toSettingsError)

export const transcriptsFolder = ({ claudeFolder }: Pick<Places, "claudeFolder">) => join(claudeFolder, "projects")
