/**
 * The port to what is kept: sessions, messages, units, cursors, work to do, the sum of captured lines, and the lexical lane.
 * The store is the truth; every index can be rebuilt from it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Message, Segment, Session, SessionFacts } from "../domain/Conversation.ts"
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import type { KnownProject, Project } from "../domain/Project.ts"
import type { SearchFilter } from "../domain/Search.ts"
import type { Place, TimelineFilter } from "../domain/Timeline.ts"

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: Schema.Literal("Away", "Locked", "Full", "Damaged", "Denied", "Newer", "Missing", "Other"),
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return this.operation === "open" ? this.detail : `${this.operation}: ${this.detail}`
  }
}

/**
 * How far a transcript has been read. `fingerprint` is of the file's first bytes and `tail` of those before `offset`: another
 * means another file. `modifiedAt` is the file's time when it was read, in milliseconds.
 */
export interface Cursor {
  readonly path: string
  readonly offset: number
  readonly fingerprint: string
  readonly tail: string
  readonly modifiedAt: number
  readonly sessionId: string
}

/** A line that could not be understood, redacted, kept for a later version to replay. */
export interface DeadLetter {
  readonly path: string
  readonly offset: number
  readonly reason: string
  readonly line: string
}

/** What one stretch of a transcript gave. `lines` = messages + facts + the sum of `skipped` + deadLetters. */
export interface CaptureBatch {
  readonly cursor: Cursor
  /** The cursor as the reader last saw it; undefined when the file was never read. */
  readonly previous: Cursor | undefined
  readonly project: Project
  readonly lines: number
  readonly messages: ReadonlyArray<Message>
  readonly facts: ReadonlyArray<SessionFacts>
  /** Lines stored that are no messages (titles). */
  readonly factLines: number
  readonly skipped: Readonly<Record<string, number>>
  readonly deadLetters: ReadonlyArray<DeadLetter>
  readonly redactions: Readonly<Record<string, number>>
}

/** `conflict`: another process had read on; nothing was written and the cursor must be read again. */
export type AppendResult =
  | { readonly _tag: "Appended"; readonly stored: number; readonly duplicates: number; readonly newSessions: number }
  | { readonly _tag: "Conflict" }

/** The balanced sum: lines = stored + every skipped + deadLetter. */
export interface LineSum {
  readonly total: number
  readonly stored: number
  readonly skipped: Readonly<Record<string, number>>
  readonly deadLetter: number
}

/**
 * Something to be done once, by whoever claims it. `revision` grows when what it was computed from has changed. A "review" is of a
 * segment, a "recap" of a session: what a language model is asked to compress again. A "reconcile" is of an index as a whole, and its
 * key the index's name.
 */
export interface WorkItem {
  readonly kind: "segment" | "session" | "index" | "review" | "recap" | "reconcile"
  readonly key: string
  readonly revision: number
}

/** The name of the index that lies in the store's own file. */
export const EMBEDDED = "embedded"

/** Work that failed is tried again so often, then it is left until somebody asks for it. */
export const MAX_ATTEMPTS = 5

/** When work that failed may be tried again, in milliseconds: after a minute, two, four, eight. */
export const triedAgainAfter = (attempts: number): number => 60_000 * 2 ** (attempts - 1)

/** Work that failed at least once. */
export interface FailedWork {
  readonly kind: WorkItem["kind"]
  readonly key: string
  readonly attempts: number
  readonly error: string
  /** Whether it is not tried again. */
  readonly isDead: boolean
}

/** Segments that were compressed, of a session that a model is to look at if it `isWanted` or was wanted before. */
export interface ReviewRequest {
  readonly sessionId: string
  readonly segmentIds: ReadonlyArray<string>
  readonly isWanted: boolean
}

/**
 * What an archive is made of: a session's prompts (the first 50), its closing assistant messages (the last 6), and its other units in
 * their order (the first 200).
 */
export interface SessionOutline {
  readonly session: Session
  readonly units: ReadonlyArray<MemoryUnit>
  readonly prompts: ReadonlyArray<Message>
  readonly closing: ReadonlyArray<Message>
  readonly files: ReadonlyArray<string>
}

export interface SegmentContext {
  readonly segment: Segment
  readonly session: Session
  /** The position of its first message in the session. */
  readonly position: number
  /** The last prompt of its thread before it, and the last thing Claude said there before it; in that order, if there are any. */
  readonly before: ReadonlyArray<Message>
}

/**
 * A unit that holds at least one term: how often each term (in the order asked) occurs in each field, the fields being title,
 * text, tool_use and tool_result.
 */
export interface Candidate {
  readonly unitId: string
  readonly sessionId: string
  readonly position: number
  /** Lexemes in each field. */
  readonly lengths: ReadonlyArray<number>
  readonly frequencies: ReadonlyArray<ReadonlyArray<number>>
}

export interface LexicalMatches {
  /** Units in the store, whatever the filter. */
  readonly documents: number
  readonly averageLength: number
  /** Units that hold each term, in the order asked. */
  readonly documentFrequencies: ReadonlyArray<number>
  readonly candidates: ReadonlyArray<Candidate>
}

export interface StoreStatus {
  readonly lines: LineSum
  readonly redactions: Readonly<Record<string, number>>
  readonly sessions: number
  readonly messages: number
  /** Messages in which a person or Claude says something, and those of them that some unit cites. */
  readonly textMessages: { readonly total: number; readonly cited: number }
  readonly units: { readonly total: number; readonly byType: Readonly<Partial<Record<UnitType, number>>> }
  /** Work that waits; what is not tried again is not counted. */
  readonly pending: number
  /** Units written, changed or removed of which the index does not know yet. */
  readonly indexing: number
  readonly files: number
  readonly projects: ReadonlyArray<ProjectSummary>
}

