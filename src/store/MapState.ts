/**
 * What the in-memory store keeps, and the changes made to it.
 */
import * as Struct from "effect/Struct"
import { assignSegments, type Message, type OpenSegment, type Session, threadKey } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { Project } from "../domain/Project.ts"
import * as Duplicates from "./Duplicates.ts"
import * as Forgetting from "./Forgetting.ts"
import {
  type AppendResult,
  type CaptureBatch,
  type Cursor,
  type DeadLetter,
  EMBEDDED,
  type FailedWork,
  MAX_ATTEMPTS,
  type ReviewRequest,
  triedAgainAfter,
  type WorkItem
} from "./MemoryStore.ts"
import * as Postings from "./Postings.ts"
import {
  ascending,
  changesOf,
  comparable,
  freshOf,
  type KeptProject,
  outcomesOf,
  present,
  sessionsChangedBy
} from "./Rules.ts"
import { LEASE_MS } from "./WorkLease.ts"

export interface Stored {
  readonly message: Message
  readonly seq: number
  readonly segmentId: string
}

export interface Waiting extends WorkItem {
  readonly until?: number
  readonly attempts: number
  readonly error?: string
  readonly notBefore: number
}

/** The property that tombstones are hashed with. */
export const SECRET = "secret"

/** Values are replaced and never changed, so that a copy of the Maps is a copy of all. */
export interface State {
  readonly projects: Map<string, KeptProject>
  readonly sessions: Map<string, Session>
  readonly messages: Map<string, Stored>
  readonly open: Map<string, OpenSegment>
  readonly cursors: Map<string, Cursor>
  readonly outcomes: Map<string, number>
  readonly redactions: Map<string, number>
  readonly dead: Map<string, DeadLetter>
  readonly work: Map<string, Waiting>
  readonly reviewed: Set<string>
  /** By its name: "index", which follows the store, and `SECRET`. */
  readonly properties: Map<string, string>
  /** What was forgotten, with the units that it was forgotten with. */
  readonly tombstones: Map<string, ReadonlySet<string>>
  readonly lexical: Postings.Postings
}

export const empty = (): State => ({
  projects: new Map(),
  sessions: new Map(),
  messages: new Map(),
  open: new Map(),
  cursors: new Map(),
  outcomes: new Map(),
  redactions: new Map(),
  dead: new Map(),
  work: new Map(),
  reviewed: new Set(),
  properties: new Map(),
  tombstones: new Map(),
  lexical: Postings.empty()
})

export const copy = (state: State): State => ({
  projects: new Map(state.projects),
  sessions: new Map(state.sessions),
  messages: new Map(state.messages),
  open: new Map(state.open),
  cursors: new Map(state.cursors),
  outcomes: new Map(state.outcomes),
  redactions: new Map(state.redactions),
  dead: new Map(state.dead),
  work: new Map(state.work),
  reviewed: new Set(state.reviewed),
  properties: new Map(state.properties),
  tombstones: new Map(state.tombstones),
  lexical: Postings.copy(state.lexical)
})

const workKey = (kind: WorkItem["kind"], key: string) => `${kind}/${key}`
const addCounts = (counts: Map<string, number>, added: Readonly<Record<string, number>>) => {
  for (const [key, n] of Object.entries(added)) if (n > 0) counts.set(key, (counts.get(key) ?? 0) + n)
}

export const enqueue = ({ work }: State, kind: WorkItem["kind"], keys: Iterable<string>) => {
  for (const key of new Set(keys)) {
    const known = work.get(workKey(kind, key))
    work.set(workKey(kind, key), {
      ...known,
      kind,
      key,
      revision: (known?.revision ?? 0) + 1,
      attempts: 0,
      notBefore: 0
    })
  }
}

/** Work that waits or is being done is to be done again; nothing new is queued. */
export const touch = ({ work }: State, kind: WorkItem["kind"], keys: Iterable<string>) => {
  for (const key of keys) {
    const known = work.get(workKey(kind, key))
    if (known !== undefined) work.set(workKey(kind, key), { ...known, revision: known.revision + 1 })
  }
}

export const indexFor = (state: State, name: string): boolean => {
  if ((state.properties.get("index") ?? EMBEDDED) === name) return false
  state.properties.set("index", name)
  enqueue(state, "reconcile", [name])
  return true
}

/** Tells which of the keys of Forgetting.ts were forgotten; nothing where nothing ever was. */
const forgottenIn = ({ properties, tombstones }: State): ((key: string) => boolean) | undefined => {
  const secret = properties.get(SECRET)
  if (secret === undefined) return undefined
  const hashOf = Forgetting.hashesBy(secret)
  return (key) => tombstones.has(hashOf(key))
}

export const setProject = ({ projects }: State, { id, key, name, root }: Project) => {
  projects.set(id, { id, name, key, isExcluded: false, mergedInto: null, ...projects.get(id), root })
}

