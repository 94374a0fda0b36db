/**
 * How a database store writes: what follows from what, over statements that each database words for itself.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { assignSegments, type Message, threadKey } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { type CaptureBatch, EMBEDDED, type ReviewRequest, triedAgainAfter, type WorkItem } from "../MemoryStore.ts"
import { changesOf, comparable, freshOf, outcomesOf, sessionsChangedBy } from "../Rules.ts"
import * as ForgetWrites from "./ForgetWrites.ts"
import * as ProjectWrites from "./ProjectWrites.ts"
import type { Statements } from "./Statements.ts"
import * as UnitWrites from "./UnitWrites.ts"

export const make = (say: Statements) => {
  const units = UnitWrites.make(say)
  const { permitted, unforgotten, ...forgetting } = ForgetWrites.make(say, units)
  const { inPlace, ...projects } = ProjectWrites.make(say, units)
  const { enqueue } = units

  const insertMessages = (messages: ReadonlyArray<Message>) =>
    Effect.gen(function*() {
      const threads = messages.map((message) => threadKey(message.sessionId, message.thread))
      const segmentIds = assignSegments(messages, yield* say.openSegments([...new Set(threads)]))
      yield* say.insertMessages(messages, segmentIds)
      yield* say.setOpenSegments(new Map(threads.map((key, i) => [key, segmentIds[i]!])))
      yield* enqueue("segment", segmentIds)
    })

  const append = (read: CaptureBatch) =>
    Effect.gen(function*() {
      const cursor = yield* say.cursorOf(read)
      if (cursor?.offset !== read.previous?.offset || cursor?.fingerprint !== read.previous?.fingerprint) {
        return { _tag: "Conflict" as const }
      }
      const known = yield* say.known(read.messages.map(({ uuid }) => uuid))
      const batch = yield* unforgotten({ ...read, messages: freshOf(read.messages, known) })
      const fresh = batch.messages
      const duplicates = read.messages.length - fresh.length
      const stored = fresh.length + batch.factLines

      yield* say.setProject(batch.project)
      const project = { ...batch.project, id: yield* say.projectFor(batch.project.id) }
      const newSessions = yield* say.changeSessions(project, changesOf(batch.facts))
      if (fresh.length > 0) yield* insertMessages(fresh)
      yield* enqueue("session", sessionsChangedBy(fresh, batch.facts))
      yield* say.setCursor(batch.cursor)
      yield* say.addCounts("line_counts", outcomesOf(batch, stored, duplicates))
      yield* say.addCounts("redactions", batch.redactions)
      yield* say.insertDeadLetters(batch.cursor, batch.deadLetters)
      return { _tag: "Appended" as const, stored, duplicates, newSessions }
    })

  const fail = (items: ReadonlyArray<WorkItem>, error: string) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      for (const item of items) {
        const before = yield* say.attempts(item)
        if (before === undefined) continue
        yield* say.setFailed(item, before + 1, error, now + triedAgainAfter(before + 1))
      }
    })

  const queueReviews = (requests: ReadonlyArray<ReviewRequest>) =>
    Effect.gen(function*() {
      for (const { isWanted, segmentIds, sessionId } of requests) {
        const isNew = isWanted && (yield* say.setReviewed(sessionId))
        if (!isNew && !(yield* say.isReviewed(sessionId))) continue
        yield* enqueue("review", isNew ? yield* say.segmentsOf(sessionId) : segmentIds)
        yield* enqueue("recap", [sessionId])
      }
    })

  const reviewAgain = (sessionIds: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      let segments = 0
      for (const sessionId of sessionIds) {
        yield* say.setReviewed(sessionId)
        const ids = yield* say.segmentsOf(sessionId)
        segments += ids.length
        yield* enqueue("review", ids)
        yield* enqueue("recap", [sessionId])
      }
      return segments
    })

  const indexFor = (name: string) =>
    Effect.gen(function*() {
      if (((yield* say.property("index")) ?? EMBEDDED) === name) return false
      yield* say.setProperty("index", name)
      yield* enqueue("reconcile", [name])
      return true
    })

  /** Replaces the units of origins. */
  const put = (origins: ReadonlyArray<string>, made: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const existing = yield* say.unitsOf(origins)
      // A unit that comes out the same stays, so that growing a segment does not embed its whole again.
      const unchanged = new Map(existing.map(({ row, body }) => [comparable(JSON.parse(body) as MemoryUnit), row]))
      const fresh = unchanged.size === 0 ? made : made.filter((unit) => !unchanged.delete(comparable(unit)))
      const stale = new Set(unchanged.values())
      const back = yield* units.restore(yield* units.remove([...stale]))
      yield* units.insert(fresh)
      yield* units.mergeWithSame([...back, ...fresh.map(({ id }) => id)])
    })

  const commit = (items: ReadonlyArray<WorkItem>, made: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      // First of all: from here on nobody forgets, and no project is merged.
      const allowed = yield* permitted(made)
      const placed = yield* inPlace(allowed)
      yield* say.holdUnits(items.map(({ key }) => key), placed)
      const origins = new Set(yield* say.standing(items))
      yield* put([...origins], placed.filter(({ origin }) => origins.has(origin)))
      yield* say.done(items)
      yield* say.release(items)
    })

  const replace = (origin: string, made: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const placed = yield* inPlace(yield* permitted(made))
      yield* say.holdUnits([origin], placed)
      yield* put([origin], placed)
    })

  return {
    append,
    commit,
    fail,
    indexFor,
    queue: enqueue,
    queueReviews,
    replace,
    reviewAgain,
    ...forgetting,
    ...projects
  }
}
