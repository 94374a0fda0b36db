/**
 * Makes the daily backups of a process that runs for long.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { DailyBackup } from "../store/Backups.ts"

/** Time before the first backup of a process, so that it slows no session's start, and comes in no process that is short. */
const FIRST = Duration.minutes(5)
/** Interval at which it looks whether a backup is due. */
const INTERVAL = Duration.hours(1)

/** Emits nothing. Goes on until interrupted where there are to be backups, and ends at once where there are not. */
export const dailyBackups: Stream.Stream<never> = Stream.unwrap(
  Effect.map(DailyBackup, (daily) =>
    daily === undefined ? Stream.empty : Stream.execute(
      Effect.zipRight(
        Effect.sleep(FIRST),
        Effect.forever(Effect.zipLeft(daily.makeIfDue, Effect.sleep(INTERVAL)))
      )
    ))
)
