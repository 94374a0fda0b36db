/**
 * The port of the memory's storage: sessions, messages, units, cursors, the work queue, counts of captured lines, and
 * lexical search. The store is the source of truth; every index can be rebuilt from it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Entry, Kind } from "../domain/Archive.ts"
import type { Message, Segment, Session, SessionFacts } from "../domain/Conversation.ts"
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import type { KnownProject, Project } from "../domain/Project.ts"
import type { SearchFilter } from "../domain/Search.ts"
import type { Place, TimelineFilter } from "../domain/Timeline.ts"
import type { Change, Changed, Derived } from "./Overlay.ts"

/**
 * `Away`: the server can't be reached. `Locked`: others held it longer than the timeout. `ReadOnly`: a reader was to
 * write. `Moved`: the file or its log was moved or deleted while open. `Newer`: a newer version has written it.
 * `Missing`: there is no database, or nothing in it to read yet.
 */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: Schema.Literal(
    "Away",
    "Locked",
    "Full",
    "Damaged",
    "Denied",
    "ReadOnly",
    "Moved",
    "Newer",
    "Missing",
    "Other"
  ),
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    // Where the whole memory is unusable, it does not matter what for.
    return this.operation === "open" || this.reason === "Moved" || this.reason === "Newer"
      ? this.detail :
      `${this.operation}: ${this.detail}`
  }
}

/**
 * Position up to which a transcript has been read. `fingerprint` is a hash of the file's first bytes, `tail` a hash of
 * the bytes before `offset`: when either differs, the file was replaced. `modifiedAt` is the file's modification time
 * at that read, in milliseconds.
 */
export interface Cursor {
  readonly path: string
  readonly offset: number
  readonly fingerprint: string
  readonly tail: string
  readonly modifiedAt: number
  readonly sessionId: string
}

/** A transcript, and the bytes of it whose lines are in its session's archive: none while the archive waits to be made. */
export interface Transcript {
  readonly path: string
  readonly remembered: number
}

/** A line that could not be parsed, stored redacted for a later version to replay. */
export interface DeadLetter {
  readonly path: string
  readonly offset: number
  readonly reason: string
  readonly line: string
}

/**
 * The parsed lines of one part of a transcript. `lines` = messages + factLines + the sum of `skipped` + deadLetters.
 */
export interface CaptureBatch {
  readonly cursor: Cursor
  /** The cursor that the reader started from; undefined for a file never read before. */
  readonly previous: Cursor | undefined
  readonly project: Project
  /** True for what nobody asked for: it is not stored when the project was excluded meanwhile. */
  readonly unlessExcluded?: boolean
  readonly lines: number
  readonly messages: ReadonlyArray<Message>
  readonly facts: ReadonlyArray<SessionFacts>
  /** Number of stored lines that are session facts (titles), not messages. */
  readonly factLines: number
  readonly skipped: Readonly<Record<string, number>>
  readonly deadLetters: ReadonlyArray<DeadLetter>
  readonly redactions: Readonly<Record<string, number>>
}

/**
 * The result of `append`. `Conflict`: another process moved the cursor first, or the project was excluded, so nothing was written; the
 * caller reads both again.
 */
export type AppendResult =
  | { readonly _tag: "Appended"; readonly stored: number; readonly duplicates: number; readonly newSessions: number }
  | { readonly _tag: "Conflict" }

/** Line counts by outcome: total = stored + the sum of `skipped` + deadLetter. */
export interface LineSum {
  readonly total: number
  readonly stored: number
  readonly skipped: Readonly<Record<string, number>>
  readonly deadLetter: number
}

/**
 * An item of the work queue, done by the process that claims it. `revision` grows whenever the item's input changes. A
 * "review" asks a language model to compress a segment again, a "recap" to compress a session again. An "upgrade"
 * compresses a session and its segments again, after an earlier version. A "reconcile" compares a whole index with the
 * store; its key is the index's name.
 */
export interface WorkItem {
  readonly kind: "segment" | "session" | "index" | "review" | "recap" | "upgrade" | "reconcile"
  readonly key: string
  readonly revision: number
}

/** Name of the vector index in the store's own file. */
export const EMBEDDED = "embedded"

/** Attempts after which failed work is dead: it waits in the queue until it is queued again. */
export const MAX_ATTEMPTS = 5

