/**
 * Forgets many memories for a person: those of projects, of sessions, from before a day, or that hold some words.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { passes } from "../domain/Filter.ts"
import { resolveRequested } from "../domain/KnownProjects.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SearchFilter } from "../domain/Search.ts"
import { isSummary } from "../domain/SessionSummary.ts"
import { queryLexemes } from "../domain/Tokenizer.ts"
import {
  type ForgetOptions,
  FORGOT_NOTHING,
  type Forgotten,
  MemoryStore,
  NO_LIMIT,
  type TakenAlso
} from "../store/MemoryStore.ts"
import { distinct, forgetWords, holdingAgain, withGone } from "./Remembering.ts"

/** Says which memories; all of it must hold. */
export interface Criteria {
  readonly projects: SearchFilter["projects"]
  /** Ids of sessions. */
  readonly sessions?: ReadonlyArray<string>
  /** Milliseconds since the epoch. */
  readonly before?: number
  /** Words that a memory must hold, all of them. */
  readonly query?: string
}

/**
 * What the criteria select. Sessions that they select whole are forgotten with all that was said in them. Words select no summary of a
 * session: it quotes the whole session, most of which says something else, and is made anew of what is left.
 */
export interface Selection {
  readonly count: number
  /** The newest of them, `SHOWN` at most. */
  readonly newest: ReadonlyArray<MemoryUnit>
  readonly sessions: ReadonlyArray<string>
  /** Those that are not selected, but in whose place a selected one stands. */
  readonly holdAgain: ReadonlyArray<MemoryUnit>
}

/** What goes when what the criteria select is forgotten, and what that takes from others. */
export interface TakenBy {
  /** Those that are selected, and others that go with them. */
  readonly units: ReadonlyArray<MemoryUnit>
  /** Those others that are of no session which is forgotten whole. */
  readonly same: ReadonlyArray<MemoryUnit>
  readonly also: TakenAlso
  /** Summaries of sessions that hold the words too, and from which nothing is taken. */
  readonly summaries: ReadonlyArray<MemoryUnit>
}

/** Sums up what was forgotten one after the other; what was taken from others is of those that were not forgotten too. */
export const together = (before: Forgotten, next: Forgotten): Forgotten => {
  const units = distinct([...before.units, ...next.units])
  const forgotten = new Set(units.map(({ id }) => id))
  const also = (unitsOf: (also: TakenAlso) => ReadonlyArray<MemoryUnit>) =>
    distinct([...unitsOf(before.also), ...unitsOf(next.also)]).filter(({ id }) => !forgotten.has(id))
  return {
    units,
    messages: [...before.messages, ...next.messages],
    touched: [...before.touched, ...next.touched],
    also: withGone({
      units: also(({ units }) => units),
      gone: [],
      sessions: distinct([...before.also.sessions, ...next.also.sessions])
    }, also(({ gone }) => gone)),
    until: next.until ?? before.until,
    operation: before.operation ?? next.operation
  }
}

const SHOWN = 10
/** Most memories that a query selects. */
const MAX_FOUND = 1_000
/** Units, and sessions, of one transaction: others can write between two. */
const UNITS = 25
const SESSIONS = 3
/** Times that is looked again for what was derived of the rest of a message. */
const ROUNDS = 4

const filterOf = ({ before, projects, sessions }: Criteria): SearchFilter => ({
  projects,
  ...(sessions !== undefined && { sessions }),
  ...(before !== undefined && { until: before - 1 })
})

/** Returns the units that hold every word of a query, and the summaries of sessions that do. */
const holding = (query: string, filter: SearchFilter) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { candidates } = yield* store.lexical(queryLexemes(query), filter, MAX_FOUND)
    const all = candidates.filter(({ frequencies }) => frequencies.every((fields) => fields.some((n) => n > 0)))
    const [units, summaries] = Arr.partition(yield* store.units(all.map(({ unitId }) => unitId)), isSummary)
    return { units, summaries }
  })

/** Returns those of these sessions that belong to the projects; with "all", also those of excluded ones. */
const sessionsOf = (projects: SearchFilter["projects"], ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const named = [...(yield* store.sessions(ids)).values()]
    if (projects === "all") return named
    const resolved = resolveRequested(yield* store.projects, projects)
    return named.filter(({ projectId }) => resolved.includes(projectId))
  })

const wholeSessions = (criteria: Criteria) =>
  Effect.gen(function*() {
    const { before = Infinity, projects, query, sessions } = criteria
    if (query !== undefined) return []
    const store = yield* MemoryStore
    const known = sessions === undefined
      ? yield* store.sessionsIn({ projects }, NO_LIMIT)
      : yield* sessionsOf(projects, sessions)
    return known.filter(({ endedAt }) => endedAt < before).map(({ id }) => id)
  })

/** Returns the ids of those selected memories that stand in the place of another, or in whose place another stands. */
const replacing = (filter: SearchFilter) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const replaced = yield* store.replaced
    const by = yield* store.units(replaced.flatMap(({ replacedBy }) => replacedBy ?? []))
    const { projects } = filter
    const resolved = projects === "all" ? projects : resolveRequested(yield* store.projects, projects)
    return [...replaced, ...by].filter((unit) => passes(unit, { ...filter, projects: resolved })).map(({ id }) => id)
  })

