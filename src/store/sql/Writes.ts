/**
 * The write operations of a database store, composed of the statements of its dialect.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { simplified } from "../../domain/ChineseScripts.ts"
import { assignSegments, type Message, threadKey } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { type CaptureBatch, EMBEDDED, retryDelay, type ReviewRequest, type WorkItem } from "../MemoryStore.ts"
import { placeBeside, underneath } from "../Overlay.ts"
import { changesOf, comparable, freshOf, outcomesOf, sessionsChangedBy } from "../Rules.ts"
import * as ArchiveWrites from "./ArchiveWrites.ts"
import * as BinWrites from "./BinWrites.ts"
import * as Entombed from "./Entombed.ts"
import * as ForgetWrites from "./ForgetWrites.ts"
import * as OverlayWrites from "./OverlayWrites.ts"
import * as ProjectWrites from "./ProjectWrites.ts"
import * as RecentChanges from "./RecentChanges.ts"
import type { Statements } from "./Statements.ts"
import * as UnitWrites from "./UnitWrites.ts"

/** Name of the property that holds the row up to which lexemes are in Simplified characters, and its value when all are. */
const RESPELLED = "respelled"
const ALL = "all"

/** Tests for a unit whose lexemes an earlier version wrote in other characters. */
const hasTraditional = ({ content, files, title }: MemoryUnit): boolean =>
  [title, content, ...files].some((text) => simplified(text) !== text)