/** The project that this one was merged into, else itself. */
export const projectFor = ({ projects }: State, id: string): string => projects.get(id)?.mergedInto ?? id

const changeSessions = (state: State, batch: CaptureBatch) => {
  const { sessions } = state
  const before = sessions.size
  const projectId = projectFor(state, batch.project.id)
  for (const [id, change] of changesOf(batch.facts)) {
    const known = sessions.get(id)
    const starts = present([known?.startedAt, change.from]).filter((start) => start !== 0)
    sessions.set(id, {
      id,
      projectId: known?.projectId ?? projectId,
      title: change.title ?? known?.title ?? null,
      cwd: known?.cwd ?? change.cwd ?? batch.project.root,
      branch: change.branch ?? known?.branch ?? null,
      startedAt: starts.length === 0 ? 0 : Math.min(...starts),
      endedAt: Math.max(known?.endedAt ?? 0, change.to ?? 0)
    })
  }
  return sessions.size - before
}

export const append = (state: State, read: CaptureBatch): AppendResult => {
  const { cursors, dead, messages, open } = state
  const cursor = cursors.get(read.cursor.path)
  if (cursor?.offset !== read.previous?.offset || cursor?.fingerprint !== read.previous?.fingerprint) {
    return { _tag: "Conflict" }
  }
  const isForgotten = forgottenIn(state)
  const known = read.messages.map(({ uuid }) => uuid).filter((uuid) => messages.has(uuid))
  const unknown = { ...read, messages: freshOf(read.messages, known) }
  const batch = isForgotten === undefined ? unknown : Forgetting.withoutForgotten(unknown, isForgotten)
  const fresh = batch.messages
  const duplicates = read.messages.length - fresh.length
  const stored = fresh.length + batch.factLines
  setProject(state, batch.project)
  const newSessions = changeSessions(state, batch)
  const segmentIds = assignSegments(fresh, open)
  fresh.forEach((message, i) => {
    const [key, id] = [threadKey(message.sessionId, message.thread), segmentIds[i]!]
    const current = open.get(key)
    open.set(key, { id, messages: current?.id === id ? current.messages + 1 : 1 })
    messages.set(message.uuid, { message, seq: messages.size + 1, segmentId: id })
  })
  enqueue(state, "segment", segmentIds)
  enqueue(state, "session", sessionsChangedBy(fresh, batch.facts))
  cursors.set(batch.cursor.path, batch.cursor)
  addCounts(state.outcomes, outcomesOf(batch, stored, duplicates))
  addCounts(state.redactions, batch.redactions)
  for (const letter of batch.deadLetters) {
    const key = `${letter.offset} ${batch.cursor.fingerprint} ${letter.path}`
    if (!dead.has(key)) dead.set(key, letter)
  }
  return { _tag: "Appended", stored, duplicates, newSessions }
}

const free = (item: Waiting): Waiting => Struct.omit(item, "until")

export const claim = ({ work }: State, kind: WorkItem["kind"], limit: number, now: number): ReadonlyArray<WorkItem> => {
  for (const [key, item] of work) {
    if (item.kind === kind && item.until !== undefined && item.until < now) work.set(key, free(item))
  }
  const claimable = [...work.values()].filter((item) =>
    item.kind === kind && item.until === undefined && item.notBefore <= now && item.attempts < MAX_ATTEMPTS
  )
  return claimable.slice(0, limit).map((item) => {
    const { key, revision } = item
    work.set(workKey(kind, key), { ...item, until: now + LEASE_MS })
    return { kind, key, revision }
  })
}

const isCurrent = ({ work }: State) => ({ key, kind, revision }: WorkItem) =>
  work.get(workKey(kind, key))?.revision === revision

export const done = (state: State, items: ReadonlyArray<WorkItem>) => {
  for (const { key, kind } of items.filter(isCurrent(state))) state.work.delete(workKey(kind, key))
}

export const release = ({ work }: State, items: ReadonlyArray<WorkItem>) => {
  for (const { key, kind } of items) {
    const held = work.get(workKey(kind, key))
    if (held !== undefined) work.set(workKey(kind, key), free(held))
  }
}

export const renew = ({ work }: State, items: ReadonlyArray<WorkItem>, now: number) => {
  for (const { key, kind } of items) {
    const held = work.get(workKey(kind, key))
    if (held?.until !== undefined) work.set(workKey(kind, key), { ...held, until: now + LEASE_MS })
  }
}

export const fail = ({ work }: State, items: ReadonlyArray<WorkItem>, error: string, now: number) => {
  for (const { key, kind } of items) {
    const held = work.get(workKey(kind, key))
    if (held?.until === undefined) continue
    const attempts = held.attempts + 1
    work.set(workKey(kind, key), { ...free(held), attempts, error, notBefore: now + triedAgainAfter(attempts) })
  }
}

