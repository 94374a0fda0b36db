/**
 * Names the backups of a memory, which lie in a folder beside it: made each day, on request, or before a restore.
 */
import * as DateTime from "effect/DateTime"

/** Name of the folder in the memory's. */
export const FOLDER = "backups"

/** Name of the file in that folder that says why the last daily backup failed; absent when it did not. */
export const FAILURE = "failed.json"

export type BackupKind = "daily" | "memory" | "before-restore"

const BACKUP = /^(daily|memory|before-restore)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(?:-\d+)?\.db\.gz$/

/** Files of a backup or a restore that is being made, and those that SQLite makes beside them. */
const UNFINISHED = /\.\d+\.(?:copy|part|restore)\.tmp(?:-wal|-shm|-journal)?$/

/** Returns the kind of a backup by its name; undefined for another file. */
export const kindOf = (name: string): BackupKind | undefined => BACKUP.exec(name)?.[1] as BackupKind | undefined

/** Returns true for the name of a file of a backup or a restore that was not finished, or is being made. */
export const isUnfinished = (name: string): boolean => UNFINISHED.test(name)

/** Returns the name of the `number`th backup that begins at a time, in milliseconds since the epoch. */
export const nameOf = (kind: BackupKind, createdAt: number, number = 1): string => {
  const time = DateTime.formatIso(DateTime.unsafeMake(createdAt)).slice(0, 19).replaceAll(":", "-")
  return `${kind}-${time}Z${number > 1 ? `-${number}` : ""}.db.gz`
}

/** Returns the path at which a process makes a part of a backup, or unpacks one. */
export const temporaryOf = (file: string, pid: number, part: "copy" | "part" | "restore"): string =>
  `${file}.${pid}.${part}.tmp`
