/**
 * `MemoryStore` in one SQLite file, written through one connection and read through another, so that capture never stalls a
 * search.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { transaction } from "../resources/Sqlite.ts"
import { MemoryStore, type StoreError } from "./MemoryStore.ts"
import { SqliteFile, toStoreError } from "./SqliteFile.ts"
import { make as makeReads } from "./SqliteReads.ts"
import { make as makeWrites } from "./SqliteWrites.ts"

const make = Effect.gen(function*() {
  const { reader, writer } = yield* SqliteFile
  const inFlight = yield* makeInFlight("MemoryStore")
  const reads = makeReads(reader)
  const writes = makeWrites(writer)
  const fail = <A, R>(operation: string, effect: Effect.Effect<A, SqlError | StoreError, R>) =>
    inFlight(Effect.mapError(effect, toStoreError(operation))).pipe(Effect.withSpan(`MemoryStore.${operation}`))
  const write = <A, R>(operation: string, effect: Effect.Effect<A, SqlError, R>) =>
    fail(operation, transaction(writer, effect))

  return MemoryStore.of({
    cursors: (paths) => fail("cursors", reads.cursors(paths)),
    append: (batch) => write("append", writes.append(batch)),
    places: (uuids) => fail("places", reads.places(uuids)),
    claim: (kind, limit) => write("claim", writes.claim(kind, limit)),
    renew: (items) => write("renew", Effect.asVoid(writes.renew(items))),
    fail: (items, error) => write("fail", writes.fail(items, error)),
    failures: (limit) => fail("failures", reads.failures(limit)),
    queueReviews: (requests) => write("queueReviews", writes.queueReviews(requests)),
    reviewAgain: (sessionIds) => write("reviewAgain", writes.reviewAgain(sessionIds)),
    unreviewed: fail("unreviewed", reads.unreviewed),
    sessionsByPrefix: (prefix) => fail("sessionsByPrefix", reads.sessionsByPrefix(prefix)),
    queue: (kind, keys) => write("queue", Effect.asVoid(writes.queue(kind, keys))),
    indexFor: (name) => write("indexFor", writes.indexFor(name)),
    release: (items) => write("release", Effect.asVoid(writes.release(items))),
    segments: (ids) => fail("segments", reads.segments(ids)),
    outlines: (ids) => fail("outlines", reads.outlines(ids)),
    commit: (items, units) => write("commit", Effect.asVoid(writes.commit(items, units))),
    done: (items) => write("done", Effect.asVoid(writes.done(items))),
    identity: fail("identity", reads.identity),
    unitIds: (after, limit) => fail("unitIds", reads.unitIds(after, limit)),
    units: (ids) => fail("units", reads.units(ids)),
    unitsByPrefix: (prefix) => fail("unitsByPrefix", reads.unitsByPrefix(prefix)),
    recent: (filter, limit) => fail("recent", reads.recent(filter, limit)),
    messages: (uuids) => fail("messages", reads.messages(uuids)),
    neighbours: (ids) => fail("neighbours", reads.neighbours(ids)),
    lexical: (terms, filter, limit) => fail("lexical", reads.lexical(terms, filter, limit)),
    projects: fail("projects", reads.projects),
    deadLetters: (limit) => fail("deadLetters", reads.deadLetters(limit)),
    status: fail("status", reads.status),
    transaction: (effect) =>
      transaction(writer, effect).pipe(
        Effect.mapError((error) => error instanceof SqlError ? toStoreError("transaction")(error) : error)
      )
  })
})

export const layer = Layer.scoped(MemoryStore, make)