/** Milliseconds to wait after the given number of failed attempts: one minute, then two, four, eight. */
export const retryDelay = (attempts: number): number => 60_000 * 2 ** (attempts - 1)

/** Work that failed at least once. */
export interface FailedWork {
  readonly kind: WorkItem["kind"]
  readonly key: string
  readonly attempts: number
  readonly error: string
  /** True after `MAX_ATTEMPTS` failed attempts. */
  readonly isDead: boolean
  /** When it failed last, in milliseconds since the epoch. */
  readonly failedAt: number
  /** When it is tried again; null when it is dead. */
  readonly nextAt: number | null
}

/** Compressed segments of a session. A model reviews them if `isWanted` is true here or was in an earlier request. */
export interface ReviewRequest {
  readonly sessionId: string
  readonly segmentIds: ReadonlyArray<string>
  readonly isWanted: boolean
}

/**
 * The input of a session's archive unit: its prompts (the first 25 and the last 25), its closing assistant messages (the last
 * 6), the files that its messages name (at most 30), its other units by time (the last 200), also those that were
 * merged into others, and what of its last 400 messages keeps a list of tasks, changes files or works with Git, with the results.
 */
export interface SessionOutline {
  readonly session: Session
  readonly units: ReadonlyArray<MemoryUnit>
  readonly prompts: ReadonlyArray<Message>
  readonly closing: ReadonlyArray<Message>
  readonly files: ReadonlyArray<string>
  readonly steps: ReadonlyArray<Message>
}

/** The input of a segment's units: all its messages, and what was said right before. */
export interface SegmentContext {
  readonly segment: Segment
  readonly session: Session
  /** Sequence number of the segment's first message in the store; orders segments. */
  readonly position: number
  /** The thread's last prompt before the segment, then Claude's last message before it; either may be missing. */
  readonly before: ReadonlyArray<Message>
}

/**
 * A unit that contains at least one term. `frequencies` counts each term, in the order of the query, in each field:
 * title, text, tool_use and tool_result.
 */
export interface Candidate {
  readonly unitId: string
  /** Number of lexemes in each field. */
  readonly lengths: ReadonlyArray<number>
  readonly frequencies: ReadonlyArray<ReadonlyArray<number>>
}

export interface LexicalMatches {
  /** Number of all units in the store, regardless of the filter. */
  readonly documents: number
  readonly averageLength: number
  /** Number of units that contain each term, in the order of the query. */
  readonly documentFrequencies: ReadonlyArray<number>
  readonly candidates: ReadonlyArray<Candidate>
}

export type SessionFilter = Pick<SearchFilter, "projects" | "since" | "until">

/** A limit for lists of all there is: more than any memory has. */
export const NO_LIMIT = 10_000_000

/** Returns a limit as a whole number from 0 on: cuts a fraction off, takes Infinity for all, and any other for none. */
export const limitOf = (limit: number): number => limit > 0 ? Math.min(Math.floor(limit), NO_LIMIT) : 0

/** A session, the number of its active units, and the unit that sums it up, if it has one. */
export interface KnownSession extends Session {
  readonly units: number
  readonly archive: MemoryUnit | null
  /** What it was for: the title of that unit, else its own, else the title of its first unit; null where there is none. */
  readonly aim: string | null
}

/** Counts what is there now; `units` are the active ones, and `files` the transcripts that were read. */
export interface StoreStatus {
  readonly lines: LineSum
  readonly redactions: Readonly<Record<string, number>>
  readonly sessions: number
  readonly messages: number
  /** Messages with text by a person or Claude, and how many of them an active unit cites. */
  readonly textMessages: { readonly total: number; readonly cited: number }
  readonly units: { readonly total: number; readonly byType: Readonly<Partial<Record<UnitType, number>>> }
  /** Queued work items, claimed ones too, without dead ones. */
  readonly pending: number
  /** Units written, changed or removed whose change the index has yet to process. */
  readonly indexing: number
  readonly files: number
  readonly projects: ReadonlyArray<ProjectSummary>
}

/** Numbers of queued work items, without dead ones, by what they make. */
export interface Waiting {
  /** Segments and sessions of which memories are made. */
  readonly compress: number
  /** Memories that the index has yet to process. */
  readonly index: number
  /** Segments and sessions that a language model compresses again. */
  readonly review: number
}

/** `units` are the active ones. */
export type ProjectSummary = KnownProject & { readonly units: number }

