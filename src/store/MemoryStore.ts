/**
 * The port to what is kept: sessions, messages, units, cursors, work to do, the sum of captured lines, and the lexical
 * lane. The store is the truth; every index can be rebuilt from it.
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
 * How far a transcript has been read. `fingerprint` is a hash of the file's first bytes, `tail` one of the bytes before
 * `offset`: where either differs, the file was replaced. `modifiedAt` is the file's modification time when it was read,
 * in milliseconds.
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

/**
 * The parsed lines of one stretch of a transcript. `lines` = messages + factLines + the sum of `skipped` + deadLetters.
 */
export interface CaptureBatch {
  readonly cursor: Cursor
  /** The cursor that the reader started from; undefined where the file was never read. */
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

/**
 * The result of `append`. `Conflict`: another process moved the cursor first; nothing was written, and the cursor must
 * be read again.
 */
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
 * A unit of work, done once by the process that claims it. `revision` grows whenever its input changes. A "review" asks
 * a language model to compress a segment again, a "recap" a session. A "reconcile" compares a whole index with the
 * store; its key is the index's name.
 */
export interface WorkItem {
  readonly kind: "segment" | "session" | "index" | "review" | "recap" | "reconcile"
  readonly key: string
  readonly revision: number
}

/** The name of the index that lies in the store's own file. */
export const EMBEDDED = "embedded"

/** Attempts after which failed work is dead: it stays until somebody asks for it again. */
export const MAX_ATTEMPTS = 5

/** Milliseconds before failed work is tried again: a minute, then two, four, eight. */
export const triedAgainAfter = (attempts: number): number => 60_000 * 2 ** (attempts - 1)

/** Work that failed at least once. */
export interface FailedWork {
  readonly kind: WorkItem["kind"]
  readonly key: string
  readonly attempts: number
  readonly error: string
  /** True once it has used up its attempts. */
  readonly isDead: boolean
}

/** Compressed segments of a session. A model reviews them if the session `isWanted`, now or in an earlier request. */
export interface ReviewRequest {
  readonly sessionId: string
  readonly segmentIds: ReadonlyArray<string>
  readonly isWanted: boolean
}

/**
 * The input of an archive: a session's prompts (the first 50), its closing assistant messages (the last 6), and its
 * other units in order (the first 200).
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
  /** The thread's last prompt before the segment, then Claude's last message before it, as far as they exist. */
  readonly before: ReadonlyArray<Message>
}

/**
 * A unit that holds at least one term, with the frequency of each term (in the order asked) in each field: title, text,
 * tool_use and tool_result.
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
  /** Counts all units of the store, ignoring the filter. */
  readonly documents: number
  readonly averageLength: number
  /** The number of units that hold each term, in the order asked. */
  readonly documentFrequencies: ReadonlyArray<number>
  readonly candidates: ReadonlyArray<Candidate>
}

export interface StoreStatus {
  readonly lines: LineSum
  readonly redactions: Readonly<Record<string, number>>
  readonly sessions: number
  readonly messages: number
  /** Messages with text of a person or of Claude, and how many of them some unit cites. */
  readonly textMessages: { readonly total: number; readonly cited: number }
  readonly units: { readonly total: number; readonly byType: Readonly<Partial<Record<UnitType, number>>> }
  /** Waiting work, without the dead. */
  readonly pending: number
  /** Units that were written, changed or removed since the index last heard of them. */
  readonly indexing: number
  readonly files: number
  readonly projects: ReadonlyArray<ProjectSummary>
}

export type ProjectSummary = KnownProject & { readonly units: number }