export const failures = ({ work }: State, limit: number): ReadonlyArray<FailedWork> =>
  [...work.values()].filter(({ attempts }) => attempts > 0)
    .sort(ascending(({ attempts }) => -attempts, ({ kind }) => kind, ({ key }) => key)).slice(0, limit)
    .map(({ attempts, error = "", key, kind }) => ({ kind, key, attempts, error, isDead: attempts >= MAX_ATTEMPTS }))

const segmentsOf = ({ messages }: State, sessionId: string) => [
  ...new Set(
    [...messages.values()].filter(({ message }) => message.sessionId === sessionId).map(({ segmentId }) => segmentId)
  )
]

export const queueReviews = (state: State, requests: ReadonlyArray<ReviewRequest>) => {
  for (const { isWanted, segmentIds, sessionId } of requests) {
    const isKnown = state.reviewed.has(sessionId)
    if (!isKnown && !isWanted) continue
    state.reviewed.add(sessionId)
    enqueue(state, "review", isKnown ? segmentIds : segmentsOf(state, sessionId))
    enqueue(state, "recap", [sessionId])
  }
}

export const reviewAgain = (state: State, sessionIds: ReadonlyArray<string>): number =>
  sessionIds.reduce((segments, sessionId) => {
    const ids = segmentsOf(state, sessionId)
    state.reviewed.add(sessionId)
    enqueue(state, "review", ids)
    enqueue(state, "recap", [sessionId])
    return segments + ids.length
  }, 0)

/** Merges a unit with those active ones of its project that say the same. */
export const mergeWithSame = (state: State, id: string) => {
  const { lexical } = state
  const one = lexical.units.get(id)!
  const same = [...lexical.units.values()].filter(({ sketch, unit }) =>
    unit.id !== id && unit.active && unit.projectId === one.unit.projectId &&
    sketch.some((least) => one.sketch.includes(least))
  )
    .sort(ascending(({ unit }) => unit.id))
  for (const other of same) {
    const current = lexical.units.get(id)!.unit
    if (!current.active) return
    const merged = Duplicates.merge({ unit: current, words: one.words }, other)
    if (merged === undefined) continue
    const { goes, stays } = merged
    enqueue(state, "index", [goes.id])
    for (const unit of [goes, stays]) lexical.units.set(unit.id, { ...lexical.units.get(unit.id)!, unit })
  }
}

/** Gives the ids of those that count again, as their successors are gone. */
export const removeUnits = (state: State, ids: ReadonlySet<string>): ReadonlyArray<string> => {
  const { lexical } = state
  const gone = [...lexical.units.keys()].filter((id) => ids.has(id))
  for (const id of gone) Postings.remove(lexical, id)
  enqueue(state, "index", gone)
  const back = [...lexical.units.values()].map(({ unit }) => unit).filter(({ supersededBy }) =>
    supersededBy !== null && ids.has(supersededBy)
  ).map(Duplicates.restored).sort(ascending(({ id }) => id))
  for (const unit of back) Postings.insert(lexical, unit)
  enqueue(state, "index", back.map(({ id }) => id))
  return back.map(({ id }) => id)
}

/** Replaces the units of origins. Says what is wrong with the new ones, when they can't be written; nothing was changed then. */
export const put = (
  state: State,
  origins: ReadonlySet<string>,
  made: ReadonlyArray<MemoryUnit>
): string | undefined => {
  const held = state.lexical.units
  const isForgotten = forgottenIn(state) ?? (() => false)
  const units = made.filter((unit) => !Forgetting.keysOfUnit(unit).some(isForgotten)).map((unit) => ({
    ...unit,
    projectId: projectFor(state, unit.projectId)
  }))
  const unchanged = new Map(
    [...held.values()].filter(({ unit }) => origins.has(unit.origin)).map(({ unit }) => [comparable(unit), unit.id])
  )
  const fresh = units.filter((unit) => origins.has(unit.origin) && !unchanged.delete(comparable(unit)))
  const stale = new Set(unchanged.values())
  const ids = fresh.map(({ id }) => id)
  const taken = ids.find((id, i) => (held.has(id) && !stale.has(id)) || ids.indexOf(id) < i)
  if (taken !== undefined) return `two units have the id ${taken}`
  const back = removeUnits(state, stale)
  for (const unit of fresh) Postings.insert(state.lexical, unit)
  enqueue(state, "index", ids)
  for (const id of [...back, ...ids]) mergeWithSame(state, id)
  return undefined
}

/** As `put`, of the origins that the items stand for. */
export const commit = (
  state: State,
  items: ReadonlyArray<WorkItem>,
  made: ReadonlyArray<MemoryUnit>
): string | undefined => {
  const wrong = put(state, new Set(items.filter(isCurrent(state)).map(({ key }) => key)), made)
  if (wrong !== undefined) return wrong
  done(state, items)
  release(state, items)
  return undefined
}