/** By what the projects of folders that are gone are recognised. */
export interface ProjectTraces {
  /** Folders and branches of sessions, each with the project that the folder was when the session was captured. */
  readonly sessions: ReadonlyArray<{
    readonly projectId: string
    readonly cwd: string
    readonly branch: string | null
  }>
  /** Pairs of projects of which a person said that they are different, or that were split. */
  readonly different: ReadonlyArray<readonly [one: string, other: string]>
  /** Position in `messagesHolding` up to which a search for a project's folder has come, by the project's id. */
  readonly searched: ReadonlyMap<string, number>
}

/** What forgetting takes from others. */
export interface TakenAlso {
  /** Other memories that say it too, which are made anew of what is left. */
  readonly units: ReadonlyArray<MemoryUnit>
  /** Other memories that are not made anew, since nothing is left of them, or too little. */
  readonly gone: ReadonlyArray<MemoryUnit>
  /** Sessions whose title or summary says it, with the title that each had. */
  readonly sessions: ReadonlyArray<{ readonly id: string; readonly title: string }>
}

/** The units that `forget` would delete, and what it would take from others. */
export interface Forgetting {
  readonly units: ReadonlyArray<MemoryUnit>
  /** Of `gone` those of which nothing at all is left: what is too little, only compressing tells. */
  readonly also: TakenAlso
  /** All others that are deleted until they are made anew of what is left, summaries of sessions among them. */
  readonly touched: ReadonlyArray<MemoryUnit>
}

/** The deleted units, and the uuids of the stored messages from which text was cut. */
export interface Forgotten extends Forgetting {
  readonly messages: ReadonlyArray<string>
  /** Time until which it can be undone; null when it can't be. */
  readonly until: number | null
  /** Number of the operation, for more that is to be undone with it; null when there is none. */
  readonly operation: number | null
}

/** What was forgotten where there was nothing to forget, and before anything is. */
export const FORGOT_NOTHING: Forgotten = {
  units: [],
  messages: [],
  touched: [],
  also: { units: [], gone: [], sessions: [] },
  until: null,
  operation: null
}

export interface ForgetOptions {
  /** The person by default. */
  readonly by?: Actor
  /** True: no copy stays, in the bin neither. */
  readonly isNow?: boolean
  /** Operation of which this is a part: they are undone as one. When it is undone already, nothing more is forgotten. */
  readonly operation?: number | null
  /** True for memories that are to be forgotten too: one of which words are cut is forgotten with these. */
  readonly isSelected?: (unit: MemoryUnit) => boolean
}

/** Some entries of an archive, and the position after them; undefined at the end. */
export interface ArchivePage {
  readonly entries: ReadonlyArray<Entry>
  readonly next: string | undefined
}

/** Whence entries come that are taken in. */
export interface TakenFrom {
  /** Name of the memory that wrote the archive. */
  readonly memory: string
  /** Origin of the last unit, when more units of it may follow later. */
  readonly unfinished: string | undefined
}

/** Numbers of messages and units that were new, and of units that were forgotten as they are in the archive. */
export interface TakenIn {
  readonly messages: number
  readonly units: number
  readonly forgotten: number
}

/** Who asked for an operation: a person, or Claude through its tools. */
export type Actor = "person" | "claude"

/** Who did it: those, or a rule, which found that a memory replaces another (Supersession.ts). */
export type Doer = Actor | "rule"

/** Time in which an operation can be undone, and for which the bin keeps what was forgotten: seven days. */
export const UNDO_MS = 7 * 86_400_000

/**
 * "edit" changes words or type, "pin" whether a unit is pinned, "keep" whether it is kept, "replace" which unit says what holds now,
 * "feedback" what was said of it as it was told, "use" in how many sessions Claude used it.
 */
export type OperationKind = "edit" | "pin" | "keep" | "replace" | "feedback" | "use" | "forget" | "merge" | "undo"

export type UndoableKind = Extract<OperationKind, "edit" | "feedback" | "keep" | "forget" | "merge">

/** The kinds that `undo` undoes. */
export const UNDOABLE = ["edit", "feedback", "keep", "forget", "merge"] as const satisfies ReadonlyArray<UndoableKind>

