/**
 * The differences between the databases: value types, how rows of values go into a statement, locks, claims on work, lexical search, and
 * the few columns that only one database has.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import type * as Effect from "effect/Effect"
import type { Message } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type * as Duplicates from "../Duplicates.ts"
import type { Probe } from "../Forgetting.ts"
import type { CaptureBatch, Cursor, DeadLetter, LexicalMatches, StoreError, WorkItem } from "../MemoryStore.ts"
import type { KeptProject } from "../Rules.ts"

export type SqlEffect<A> = Effect.Effect<A, SqlError>

/**
 * Column type by PostgreSQL's name. SQLite needs no types, and takes a list as the text of a JSON array. "packed" is a text that SQLite
 * compresses; PostgreSQL compresses long values by itself.
 */
export type ColumnType = "bigint" | "boolean" | "double precision" | "integer" | "packed" | "text" | "text[]"

export type Columns = Readonly<Record<string, ColumnType>>

export type Row = object

/** A unit to insert, with its lexical fields and its sketch. */
export interface Fielded {
  readonly unit: MemoryUnit
  readonly fields: ReadonlyArray<ReadonlyArray<string>>
  readonly lexemeCount: number
  readonly sketch: ReadonlyArray<number>
  /** Project for which the unit was made, when that is merged into the unit's own. */
  readonly ownProjectId: string | null
}

/** A dead letter with the fingerprint of its file: one path may have held several files. */
export interface KeptLetter extends DeadLetter {
  readonly fingerprint: string
}

export interface Body {
  readonly body: string
}

/** The body of a unit; bytes where it is compressed. */
export interface UnitBody {
  readonly body: string | Uint8Array
}

/** A message to insert. */
export interface MessageRow extends Body {
  readonly uuid: string
  readonly session_id: string
  readonly thread: string
  readonly segment_id: string
  readonly role: string
  readonly is_prompt: boolean
  readonly said: boolean
  readonly occurred_at: number
  readonly files: ReadonlyArray<string>
}

/** A stored message. */
export interface StoredMessage extends Body {
  readonly seq: number
  readonly segment_id: string
}

/** A message that was read; `key` is what the query named it by. */
export interface ReadMessage {
  readonly seq: number
  readonly key: string
  readonly message: Message
}

/** Names of the two columns of a table of counts: the kind, and its count. */
export type CountColumns = Readonly<Record<"line_counts" | "redactions", readonly [name: string, count: string]>>

export interface Dialect {
  /** Replaces characters that a text column can't hold. */
  readonly text: (value: string) => string
  readonly boolean: (value: boolean) => boolean | number
  /** A condition: the text column has one of these values. */
  readonly isIn: (column: string, values: Iterable<string>) => Fragment
  /** A table of these rows under this alias; its column `i` is the index of a row, from 0. */
  readonly table: (alias: string, columns: Columns, rows: ReadonlyArray<Row>) => Fragment
  readonly conditions: (filter: SearchFilter) => Fragment
  readonly countColumns: CountColumns
  /** Parses a unit, also one that an earlier version wrote. */
  readonly unitOf: (row: UnitBody) => MemoryUnit
  /** The bodies of units with a text exchanged for another. */
  readonly replacedBody: (from: string, to: string) => Fragment

  /** Inserts messages in their order. */
  readonly insertMessages: (rows: ReadonlyArray<MessageRow>) => SqlEffect<unknown>
  /** Writes what changes when sentences are cut from messages. */
  readonly updateMessages: (
    rows: ReadonlyArray<Pick<MessageRow, "body" | "files" | "said" | "uuid">>
  ) => SqlEffect<unknown>
  /** Returns messages after a number whose JSON contains both words of a probe, in the order of insertion. */
  readonly messagesHolding: (
    probes: ReadonlyArray<Probe>,
    after: number,
    limit: number
  ) => SqlEffect<ReadonlyArray<StoredMessage>>

  /**
   * Reads the messages that a query chooses, which selects `seq`, a text `key` and a number `rank` of the messages table; returns
   * them by rank, then in the order of insertion.
   */
  readonly messagesIn: (chosen: Fragment) => SqlEffect<ReadonlyArray<ReadMessage>>

