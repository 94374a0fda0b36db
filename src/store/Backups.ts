/**
 * The port of what backs up a memory that lies in a file, verifies the backups, and puts one in the memory's place.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { FOLDER } from "../domain/BackupFile.ts"
import type { StoreError } from "./MemoryStore.ts"

/** Newest format of a backup that this program writes and reads. */
export const FORMAT = 1

const Count = Schema.NonNegativeInt

/** What a backup says of itself. */
export const Header = Schema.Struct({
  format: Count,
  /** Version of the schema of the database in it. */
  schema: Count,
  /** Version of the program that made it. */
  program: Schema.String,
  /** Milliseconds since the epoch. */
  createdAt: Schema.Int,
  /** Name of the memory, which its copies share. */
  memory: Schema.String,
  units: Count,
  /** Units that are told, and not merged into others; absent in backups of earlier versions. */
  active: Schema.optional(Count),
  sessions: Count,
  messages: Count,
  /** Bytes of the database in it. */
  bytes: Count,
  /** SHA-256 of the database in it, in hexadecimal digits. */
  sha256: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/))
})
export type Header = typeof Header.Type

/** What a memory holds. */
export type Held = Pick<Header, "active" | "messages" | "sessions" | "units">

export class BackupError extends Schema.TaggedError<BackupError>()("BackupError", {
  reason: Schema.Literal(
    "Elsewhere",
    "None",
    "NotABackup",
    "Damaged",
    "Newer",
    "OtherMemory",
    "Busy",
    "Exists",
    "Full",
    "Denied",
    "Other"
  ),
  /** The backup, or the file that could not be written. */
  path: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    switch (this.reason) {
      case "Elsewhere":
        return "this memory is in PostgreSQL, and `backup` and `restore` are for a memory in a file. Back it up with PostgreSQL's own " +
          "program: pg_dump --format=custom --file=memory.dump \"$CLAUDE_MEMORY_POSTGRES_URL\"; pg_restore --clean puts it back"
      case "None":
        return `there is no backup in ${this.path} yet; \`claude-memory backup\` makes one`
      case "NotABackup":
        return `${this.path} is not a backup of Claude Memory${this.detail === "" ? "" : `: ${this.detail}`}`
      case "Damaged":
        return `the backup ${this.path} is damaged (${this.detail}), so nothing was changed. Use another one: ` +
          "`claude-memory backup --list` shows them"
      case "Newer":
        return `the backup ${this.path} was made by a newer claude-memory (${this.detail}), so nothing was changed. Update claude-memory`
      case "OtherMemory":
        return `the backup ${this.path} is of another memory (${this.detail}), so nothing was changed. --force puts it in the place of ` +
          "this one, which is backed up before"
      case "Busy":
        return `other processes have forgotten memories, or written, each time while ${this.path} was made or put in place, so nothing was ` +
          "changed; try again"
      case "Exists":
        return `${this.path} exists already, and is left as it is; name another file`
      case "Full":
        return `the disk that is to hold ${this.path} is full; nothing was changed. Free some space and try again`
      case "Denied":
        return `${this.path} can't be read or written: check that it and its folder exist and belong to you`
      case "Other":
        return `${this.path}: ${this.detail}`
    }
  }
}

/** A backup of the memory's folder. */
export interface Backup {
  readonly path: string
  /** Bytes of the file. */
  readonly size: number
  readonly header: Header
}

/** A file in the folder that has a backup's name and is none that can be read. */
export interface Unreadable {
  readonly path: string
  readonly size: number
  readonly error: BackupError
}

export interface Listing {
  readonly folder: string
  /** Newest first. */
  readonly backups: ReadonlyArray<Backup>
  readonly unreadable: ReadonlyArray<Unreadable>
  /** Why the last daily backup failed, and when, in milliseconds since the epoch. */
  readonly failure: { readonly at: number; readonly detail: string } | undefined
}

/** Work on some bytes, of which `done` of `total` are finished. */
export interface Step {
  readonly what: "copying" | "packing" | "unpacking" | "checking" | "replacing"
  readonly done: number
  readonly total: number
}

export type Report = (step: Step) => Effect.Effect<void>

export interface Restored extends Held {
  readonly backup: Backup
  /** Backup of the memory that was there before; undefined when nothing was. */
  readonly before: string | undefined
  /** What was cut because it was forgotten since the backup. */
  readonly cut: {
    readonly units: number
    readonly messages: number
    readonly titles: number
    readonly deadLetters: number
  }
  /** Forgotten texts that another memory knew, and that its backup's does not know: they may be captured again. */
  readonly lostTombstones: number
}

type Failure = BackupError | StoreError

export class Backups extends Context.Tag("claude-memory/Backups")<Backups, {
  /** Folder of the backups, beside the memory. */
  readonly folder: string
  /**
   * Backs up the memory as it is at one moment, while others write, into a new file or a folder; into the memory's own folder of
   * backups by default. The file is whole, on the disk, and readable for its owner only when it has its name.
   */
  readonly make: (to: string | undefined, report: Report) => Effect.Effect<Backup, Failure>
  /** Unpacks a backup, the newest by default, beside the memory, checks every page, and compares its counts with its header. */
  readonly verify: (path: string | undefined, report: Report) => Effect.Effect<Backup, Failure>
  readonly list: Effect.Effect<Listing, Failure>
  /**
   * Puts a backup in the place of the memory, in one transaction: processes that have it open go on with it. What was forgotten
   * since stays forgotten. Backs up the memory that is there before. Fails for a backup of another memory unless `isForced`.
   */
  readonly restore: (path: string, isForced: boolean, report: Report) => Effect.Effect<Restored, Failure>
  /** Makes the daily backup when the newest is older than a day, and deletes those beyond the limits. */
  readonly daily: Effect.Effect<Backup | undefined, Failure>
}>() {}

/** What makes backups by itself in a process that runs for long. Makes none unless a layer is provided. */
export class DailyBackup extends Context.Reference<DailyBackup>()("claude-memory/DailyBackup", {
  defaultValue: (): {
    /** Makes the backup when it is due; a failure is recorded for `doctor`. */
    readonly makeIfDue: Effect.Effect<void>
  } | undefined => undefined
}) {}

/** Returns the backups' folder in the memory's, as people read it. */
export const shownFolder = (home: string): string => `${home}/${FOLDER}`