/** An operation that can be undone. */
export interface RecentChange {
  /** Its number, by which it is undone. */
  readonly operation: number
  readonly kind: UndoableKind
  readonly actor: Doer
  readonly at: number
  /** Time until which it can be undone. */
  readonly until: number
  /** The first of the memories, with the titles that they have now, or had when they were forgotten. */
  readonly named: ReadonlyArray<{ readonly id: string; readonly title: string }>
  /** Number of the memories. */
  readonly units: number
  /** Number of the messages from which sentences were cut. */
  readonly messages: number
  /** Ids of the projects of a merge. */
  readonly merged: { readonly from: string; readonly into: string } | null
}

/** Parts of what was forgotten, and the segments whose units were made anew for it. */
export type BinKind = "unit" | "message" | "title" | "letter" | "origin"

/** A recorded change of a unit. */
export interface Operation {
  readonly kind: OperationKind
  readonly actor: Doer
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly isUndone: boolean
  /** Revision that the change made. */
  readonly revision: number
  readonly before: Changed
  readonly after: Changed
}

/** What was done to a unit since it was derived, or saved, oldest first. */
export interface History {
  readonly derived: Derived
  readonly operations: ReadonlyArray<Operation>
}

/** `Conflict`: the unit was changed since those revisions, and nothing was written; `unit` is as it stands. */
export type EditResult =
  | {
    readonly _tag: "Edited"
    readonly unit: MemoryUnit
    /** Number of the operation, for `undo`; null where nothing was changed, or what `undo` does not undo. */
    readonly operation: number | null
  }
  | { readonly _tag: "Conflict"; readonly unit: MemoryUnit }

/** What `undo` undid, and when that had been done. */
export type Undone =
  | {
    readonly _tag: "Edit" | "Feedback" | "Keep"
    readonly at: number
    readonly unitId: string
    readonly unit: MemoryUnit | undefined
  }
  | {
    readonly _tag: "Forget"
    readonly at: number
    readonly units: ReadonlyArray<MemoryUnit>
    readonly messages: number
  }
  | { readonly _tag: "Merge"; readonly at: number; readonly from: string; readonly into: string }

/**
 * Why an operation is not undone. `Unknown`: none has that number, or none that can be undone. `Undone`: it is already. `Expired`: it is
 * older than `UNDO_MS`. `Later`: this one touched the same since, and is to be undone first.
 */
export type NotUndone =
  | { readonly _tag: "NotUndone"; readonly reason: "Expired" | "Undone" | "Unknown" }
  | { readonly _tag: "NotUndone"; readonly reason: "Later"; readonly later: RecentChange }

/**
 * Source of truth, from which each index can be built again. A reader's writes fail with `ReadOnly`. Times are
 * milliseconds since the epoch.
 */
