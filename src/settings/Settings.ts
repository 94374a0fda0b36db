/**
 * All settings, read through Config. Only Early.ts, for the hook's entry, and process/CodeCache read
 * the environment besides, before anything is loaded.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Caps } from "../models/Spending.ts"
import type { Limits } from "../store/Retention.ts"
import { type BackupLimits, backups } from "./Backups.ts"
import { ISOLATIONS } from "./Early.ts"
import { firstSecret, firstSet, invalid, nonEmpty, oneOf, toSettingsError } from "./Fields.ts"
import { limits } from "./Keeping.ts"
import { caps, compression, fusion, type Models, models } from "./Models.ts"
import { qdrant, type QdrantSettings } from "./Qdrant.ts"
import { type Exclude, exclude, type Places, places } from "./Reading.ts"
import { withFile } from "./SettingsFile.ts"
import { telemetry } from "./Telemetry.ts"

export interface Settings extends Pick<Places, "claudeFolder" | "home"> {
  /** Models of providers. Without one for embeddings, the word vectors that come with the package are used. */
  readonly models: Models
  /** Sessions that a language model compresses again: none, those that seem worth it, or all. */
  readonly compression: Config.Config.Success<typeof compression>
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
  readonly isolation: Config.Config.Success<typeof isolation>
  readonly exclude: Exclude
  /** Limits of the daily backups of a memory in a file; undefined when there are to be none. */
  readonly backups: BackupLimits | undefined
  /** How much the memory keeps, when it is a file. */
  readonly limits: Limits
  /** Address of an OpenTelemetry collector; without one, nothing is sent. */
  readonly telemetry: string | undefined
}

const isolation = oneOf("CLAUDE_MEMORY_ISOLATION", ISOLATIONS)

const postgres = Config.map(firstSecret(["CLAUDE_MEMORY_POSTGRES_URL"]), Option.getOrUndefined)

/** True when the models suffice for the compression: every kind but `extractive` needs a language model. */
const canCompress = ({ compression, models }: Pick<Settings, "compression" | "models">) =>
  compression === "extractive" || models.light !== undefined || models.heavy !== undefined

/** Returns an error message for settings that are valid one by one, but not together. */
const conflictIn = (settings: Pick<Settings, "compression" | "models" | "postgres" | "qdrant">): string | undefined => {
  const { compression, postgres, qdrant } = settings
  if (!canCompress(settings)) {
    return `CLAUDE_MEMORY_COMPRESSION=${compression} needs a language model: set CLAUDE_MEMORY_LIGHT, such as openai:gpt-6-luna`
  }
  if (postgres !== undefined && qdrant === undefined) {
    return "CLAUDE_MEMORY_POSTGRES_URL: the vectors of a memory in PostgreSQL are in Qdrant; set CLAUDE_MEMORY_QDRANT_URL too"
  }
  return qdrant?.words === true && postgres === undefined
    ? "CLAUDE_MEMORY_QDRANT_WORDS=on is for a memory in PostgreSQL; unset it, or set CLAUDE_MEMORY_POSTGRES_URL"
    : undefined
}

/** The settings from the environment alone. */
export const settings = Effect.flatMap(
  Effect.all({
    places,
    models,
    compression,
    caps,
    fusion,
    qdrant,
    postgres,
    isolation,
    exclude,
    backups,
    limits,
    telemetry
  }),
  ({ places: { claudeFolder, home }, ...rest }) => {
    const conflict = conflictIn(rest)
    return conflict === undefined
      ? Effect.succeed<Settings>({ ...rest, home, claudeFolder })
      : Effect.fail(invalid(conflict))
  }
)

export const load = Effect.mapError(withFile(settings), toSettingsError)

/** Returns the path of a file in the package, wherever in `src` or `dist` this module is bundled. */
export const packageFile = (...parts: ReadonlyArray<string>): string => {
  const here = fileURLToPath(new URL(".", import.meta.url))
  return join(here.replace(/[\\/](?:src|dist)(?:[\\/](?:lib|settings))?(?:[\\/]chunks)?[\\/]?$/, ""), ...parts)
}

/** Folders in which programs are searched. */
export const searchPath: Config.Config<ReadonlyArray<string>> = Config.map(
  firstSet(["PATH", "Path"], Config.nonEmptyString),
  Option.match({ onNone: () => [], onSome: (folders) => folders.split(delimiter).filter((folder) => folder !== "") })
)

/** Claude Code's variables of the project's folder and of the session, as far as they are set. */
export const sessionVariables = Effect.mapError(
  Config.all({
    folder: Config.map(nonEmpty("CLAUDE_PROJECT_DIR"), Option.getOrUndefined),
    sessionId: Config.map(nonEmpty("CLAUDE_CODE_SESSION_ID"), Option.getOrUndefined)
  }),
  toSettingsError
)

/** Address of the server for which Claude Code runs a headersHelper; undefined elsewhere. */
export const helpedServer = Effect.mapError(
  Config.map(nonEmpty("CLAUDE_CODE_MCP_SERVER_URL"), Option.getOrUndefined),
  toSettingsError
)

/** The session of an MCP server over stdio: the project's folder (else the working directory) and the session's id. */
export const claudeSession = Effect.map(
  sessionVariables,
  ({ folder, sessionId }) => ({ folder: folder ?? process.cwd(), sessionId })
)

/** The person's wish for output without colours (https://no-color.org), regardless of what the terminal can do. */
export const noColor: Config.Config<boolean> = Config.map(nonEmpty("NO_COLOR"), Option.isSome)

/** The person's editor, as a command for the shell. */
export const editor = Effect.mapError(firstSet(["VISUAL", "EDITOR"], Config.nonEmptyString), toSettingsError)
