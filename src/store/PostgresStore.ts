/**
 * `MemoryStore` in PostgreSQL, for several processes and machines at once.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { isConflict, isTaken } from "../resources/Postgres.ts"
import { MemoryStore, type StoreError } from "./MemoryStore.ts"
import { PostgresPool, toStoreError } from "./PostgresPool.ts"
import { make as makeReads } from "./PostgresReads.ts"
import { make as makeWrites } from "./PostgresWrites.ts"

/** A write that got in the way of another one is tried so often. */
const TRIES = 5

/** Two transcripts may hold the same message: the second to be stored is a duplicate, when it is looked at again. */
const isToBeTriedAgain = (error: SqlError) => isConflict(error) || isTaken(error, "messages_uuid_key")

const make = Effect.gen(function*() {
  const { name, run, sql, transaction } = yield* PostgresPool
  const inFlight = yield* makeInFlight("MemoryStore")
  const reads = makeReads(sql)
  const writes = makeWrites(sql)
  const tell = <A, R>(operation: string, effect: Effect.Effect<A, SqlError | StoreError, R>) =>
    inFlight(Effect.mapError(effect, toStoreError(operation, name))).pipe(Effect.withSpan(`MemoryStore.${operation}`))
  const read = <A, R>(operation: string, effect: Effect.Effect<A, SqlError, R>) => tell(operation, run(effect))
  const write = <A, R>(operation: string, effect: Effect.Effect<A, SqlError, R>) =>
    tell(operation, Effect.retry(transaction(effect), { while: isToBeTriedAgain, times: TRIES - 1 }))

  return MemoryStore.of({
    cursors: (paths) => read("cursors", reads.cursors(paths)),
    append: (batch) => write("append", writes.append(batch)),
    places: (uuids) => read("places", reads.places(uuids)),
    claim: (kind, limit) => write("claim", writes.claim(kind, limit)),
    renew: (items) => write("renew", Effect.asVoid(writes.renew(items))),
    fail: (items, error) => write("fail", writes.fail(items, error)),
    failures: (limit) => read("failures", reads.failures(limit)),
    queueReviews: (requests) => write("queueReviews", writes.queueReviews(requests)),
    reviewAgain: (sessionIds) => write("reviewAgain", writes.reviewAgain(sessionIds)),
    unreviewed: read("unreviewed", reads.unreviewed),
    sessionsByPrefix: (prefix) => read("sessionsByPrefix", reads.sessionsByPrefix(prefix)),
    queue: (kind, keys) => write("queue", Effect.asVoid(writes.queue(kind, keys))),
    indexFor: (name) => write("indexFor", writes.indexFor(name)),
    release: (items) => write("release", Effect.asVoid(writes.release(items))),
    segments: (ids) => read("segments", reads.segments(ids)),
    outlines: (ids) => read("outlines", reads.outlines(ids)),
    commit: (items, units) => write("commit", Effect.asVoid(writes.commit(items, units))),
    done: (items) => write("done", Effect.asVoid(writes.done(items))),
    identity: read("identity", reads.identity),
    unitIds: (after, limit) => read("unitIds", reads.unitIds(after, limit)),
    units: (ids) => read("units", reads.units(ids)),
    unitsByPrefix: (prefix) => read("unitsByPrefix", reads.unitsByPrefix(prefix)),
    recent: (filter, limit) => read("recent", reads.recent(filter, limit)),
    messages: (uuids) => read("messages", reads.messages(uuids)),
    neighbours: (ids) => read("neighbours", reads.neighbours(ids)),
    lexical: (terms, filter, limit) => read("lexical", reads.lexical(terms, filter, limit)),
    projects: read("projects", reads.projects),
    deadLetters: (limit) => read("deadLetters", reads.deadLetters(limit)),
    status: read("status", reads.status),
    transaction: (effect) =>
      transaction(effect).pipe(
        Effect.mapError((error) => error instanceof SqlError ? toStoreError("transaction", name)(error) : error)
      )
  })
})

export const layer = Layer.scoped(MemoryStore, make)
