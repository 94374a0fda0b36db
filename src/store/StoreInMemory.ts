/**
 * `MemoryStore` on Maps: the same answers as SQLite's, gone with its scope. A transaction works on a copy that takes the
 * original's place when it succeeds.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"
import type { Message } from "../domain/Conversation.ts"
import { evidence } from "../domain/MemoryUnit.ts"
import { passes } from "../domain/Search.ts"
import type { Place, TimelineFilter } from "../domain/Timeline.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { excludeProject, forget, mergeProjects, renameProject, save } from "./MapForgetting.ts"
import {
  append,
  claim,
  commit,
  copy,
  done,
  empty,
  enqueue,
  fail,
  failures,
  indexFor,
  put,
  queueReviews,
  release,
  renew,
  reviewAgain,
  type State,
  type Stored
} from "./MapState.ts"
import { MAX_ATTEMPTS, MemoryStore, type SessionOutline, StoreError, type StoreStatus } from "./MemoryStore.ts"
import * as Postings from "./Postings.ts"
import { ascending, knownProjects, lineSumOf, OUTLINE, present, says } from "./Rules.ts"

/** The last prompt and the last thing Claude said in a thread before a message. */
const before = (state: State, { message: { sessionId, thread }, seq }: Stored): ReadonlyArray<Message> => {
  const earlier = [...state.messages.values()].filter((other) =>
    other.seq < seq && other.message.sessionId === sessionId && other.message.thread === thread
  ).map(({ message }) => message)
  return present([
    earlier.findLast(({ isPrompt }) => isPrompt),
    earlier.findLast((message) => message.role === "assistant" && says(message))
  ])
}

const bySegment = (state: State, ids: ReadonlyArray<string>) => {
  const groups = new Map<string, Array<Stored>>(ids.map((id) => [id, []]))
  for (const stored of state.messages.values()) groups.get(stored.segmentId)?.push(stored)
  return ids.flatMap((id) => {
    const messages = groups.get(id)!.map(({ message }) => message)
    const first = groups.get(id)![0]
    const session = first && state.sessions.get(first.message.sessionId)
    return first === undefined || session === undefined
      ? []
      : [{
        segment: { id, sessionId: session.id, thread: first.message.thread, messages },
        session,
        position: first.seq,
        before: before(state, first)
      }]
  })
}

const outlines = (state: State, sessionIds: ReadonlyArray<string>): ReadonlyArray<SessionOutline> =>
  present([...new Set(sessionIds)].map((id) => state.sessions.get(id))).map((session) => {
    const messages = [...state.messages.values()].map(({ message }) => message).filter((message) =>
      message.sessionId === session.id
    )
    const main = messages.filter(({ thread }) => thread === "main")
    const files = present(messages.flatMap(({ blocks }) => blocks.map(({ file }) => file)))
    const units = [...state.lexical.units.values()].map(({ unit }) => unit).filter((unit) =>
      unit.sessionId === session.id && unit.type !== "archive" && unit.active
    )
    return {
      session,
      units: units.sort(ascending(({ position }) => position, ({ id }) => id)).slice(0, OUTLINE.units),
      prompts: main.filter(({ isPrompt }) => isPrompt).slice(0, OUTLINE.prompts),
      closing: main.filter((message) => message.role === "assistant" && says(message)).slice(-OUTLINE.closing),
      files: [...new Set(files)].slice(0, OUTLINE.files)
    }
  })

const neighbours = (state: State, ids: ReadonlyArray<string>) => {
  const active = [...state.lexical.units.values()].map(({ unit }) => unit).filter((unit) => unit.active)
    .sort(ascending(({ position }) => position))
  return present(ids.map((id) => state.lexical.units.get(id))).flatMap(({ unit }) => {
    const session = active.filter(({ sessionId }) => sessionId === unit.sessionId)
    const before = session.filter(({ position }) => position < unit.position)
    const after = session.filter(({ position }) => position > unit.position)
    return ([[before.at(-1), -1], [after[0], 1], [after[1], 2]] as const).flatMap(([other, offset]) =>
      other === undefined ? [] : [[unit.id, other.id, offset] as const]
    )
  })
}

const projects = (state: State) => knownProjects([...state.projects.values()])

