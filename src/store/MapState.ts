/**
 * What the in-memory store keeps, and the changes made to it.
 */
import * as Struct from "effect/Struct"
import { assignSegments, type Message, type OpenSegment, type Session, threadKey } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { Project } from "../domain/Project.ts"
import * as Duplicates from "./Duplicates.ts"
import {
  type AppendResult,
  type CaptureBatch,
  type Cursor,
  type DeadLetter,
  EMBEDDED,
  type FailedWork,
  type Forgotten,
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
  /** By its name: "index", which follows the store. */
  readonly properties: Map<string, string>
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

export const indexFor = (state: State, name: string): boolean => {
  if ((state.properties.get("index") ?? EMBEDDED) === name) return false
  state.properties.set("index", name)
  enqueue(state, "reconcile", [name])
  return true
}

const setProject = ({ projects }: State, project: Project) => {
  projects.set(project.id, {
    isExcluded: false,
    mergedInto: null,
    ...project,
    ...projects.get(project.id),
    root: project.root
  })
}

const changeSessions = ({ projects, sessions }: State, batch: CaptureBatch) => {
  const before = sessions.size
  const projectId = projects.get(batch.project.id)?.mergedInto ?? batch.project.id
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

export const append = (state: State, batch: CaptureBatch): AppendResult => {
  const { cursors, dead, messages, open } = state
  const cursor = cursors.get(batch.cursor.path)
  if (cursor?.offset !== batch.previous?.offset || cursor?.fingerprint !== batch.previous?.fingerprint) {
    return { _tag: "Conflict" }
  }
  const fresh = freshOf(batch.messages, batch.messages.map(({ uuid }) => uuid).filter((uuid) => messages.has(uuid)))
  const duplicates = batch.messages.length - fresh.length
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
const mergeWithSame = (state: State, id: string) => {
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

/** What is wrong with the units, when they can't be written; nothing was changed then. */
export const commit = (
  state: State,
  items: ReadonlyArray<WorkItem>,
  units: ReadonlyArray<MemoryUnit>
): string | undefined => {
  const held = state.lexical.units
  const origins = new Set(items.filter(isCurrent(state)).map(({ key }) => key))
  const unchanged = new Map(
    [...held.values()].filter(({ unit }) => origins.has(unit.origin)).map(({ unit }) => [comparable(unit), unit.id])
  )
  const fresh = units.filter((unit) => origins.has(unit.origin) && !unchanged.delete(comparable(unit)))
  const stale = new Set(unchanged.values())
  const ids = fresh.map(({ id }) => id)
  const taken = ids.find((id, i) => (held.has(id) && !stale.has(id)) || ids.indexOf(id) < i)
  if (taken !== undefined) return `two units have the id ${taken}`
  for (const id of stale) Postings.remove(state.lexical, id)
  enqueue(state, "index", stale)
  const back = [...held.values()].map(({ unit }) => unit).filter(({ supersededBy }) =>
    supersededBy !== null && stale.has(supersededBy)
  ).map(Duplicates.restored).sort(ascending(({ id }) => id))
  for (const unit of [...back, ...fresh]) Postings.insert(state.lexical, unit)
  enqueue(state, "index", back.map(({ id }) => id))
  enqueue(state, "index", ids)
  for (const { id } of [...back, ...fresh]) mergeWithSame(state, id)
  done(state, items)
  release(state, items)
  return undefined
}

export const save = (state: State, unit: MemoryUnit, project: Project): MemoryUnit => {
  const known = state.lexical.units.get(unit.id)?.unit
  if (known !== undefined) return known
  setProject(state, project)
  const saved = { ...unit, projectId: state.projects.get(project.id)?.mergedInto ?? project.id }
  Postings.insert(state.lexical, saved)
  enqueue(state, "index", [saved.id])
  mergeWithSame(state, saved.id)
  return saved
}

/** Units that say the same as these: what they superseded, and what superseded them. */
const sayingTheSame = ({ lexical: { units } }: State, ids: ReadonlyArray<string>): ReadonlyArray<MemoryUnit> => {
  const found = new Map<string, MemoryUnit>()
  for (let next = ids; next.length > 0;) {
    const some = present(next.map((id) => units.get(id)?.unit))
    for (const unit of some) found.set(unit.id, unit)
    const others = [
      ...some.flatMap(({ supersededBy }) => supersededBy === null ? [] : [supersededBy]),
      ...[...units.values()].map(({ unit }) => unit).filter(({ supersededBy }) =>
        some.some(({ id }) => id === supersededBy)
      ).map(({ id }) => id)
    ]
    next = [...new Set(others)].filter((id) => !found.has(id))
  }
  return [...found.values()]
}

export const forget = (state: State, ids: ReadonlyArray<string>): Forgotten => {
  const units = sayingTheSame(state, ids)
  for (const { id } of units) Postings.remove(state.lexical, id)
  enqueue(state, "index", units.map(({ id }) => id))
  return { units, messages: 0 }
}

export const mergeProjects = (state: State, from: string, into: string): void => {
  const { lexical, projects, sessions } = state
  for (const [id, project] of projects) {
    if (id === from || project.mergedInto === from) projects.set(id, { ...project, mergedInto: into })
  }
  for (const [id, session] of sessions) {
    if (session.projectId === from) sessions.set(id, { ...session, projectId: into })
  }
  const moved = [...lexical.units.values()].map(({ unit }) => unit).filter(({ projectId }) => projectId === from)
  for (const unit of moved) Postings.insert(lexical, { ...unit, projectId: into })
  const active = moved.filter(({ active }) => active).map(({ id }) => id)
  enqueue(state, "index", active)
  for (const id of active) mergeWithSame(state, id)
}

export const renameProject = ({ projects }: State, id: string, name: string): void => {
  const known = projects.get(id)
  if (known !== undefined) projects.set(id, { ...known, name })
}

export const excludeProject = (state: State, project: Project, isExcluded: boolean): void => {
  setProject(state, project)
  state.projects.set(project.id, { ...state.projects.get(project.id)!, isExcluded })
}