export type ProjectSummary = KnownProject & { readonly units: number }

/** The memories that went, and the number of stored messages from which text was taken with them. */
export interface Forgotten {
  readonly units: ReadonlyArray<MemoryUnit>
  readonly messages: number
}

export class MemoryStore extends Context.Tag("claude-memory/MemoryStore")<MemoryStore, {
  readonly cursors: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, Cursor>, StoreError>
  /** Writes a batch and moves its cursor, in one transaction; queues the segments and sessions that it changed. */
  readonly append: (batch: CaptureBatch) => Effect.Effect<AppendResult, StoreError>
  /** Where messages already stored belong, by uuid. */
  readonly places: (
    uuids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, { readonly sessionId: string; readonly thread: string }>, StoreError>

  /** Takes up to `limit` items for `owner`, oldest first; items of dead owners and lapsed leases are free again. */
  readonly claim: (
    kind: WorkItem["kind"],
    limit: number
  ) => Effect.Effect<ReadonlyArray<WorkItem>, StoreError>
  /** Keeps a claim for as long again. */
  readonly renew: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>
  /** Gives claimed items back with what went wrong: they wait a while, and after `MAX_ATTEMPTS` for good. */
  readonly fail: (items: ReadonlyArray<WorkItem>, error: string) => Effect.Effect<void, StoreError>
  /** Work that failed, the dead first. */
  readonly failures: (limit: number) => Effect.Effect<ReadonlyArray<FailedWork>, StoreError>
  /** Queues all segments of a session that is wanted for the first time, else the given ones, and its recap after them. */
  readonly queueReviews: (requests: ReadonlyArray<ReviewRequest>) => Effect.Effect<void, StoreError>
  /** Queues everything of these sessions once more, also what was given up; tells how many segments that are. */
  readonly reviewAgain: (sessionIds: ReadonlyArray<string>) => Effect.Effect<number, StoreError>
  /** Ids of the sessions that nobody wanted reviewed yet, in the order in which they began. */
  readonly unreviewed: Effect.Effect<ReadonlyArray<string>, StoreError>
  /** At most 10 sessions whose id begins so. */
  readonly sessionsByPrefix: (prefix: string) => Effect.Effect<ReadonlyArray<Session>, StoreError>
  /** Queues this work, as often as it is said. */
  readonly queue: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
  /**
   * Says which index, by its name, the work of kind "index" is done for from now on, and whether it was another before: then a
   * "reconcile" of it is queued. A store of which nobody said that has the `EMBEDDED` one.
   */
  readonly indexFor: (name: string) => Effect.Effect<boolean, StoreError>
  /** Gives claimed items back undone. */
  readonly release: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>
  readonly segments: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SegmentContext>, StoreError>
  readonly outlines: (sessionIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SessionOutline>, StoreError>
  /**
   * Replaces the units of the items' origins by `units` and ends the items; an item whose revision has moved on is left in
   * the queue and its units are not written. Units written or removed are queued for the index.
   */
  readonly commit: (
    items: ReadonlyArray<WorkItem>,
    units: ReadonlyArray<MemoryUnit>
  ) => Effect.Effect<void, StoreError>
  /** As `commit`, of what is nobody's work: replaces the units of one origin. */
  readonly replace: (origin: string, units: ReadonlyArray<MemoryUnit>) => Effect.Effect<void, StoreError>
  /** Ends work whose result lies elsewhere (vectors in an index). */
  readonly done: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>

  /** A random name, made with the store: 16 hexadecimal digits. */
  readonly identity: Effect.Effect<string, StoreError>
  /** The ids of active units that come after this one, in ascending order. */
  readonly unitIds: (after: string, limit: number) => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Units by id, in the order asked; unknown ids are left out. */
  readonly units: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** At most 10 units whose id begins so. */
  readonly unitsByPrefix: (prefix: string) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** The newest units that pass the filter, newest first. */
  readonly recent: (filter: SearchFilter, limit: number) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  readonly messages: (uuids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Message>, StoreError>
  /** The unit before and the two after each of these in its session: [id, neighbour's id, offset -1, 1 or 2]. */
  readonly neighbours: (
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<readonly [string, string, number]>, StoreError>
  readonly lexical: (
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<LexicalMatches, StoreError>

  /** At most `limit` units on one side of a place, in the order of places. */
  readonly timeline: (
    filter: TimelineFilter,
    side: "before" | "after",
    place: Place,
    limit: number
  ) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>

  /** Writes a unit that somebody saved, also when it was forgotten before; gives the one that is kept, which may be an earlier one. */
  readonly save: (unit: MemoryUnit, project: Project) => Effect.Effect<MemoryUnit, StoreError>
  /**
   * Deletes these units, and those that say the same, and takes what they tell from the messages that they came from. Nothing that is
   * captured later brings it back.
   */
  readonly forget: (ids: ReadonlyArray<string>) => Effect.Effect<Forgotten, StoreError>

  /** By name. */
  readonly projects: Effect.Effect<ReadonlyArray<KnownProject>, StoreError>
  /** Gives sessions and units of one project to another, now and whenever something is captured of it. Neither is merged into another. */
  readonly mergeProjects: (from: Project, into: Project) => Effect.Effect<void, StoreError>
  readonly renameProject: (id: string, name: string) => Effect.Effect<void, StoreError>
  /** Also one that is not known yet. */
  readonly excludeProject: (project: Project, isExcluded: boolean) => Effect.Effect<void, StoreError>
  readonly deadLetters: (limit: number) => Effect.Effect<ReadonlyArray<DeadLetter>, StoreError>
  readonly status: Effect.Effect<StoreStatus, StoreError>
  /** Runs writes of this store, and of an index that shares its file, as one. */
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreError, R>
}>() {}