const timeline = (
  state: State,
  { projects, sessionId }: TimelineFilter,
  side: "before" | "after",
  place: Place,
  limit: number
) => {
  const inOrder = ascending<Place>(({ occurredAt }) => occurredAt, ({ position }) => position, ({ id }) => id)
  const found = [...state.lexical.units.values()].map(({ unit }) => unit).filter((unit) =>
    passes(unit, { projects }) && (sessionId === undefined || unit.sessionId === sessionId) &&
    (side === "after" ? inOrder(unit, place) > 0 : inOrder(unit, place) < 0)
  ).sort(inOrder)
  return side === "after" ? found.slice(0, limit) : found.slice(Math.max(0, found.length - limit))
}

const status = (state: State): StoreStatus => {
  const active = [...state.lexical.units.values()].map(({ unit }) => unit).filter((unit) => unit.active)
  const count = (keys: ReadonlyArray<string>) => {
    const counts = new Map<string, number>()
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }
  const perProject = count(active.map(({ projectId }) => projectId))
  const cited = new Set(active.flatMap(evidence))
  const saying = [...state.messages.values()].map(({ message }) => message).filter(says)
  return {
    lines: lineSumOf(state.outcomes),
    redactions: Object.fromEntries(state.redactions),
    sessions: state.sessions.size,
    messages: state.messages.size,
    textMessages: { total: saying.length, cited: saying.filter(({ uuid }) => cited.has(uuid)).length },
    units: { total: active.length, byType: Object.fromEntries(count(active.map(({ type }) => type))) },
    pending: [...state.work.values()].filter(({ attempts }) => attempts < MAX_ATTEMPTS).length,
    indexing: [...state.work.values()].filter(({ kind }) => kind === "index").length,
    files: state.cursors.size,
    projects: projects(state).map((project) => ({ ...project, units: perProject.get(project.id) ?? 0 }))
  }
}

