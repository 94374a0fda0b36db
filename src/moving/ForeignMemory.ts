/**
 * The port of another program's memory, whose records become memories of ours. An adapter only reads, and never changes what it reads.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { UnitType } from "../domain/MemoryUnit.ts"

/** Programs whose memories can be read; also the beginning of the ids of what comes from them. */
export type Source = "claude-mem" | "predecessor"

/** Most characters read of one field of a record; what is longer is cut there, and counted in `cut`. */
export const MAX_FIELD_LENGTH = 100_000

/** A record of another memory, as read: not masked, and of any length. */
export interface ForeignRecord {
  readonly _tag: "Record"
  /** Distinguishes the record from all others of its source, also in a copy of the source. */
  readonly key: string
  /** Name of the project there; empty without one. */
  readonly project: string
  /** Session there; empty without one. */
  readonly session: string
  readonly type: UnitType
  /** Empty when the source has none: then the beginning of the text is the title. */
  readonly title: string
  readonly summary: string
  readonly paragraphs: ReadonlyArray<string>
  readonly keywords: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
  /** Milliseconds since the epoch; undefined when the source has no date, or one outside of 2000 to 2100. */
  readonly occurredAt: number | undefined
  /** Milliseconds since the epoch; null when it does not expire. */
  readonly expiresAt: number | null
  /** Share of the content that is worth reading, from 0 to 1. */
  readonly quality: number
  /** Characters of over-long fields that were not read. */
  readonly cut: number
}

/** A record that is no memory for us, and why. */
export interface ForeignSkip {
  readonly _tag: "Skipped"
  readonly reason: string
}

export type ForeignRead = ForeignRecord | ForeignSkip

/** A project there, and the absolute paths by which its folder may be found: of folders, and of files in it. */
export interface ForeignProject {
  readonly name: string
  readonly folders: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
}

/** Ends the reading; what was read before it stays. Nothing is changed at `place`. */
export class ForeignError extends Schema.TaggedError<ForeignError>()("ForeignError", {
  /** `Changing`: the file was written to each time while it was copied. `Server`: a server could not be asked. */
  reason: Schema.Literal(
    "Missing",
    "NotADatabase",
    "UnknownSchema",
    "Changing",
    "Damaged",
    "Denied",
    "Full",
    "Server",
    "Other"
  ),
  source: Schema.Literal("claude-mem", "predecessor"),
  /** File or server, without user and password. */
  place: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    switch (this.reason) {
      case "Missing":
        return `there is no database of ${this.source} at ${this.place}. Say where it is: --file PATH`
      case "NotADatabase":
        return `${this.place} is no SQLite database (${this.detail}). Name the database of ${this.source}: --file PATH`
      case "UnknownSchema":
        return `${this.place} has not the tables of ${this.source}: ${this.detail}`
      case "Changing":
        return `${this.place} was written to each time while it was copied. End the program that writes it, or try again later`
      case "Damaged":
        return `${this.place} is damaged (${this.detail}). What was read of it before that, if anything, is kept. Name an undamaged copy ` +
          "of it, or repair it by `sqlite3 FILE .recover`"
      case "Denied":
        return `${this.place} can't be read (${this.detail}). Check that it belongs to you and can be read`
      case "Full":
        return `the disk has no room for a copy of ${this.place} in the folder of temporary files. Free some space and try again`
      case "Server":
        return this.detail
      case "Other":
        return `${this.place}: ${this.detail}`
    }
  }
}

/** Reads a memory of another program, from a copy of its file or in transactions that may not write. */
export class ForeignMemory extends Context.Tag("claude-memory/ForeignMemory")<ForeignMemory, {
  readonly source: Source
  /** File or server, for people, without user and password. */
  readonly place: string
  /** Number of records in `records` when it was opened. */
  readonly total: number
  readonly projects: ReadonlyArray<ForeignProject>
  /** Rows that are not read since they are no memories, by what they are. */
  readonly left: Readonly<Record<string, number>>
  /** Reads the records page by page, in an order that stays the same. */
  readonly records: Stream.Stream<ForeignRead, ForeignError>
}>() {}
