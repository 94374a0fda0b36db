/**
 * Describes a database by its parts: what their tables hold, and how a part is made again whose tables are damaged or gone.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Effect from "effect/Effect"
import type { Report } from "../Integrity.ts"

export interface Part {
  readonly tables: ReadonlyArray<string>
  /** Names the content in a sentence. */
  readonly holds: string
  /** What is lost when the tables are made again, as the end of a sentence; undefined when they can't be: nothing else holds it. */
  readonly loss?: string
  /** Removes the rows that differ from the source, when the pages are whole; without it, the whole part is made again. */
  readonly mend?: (sql: SqlClient) => Effect.Effect<unknown, SqlError>
}

/** A part that differs from what it is derived from. */
export interface Difference {
  readonly part: Part
  readonly detail: string
}

export interface DatabaseParts {
  /** Name of the file. */
  readonly name: string
  /** Name of the checks. */
  readonly title: string
  readonly steps: ReadonlyArray<ReadonlyArray<string>>
  readonly parts: ReadonlyArray<Part>
  /** Says what to do where a part is damaged that can't be made again, when the rest can be read and when it can't. */
  readonly remedy: (path: string, isReadable: boolean) => string
  /** Compares the parts in less than a second. */
  readonly compareQuickly: (sql: SqlClient) => Effect.Effect<ReadonlyArray<Difference>, SqlError>
  readonly compare: (sql: SqlClient) => Effect.Effect<ReadonlyArray<Difference>, SqlError>
  /** Fills parts whose tables are new and empty, in a transaction. */
  readonly fill: (sql: SqlClient, parts: ReadonlySet<Part>, report: Report) => Effect.Effect<void, SqlError>
  /** Parts whose vectors a model makes afterwards. */
  readonly needsVectors: (part: Part) => boolean
}

/** Finds the part of a table; the tables of a full-text index are named after it. */
export const partOf = ({ parts }: DatabaseParts, table: string): Part | undefined =>
  parts.find(({ tables }) => tables.some((name) => table === name || isShadow(name, table)))

const SHADOWS = ["data", "idx", "content", "docsize", "config"]

/** Returns true for the tables in which SQLite keeps a full-text index of this name. */
export const isShadow = (index: string, table: string): boolean => SHADOWS.some((part) => table === `${index}_${part}`)