const make = Effect.gen(function*() {
  const ledger = yield* ResourceLedger
  const committed = yield* ledger.acquire({
    kind: "store",
    name: "MemoryStore in memory",
    open: Effect.sync(() => ({ state: empty() })),
    close: (holder) => Effect.sync(() => holder.state = empty()),
    within: "1 second"
  })
  const permit = yield* Effect.makeSemaphore(1)
  const identity = yield* Effect.sync(() => randomBytes(8).toString("hex"))
  /** What this fiber works on: the committed state, or its transaction's. */
  const current = yield* FiberRef.make(committed)

  const read = <A>(operation: string, ask: (state: State) => A) =>
    Effect.map(FiberRef.get(current), ({ state }) => ask(state)).pipe(
      Effect.withSpan(`MemoryStore.${operation}`)
    )

  const transaction = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(FiberRef.get(current), (outer) => {
      const isolated = Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const holder = { state: copy(outer.state) }
          return Effect.tap(
            restore(Effect.locally(effect, current, holder)),
            () => Effect.sync(() => outer.state = holder.state)
          )
        })
      )
      return outer === committed ? permit.withPermits(1)(isolated) : isolated
    })

  /** One synchronous change needs no copy, but has to wait for a transaction that is open. */
  const write = <A>(operation: string, change: (state: State, now: number) => A) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const holder = yield* FiberRef.get(current)
      const run = Effect.sync(() => change(holder.state, now))
      return yield* holder === committed ? permit.withPermits(1)(run) : run
    }).pipe(Effect.withSpan(`MemoryStore.${operation}`))

  /** A write that says what is wrong, if it was not done. */
  const written = (operation: string, change: (state: State) => string | undefined) =>
    Effect.flatMap(write(operation, change), (detail) =>
      detail === undefined
        ? Effect.void
        : Effect.fail(new StoreError({ reason: "Other", operation, detail, cause: undefined })))

  return MemoryStore.of({
    cursors: (paths) =>
      read(
        "cursors",
        ({ cursors }) => new Map(present(paths.map((path) => cursors.get(path))).map((c) => [c.path, c]))
      ),
    append: (batch) => write("append", (state) => append(state, batch)),
    places: (uuids) =>
      read(
        "places",
        ({ messages }) =>
          new Map(
            present(uuids.map((uuid) => messages.get(uuid))).map(({ message: { sessionId, thread, uuid } }) => [
              uuid,
              { sessionId, thread }
            ])
          )
      ),
    claim: (kind, limit) => write("claim", (state, now) => claim(state, kind, limit, now)),
    renew: (items) => write("renew", (state, now) => renew(state, items, now)),
    fail: (items, error) => write("fail", (state, now) => fail(state, items, error, now)),
    failures: (limit) => read("failures", (state) => failures(state, limit)),
    queueReviews: (requests) => write("queueReviews", (state) => queueReviews(state, requests)),
    reviewAgain: (sessionIds) => write("reviewAgain", (state) => reviewAgain(state, sessionIds)),
    unreviewed: read(
      "unreviewed",
      ({ reviewed, sessions }) =>
        [...sessions.values()].filter(({ id }) => !reviewed.has(id))
          .sort(ascending(({ startedAt }) => startedAt, ({ id }) => id)).map(({ id }) => id)
    ),
    sessionsByPrefix: (prefix) =>
      read(
        "sessionsByPrefix",
        ({ sessions }) =>
          [...sessions.values()].filter(({ id }) => id.startsWith(prefix)).sort(ascending(({ id }) => id)).slice(0, 10)
      ),
    queue: (kind, keys) => write("queue", (state) => enqueue(state, kind, keys)),
    indexFor: (name) => write("indexFor", (state) => indexFor(state, name)),
    release: (items) => write("release", (state) => release(state, items)),
    segments: (ids) => read("segments", (state) => bySegment(state, ids)),
    outlines: (ids) => read("outlines", (state) => outlines(state, ids)),
    commit: (items, units) => written("commit", (state) => commit(state, items, units)),
    replace: (origin, units) => written("replace", (state) => put(state, new Set([origin]), units)),
    done: (items) => write("done", (state) => done(state, items)),
    identity: Effect.succeed(identity),
    unitIds: (after, limit) =>
      read(
        "unitIds",
        ({ lexical: { units } }) =>
          [...units.values()].filter(({ unit: { active, id } }) => active && id > after).map(({ unit: { id } }) => id)
            .sort().slice(0, limit)
      ),
    units: (ids) => read("units", ({ lexical: { units } }) => present(ids.map((id) => units.get(id)?.unit))),
    unitsByPrefix: (prefix) =>
      read(
        "unitsByPrefix",
        ({ lexical: { units } }) =>
          present(
            [...units.keys()].filter((id) => id.startsWith(prefix)).sort().slice(0, 10).map((id) => units.get(id)?.unit)
          )
      ),
    recent: (filter, limit) =>
      read(
        "recent",
        ({ lexical: { units } }) =>
          [...units.values()].map(({ unit }) => unit).filter((unit) => passes(unit, filter))
            .sort(ascending(({ occurredAt }) => -occurredAt, ({ id }) => id)).slice(0, limit)
      ),
    messages: (uuids) =>
      read(
        "messages",
        ({ messages }) =>
          present([...new Set(uuids)].map((uuid) => messages.get(uuid))).toSorted(ascending(({ seq }) => seq)).map((
            { message }
          ) => message)
      ),
    neighbours: (ids) => read("neighbours", (state) => neighbours(state, ids)),
    lexical: (terms, filter, limit) => read("lexical", ({ lexical }) => Postings.match(lexical, terms, filter, limit)),
    timeline: (filter, side, place, limit) => read("timeline", (state) => timeline(state, filter, side, place, limit)),
    save: (unit, project) => write("save", (state) => save(state, unit, project)),
    forget: (ids) => write("forget", (state) => forget(state, ids)),
    projects: read("projects", projects),
    mergeProjects: (from, into) => write("mergeProjects", (state) => mergeProjects(state, from, into)),
    renameProject: (id, name) => write("renameProject", (state) => renameProject(state, id, name)),
    excludeProject: (project, isExcluded) =>
      write("excludeProject", (state) => excludeProject(state, project, isExcluded)),
    deadLetters: (limit) =>
      read(
        "deadLetters",
        ({ dead }) => [...dead.values()].sort(ascending(({ path }) => path, ({ offset }) => offset)).slice(0, limit)
      ),
    status: read("status", status),
    transaction
  })
})

export const layer: Layer.Layer<MemoryStore, never, ResourceLedger> = Layer.scoped(MemoryStore, make)
