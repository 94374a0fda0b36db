/**
 * `MemoryStore` over the reads and writes of a database: runs each operation under its name, writes in a transaction.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type ForgetOptions, limitOf, MemoryStore, StoreError, UNDO_MS } from "../MemoryStore.ts"
import type * as Reads from "./Reads.ts"
import type * as Writes from "./Writes.ts"

type Failure = SqlError | StoreError

/** Runs an operation under a name, which its errors and its span carry. */
type Run = <A, R>(operation: string, effect: Effect.Effect<A, Failure, R>) => Effect.Effect<A, StoreError, R>

/** Runs the statements of an operation on a connection, those of a write in a transaction. */
type Through = <A, R>(effect: Effect.Effect<A, Failure, R>) => Effect.Effect<A, Failure, R>

/** Fails the writes of a reader, before the database does so with its own reason. */
const readingOnly = (operation: string) =>
  Effect.fail(
    new StoreError({
      reason: "ReadOnly",
      operation,
      detail: "the memory is open for reading only; open it with readOnly: false to write",
      cause: undefined
    })
  )

export const make = ({ isReadOnly, reads, toError, writes, ...database }: {
  readonly isReadOnly: boolean
  readonly reads: ReturnType<typeof Reads.make>
  readonly writes: ReturnType<typeof Writes.make>
  readonly read: Through
  readonly write: Through
  /** Runs a write by a person or Claude, of which no transcript tells: it outlasts a loss of power. */
  readonly keep: Through
  /**
   * Makes what runs a write that forgets, as `keep` does, and deletes copies of what is forgotten: all, or the backups from before a
   * time, in milliseconds since the epoch.
   */
  readonly erase: (before?: number) => Through
  /** Does what `MemoryStore.wipe` says. */
  readonly wipe: Effect.Effect<void, Failure>
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Failure, R>
  readonly toError: (operation: string) => (cause: Failure) => StoreError
}): MemoryStore["Type"] => {
  const run: Run = (operation, effect) =>
    Effect.mapError(effect, toError(operation)).pipe(Effect.withSpan(`MemoryStore.${operation}`))
  const read: Run = (operation, effect) => run(operation, database.read(effect))
  const toWrite = (operation: string, through: Through): Through => isReadOnly ? () => readingOnly(operation) : through
  const write: Run = (operation, effect) => run(operation, toWrite(operation, database.write)(effect))
  const keep: Run = (operation, effect) => run(operation, toWrite(operation, database.keep)(effect))

  const forgetting =
    (operation: string, options: ForgetOptions | undefined) => <A>(effect: Effect.Effect<A, Failure>) =>
      run(operation, toWrite(operation, options?.isNow === true ? database.erase() : database.keep)(effect))

  /** Deletes copies only when something goes, and no backup from after it was forgotten, which has none of the bin. */
  const emptyBin = Effect.gen(function*() {
    if (isReadOnly || !(yield* database.read(reads.hasExpired))) return 0
    return yield* database.erase((yield* Clock.currentTimeMillis) - UNDO_MS)(writes.emptyBin)
  })

  return MemoryStore.of({
    cursors: (paths) => read("cursors", reads.cursors(paths)),
    transcripts: (projectId, limit) => read("transcripts", reads.transcripts(projectId, limitOf(limit))),
    append: (batch) => write("append", writes.append(batch)),
    unforgotten: (batch) => read("unforgotten", writes.unforgotten(batch)),
    permitted: (units) => read("permitted", writes.permitted(units)),
    places: (uuids) => read("places", reads.places(uuids)),
    claim: (kind, limit) => write("claim", writes.claim(kind, limit)),
    renew: (items) => write("renew", Effect.asVoid(writes.renew(items))),
    fail: (items, error) => write("fail", writes.fail(items, error)),
    failures: (limit) => read("failures", reads.failures(limitOf(limit))),
    retry: (item) => write("retry", writes.retry(item)),
    queueReviews: (requests) => write("queueReviews", writes.queueReviews(requests)),
    reviewAgain: (sessionIds) => write("reviewAgain", writes.reviewAgain(sessionIds)),
    unreviewed: (among) => read("unreviewed", reads.unreviewed(among)),
    sessionsIn: (filter, limit) => read("sessionsIn", reads.sessionsIn(filter, limitOf(limit))),
    transcriptsOf: (sessionId) => read("transcriptsOf", reads.transcriptsOf(sessionId)),
    sessions: (ids) => read("sessions", reads.sessions(ids)),
    sessionsByPrefix: (prefix) => read("sessionsByPrefix", reads.sessionsByPrefix(prefix)),
    queue: (kind, keys) => write("queue", Effect.asVoid(writes.queue(kind, keys))),
    indexFor: (name) => write("indexFor", writes.indexFor(name)),
    isIndexedBy: (name) => read("isIndexedBy", writes.isIndexedBy(name)),
    compressedBy: (version) => write("compressedBy", writes.compressedBy(version)),
    holdUnits: (projectId) => write("holdUnits", Effect.asVoid(writes.holdUnits(projectId))),
    release: (items) => write("release", Effect.asVoid(writes.release(items))),
    segments: (ids) => read("segments", reads.segments(ids)),
    segmentsOf: (sessionId) => read("segmentsOf", reads.segmentsOf(sessionId)),
    outlines: (ids) => read("outlines", reads.outlines(ids)),
    commit: (items, units) => write("commit", Effect.asVoid(writes.commit(items, units))),
    replace: (origin, units) => write("replace", Effect.asVoid(writes.replace([origin], units))),
    replaceAll: (origins, units) => write("replaceAll", Effect.asVoid(writes.replace(origins, units))),
    respell: (limit) => write("respell", writes.respell(limit)),
    done: (items) => write("done", Effect.asVoid(writes.done(items))),
    identity: read("identity", reads.identity),
    version: read("version", reads.version),
    unitIds: (after, limit) => read("unitIds", reads.unitIds(after, limit)),
    oldest: (filter, skip, limit) => read("oldest", reads.oldest(filter, skip, limitOf(limit))),
    units: (ids, sessionId) => read("units", reads.units(ids, sessionId)),
    replaced: read("replaced", reads.replaced),
    unitsByPrefix: (prefix) => read("unitsByPrefix", reads.unitsByPrefix(prefix)),
    recent: (filter, limit) => read("recent", reads.recent(filter, limitOf(limit))),
    count: (filter) => read("count", reads.count(filter)),
    messages: (uuids) => read("messages", reads.messages(uuids)),
    messagesHolding: (texts, after, limit) => read("messagesHolding", reads.messagesHolding(texts, after, limit)),
    neighbours: (ids) => read("neighbours", reads.neighbours(ids)),
    around: (id, before, after) => read("around", reads.around(id, limitOf(before), limitOf(after))),
    lexical: (terms, filter, limit) => read("lexical", reads.lexical(terms, filter, limit)),
    timeline: (filter, side, place, limit) => read("timeline", reads.timeline(filter, side, place, limitOf(limit))),
    save: (unit, project) => keep("save", writes.save(unit, project)),
    forgetting: (ids) => read("forgetting", writes.forgetting(ids)),
    forgettingSessions: (ids) => read("forgettingSessions", writes.forgettingSessions(ids)),
    vanished: (units) => read("vanished", writes.vanished(units)),
    forget: (ids, options) => forgetting("forget", options)(writes.forget(ids, options)),
    forgetSessions: (ids, options) => forgetting("forgetSessions", options)(writes.forgetSessions(ids, options)),
    edit: (id, change, by, revisions) => keep("edit", writes.edit(id, change, by, revisions)),
    history: (id) => read("history", reads.history(id)),
    undo: (by, operation) => keep("undo", writes.undo(by, operation)),
    recentChanges: (limit) => read("recentChanges", reads.recentChanges(limitOf(limit))),
    binned: (prefix) => read("binned", reads.binned(prefix)),
    archived: (kind, after, limit) => read("archived", reads.archived(kind, after, limit)),
    takeIn: (entries, from) => keep("takeIn", writes.takeIn(entries, from)),
    emptyBin: run("emptyBin", emptyBin),
    wipe: run("wipe", toWrite("wipe", (effect) => effect)(database.wipe)),
    addProject: (project) => write("addProject", Effect.asVoid(writes.addProject(project))),
    projects: read("projects", reads.projects),
    mergeProjects: (from, into) => keep("mergeProjects", writes.mergeProjects(from, into)),
    splitProject: (id) => keep("splitProject", Effect.asVoid(writes.splitProject(id))),
    setDifferent: (ids) => keep("setDifferent", Effect.asVoid(writes.setDifferent(ids))),
    traces: read("traces", reads.traces),
    oldestSource: (projectId) => read("oldestSource", reads.oldestSource(projectId)),
    setSearched: (ids, end) => write("setSearched", Effect.asVoid(writes.setSearched(ids, end))),
    renameProject: (id, name) => keep("renameProject", Effect.asVoid(writes.renameProject(id, name))),
    excludeProject: (project, isExcluded) =>
      keep("excludeProject", Effect.asVoid(writes.excludeProject(project, isExcluded))),
    deadLetters: (limit) => read("deadLetters", reads.deadLetters(limitOf(limit))),
    status: read("status", reads.status),
    waiting: read("waiting", reads.waiting),
    transaction: (effect) =>
      (isReadOnly ? readingOnly("transaction") : database.transaction(effect)).pipe(
        Effect.mapError((error) => error instanceof SqlError ? toError("transaction")(error) : error)
      )
  })
}

/** Empties the bin at the start of whatever writes; a failure waits for the next start. */
export const emptyingBin = (store: MemoryStore["Type"]): Effect.Effect<MemoryStore["Type"]> =>
  store.emptyBin.pipe(
    Effect.catchAll(({ message }) =>
      Effect.as(Effect.logWarning(`what was forgotten a week ago is not yet deleted for good: ${message}`), 0)
    ),
    Effect.as(store)
  )