export class MemoryStore extends Context.Tag("claude-memory/MemoryStore")<MemoryStore, {
  readonly cursors: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, Cursor>, StoreError>
  /** Lists the transcripts of a project's sessions, those that were read last first. */
  readonly transcripts: (projectId: string, limit: number) => Effect.Effect<ReadonlyArray<Transcript>, StoreError>
  /** Writes a batch and moves its cursor in one transaction; queues the changed segments and sessions. */
  readonly append: (batch: CaptureBatch) => Effect.Effect<AppendResult, StoreError>
  /** Removes forgotten text from a batch, as `append` does. */
  readonly unforgotten: (batch: CaptureBatch) => Effect.Effect<CaptureBatch, StoreError>
  /** Leaves out units with forgotten text, as `commit` does. */
  readonly permitted: (units: ReadonlyArray<MemoryUnit>) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Returns the session and thread of stored messages, by uuid. */
  readonly places: (
    uuids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, { readonly sessionId: string; readonly thread: string }>, StoreError>

  /**
   * Leases up to `limit` items to this process, oldest first. Items of dead processes and items with lapsed leases can
   * be claimed again. A recap can't while a segment of its session is leased for a review.
   */
  readonly claim: (
    kind: WorkItem["kind"],
    limit: number
  ) => Effect.Effect<ReadonlyArray<WorkItem>, StoreError>
  /** Extends the leases of claimed items to a full term from now. */
  readonly renew: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>
  /** Releases claimed items and records the error. Each waits for `retryDelay`, and is dead after `MAX_ATTEMPTS`. */
  readonly fail: (items: ReadonlyArray<WorkItem>, error: string) => Effect.Effect<void, StoreError>
  /** Lists failed work, dead items first. */
  readonly failures: (limit: number) => Effect.Effect<ReadonlyArray<FailedWork>, StoreError>
  /** Queues failed work once more, all of it or one item, as `queue` does; returns the number of items. */
  readonly retry: (item?: Pick<WorkItem, "key" | "kind">) => Effect.Effect<number, StoreError>
  /**
   * Queues reviews of a session's segments, then its recap: all segments at the first request with `isWanted`, later
   * the given ones. Skips a session for which no request had `isWanted`.
   */
  readonly queueReviews: (requests: ReadonlyArray<ReviewRequest>) => Effect.Effect<void, StoreError>
  /** Queues all reviews and recaps of these sessions again, dead ones too, and returns the number of segments. */
  readonly reviewAgain: (sessionIds: ReadonlyArray<string>) => Effect.Effect<number, StoreError>
  /** Lists ids of sessions, of these or of all, for which no review was ever requested, oldest first. */
  readonly unreviewed: (among: ReadonlyArray<string> | "all") => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Lists the sessions of projects that were open at some time of a range, those that ended last first. */
  readonly sessionsIn: (filter: SessionFilter, limit: number) => Effect.Effect<ReadonlyArray<KnownSession>, StoreError>
  /** Lists the transcripts of a session, that which was written last first. */
  readonly transcriptsOf: (sessionId: string) => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Returns the sessions by id; skips unknown ids. */
  readonly sessions: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, Session>, StoreError>
  /** Returns at most 10 sessions whose id begins with `prefix`. */
  readonly sessionsByPrefix: (prefix: string) => Effect.Effect<ReadonlyArray<Session>, StoreError>
  /** Queues work. Queueing an item again raises its revision and resets its attempts. */
  readonly queue: (kind: WorkItem["kind"], keys: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
  /**
   * Sets the index that work of kind "index" updates from now on. Returns true when the index differs from the previous
   * one, and then queues a "reconcile" of it. A new store starts with `EMBEDDED`.
   */
  readonly indexFor: (name: string) => Effect.Effect<boolean, StoreError>
  /** Tells whether work of kind "index" updates this index: another process may have set another one. */
  readonly isIndexedBy: (name: string) => Effect.Effect<boolean, StoreError>
  /** Records the version of the compressor; returns true when it is higher than the recorded one, at first 1. */
  readonly compressedBy: (version: number) => Effect.Effect<boolean, StoreError>
  /**
   * Makes memories be found whose words an earlier version keeps in Traditional characters: up to `limit` memories are looked at, after
   * those of the last call. Returns true when more may be left.
   */
  readonly respell: (limit: number) => Effect.Effect<boolean, StoreError>
  /** Ends the claims on items without completing them. */
  readonly release: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>
  readonly segments: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SegmentContext>, StoreError>
  /** Lists the ids of a session's segments in their order. */
  readonly segmentsOf: (sessionId: string) => Effect.Effect<ReadonlyArray<string>, StoreError>
  readonly outlines: (sessionIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SessionOutline>, StoreError>
  /**
   * Replaces the units of the items' origins by `units` and removes the items from the queue. An item whose revision
   * has grown since its claim stays in the queue, free again, and its units are not written. Queues written and removed
   * units for the index.
   */
  readonly commit: (
    items: ReadonlyArray<WorkItem>,
    units: ReadonlyArray<MemoryUnit>
  ) => Effect.Effect<void, StoreError>
  /** Keeps others from writing units of a project until the transaction ends, so that what is read now holds when it is replaced. */
  readonly holdUnits: (projectId: string) => Effect.Effect<void, StoreError>
  /** Replaces the units of an origin that has no work item. */
  readonly replace: (origin: string, units: ReadonlyArray<MemoryUnit>) => Effect.Effect<void, StoreError>
  /** As `replace`, for several origins at once. */
  readonly replaceAll: (
    origins: ReadonlyArray<string>,
    units: ReadonlyArray<MemoryUnit>
  ) => Effect.Effect<void, StoreError>
  /**
   * Removes work whose result lies outside the store (vectors in an index). Work whose revision has grown since its claim
   * stays, and is free again; so does what another has done and was queued anew.
   */
  readonly done: (items: ReadonlyArray<WorkItem>) => Effect.Effect<void, StoreError>

  /** The store's random name, 16 hexadecimal digits, created with the store. */
  readonly identity: Effect.Effect<string, StoreError>
  /** Returns a text that is another one after anything was written, by whatever process. It may be another one without that. */
  readonly version: Effect.Effect<string, StoreError>
  /** Lists ids of active units greater than `after`, ascending. */
  readonly unitIds: (after: string, limit: number) => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Lists ids of units that pass the filter, oldest first, without the first `skip`. Quick where the filter names its projects. */
  readonly oldest: (
    filter: SearchFilter,
    skip: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** Returns units in the order of `ids`; skips unknown ids, and those of other sessions when one is given. */
  readonly units: (
    ids: ReadonlyArray<string>,
    sessionId?: string
  ) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Returns the active units in whose place another was said to hold, which may be forgotten since. */
  readonly replaced: Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Returns at most 10 units whose id begins with `prefix`. */
  readonly unitsByPrefix: (prefix: string) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Lists units that pass the filter, newest first. */
  readonly recent: (filter: SearchFilter, limit: number) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Counts the units that pass the filter. */
  readonly count: (filter: SearchFilter) => Effect.Effect<number, StoreError>
  readonly messages: (uuids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Message>, StoreError>
  /**
   * Returns messages that hold one of these texts, of letters and spaces, of those stored after a position, in the order in which they
   * were stored. `end` is the position up to which was searched.
   */
  readonly messagesHolding: (
    texts: ReadonlyArray<string>,
    after: number,
    limit: number
  ) => Effect.Effect<{ readonly messages: ReadonlyArray<Message>; readonly end: number }, StoreError>
  /**
   * Returns, for each unit, the active unit before and the two after in its session, as [id, neighbour's id, offset of
   * -1, 1 or 2].
   */
  readonly neighbours: (
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<readonly [string, string, number]>, StoreError>
  /** Returns the active units before and after a unit in its session, at most so many of each, in their order. */
  readonly around: (
    id: string,
    before: number,
    after: number
  ) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Returns how common terms are, and the best units that hold some of them; with a limit of 0 the former alone. */
  readonly lexical: (
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<LexicalMatches, StoreError>

  /** Lists the `limit` units nearest before or after a place, oldest first. */
  readonly timeline: (
    filter: TimelineFilter,
    side: "before" | "after",
    place: Place,
    limit: number
  ) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>

  /**
   * Writes a unit that a person or Claude saved, even if it was forgotten before. Returns the stored unit: an earlier one if its id
   * is the same, unless Claude noted that one and a person saves this one.
   */
  readonly save: (unit: MemoryUnit, project: Project) => Effect.Effect<MemoryUnit, StoreError>
  /**
   * Changes a unit, so that the change stays when its origin is compressed again. Returns undefined for an unknown id. With
   * `revisions`, changes it only if the unit has one of them, 0 when nobody has changed it.
   */
  readonly edit: (
    id: string,
    change: Change,
    by: Doer,
    revisions?: ReadonlyArray<number>
  ) => Effect.Effect<EditResult | undefined, StoreError>
  /** Returns the changes of a unit; undefined when nobody has changed it. */
  readonly history: (id: string) => Effect.Effect<History | undefined, StoreError>
  /**
   * Undoes the newest operation of `UNDOABLE` kinds that was not undone, of the last `UNDO_MS`; with `by`, only if they asked for it.
   * Returns undefined when there is none. With `operation`, undoes the one of that number, unless a later one touched the same: the same
   * words or feedback of a unit, a unit or message that both forgot, a project that was merged further.
   */
  readonly undo: (by?: Actor, operation?: number) => Effect.Effect<NotUndone | Undone | undefined, StoreError>
  /** Lists the operations that can be undone, newest first. */
  readonly recentChanges: (limit: number) => Effect.Effect<ReadonlyArray<RecentChange>, StoreError>
  /** Says what `forget` would delete, and take from others. */
  readonly forgetting: (ids: ReadonlyArray<string>) => Effect.Effect<Forgetting, StoreError>
  /** Says what `forgetSessions` would delete. */
  readonly forgettingSessions: (sessionIds: ReadonlyArray<string>) => Effect.Effect<Forgetting, StoreError>
  /** Returns those of units that `forget` touched which were not made anew, and of which nothing is queued any more. */
  readonly vanished: (touched: ReadonlyArray<MemoryUnit>) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /**
   * Deletes these units and their duplicates, and cuts their sentences from stored messages. Capturing the same text again does not
   * bring them back. The bin keeps them for `UNDO_MS`, unless `isNow`: then with a unit that is in the bin goes all that was forgotten
   * with it.
   */
  readonly forget: (ids: ReadonlyArray<string>, options?: ForgetOptions) => Effect.Effect<Forgotten, StoreError>
  /** Cuts all that was said in sessions, their titles, and what was derived of them, in the same way. */
  readonly forgetSessions: (
    sessionIds: ReadonlyArray<string>,
    options?: ForgetOptions
  ) => Effect.Effect<Forgotten, StoreError>
  /** Returns what an archive holds of a kind after a position, "" for the first, but for what is in the bin. */
  readonly archived: (kind: Kind, after: string, limit: number) => Effect.Effect<ArchivePage, StoreError>
  /**
   * Takes in what an archive holds; all of it again changes nothing. What is known stays; of two changes of a unit the newer one stands; what
   * was forgotten on either side stays forgotten, unless it was saved, changed or said later. Of an origin of which a unit is here none is
   * new, unless the origin was unfinished when that archive was taken in last.
   */
  readonly takeIn: (entries: ReadonlyArray<Entry>, from: TakenFrom) => Effect.Effect<TakenIn, StoreError>
  /** Returns at most 10 units in the bin whose id begins with `prefix`. */
  readonly binned: (prefix: string) => Effect.Effect<ReadonlyArray<MemoryUnit>, StoreError>
  /** Empties the bin of what was forgotten more than `UNDO_MS` ago; returns the number of memories. */
  readonly emptyBin: Effect.Effect<number, StoreError>
  /**
   * Writes over the bytes that deleted rows may have left in the memory's file, where something was deleted for good since that was last
   * done: one to two seconds for each 100 MB, in which nobody else writes. Where it fails it remains to be done: "Locked" where another
   * process is in the way, "Full" where a disk has no room for the file once more. A server's memory is the server's to wipe.
   */
  readonly wipe: Effect.Effect<void, StoreError>

  /** Adds a project that is not known yet, or records the present folder of one that is. */
  readonly addProject: (project: Project) => Effect.Effect<void, StoreError>
  /** Lists the projects by name. */
  readonly projects: Effect.Effect<ReadonlyArray<KnownProject>, StoreError>
  /**
   * Moves sessions and units of `from` to `into`; later captures of `from` go to `into` too. A project that was merged
   * before stands for the project it was merged into. Returns the number of the operation, for `undo`; null where they are one already.
   */
  readonly mergeProjects: (from: Project, into: Project) => Effect.Effect<number | null, StoreError>
  /**
   * Undoes a merge of this project, and does nothing for one that was not merged. Its sessions go back to it, those captured since from
   * its folder too, each with its units; so do its notes, and what was saved for it before the merge. Units that the other project's
   * had superseded, and the reverse, are active again. What was saved for the other project since stays there, and so do the
   * projects that had been merged into this one. The two are recorded as different.
   */
  readonly splitProject: (id: string) => Effect.Effect<void, StoreError>
  /** Records that each two of these projects are different, so that they are not taken for one. */
  readonly setDifferent: (ids: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
  readonly traces: Effect.Effect<ProjectTraces, StoreError>
  /**
   * Returns the time in milliseconds at which the oldest source of a project's memory was last written: a session's transcript, or a
   * memory that came from none. Undefined where there is neither.
   */
  readonly oldestSource: (projectId: string) => Effect.Effect<number | undefined, StoreError>
  /** Records the position up to which the messages have been searched for these projects' folders. */
  readonly setSearched: (ids: ReadonlyArray<string>, end: number) => Effect.Effect<void, StoreError>
  readonly renameProject: (id: string, name: string) => Effect.Effect<void, StoreError>
  /** Excludes a project from capture, or includes it again, with those merged into it; adds a project that is not known yet. */
  readonly excludeProject: (project: Project, isExcluded: boolean) => Effect.Effect<void, StoreError>
  readonly deadLetters: (limit: number) => Effect.Effect<ReadonlyArray<DeadLetter>, StoreError>
  readonly status: Effect.Effect<StoreStatus, StoreError>
  /** Counts what waits, quicker than `status`. */
  readonly waiting: Effect.Effect<Waiting, StoreError>
  /** Runs writes of this store, and of an index in the same file, in one transaction. */
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreError, R>
}>() {}