/** The forgotten memories, and the number of stored messages whose text was cut with them. */
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

  /**
   * Leases up to `limit` items to this process, oldest first. Items of dead processes and with lapsed leases are free
   * again.
   */
  readonly claim: (
    kind: WorkItem["kind"],
    limit: number
  ) => Effect.Effect<ReadonlyArray<WorkItem>, StoreError>
  /** Extends the leases by their full length. */
  readonly renew: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>
  /** Returns claimed items with their error. They wait for `triedAgainAfter`, and are dead after `MAX_ATTEMPTS`. */
  readonly fail: (items: ReadonlyArray<WorkItem>, error: string) => Effect.Effect<void, StoreError>
  /** Lists failed work, the dead first. */
  readonly failures: (limit: number) => Effect.Effect<ReadonlyArray<FailedWork>, StoreError>
  /**
   * Queues a session's recap, after its segments: all of them where it is wanted for the first time, else the given
   * ones.
   */
  readonly queueReviews: (requests: ReadonlyArray<ReviewRequest>) => Effect.Effect<void, StoreError>
  /** Queues all segments and recaps of these sessions again, the dead too, and returns the number of segments. */
  readonly reviewAgain: (sessionIds: ReadonlyArray<string>) => Effect.Effect<number, StoreError>
  /** Lists the ids of sessions that were never reviewed, oldest first. */
  readonly unreviewed: Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Returns at most 10 sessions whose id begins with `prefix`. */
  readonly sessionsByPrefix: (prefix: string) => Effect.Effect<ReadonlyArray<Session>, StoreError>
  /** Queues work; queueing it again raises its revision. */
  readonly queue: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
  /**
   * Names the index that work of kind "index" is done for from now on. Returns whether that is another than before, and
   * then queues a "reconcile" of it. A new store serves the `EMBEDDED` one.
   */
  readonly indexFor: (name: string) => Effect.Effect<boolean, StoreError>
  /** Returns claimed items undone. */
  readonly release: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>
  readonly segments: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SegmentContext>, StoreError>
  readonly outlines: (sessionIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SessionOutline>, StoreError>
  /**
   * Replaces the units of the items' origins by `units` and removes the items from the queue. An item whose revision
   * has moved on stays in the queue, and its units are not written. Written and removed units are queued for the index.
   */
  readonly commit: (
    items: ReadonlyArray<WorkItem>,
    units: ReadonlyArray<MemoryUnit>
  ) => Effect.Effect<void, StoreError>
  /** Replaces the units of one origin that no work item stands for. */
  readonly replace: (origin: string, units: ReadonlyArray<MemoryUnit>) => Effect.Effect<void, StoreError>
  /** Removes work from the queue whose result lies elsewhere (vectors in an index). */
  readonly done: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>

  /** The store's random name, 16 hexadecimal digits, created with it. */
  readonly identity: Effect.Effect<string, StoreError>
  /** Lists ids of active units after this one, ascending. */
  readonly unitIds: (after: string, limit: number) => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Returns units in the order of their ids here; unknown ids are skipped. */
  readonly units: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Returns at most 10 units whose id begins with `prefix`. */
  readonly unitsByPrefix: (prefix: string) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Lists units that pass the filter, newest first. */
  readonly recent: (filter: SearchFilter, limit: number) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  readonly messages: (uuids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Message>, StoreError>
  /**
   * Returns the unit before and the two after each of these in its session, as [id, neighbour's id, offset of -1, 1 or
   * 2].
   */
  readonly neighbours: (
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<readonly [string, string, number]>, StoreError>
  readonly lexical: (
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<LexicalMatches, StoreError>

  /** Lists at most `limit` units before or after a place, in the order of places. */
  readonly timeline: (
    filter: TimelineFilter,
    side: "before" | "after",
    place: Place,
    limit: number
  ) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>

  /**
   * Writes a unit that a person or Claude saved, even if it was forgotten before. Returns the unit that is kept: an
   * earlier one where it says the same.
   */
  readonly save: (unit: MemoryUnit, project: Project) => Effect.Effect<MemoryUnit, StoreError>
  /**
   * Deletes these units and those that say the same, and cuts their sentences from the messages that they came from.
   * Capturing the same again does not bring them back.
   */
  readonly forget: (ids: ReadonlyArray<string>) => Effect.Effect<Forgotten, StoreError>

  /** Lists the projects by name. */
  readonly projects: Effect.Effect<ReadonlyArray<KnownProject>, StoreError>
  /**
   * Moves sessions and units of `from` to `into`, and whatever is captured of `from` later. Neither may be merged into
   * another project.
   */
  readonly mergeProjects: (from: Project, into: Project) => Effect.Effect<void, StoreError>
  readonly renameProject: (id: string, name: string) => Effect.Effect<void, StoreError>
  /** Excludes a project from capture, or includes it again; the project need not be known yet. */
  readonly excludeProject: (project: Project, isExcluded: boolean) => Effect.Effect<void, StoreError>
  readonly deadLetters: (limit: number) => Effect.Effect<ReadonlyArray<DeadLetter>, StoreError>
  readonly status: Effect.Effect<StoreStatus, StoreError>
  /** Runs writes of this store, and of an index in the same file, in one transaction. */
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreError, R>
}>() {}
