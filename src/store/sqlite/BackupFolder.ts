/**
 * The files in the folder of backups: lists, prunes and deletes them, and records why the last daily backup failed.
 */
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { FAILURE, FOLDER, isUnfinished, kindOf } from "../../domain/BackupFile.ts"
import { messageOf } from "../../domain/Thrown.ts"
import { makeFolder, readFrom, replaceFile, syncFolder } from "../../resources/Disk.ts"
import { type Backup, BackupError, type Listing, type Unreadable } from "../Backups.ts"
import { StoreError } from "../MemoryStore.ts"
import * as BackupFormat from "./BackupFormat.ts"

/** Age after which no process writes an unfinished file any more, in milliseconds. */
const ABANDONED_MS = 3_600_000

const reasonOf = (cause: unknown): BackupError["reason"] => {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return "Full"
    case "EACCES":
    case "EISDIR":
    case "ENOENT":
    case "ENOTDIR":
    case "EPERM":
    case "EROFS":
      return "Denied"
    default:
      return "Other"
  }
}

/** Makes the error of a failed operation on a file. */
export const errorAt = (path: string) => (cause: unknown): BackupError =>
  cause instanceof BackupError
    ? cause
    : new BackupError({
      reason: reasonOf(cause),
      path,
      detail: messageOf(cause),
      cause
    })

/** Runs an operation of the file system. */
export const use = <A>(path: string, run: () => A) => Effect.try({ try: run, catch: errorAt(path) })

export const folderOf = (database: string): string => join(dirname(database), FOLDER)

/** Reads the header of a backup. */
export const read = (path: string): Backup => {
  const parsed = BackupFormat.parse(readFrom(path, BackupFormat.HEADER_BYTES))
  if (parsed._tag === "Header") return { path, size: statSync(path).size, header: parsed.header }
  const detail = parsed._tag === "Damaged" ? "its header was changed or is cut off" : ""
  throw new BackupError({
    reason: parsed._tag,
    path,
    detail: parsed._tag === "Newer" ? "its format is a newer one" : detail,
    cause: undefined
  })
}

const namesIn = (folder: string): ReadonlyArray<string> => existsSync(folder) ? readdirSync(folder) : []

const failureIn = (folder: string): Listing["failure"] => {
  try {
    const { at, detail } = JSON.parse(readFileSync(join(folder, FAILURE), "utf8")) as Record<string, unknown>
    return typeof at === "number" && typeof detail === "string" ? { at, detail } : undefined
  } catch {
    // None has failed, or it could not be recorded.
    return undefined
  }
}

/** Lists the backups of a folder by their headers. */
export const list = (folder: string): Listing => {
  const backups: Array<Backup> = []
  const unreadable: Array<Unreadable> = []
  for (const path of namesIn(folder).filter((name) => kindOf(name) !== undefined).map((name) => join(folder, name))) {
    try {
      backups.push(read(path))
    } catch (cause) {
      unreadable.push({ path, size: statSync(path, { throwIfNoEntry: false })?.size ?? 0, error: errorAt(path)(cause) })
    }
  }
  return {
    folder,
    backups: backups.sort((a, b) => b.header.createdAt - a.header.createdAt || (a.path < b.path ? 1 : -1)),
    unreadable,
    failure: failureIn(folder)
  }
}

/** Makes the folder, and deletes what killed processes have left in it. `now` is in milliseconds since the epoch. */
export const prepare = (folder: string, now: number): void => {
  makeFolder(folder)
  for (const path of namesIn(folder).filter(isUnfinished).map((name) => join(folder, name))) {
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) < now - ABANDONED_MS) rmSync(path, { force: true })
  }
}

/** Records that a daily backup failed at a time, in milliseconds since the epoch. */
export const recordFailure = (folder: string, at: number, detail: string): void =>
  replaceFile(join(folder, FAILURE), JSON.stringify({ at, detail }))

export const forgetFailure = (folder: string): void => rmSync(join(folder, FAILURE), { force: true })

/** Limits of the daily backups: at most so many, and at most so many bytes in all, of which the newest two are never deleted. */
export interface Limits {
  readonly kept: number
  readonly bytes: number
}

/** Daily backups that stay, however large they are. */
const ALWAYS_KEPT = 2

/**
 * Deletes the daily backups beyond the limits; returns their names. `now` is in milliseconds since the epoch: those that are dated
 * later, by a clock that was wrong, go first.
 */
export const prune = (folder: string, { bytes, kept }: Limits, now: number): ReadonlyArray<string> => {
  let sum = 0
  const daily = list(folder).backups.filter(({ path }) => kindOf(basename(path)) === "daily")
  const isLater = ({ header }: Backup) => header.createdAt > now
  const gone = [...daily.filter((backup) => !isLater(backup)), ...daily.filter(isLater)]
    .filter(({ size }, i) => {
      sum += size
      return i >= kept || i >= ALWAYS_KEPT && sum > bytes
    })
  for (const { path } of gone) rmSync(path, { force: true })
  if (gone.length > 0) syncFolder(folder)
  return gone.map(({ path }) => basename(path))
}

/** Returns true for a backup that was begun before a time, and for one that does not say when. */
const isFrom = (path: string, before: number): boolean => {
  try {
    return read(path).header.createdAt < before
  } catch {
    return true
  }
}

/**
 * Deletes the backups in the memory's folder, or those that were begun before a time, in milliseconds since the epoch, and those that
 * are being made, whose processes begin anew; returns the names of the finished ones. For the transaction that forgets what they may hold.
 */
export const deleteAll = (
  database: string,
  before = Number.POSITIVE_INFINITY
): Effect.Effect<ReadonlyArray<string>, StoreError> => {
  const folder = folderOf(database)
  return Effect.try({
    try: () => {
      const names = namesIn(folder).filter((name) =>
        isUnfinished(name) || kindOf(name) !== undefined && isFrom(join(folder, name), before)
      )
      for (const name of names) rmSync(join(folder, name), { force: true })
      if (names.length > 0) syncFolder(folder)
      return names.filter((name) => kindOf(name) !== undefined).sort()
    },
    catch: (cause) =>
      new StoreError({
        reason: "Locked",
        operation: "delete",
        detail:
          `a backup of the memory in ${folder} can't be deleted: another program has it open, or it isn't yours. ` +
          "Nothing was changed",
        cause
      })
  })
}
