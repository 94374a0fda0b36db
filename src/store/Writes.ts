/**
 * How a database store writes: what follows from what, over statements that each database words for itself.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { assignSegments, type Message, type OpenSegment, threadKey } from "../domain/Conversation.ts"
import { fieldsOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { Project } from "../domain/Project.ts"
import * as Duplicates from "./Duplicates.ts"
import {
  type CaptureBatch,
  type Cursor,
  type DeadLetter,
  EMBEDDED,
  type ReviewRequest,
  triedAgainAfter,
  type WorkItem
} from "./MemoryStore.ts"
import { changesOf, comparable, freshOf, outcomesOf, type SessionChange, sessionsChangedBy } from "./Rules.ts"

type Said<A> = Effect.Effect<A, SqlError>

/** A unit on its way into the store, with its lexical fields. */
export interface Fielded {
  readonly unit: MemoryUnit
  readonly fields: ReadonlyArray<ReadonlyArray<string>>
  readonly lexemeCount: number
  readonly sketch: ReadonlyArray<number>
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
  /** Those of a unit. */
  readonly deleteTombstones: (unitId: string) => Said<unknown>
  readonly property: (name: string) => Said<string | undefined>
  readonly setProperty: (name: string, value: string) => Said<unknown>

  /** The keys of those items whose revision has not moved on. No other transaction writes units of their projects meanwhile. */
  readonly standing: (
    items: ReadonlyArray<WorkItem>,
    units: ReadonlyArray<MemoryUnit>
  ) => Said<ReadonlyArray<string>>
  readonly unitsOf: (
    origins: ReadonlyArray<string>
  ) => Said<ReadonlyArray<{ readonly row: number; readonly body: string }>>
  readonly unitsById: (
    ids: ReadonlyArray<string>
  ) => Said<ReadonlyArray<{ readonly row: number; readonly body: string }>>
  /** Gives their ids, in the order of rows. */
  readonly deleteUnits: (rows: ReadonlyArray<number>) => Said<ReadonlyArray<string>>
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

/** Units whose words are looked at together when they change their project. */
const MOVED_AT_ONCE = 500

export const make = (say: Statements) => {
  const enqueue = (kind: WorkItem["kind"], keys: Iterable<string>): Said<unknown> => {
    const distinct = [...new Set(keys)]
    return distinct.length === 0 ? Effect.void : say.enqueue(kind, distinct)
  }

  const insertMessages = (messages: ReadonlyArray<Message>) =>
    Effect.gen(function*() {
      const threads = messages.map((message) => threadKey(message.sessionId, message.thread))
      const segmentIds = assignSegments(messages, yield* say.openSegments([...new Set(threads)]))
      yield* say.insertMessages(messages, segmentIds)
      yield* say.setOpenSegments(new Map(threads.map((key, i) => [key, segmentIds[i]!])))
      yield* enqueue("segment", segmentIds)
    })

  const append = (batch: CaptureBatch) =>
    Effect.gen(function*() {
      const cursor = yield* say.cursorOf(batch)
      if (cursor?.offset !== batch.previous?.offset || cursor?.fingerprint !== batch.previous?.fingerprint) {
        return { _tag: "Conflict" as const }
      }
      const fresh = freshOf(batch.messages, yield* say.known(batch.messages.map(({ uuid }) => uuid)))
      const duplicates = batch.messages.length - fresh.length
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

  const deleteUnits = (rows: ReadonlyArray<number>) =>
    Effect.gen(function*() {
      if (rows.length === 0) return []
      const gone = yield* say.deleteUnits(rows)
      yield* enqueue("index", gone)
      return gone
    })

  const insertUnits = (units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      if (units.length === 0) return
      yield* say.insertUnits(units.map((unit) => {
        const fields = fieldsOf(unit)
        return {
          unit,
          fields,
          lexemeCount: fields.reduce((sum, field) => sum + field.length, 0),
          sketch: Duplicates.sketch(unit, Duplicates.wordsOf(fields))
        }
      }))
      yield* enqueue("index", units.map(({ id }) => id))
    })

  /** `turned` are those of them that count now and did not, or the other way round. */
  const update = (units: ReadonlyArray<MemoryUnit>, turned: ReadonlyArray<string>) =>
    Effect.zipRight(enqueue("index", turned), say.updateUnits(units))

  /** Units whose successors are gone count again. */
  const restore = (gone: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      if (gone.length === 0) return []
      const back = (yield* say.supersededBy(gone)).map(Duplicates.restored)
      const ids = back.map(({ id }) => id)
      if (back.length > 0) yield* update(back, ids)
      return ids
    })

  /** Merges units with those active ones of their project that say the same. */
  const mergeWithSame = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      if (ids.length === 0) return
      const pairs = yield* say.alike(ids)
      if (pairs.length === 0) return
      const worded = yield* say.worded([...new Set(pairs.flatMap(({ id, other }) => [id, other]))])
      const held = new Map(worded.map((each) => [each.unit.id, each]))
      const changed = new Map<string, MemoryUnit>()
      const current = (id: string) => changed.get(id) ?? held.get(id)!.unit
      for (const id of ids) {
        for (const other of pairs.filter((pair) => pair.id === id).map((pair) => pair.other).sort()) {
          if (!current(id).active) break
          if (!current(other).active) continue
          const now = (id: string) => ({ unit: current(id), words: held.get(id)!.words })
          const merged = Duplicates.merge(now(id), now(other))
          if (merged !== undefined) changed.set(merged.goes.id, merged.goes).set(merged.stays.id, merged.stays)
        }
      }
      const gone = [...changed.values()].filter(({ active }) => !active).map(({ id }) => id)
      if (changed.size > 0) yield* update([...changed.values()], gone)
    })

  const commit = (items: ReadonlyArray<WorkItem>, units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const origins = new Set(yield* say.standing(items, units))
      const kept = units.filter(({ origin }) => origins.has(origin))
      const existing = yield* say.unitsOf([...origins])
      // A unit that comes out the same stays, so that growing a segment does not embed its whole again.
      const unchanged = new Map(existing.map(({ row, body }) => [comparable(JSON.parse(body) as MemoryUnit), row]))
      const fresh = unchanged.size === 0 ? kept : kept.filter((unit) => !unchanged.delete(comparable(unit)))
      const stale = new Set(unchanged.values())
      const back = yield* restore(yield* deleteUnits([...stale]))
      yield* insertUnits(fresh)
      yield* mergeWithSame([...back, ...fresh.map(({ id }) => id)])
      yield* say.done(items)
      yield* say.release(items)
    })

  const save = (unit: MemoryUnit, project: Project) =>
    Effect.gen(function*() {
      const [known] = yield* say.unitsById([unit.id])
      if (known !== undefined) return JSON.parse(known.body) as MemoryUnit
      yield* say.setProject(project)
      const saved = { ...unit, projectId: yield* say.projectFor(project.id) }
      yield* say.deleteTombstones(saved.id)
      yield* insertUnits([saved])
      yield* mergeWithSame([saved.id])
      return saved
    })

  /** Units that say the same as these: what they superseded, and what superseded them. */
  const sayingTheSame = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const found = new Map<string, { readonly row: number; readonly unit: MemoryUnit }>()
      for (let next = ids; next.length > 0;) {
        const units = (yield* say.unitsById(next)).map(({ body, row }) => ({
          row,
          unit: JSON.parse(body) as MemoryUnit
        }))
        for (const each of units) found.set(each.unit.id, each)
        const others = [
          ...units.flatMap(({ unit: { supersededBy } }) => supersededBy === null ? [] : [supersededBy]),
          ...(yield* say.supersededBy(units.map(({ unit }) => unit.id))).map(({ id }) => id)
        ]
        next = [...new Set(others)].filter((id) => !found.has(id))
      }
      return [...found.values()]
    })

  const forget = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const gone = yield* sayingTheSame(ids)
      yield* deleteUnits(gone.map(({ row }) => row))
      return { units: gone.map(({ unit }) => unit), messages: 0 }
    })

  const mergeProjects = (from: string, into: string) =>
    Effect.gen(function*() {
      yield* say.setMerged(from, into)
      yield* say.moveSessions(from, into)
      const moved = yield* say.moveUnits(from, into)
      const active: Array<string> = []
      for (let i = 0; i < moved.length; i += MOVED_AT_ONCE) {
        const worded = yield* say.worded(moved.slice(i, i + MOVED_AT_ONCE))
        active.push(...worded.filter(({ unit }) => unit.active).map(({ unit }) => unit.id))
        yield* say.setSketches(new Map(worded.map(({ unit, words }) => [unit.id, Duplicates.sketch(unit, words)])))
      }
      yield* enqueue("index", active)
      for (let i = 0; i < active.length; i += MOVED_AT_ONCE) yield* mergeWithSame(active.slice(i, i + MOVED_AT_ONCE))
    })

  const excludeProject = (project: Project, isExcluded: boolean) =>
    Effect.zipRight(say.setProject(project), say.setExcluded(project.id, isExcluded))

  return {
    append,
    commit,
    excludeProject,
    fail,
    forget,
    indexFor,
    mergeProjects,
    queue: enqueue,
    queueReviews,
    renameProject: say.setName,
    reviewAgain,
    save
  }
}
