/**
 * Checks the backups of a memory.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Backups } from "../store/Backups.ts"
import { type Check, check } from "./Health.ts"
import { type HealthLanguage, WORDS } from "./HealthWords.ts"

/** Says how old the newest backup is, and why the last one failed. `isDaily`: the settings have one made each day. */
export const checkBackups = (language: HealthLanguage, isDaily: boolean) =>
  Effect.gen(function*() {
    const words = WORDS[language].backups
    const { backups, failure, folder, unreadable } = yield* Effect.flatMap(Backups, ({ list }) => list)
    const now = yield* Clock.currentTimeMillis
    const [newest] = backups
    const bytes = backups.reduce((sum, { size }) => sum + size, 0)
    const kept = newest === undefined
      ? words.none
      : words.kept(now - newest.header.createdAt, backups.length, bytes, folder)
    if (failure !== undefined) return [check("backups", false, "", words.failed(failure, kept))]
    if (unreadable.length > 0) {
      return [check("backups", false, "", words.unreadable(unreadable.map(({ error }) => error.message), kept), "note")]
    }
    if (newest !== undefined) return [check("backups", true, kept, "")]
    return [check("backups", false, "", isDaily ? words.noneYet : words.off, "note")]
  }).pipe(Effect.orElseSucceed((): ReadonlyArray<Check> => []))
