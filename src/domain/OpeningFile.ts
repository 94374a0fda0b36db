/**
 * The file of a project with what the start of a session is told of: what the newest sessions left, read by the hook's
 * entry in place of the database. It lies in the memory's folder, is deleted before its content changes, and is written
 * again afterwards. Pure, and without Effect.
 */
import { hash } from "./Hash.ts"
import type { MemoryUnit } from "./MemoryUnit.ts"

/** What the text about a unit is made of. */
export type LeftUnit = Pick<
  MemoryUnit,
  | "content"
  | "files"
  | "id"
  | "occurredAt"
  | "origin"
  | "projectId"
  | "sessionId"
  | "summary"
  | "supersededBy"
  | "title"
  | "tokens"
  | "type"
>

/** A text of whole lines, with its weight (domain/Tokens.ts). */
export interface Weighed {
  readonly text: string
  readonly weight: number
}

/** Texts about a unit: what is told of it, without its age and its branch. */
export interface Texts {
  /** The title in one line, and its letters, by which titles are compared. */
  readonly title: string
  readonly letters: string
  /** True where a decision begins with its title. */
  readonly isTitled: boolean
  /** Of the last session, and of another one or a decision: with what it left open, and without. */
  readonly long: readonly [withOpen: Weighed, withoutOpen: Weighed]
  readonly short: readonly [withOpen: Weighed, withoutOpen: Weighed]
  /** All that a pin says; missing in others. */
  readonly whole?: Weighed
  /** What a session left open, if anything. */
  readonly open: Weighed | null
  /** True for a rule for later work (domain/Standing.ts). */
  readonly isStanding: boolean
}

/** A unit in a file, with its texts, whose making takes longer than all else. */
export interface FileUnit extends LeftUnit {
  readonly texts: Texts
}

/** What the newest sessions of a project left, newest first. */
export interface Left<U> {
  /** What a person pinned, whatever its type, as far as nothing was put in its place. */
  readonly pinned: ReadonlyArray<U>
  /** Number of older pins, which were not read. */
  readonly unreadPins: number
  readonly archives: ReadonlyArray<U>
  readonly decisions: ReadonlyArray<U>
  /** Branches by session. */
  readonly branches: Readonly<Record<string, string | null>>
}

/** Form of the files; the program reads no other. */
export const FORM = 6

export interface OpeningFile {
  readonly form: typeof FORM
  /** Version of the program that wrote the file: another one may tell otherwise. */
  readonly version: string
  /** From `databaseOf`: what another database tells is told no more once it has been moved away. */
  readonly database: string
  /** Key of the project, or of one that was merged into it. */
  readonly key: string
  /** True when nothing is told of the project. */
  readonly isExcluded: boolean
  readonly left: Left<FileUnit>
  /** Indices in `left` of what is up to date. */
  readonly current: Readonly<Record<"archives" | "decisions", ReadonlyArray<number>>>
  /** Bytes of the newest transcripts, by name, whose lines are remembered. */
  readonly transcripts: Readonly<Record<string, number>>
}

/** Name of the files' folder, in the memory's folder. */
export const FOLDER = "openings"

/** Returns the name of a project's file. Keys may share one: a file names its key. */
export const nameOf = (key: string): string =>
  `${[key, `\u0000${key}`].map((text) => hash(text).toString(16).padStart(8, "0")).join("")}.json`

/** Tells a database's file from any other that lay or will lie at its path, unless one was copied over it. */
export const databaseOf = ({ birthtimeMs, ino }: { readonly birthtimeMs: number; readonly ino: number }): string =>
  `${ino} ${birthtimeMs}`

/** Returns the path of a file while it is written. */
export const temporaryOf = (file: string): string => `${file}.tmp`

/** Parses a file; none when it is of another form, version, database or project. */
export const parse = (
  text: string,
  { database, key, version }: Pick<OpeningFile, "database" | "key" | "version">
): OpeningFile | undefined => {
  const file = JSON.parse(text) as OpeningFile
  return file.form === FORM && file.version === version && file.database === database && file.key === key
    ? file
    : undefined
}
