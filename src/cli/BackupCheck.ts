/**
 * Checks the backups of a memory for `doctor`.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { check } from "../serve/Health.ts"
import * as Settings from "../settings/Settings.ts"
import { Backups } from "../store/Backups.ts"
import { megabytes } from "./Backup.ts"
import { minute, plural } from "./Output.ts"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Formats a time that has passed, in milliseconds, as "5 hours" or "3 days". */
const lasted = (ms: number): string =>
  ms < 2 * DAY_MS ? plural(Math.floor(ms / HOUR_MS), "hour") : plural(Math.floor(ms / DAY_MS), "day")

/** Says how old the newest backup is, and why the last one failed; nothing of a memory in PostgreSQL. */
export const backupCheck = Effect.gen(function*() {
  const { backups: limits } = yield* Settings.load
  const { backups, failure, folder, unreadable } = yield* Effect.flatMap(Backups, ({ list }) => list).pipe(
    App.provide(App.backups)
  )
  const now = yield* Clock.currentTimeMillis
  const [newest] = backups
  const kept = newest === undefined
    ? "none"
    : `the newest is ${lasted(now - newest.header.createdAt)} old; ${plural(backups.length, "backup")} of ${
      megabytes(backups.reduce((sum, { size }) => sum + size, 0))
    } in ${folder}`
  if (failure !== undefined) {
    const detail = `the daily backup failed (${
      minute(failure.at)
    }: ${failure.detail}); ${kept}. \`claude-memory backup\` tries again`
    return [check("backups", false, "", detail)]
  }
  if (unreadable.length > 0) {
    return [check("backups", false, "", `${unreadable.map(({ error }) => error.message).join("; ")}; ${kept}`, "note")]
  }
  if (newest !== undefined) return [check("backups", true, kept, "")]
  const detail = limits === undefined
    ? "none, and CLAUDE_MEMORY_BACKUPS=off keeps them from being made; `claude-memory backup` makes one"
    : "none yet: a session makes one a day when it has run for a while; `claude-memory backup` makes one now"
  return [check("backups", false, "", detail, "note")]
}).pipe(Effect.orElseSucceed(() => []))