export const make = (db: Statements) => {
  const units = UnitWrites.make(db)
  const { followSessions, inPlace, ...projects } = ProjectWrites.make(db, units)
  const entombed = Entombed.make(db)
  const { permitted, remainders, unforgotten } = entombed
  const bin = BinWrites.make(db, units, entombed, inPlace)
  const forgetting = ForgetWrites.make(db, units, bin)
  const overlays = OverlayWrites.make(db, units, bin, projects.splitProject, RecentChanges.make(db))
  const { enqueue } = units

  const insertMessages = (messages: ReadonlyArray<Message>) =>
    Effect.gen(function*() {
      const threads = messages.map((message) => threadKey(message.sessionId, message.thread))
      const segmentIds = assignSegments(messages, yield* db.openSegments([...new Set(threads)]))
      yield* db.insertMessages(messages, segmentIds)
      yield* db.setOpenSegments(new Map(threads.map((key, i) => [key, segmentIds[i]!])))
      yield* enqueue("segment", segmentIds)
    })

  const append = (read: CaptureBatch) =>
    Effect.gen(function*() {
      const cursor = yield* db.cursorOf(read)
      if (cursor?.offset !== read.previous?.offset || cursor?.fingerprint !== read.previous?.fingerprint) {
        return { _tag: "Conflict" as const }
      }
      if (read.unlessExcluded === true && (yield* db.isExcluded(read.project.id))) return { _tag: "Conflict" as const }
      const known = yield* db.known(read.messages.map(({ uuid }) => uuid))
      const until = yield* db.letGoUntil([...new Set(read.messages.map(({ sessionId }) => sessionId))])
      const batch = yield* unforgotten({
        ...read,
        messages: freshOf(read.messages, known).filter(({ occurredAt, sessionId }) =>
          occurredAt > (until.get(sessionId) ?? -1)
        )
      })
      const fresh = batch.messages
      const duplicates = read.messages.length - fresh.length
      const stored = fresh.length + batch.factLines

      yield* db.setProject(batch.project)
      const project = { ...batch.project, id: yield* db.projectFor(batch.project.id) }
      const own = project.id === batch.project.id ? null : batch.project.id
      const changes = changesOf(batch.facts)
      const moved = yield* db.moveToBeginning(project, own, changes)
      const newSessions = yield* db.changeSessions(project, own, changes)
      if (moved.length > 0) yield* followSessions(moved, project.id, own)
      if (fresh.length > 0) yield* insertMessages(fresh)
      // What is being made of them is made for the other project.
      if (moved.length > 0) yield* enqueue("segment", yield* db.segmentsIn(moved))
      yield* enqueue("session", [...sessionsChangedBy(fresh, batch.facts), ...moved])
      yield* db.setCursor(batch.cursor)
      yield* db.addCounts("line_counts", outcomesOf(batch, stored, duplicates))
      yield* db.addCounts("redactions", batch.redactions)
      yield* db.insertDeadLetters(batch.cursor, batch.deadLetters)
      return { _tag: "Appended" as const, stored, duplicates, newSessions }
    })

  const fail = (items: ReadonlyArray<WorkItem>, error: string) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      for (const item of items) {
        const before = yield* db.attempts(item)
        if (before === undefined) continue
        yield* db.setFailed(item, before + 1, error, now + retryDelay(before + 1))
      }
    })

  const queueReviews = (requests: ReadonlyArray<ReviewRequest>) =>
    Effect.gen(function*() {
      for (const { isWanted, segmentIds, sessionId } of requests) {
        const isNew = isWanted && (yield* db.setReviewed(sessionId))
        if (!isNew && !(yield* db.isReviewed(sessionId))) continue
        yield* enqueue("review", isNew ? yield* db.segmentsOf(sessionId) : segmentIds)
        yield* enqueue("recap", [sessionId])
      }
    })

  const reviewAgain = (sessionIds: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      let segments = 0
      for (const sessionId of sessionIds) {
        yield* db.setReviewed(sessionId)
        const ids = yield* db.segmentsOf(sessionId)
        segments += ids.length
        yield* enqueue("review", ids)
        yield* enqueue("recap", [sessionId])
      }
      return segments
    })

  const isIndexedBy = (name: string) => Effect.map(db.property("index"), (index) => (index ?? EMBEDDED) === name)

  const indexFor = (name: string) =>
    Effect.gen(function*() {
      if (yield* isIndexedBy(name)) return false
      yield* db.setProperty("index", name)
      yield* enqueue("reconcile", [name])
      return true
    })

  const compressedBy = (version: number) =>
    Effect.gen(function*() {
      const recorded = Number((yield* db.property("compressor")) ?? 1)
      if (version <= recorded) return false
      yield* db.setProperty("compressor", String(version))
      return true
    })

  const respell = (limit: number) =>
    Effect.gen(function*() {
      const last = (yield* db.property(RESPELLED)) ?? "0"
      if (last === ALL) return false
      yield* db.lockAll
      const stored = yield* db.unitsAfterRow(Number(last), limit)
      yield* units.respell(stored.filter(({ unit }) => hasTraditional(unit)))
      const next = stored.length < limit ? ALL : String(stored.at(-1)!.row)
      yield* db.setProperty(RESPELLED, next)
      return next !== ALL
    })

  /** Replaces the units of origins; returns the sessions of those that changed. */
  const put = (
    origins: ReadonlyArray<string>,
    given: ReadonlyArray<MemoryUnit>,
    own: ReadonlyMap<string, string>
  ) =>
    Effect.gen(function*() {
      // What is left of their messages would make worse units, or bring back what was let go.
      const letGo = new Set(yield* db.letGoAmong(origins))
      // What an archive has more of them would be beside these now.
      yield* db.setFinished(origins)
      const existing = yield* db.unitsOf(origins.filter((origin) => !letGo.has(origin)))
      const overlays = yield* db.overlays([...existing.map(({ unit }) => unit.id), ...given.map(({ id }) => id)])
      const held = existing.map(({ row, unit }) => ({ row, unit: underneath(unit, overlays.get(unit.id)) }))
      // Ids may count places, so that a forgotten one's may be its neighbour's now.
      const again = yield* remainders(given)
      const saysAsBefore = ({ content, type }: MemoryUnit) =>
        held.some(({ unit }) => unit.type === type && unit.content === content)
      const made = given.filter((unit) => !letGo.has(unit.origin) && (!again.has(unit.id) || saysAsBefore(unit)))
      const placed = placeBeside(made, held.map(({ unit }) => unit), overlays)
      // Keeps unchanged units, so that a grown segment does not embed all its units again.
      const unchanged = new Map(
        held.filter(({ unit }) => !placed.kept.has(unit.id)).map(({ row, unit }) => [comparable(unit), row])
      )
      const fresh = unchanged.size === 0
        ? placed.made
        : placed.made.filter((unit) => !unchanged.delete(comparable(unit)))
      const stale = new Set(unchanged.values())
      const back = yield* units.restore(yield* units.remove([...stale]))
      yield* units.insert(fresh, own)
      yield* units.mergeWithSame([...back, ...fresh.map(({ id }) => id)])
      const removed = held.filter(({ row }) => stale.has(row)).map(({ unit }) => unit)
      return new Set([...fresh, ...removed].map(({ sessionId }) => sessionId))
    })

  const done = (items: ReadonlyArray<WorkItem>) => Effect.zipRight(db.done(items), db.release(items))

  const commit = (items: ReadonlyArray<WorkItem>, made: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      // Comes first: it takes the shared lock, so that until the end nobody forgets or merges projects.
      const allowed = yield* permitted(made)
      const { own, placed } = yield* inPlace(allowed)
      yield* db.lockUnits(items.map(({ key }) => key), placed)
      const origins = new Set(yield* db.unchanged(items))
      const changed = yield* put([...origins], placed.filter(({ origin }) => origins.has(origin)), own)
      yield* done(items)
      // The summary of a session quotes its units, and may have been made before these.
      if (items.some(({ kind }) => kind === "segment")) yield* enqueue("session", changed)
    })

  const holdUnits = (projectId: string) => Effect.zipRight(db.lockShared, db.lockUnits([], [{ projectId }]))

  const replace = (origins: ReadonlyArray<string>, made: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const { own, placed } = yield* inPlace(yield* permitted(made))
      yield* db.lockUnits(origins, placed)
      yield* put(origins, placed, own)
    })

  return {
    append,
    claim: db.claim,
    commit,
    compressedBy,
    done,
    fail,
    holdUnits,
    indexFor,
    isIndexedBy,
    permitted,
    queue: enqueue,
    queueReviews,
    release: db.release,
    renew: db.renew,
    replace,
    respell,
    retry: db.retry,
    reviewAgain,
    unforgotten,
    emptyBin: bin.empty,
    ...forgetting,
    ...overlays,
    ...ArchiveWrites.make(db, units, entombed, forgetting, overlays, inPlace),
    ...projects
  }
}