export const select = (criteria: Criteria) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const filter = filterOf(criteria)
    const sessions = yield* wholeSessions(criteria)
    if (criteria.query === undefined) {
      const holdAgain = yield* holdingAgain(yield* replacing(filter))
      return { count: yield* store.count(filter), newest: yield* store.recent(filter, SHOWN), sessions, holdAgain }
    }
    const { units } = yield* holding(criteria.query, filter)
    const holdAgain = yield* holdingAgain(units.map(({ id }) => id))
    return { count: units.length, newest: units.slice(0, SHOWN), sessions, holdAgain }
  })

/** Says what `forgetSelected` would delete, and take from others. */
export const takenBy = (criteria: Criteria) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const filter = filterOf(criteria)
    const { summaries, units: selected } = criteria.query === undefined
      ? { summaries: [], units: yield* store.recent(filter, NO_LIMIT) }
      : yield* holding(criteria.query, filter)
    const sessions = yield* wholeSessions(criteria)
    const parts = [
      ...(yield* Effect.forEach(Arr.chunksOf(selected.map(({ id }) => id), UNITS), store.forgetting)),
      yield* store.forgettingSessions(sessions)
    ]
    const { also, units } = parts.map((planned): Forgotten => ({ ...FORGOT_NOTHING, ...planned })).reduce(
      together,
      FORGOT_NOTHING
    )
    const isSelected = new Set(selected.map(({ id }) => id))
    const isWhole = new Set(sessions)
    const anew = also.sessions.filter(({ id }) => !isWhole.has(id))
    const isAnew = new Set(anew.map(({ id }) => id))
    return {
      units,
      same: units.filter(({ id, sessionId }) => !isSelected.has(id) && !isWhole.has(sessionId)),
      also: { ...also, sessions: anew },
      summaries: summaries.filter(({ sessionId }) => !isAnew.has(sessionId))
    }
  })

/** Forgets what the criteria select, in transactions of a few; emits each, and each message once. Undone as one, and ended by that. */
export const forgetSelected = <R>(
  criteria: Criteria,
  options: ForgetOptions,
  /** Derives anew what the rest of the messages tells. */
  settle: Effect.Effect<void, never, R>
) =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* MemoryStore
    const filter = filterOf(criteria)
    const projects = criteria.projects === "all"
      ? criteria.projects
      : resolveRequested(yield* store.projects, criteria.projects)
    const whole = new Set(yield* wholeSessions(criteria))
    let operation: number | null = null
    const cut = new Set<string>()
    const touched = new Map<string, MemoryUnit>()
    const isUndone = (forgotten: Forgotten) => operation !== null && forgotten.operation === null
    const noted = Effect.map((forgotten: Forgotten): Forgotten => {
      operation ??= forgotten.operation
      const messages = forgotten.messages.filter((uuid) => !cut.has(uuid))
      for (const uuid of messages) cut.add(uuid)
      for (const unit of forgotten.touched) touched.set(unit.id, unit)
      const { gone, sessions, units } = forgotten.also
      // At the end it is known which are gone.
      const also = { units: [...units, ...gone], gone: [], sessions: sessions.filter(({ id }) => !whole.has(id)) }
      return { ...forgotten, messages, also }
    })
    const next = Effect.gen(function*() {
      const held = criteria.query === undefined ? undefined : yield* holding(criteria.query, filter)
      const selected = new Set(held?.units.map(({ id }) => id))
      const ids = (held?.units.slice(0, UNITS) ?? (yield* store.recent(filter, UNITS))).map(({ id }) => id)
      if (ids.length === 0) return Option.none<readonly [Forgotten, undefined]>()
      const isSelected = (unit: MemoryUnit) =>
        held === undefined ? passes(unit, { ...filter, projects }) : selected.has(unit.id)
      const forgotten = yield* noted(store.forget(ids, { ...options, operation, isSelected }))
      return isUndone(forgotten) ? Option.none() : Option.some([forgotten, undefined] as const)
    })
    const units = Stream.unfoldEffect(undefined, () => next)
    const sessions = Stream.fromIterable(whole).pipe(
      Stream.grouped(SESSIONS),
      Stream.mapEffect((ids) => Effect.suspend(() => noted(store.forgetSessions([...ids], { ...options, operation }))))
    )
    const rounds = Stream.range(1, ROUNDS).pipe(Stream.flatMap(() => Stream.concat(Stream.execute(settle), units)))
    const vanished = Effect.map(
      Effect.suspend(() => store.vanished([...touched.values()])),
      (gone): Forgotten => ({ ...FORGOT_NOTHING, also: { ...FORGOT_NOTHING.also, gone } })
    )
    const all = Stream.concat(Stream.concat(units, sessions), rounds)
    return Stream.concat(all, Stream.filter(Stream.fromEffect(vanished), ({ also }) => also.gone.length > 0)).pipe(
      Stream.tap((forgotten) => forgetWords(forgotten, options))
    )
  }))
