/**
 * What a database is told and asked in a write, in its own words.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type * as Effect from "effect/Effect"
import type { Message, OpenSegment } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Project } from "../../domain/Project.ts"
import type * as Duplicates from "../Duplicates.ts"
import type { Probe } from "../Forgetting.ts"
import type { CaptureBatch, Cursor, DeadLetter, WorkItem } from "../MemoryStore.ts"
import type { SessionChange } from "../Rules.ts"

export type Said<A> = Effect.Effect<A, SqlError>

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

/** A row of messages. */
export interface StoredMessage {
  readonly seq: number
  readonly segment_id: string
  readonly body: string
}

/** What is said to a database, all of it in one transaction. */
export interface Statements {
  /** The cursor of the batch's file. No other transaction appends to that file or these sessions meanwhile. */
  readonly cursorOf: (batch: CaptureBatch) => Said<Pick<Cursor, "offset" | "fingerprint"> | undefined>
  readonly setCursor: (cursor: Cursor) => Said<unknown>
  /** Which of these messages are stored. */
  readonly known: (uuids: ReadonlyArray<string>) => Said<ReadonlyArray<string>>
  readonly setProject: (project: Project) => Said<unknown>
  /** The project that this one was merged into, else itself. */
  readonly projectFor: (id: string) => Said<string>
  readonly setExcluded: (id: string, isExcluded: boolean) => Said<unknown>
  readonly setName: (id: string, name: string) => Said<unknown>
  /** Of the project and of those merged into it before. */
  readonly setMerged: (from: string, into: string) => Said<unknown>
  readonly moveSessions: (from: string, into: string) => Said<unknown>
  /** Gives the ids of all its units. */
  readonly moveUnits: (from: string, into: string) => Said<ReadonlyArray<string>>
  /** Gives the number of sessions that are new. */
  readonly changeSessions: (
    project: Project,
    changes: ReadonlyMap<string, SessionChange>
  ) => Said<number>
  readonly openSegments: (threadKeys: ReadonlyArray<string>) => Said<ReadonlyMap<string, OpenSegment>>
  /** The segments that messages of these threads belong to now. */
  readonly setOpenSegments: (segments: ReadonlyMap<string, string>) => Said<unknown>
  readonly insertMessages: (messages: ReadonlyArray<Message>, segmentIds: ReadonlyArray<string>) => Said<unknown>
  readonly addCounts: (
    table: "line_counts" | "redactions",
    counts: Readonly<Record<string, number>>
  ) => Said<unknown>
  readonly insertDeadLetters: (cursor: Cursor, letters: ReadonlyArray<DeadLetter>) => Said<unknown>

  /** Keys are distinct, and new ones are queued in their order; others are a revision older. */
  readonly enqueue: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => Said<unknown>
  readonly done: (items: ReadonlyArray<WorkItem>) => Said<unknown>
  readonly release: (items: ReadonlyArray<WorkItem>) => Said<unknown>
  /** How often an item that this process holds has failed. */
  readonly attempts: (item: WorkItem) => Said<number | undefined>
  readonly setFailed: (item: WorkItem, attempts: number, error: string, notBefore: number) => Said<unknown>

  /** The segments of a session in their order. */
  readonly segmentsOf: (sessionId: string) => Said<ReadonlyArray<string>>
  /** Whether a session is to be reviewed from now on, and was not before. */
  readonly setReviewed: (sessionId: string) => Said<boolean>
  readonly isReviewed: (sessionId: string) => Said<boolean>

  /** No other transaction writes messages or units until this one ends. */
  readonly alone: Said<unknown>
  /** What tombstones are hashed with; undefined where nothing was ever forgotten. No other transaction forgets until this one ends. */
  readonly secret: Said<string | undefined>
  /** Which of these hashes some tombstone has. */
  readonly entombed: (hashes: ReadonlyArray<string>) => Said<ReadonlyArray<string>>
  readonly insertTombstones: (unitIds: ReadonlyArray<string>, hashes: ReadonlyArray<string>) => Said<unknown>
  /** Those of a unit. */
  readonly deleteTombstones: (unitId: string) => Said<unknown>
  readonly messagesBy: (uuids: ReadonlyArray<string>) => Said<ReadonlyArray<StoredMessage>>
  readonly messagesOf: (
    sessionIds: ReadonlyArray<string>,
    after: number,
    limit: number
  ) => Said<ReadonlyArray<StoredMessage>>
  /** Those whose JSON holds both words of one of these; in the order of their writing, as those above. */
  readonly messagesHolding: (
    probes: ReadonlyArray<Probe>,
    after: number,
    limit: number
  ) => Said<ReadonlyArray<StoredMessage>>
  readonly updateMessages: (messages: ReadonlyArray<Message>) => Said<unknown>
  readonly keptLetters: Said<ReadonlyArray<KeptLetter>>
  /** Their lines go, that they were there stays. */
  readonly emptyLetters: (letters: ReadonlyArray<KeptLetter>) => Said<unknown>
  readonly titlesOf: (
    sessionIds: ReadonlyArray<string>
  ) => Said<ReadonlyArray<{ readonly id: string; readonly title: string | null }>>
  readonly removeTitles: (sessionIds: ReadonlyArray<string>) => Said<unknown>
  /** Work that waits or is being done is to be done again; nothing new is queued. */
  readonly touch: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => Said<unknown>
  readonly property: (name: string) => Said<string | undefined>
  readonly setProperty: (name: string, value: string) => Said<unknown>

  /** No other transaction writes units of the projects of these, and of what is there of these origins, until this one ends. */
  readonly holdUnits: (origins: ReadonlyArray<string>, units: ReadonlyArray<MemoryUnit>) => Said<unknown>
  /** The keys of those items whose revision has not moved on. */
  readonly standing: (items: ReadonlyArray<WorkItem>) => Said<ReadonlyArray<string>>
  readonly unitsOf: (
    origins: ReadonlyArray<string>
  ) => Said<ReadonlyArray<{ readonly row: number; readonly body: string }>>
  readonly unitsOfSessions: (
    sessionIds: ReadonlyArray<string>
  ) => Said<ReadonlyArray<{ readonly row: number; readonly body: string }>>
  readonly unitsById: (
    ids: ReadonlyArray<string>
  ) => Said<ReadonlyArray<{ readonly row: number; readonly body: string }>>
  /** Gives their ids, in the order of rows. What is forgotten leaves no word behind in an index, as far as the database can see to that. */
  readonly deleteUnits: (rows: ReadonlyArray<number>, isForgotten: boolean) => Said<ReadonlyArray<string>>
  readonly insertUnits: (units: ReadonlyArray<Fielded>) => Said<unknown>
  /** In the place of those that a unit has. */
  readonly setSketches: (sketches: ReadonlyMap<string, ReadonlyArray<number>>) => Said<unknown>
  readonly updateUnits: (units: ReadonlyArray<MemoryUnit>) => Said<unknown>
  /** The units that these have superseded, by id. */
  readonly supersededBy: (ids: ReadonlyArray<string>) => Said<ReadonlyArray<MemoryUnit>>
  /** Pairs of a unit and an active one of its project that may say the same. */
  readonly alike: (ids: ReadonlyArray<string>) => Said<ReadonlyArray<{ readonly id: string; readonly other: string }>>
  readonly worded: (ids: ReadonlyArray<string>) => Said<ReadonlyArray<Duplicates.Worded>>
}
