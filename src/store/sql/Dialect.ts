/**
 * The differences between the databases: what each takes as a value, how rows of values go into a statement, locks, claims on work, the
 * lexical lane, and the few columns that only one of them has.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import type * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type * as Duplicates from "../Duplicates.ts"
import type { Probe } from "../Forgetting.ts"
import type { CaptureBatch, Cursor, DeadLetter, LexicalMatches, StoreError, WorkItem } from "../MemoryStore.ts"
import type { KeptProject } from "../Rules.ts"

export type SqlEffect<A> = Effect.Effect<A, SqlError>

/** A type as PostgreSQL names it. SQLite takes any value, and a list as the text of a JSON array. */
export type ColumnType = "bigint" | "boolean" | "double precision" | "integer" | "text" | "text[]"

export type Columns = Readonly<Record<string, ColumnType>>

export type Row = object

/** A unit on its way into the store, with its lexical fields. */
export interface Fielded {
  readonly unit: MemoryUnit
  readonly fields: ReadonlyArray<ReadonlyArray<string>>
  readonly lexemeCount: number
  readonly sketch: ReadonlyArray<number>
}

/** A dead letter, and which file of its path it is from. */
export interface KeptLetter extends DeadLetter {
  readonly fingerprint: string
}

export interface Body {
  readonly body: string
}

/** The two queries of the table's name: what it counts, and the count. */
export type CountColumns = Readonly<Record<"line_counts" | "redactions", readonly [name: string, count: string]>>

export interface Dialect {
  /** Returns a text as a column can hold it. */
  readonly text: (value: string) => string
  readonly boolean: (value: boolean) => boolean | number
  /** True for a row whose column, of type text, is one of these. */
  readonly isIn: (column: string, values: Iterable<string>) => Fragment
  /** A table of these rows under this alias; its column `i` is the place of a row, from 0 on. */
  readonly table: (alias: string, columns: Columns, rows: ReadonlyArray<Row>) => Fragment
  /** True where a text holds both words of one of these. */
  readonly holdsBoth: (column: string, probes: ReadonlyArray<Probe>) => Fragment
  readonly conditions: (filter: SearchFilter) => Fragment
  readonly countColumns: CountColumns
  /** Columns of messages that only this database has. */
  readonly messageColumns: Columns
  /** Parses a unit, one that an earlier version wrote too. */
  readonly unitOf: (row: Body) => MemoryUnit

  /** Excludes other transactions that name one of these until this one ends. */
  readonly lock: (kind: "capture" | "property" | "units", names: Iterable<string>) => SqlEffect<unknown>
  /** Excludes other transactions that write messages or units until this one ends. */
  readonly lockAll: SqlEffect<unknown>
  /** Excludes transactions that call `lockAll` until this one ends. */
  readonly lockShared: SqlEffect<unknown>
  /** Ends a SELECT whose rows nobody else may change until the transaction ends. */
  readonly forUpdate: Fragment

  /** Queues distinct keys: new ones in their order, those that wait with their revision raised. */
  readonly enqueue: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => SqlEffect<unknown>
  /** Raises the revision of work that waits or is being done; queues nothing new. */
  readonly touch: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => SqlEffect<unknown>
  readonly claim: (kind: WorkItem["kind"], limit: number) => SqlEffect<ReadonlyArray<WorkItem>>
  readonly renew: (items: ReadonlyArray<WorkItem>) => SqlEffect<unknown>
  readonly done: (items: ReadonlyArray<WorkItem>) => SqlEffect<unknown>
  readonly release: (items: ReadonlyArray<WorkItem>) => SqlEffect<unknown>
  /** Returns the keys of those items whose revision has not moved on. */
  readonly standing: (items: ReadonlyArray<WorkItem>) => SqlEffect<ReadonlyArray<string>>
  /** False in a schema that an earlier version left to a reader, in which no attempt is counted. */
  readonly countsAttempts: SqlEffect<boolean>

  readonly insertDeadLetters: (cursor: Cursor, letters: CaptureBatch["deadLetters"]) => SqlEffect<unknown>
  readonly deadLetters: (limit: number) => SqlEffect<ReadonlyArray<DeadLetter>>
  readonly keptLetters: SqlEffect<ReadonlyArray<KeptLetter>>
  /** Deletes their lines; that they were there stays known. */
  readonly emptyLetters: (letters: ReadonlyArray<KeptLetter>) => SqlEffect<unknown>

  /** Moves the counts of units and lexemes along with a project's units. */
  readonly moveTotals: (from: string, into: string) => SqlEffect<unknown>
  /** Writes the lexemes of units whose rows were inserted, and adds them to the totals. */
  readonly insertLexemes: (
    units: ReadonlyArray<Fielded>,
    rowOf: (unit: MemoryUnit) => number | undefined
  ) => SqlEffect<unknown>
  /**
   * Deletes units and returns their ids in the order of rows. With `isForgotten` no word of them stays in an index, as far as the
   * database can see to that.
   */
  readonly deleteUnits: (rows: ReadonlyArray<number>, isForgotten: boolean) => SqlEffect<ReadonlyArray<string>>
  readonly worded: (ids: ReadonlyArray<string>) => SqlEffect<ReadonlyArray<Duplicates.Worded>>
  readonly lexical: (
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ) => SqlEffect<LexicalMatches>

  /** The files that a session's messages name, in their order, at most `limit`. */
  readonly filesOf: (sessionId: string, limit: number) => SqlEffect<ReadonlyArray<{ readonly file: string }>>
  /** Selects the ids of messages that active units cite. */
  readonly citedMessages: Fragment
  readonly projects: SqlEffect<ReadonlyArray<KeptProject>>
  readonly identity: Effect.Effect<string, SqlError | StoreError>
}
