/**
 * Settings of the daily backups.
 */
import * as Config from "effect/Config"
import { upTo } from "./Fields.ts"

/** Limits of the daily backups: their number, and the bytes of all, which the newest two may exceed. */
export interface BackupLimits {
  readonly kept: number
  readonly bytes: number
}

const KEPT = 7
const MEGABYTES = 1_000

/** Undefined where there are to be none. */
export const backups: Config.Config<BackupLimits | undefined> = Config.map(
  Config.all({
    kept: Config.nonEmptyString("CLAUDE_MEMORY_BACKUPS").pipe(
      Config.map((text) => text.trim().toLowerCase() === "off" ? undefined : Number(text)),
      upTo(365, "CLAUDE_MEMORY_BACKUPS is a number of daily backups from 1 to 365, or off"),
      Config.withDefault(KEPT)
    ),
    megabytes: Config.map(Config.nonEmptyString("CLAUDE_MEMORY_BACKUPS_MB"), Number).pipe(
      upTo(1_000_000, "CLAUDE_MEMORY_BACKUPS_MB is a number of megabytes from 1 to 1000000"),
      Config.withDefault(MEGABYTES)
    )
  }),
  ({ kept, megabytes }) => kept === undefined ? undefined : { kept, bytes: megabytes * 1_000_000 }
)
