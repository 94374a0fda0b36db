/**
 * `MemoryStore` over what a database reads and writes: every operation by its name, read as it is or written in a transaction.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { MemoryStore, type StoreError } from "../MemoryStore.ts"

type Operations = Omit<MemoryStore["Type"], "transaction">

/** Accepts whatever the driver returns for an operation whose port type is void. */
type Said<A> = Effect.Effect<[A] extends [void] ? unknown : A, SqlError | StoreError>

/** The operations of the port, as one database words them. */
export type Statements = {
  readonly [Name in keyof Operations]: Operations[Name] extends Effect.Effect<infer A, StoreError> ? Said<A>
    : Operations[Name] extends (...args: infer Args) => Effect.Effect<infer A, StoreError> ? (...args: Args) => Said<A>
    : never
}

/** Runs what is said to the database for an operation of this name. */
type Run = <A, R>(
  operation: string,
  effect: Effect.Effect<A, SqlError | StoreError, R>
) => Effect.Effect<A, StoreError, R>

export const make = (
  { read, statements, transaction, write }: {
    readonly statements: Statements
    readonly read: Run
    readonly write: Run
    readonly transaction: MemoryStore["Type"]["transaction"]
  }
): MemoryStore["Type"] =>
  MemoryStore.of({
    cursors: (paths) => read("cursors", statements.cursors(paths)),
    append: (batch) => write("append", statements.append(batch)),
    places: (uuids) => read("places", statements.places(uuids)),
    claim: (kind, limit) => write("claim", statements.claim(kind, limit)),
    renew: (items) => write("renew", Effect.asVoid(statements.renew(items))),
    fail: (items, error) => write("fail", statements.fail(items, error)),
    failures: (limit) => read("failures", statements.failures(limit)),
    queueReviews: (requests) => write("queueReviews", statements.queueReviews(requests)),
    reviewAgain: (sessionIds) => write("reviewAgain", statements.reviewAgain(sessionIds)),
    unreviewed: read("unreviewed", statements.unreviewed),
    sessionsByPrefix: (prefix) => read("sessionsByPrefix", statements.sessionsByPrefix(prefix)),
    queue: (kind, keys) => write("queue", Effect.asVoid(statements.queue(kind, keys))),
    indexFor: (name) => write("indexFor", statements.indexFor(name)),
    release: (items) => write("release", Effect.asVoid(statements.release(items))),
    segments: (ids) => read("segments", statements.segments(ids)),
    outlines: (ids) => read("outlines", statements.outlines(ids)),
    commit: (items, units) => write("commit", Effect.asVoid(statements.commit(items, units))),
    replace: (origin, units) => write("replace", Effect.asVoid(statements.replace(origin, units))),
    done: (items) => write("done", Effect.asVoid(statements.done(items))),
    identity: read("identity", statements.identity),
    unitIds: (after, limit) => read("unitIds", statements.unitIds(after, limit)),
    units: (ids) => read("units", statements.units(ids)),
    unitsByPrefix: (prefix) => read("unitsByPrefix", statements.unitsByPrefix(prefix)),
    recent: (filter, limit) => read("recent", statements.recent(filter, limit)),
    messages: (uuids) => read("messages", statements.messages(uuids)),
    neighbours: (ids) => read("neighbours", statements.neighbours(ids)),
    lexical: (terms, filter, limit) => read("lexical", statements.lexical(terms, filter, limit)),
    timeline: (filter, side, place, limit) => read("timeline", statements.timeline(filter, side, place, limit)),
    save: (unit, project) => write("save", statements.save(unit, project)),
    forget: (ids) => write("forget", statements.forget(ids)),
    projects: read("projects", statements.projects),
    mergeProjects: (from, into) => write("mergeProjects", Effect.asVoid(statements.mergeProjects(from, into))),
    renameProject: (id, name) => write("renameProject", Effect.asVoid(statements.renameProject(id, name))),
    excludeProject: (project, isExcluded) =>
      write("excludeProject", Effect.asVoid(statements.excludeProject(project, isExcluded))),
    deadLetters: (limit) => read("deadLetters", statements.deadLetters(limit)),
    status: read("status", statements.status),
    transaction
  })