  /** Locks names until this transaction ends; other transactions that lock one of them wait. */
  readonly lock: (kind: "capture" | "property", names: Iterable<string>) => SqlEffect<unknown>
  /** Locks the projects of these units, and of the stored units of these origins, in the same way. */
  readonly lockUnits: (
    origins: ReadonlyArray<string>,
    units: ReadonlyArray<Pick<MemoryUnit, "projectId">>
  ) => SqlEffect<unknown>
  /** Excludes transactions that call `lockAll` or `lockShared` until this one ends: nobody else writes messages or units. */
  readonly lockAll: SqlEffect<unknown>
  /** Excludes transactions that call `lockAll` until this one ends. */
  readonly lockShared: SqlEffect<unknown>
  /** Ends a SELECT to lock its rows until the transaction ends. */
  readonly forUpdate: Fragment
  /** Stands after the columns of an INSERT that gives rows their own numbers. */
  readonly withNumbers: Fragment

  /** Queues distinct keys: adds new ones in their order, and raises the revision and resets the attempts of queued ones. */
  readonly enqueue: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => SqlEffect<unknown>
  /** Raises the revision of queued and claimed work; queues nothing new. */
  readonly raiseRevision: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => SqlEffect<unknown>
  readonly claim: (kind: WorkItem["kind"], limit: number) => SqlEffect<ReadonlyArray<WorkItem>>
  readonly renew: (items: ReadonlyArray<WorkItem>) => SqlEffect<unknown>
  readonly done: (items: ReadonlyArray<WorkItem>) => SqlEffect<unknown>
  readonly release: (items: ReadonlyArray<WorkItem>) => SqlEffect<unknown>
  /** Returns the keys of the items that are claimed by this owner still, in the same revision. */
  readonly unchanged: (items: ReadonlyArray<WorkItem>) => SqlEffect<ReadonlyArray<string>>
  /** False for a reader of an earlier version's schema, which does not count attempts. */
  readonly countsAttempts: SqlEffect<boolean>
  /** False for a reader of an earlier version's schema, which could not forget. */
  readonly keepsTombstones: SqlEffect<boolean>
  /** False for a reader of an earlier version's schema, which has no place for what a person changed. */
  readonly keepsOverlays: SqlEffect<boolean>
  /** False for a reader of an earlier version's schema, which does not record what a project was merged from. */
  readonly recordsOwnProjects: SqlEffect<boolean>

  readonly insertDeadLetters: (cursor: Cursor, letters: CaptureBatch["deadLetters"]) => SqlEffect<unknown>
  readonly deadLetters: (limit: number) => SqlEffect<ReadonlyArray<DeadLetter>>
  readonly keptLetters: SqlEffect<ReadonlyArray<KeptLetter>>
  /** Writes the lines of dead letters whose rows are there. */
  readonly setLetters: (letters: ReadonlyArray<KeptLetter>) => SqlEffect<unknown>

  /** Moves the counts of these units and their lexemes from a project to another, before the units are moved. */
  readonly moveTotals: (ids: ReadonlyArray<string>, from: string, into: string) => SqlEffect<unknown>
  /** Writes the lexemes of units that have none, and adds them to the totals. */
  readonly insertLexemes: (
    units: ReadonlyArray<Pick<Fielded, "fields" | "lexemeCount" | "unit">>,
    rowOf: (unit: MemoryUnit) => number | undefined
  ) => SqlEffect<unknown>
  /** Deletes the lexemes of units, and takes them from the totals. */
  readonly deleteLexemes: (rows: ReadonlyArray<number>) => SqlEffect<unknown>
  /**
   * Deletes units and returns their ids. With `isForgotten` also erases their words from the lexical index, as far as the database
   * supports that.
   */
  readonly deleteUnits: (rows: ReadonlyArray<number>, isForgotten: boolean) => SqlEffect<ReadonlyArray<string>>
  readonly worded: (ids: ReadonlyArray<string>) => SqlEffect<ReadonlyArray<Duplicates.Worded>>
  readonly lexical: (
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ) => SqlEffect<LexicalMatches>

  /** Returns those of these segments and sessions that are not compressed again, since messages or units of them were let go. */
  readonly letGoAmong: (origins: ReadonlyArray<string>) => SqlEffect<ReadonlyArray<string>>
  /** Returns the times up to which the messages of sessions were let go, of those of which some were. */
  readonly letGoUntil: (sessionIds: ReadonlyArray<string>) => SqlEffect<ReadonlyMap<string, number>>
  /** Returns the files that a session's messages name, in the order of the messages, at most `limit`. */
  readonly filesOf: (sessionId: string, limit: number) => SqlEffect<ReadonlyArray<{ readonly file: string }>>
  /** Selects the ids of messages that active units cite. */
  readonly citedMessages: Fragment
  readonly projects: SqlEffect<ReadonlyArray<KeptProject>>
  readonly identity: Effect.Effect<string, SqlError | StoreError>
  /** See `MemoryStore.version`. */
  readonly version: SqlEffect<string>
}
