/**
 * Forgets units, and saves units that a person or Claude wrote.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import type { Message } from "../../domain/Conversation.ts"
import { idOf } from "../../domain/Ids.ts"
import { evidence, type MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Project } from "../../domain/Project.ts"
import { mustNotDisplace } from "../../domain/SavedBy.ts"
import { isSummary } from "../../domain/SessionSummary.ts"
import * as Forgetting from "../Forgetting.ts"
import {
  type ForgetOptions,
  type Forgetting as Planned,
  FORGOT_NOTHING,
  type Forgotten,
  type TakenAlso,
  UNDO_MS
} from "../MemoryStore.ts"
import { formsOf } from "../Overlay.ts"
import { ascending } from "../Rules.ts"
import { type BinWrites, sessionTomb } from "./BinWrites.ts"
import type { SqlEffect, StoredMessage } from "./Dialect.ts"
import { messageOf } from "./Rows.ts"
import { SECRET, type Statements, type StoredUnit } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** Returns a saved unit under another id. */
const another = (unit: MemoryUnit): MemoryUnit => {
  const id = idOf("unit", unit.id, "again")
  return {
    ...unit,
    id,
    origin: unit.origin.replace(unit.id, id),
    sessionId: unit.sessionId.replace(unit.id, id)
  }
}

const undoable = (operation: number | null, now: number): Pick<Forgotten, "operation" | "until"> => ({
  operation,
  until: operation === null ? null : now + UNDO_MS
})

const NOTHING: TakenAlso = FORGOT_NOTHING.also

const activeOf = (stored: ReadonlyArray<StoredUnit>): ReadonlyArray<MemoryUnit> =>
  stored.map(({ unit }) => unit).filter(({ active }) => active)

/** A message from which sentences are cut. */
interface ChangedMessage extends Forgetting.Cut {
  readonly segmentId: string
  readonly sessionId: string
}

/** Returns the keys of each unit: those of its own forms and sources, and those that are of no unit's forms. */
const keysByUnit = (
  units: ReadonlyArray<MemoryUnit>,
  formsById: ReadonlyMap<string, ReadonlyArray<MemoryUnit>>,
  keys: ReadonlySet<string>
): ReadonlyMap<string, Iterable<string>> => {
  const own = new Map(Array.from(formsById, ([id, forms]) => [id, Forgetting.keysOfForgotten(forms, [])]))
  const ofSome = new Set([...own.values()].flatMap((each) => [...each]))
  const ofAll = [...keys].filter((key) => !ofSome.has(key))
  return new Map(units.map((unit) => [unit.id, [...own.get(unit.id)!, ...ofAll, ...Forgetting.sourceKeys(unit)]]))
}

/** Messages read at a time. */
const PAGE = 200

export const make = (
  db: Statements,
  { insert, mergeWithSame, remove, removeForgotten, restore, touchedBy }: UnitWrites,
  bin: BinWrites
) => {
  /** Returns these units and their duplicates: those they superseded or were superseded by, over all steps. */
  const withDuplicates = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const found = new Map<string, StoredUnit>()
      for (let next = ids; next.length > 0;) {
        const some = yield* db.unitsById(next)
        for (const each of some) found.set(each.unit.id, each)
        const others = yield* db.supersededBy(some.map(({ unit }) => unit.id))
        next = Forgetting.linkedTo(some.map(({ unit }) => unit), others).filter((id) => !found.has(id))
      }
      return [...found.values()].sort(ascending(({ unit }) => unit.id))
    })

  /** Returns the operation that this is a part of, or records one. */
  const operationOf = ({ by = "person", operation }: ForgetOptions, at: number) =>
    operation === undefined || operation === null
      ? db.insertOperation({ kind: "forget", unitId: null, actor: by, at, body: {} })
      : Effect.succeed(operation)

  /** Tests whether the operation that this is a part of was undone: nothing more is forgotten with it. */
  const isUndone = ({ operation }: ForgetOptions) =>
    operation === undefined || operation === null
      ? Effect.succeed(false)
      : Effect.map(db.operation(operation), (found) => found === undefined || Boolean(found.undone))

  /** Returns a function that writes tombstones of units: of each with its keys. */
  const entombing = Effect.gen(function*() {
    const secret = (yield* db.property(SECRET)) ?? randomBytes(32).toString("hex")
    yield* db.setProperty(SECRET, secret)
    const hashOf = Forgetting.hashesBy(secret)
    return (keysOf: ReadonlyMap<string, Iterable<string>>, at: number) =>
      db.putTombstones(
        [...keysOf].flatMap(([unitId, keys]) => Array.from(keys, (key) => ({ hash: hashOf(key), unitId, at })))
      )
  })

  /** Finds what has to be cut from messages, titles and lines so that these units are forgotten. Writes nothing. */
  const cutsOf = (units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const overlays = yield* db.overlays(units.map(({ id }) => id))
      const formsById = new Map(units.map((unit) => [unit.id, formsOf(unit, overlays.get(unit.id))]))
      const forms = [...formsById.values()].flat()
      const contentSentences = Forgetting.contentSentences(forms)
      const allSentences = Forgetting.allSentences(forms)
      const cited = Forgetting.citedBy(forms)
      const inSessions = new Set(units.map(({ sessionId }) => sessionId))
      const cutOwn = (message: Message) => Forgetting.cutCited(message, cited.get(message.uuid)!, allSentences)
      const cutRepeats = (message: Message) => Forgetting.cutRepeats(message, contentSentences)
      const taken: Array<Forgetting.Taken> = []
      const changed = new Map<string, ChangedMessage>()

      const take = (rows: ReadonlyArray<StoredMessage>, strip: (message: Message) => Forgetting.Stripped) => {
        for (const row of rows) {
          const stored = messageOf(row)
          const earlier = changed.get(stored.uuid)
          const stripped = strip(earlier?.after ?? stored)
          if (stripped.taken.length === 0) continue
          taken.push(...stripped.taken)
          changed.set(stored.uuid, {
            segmentId: row.segment_id,
            sessionId: stored.sessionId,
            before: stored,
            after: stripped.message
          })
        }
      }
      const takeFromAll = (
        read: (after: number) => SqlEffect<ReadonlyArray<StoredMessage>>,
        strip: (message: Message) => Forgetting.Stripped
      ) =>
        Effect.gen(function*() {
          for (let after = 0;;) {
            const rows = yield* read(after)
            take(rows, strip)
            if (rows.length < PAGE) return
            after = rows.at(-1)!.seq
          }
        })

      take(yield* db.messagesBy([...cited.keys()]), cutOwn)
      yield* takeFromAll((after) => db.messagesOf([...inSessions], after, PAGE), cutRepeats)
      const keys = new Set(Forgetting.keysOfForgotten(forms, taken))
      const isKnown = (key: string) => keys.has(key)
      const probes = Forgetting.probesOf(forms, taken)
      yield* takeFromAll(
        (after) => db.messagesHolding(probes, after, PAGE),
        (message) => Forgetting.withoutAllKnown(message, isKnown)
      )
      const letters = (yield* db.keptLetters).filter(({ line }) => Forgetting.keysOfLine(line).some(isKnown))
      const sessions = [...new Set([...changed.values()].map(({ sessionId }) => sessionId))]
      const titled = (yield* db.titlesOf(sessions)).flatMap(({ id, title }) =>
        title !== null && Forgetting.overlaps(title, allSentences) ? [{ id, title }] : []
      )
      for (const { title } of titled) keys.add(Forgetting.titleKey(title))
      const takenSentences = Forgetting.takenSentences(taken)
      const isIntact = (unit: MemoryUnit) =>
        isSummary(unit) && Forgetting.isIntact(unit, changed, [...contentSentences, ...takenSentences])
      const touched = (yield* touchedBy(units, changed, contentSentences)).filter(({ unit }) => !isIntact(unit))
      const isSaying = (unit: MemoryUnit) =>
        isSummary(unit) || Forgetting.keysOfUnit(unit).some(isKnown) ||
        evidence(unit).some((uuid) => changed.has(uuid)) && Forgetting.says(unit, takenSentences)
      const others = activeOf(touched).filter(isSaying)
      // Who forgets a session's summary means what the session was for.
      const meant = new Set(units.filter(isSummary).map(({ sessionId }) => sessionId))
      const summaries = new Map(others.filter(isSummary).map(({ sessionId, title }) => [sessionId, title]))
      const [rest, gone] = Arr.partition(
        others.filter((unit) => !isSummary(unit)),
        (unit) => Forgetting.isEmptied(unit, changed)
      )
      const also: TakenAlso = {
        units: rest,
        gone,
        sessions: Array.from(
          new Map([...titled.map(({ id, title }) => [id, title] as const), ...summaries]),
          ([id, title]) => ({ id, title })
        ).filter(({ id }) => !meant.has(id))
      }
      const strip = (message: Message) =>
        cited.has(message.uuid)
          ? cutOwn(message)
          : inSessions.has(message.sessionId)
          ? cutRepeats(message)
          : { message, taken: [] }
      return { also, changed, formsById, isKnown, keys, letters, sessions, strip, titled, touched }
    })

  /** Deletes units, with what a person changed of them, and the words of all that; of those that this touches the selected ones. */
  const forgetStored = (gone: ReadonlyArray<StoredUnit>, options: ForgetOptions): SqlEffect<Forgotten> =>
    Effect.gen(function*() {
      const { isNow = false, isSelected = () => false } = options
      const now = yield* Clock.currentTimeMillis
      const named = gone.map(({ unit }) => unit)
      const { also, changed, formsById, isKnown, keys, letters, sessions, strip, titled, touched } = yield* cutsOf(
        named
      )
      const others = activeOf(touched)
      const units = [...named, ...others.filter(isSelected)]
      const ids = units.map(({ id }) => id)
      if (changed.size > 0) yield* db.updateMessages(Array.from(changed.values(), ({ after }) => after))
      if (letters.length > 0) yield* db.setLetters(letters.map((letter) => ({ ...letter, line: "" })))
      if (titled.length > 0) yield* db.removeTitles(titled.map(({ id }) => id))

      if (isNow) yield* bin.cut(isKnown, strip)
      const operation = isNow ? null : yield* operationOf(options, now)
      if (operation !== null) {
        const messages = [...changed.values()].map(({ before }) => before)
        const origins = touched.map(({ unit }) => unit).filter((unit) => !isSummary(unit)).map(({ origin }) => origin)
        yield* bin.put(operation, { units, messages, titles: titled, letters, origins: [...new Set(origins)] })
      }
      // What a person changed of memories of which nothing is left holds their words, and is kept for undoing alone.
      const changedByPerson = isNow ? [...ids, ...also.gone.map(({ id }) => id)] : ids
      yield* db.deleteOverlays(changedByPerson)
      yield* db.deleteOperationsOf(changedByPerson)

      const summaries = (yield* db.unitsOf(sessions)).map(({ unit }) => unit)
      const isRemoved = new Set([...gone, ...touched].map(({ unit }) => unit.origin))
      const kept = summaries.filter((unit) => isSummary(unit) && !isRemoved.has(unit.origin))
      yield* removeForgotten(gone, touched, changed, new Set(kept.map(({ sessionId }) => sessionId)))
      const entomb = yield* entombing
      yield* entomb(keysByUnit(named, formsById, keys), now)
      return {
        units,
        messages: [...changed.keys()],
        touched: others.filter((unit) => !isSelected(unit)),
        also,
        ...undoable(operation, now)
      }
    })

  const forgetting = (ids: ReadonlyArray<string>): SqlEffect<Planned> =>
    Effect.gen(function*() {
      const units = (yield* withDuplicates(ids)).map(({ unit }) => unit)
      if (units.length === 0 || !(yield* db.keepsOverlays)) return { units, also: NOTHING, touched: [] }
      const { also, touched } = yield* cutsOf(units)
      return { units, also, touched: activeOf(touched) }
    })

  const forgettingSessions = (sessionIds: ReadonlyArray<string>): SqlEffect<Planned> =>
    Effect.map(
      db.unitsOfSessions(sessionIds),
      (stored) => ({ units: stored.map(({ unit }) => unit), also: NOTHING, touched: [] })
    )

  const vanished = (units: ReadonlyArray<MemoryUnit>): SqlEffect<ReadonlyArray<MemoryUnit>> =>
    Effect.gen(function*() {
      if (units.length === 0) return []
      const queued = new Set(yield* db.queuedAmong([...new Set(units.map(({ origin }) => origin))]))
      const stored = yield* db.unitsOfSessions([...new Set(units.map(({ sessionId }) => sessionId))])
      return Forgetting.notMadeAnew(units.filter(({ origin }) => !queued.has(origin)), stored.map(({ unit }) => unit))
    })

  const forget = (ids: ReadonlyArray<string>, options: ForgetOptions = {}): SqlEffect<Forgotten> =>
    Effect.gen(function*() {
      yield* db.lockAll
      if (yield* isUndone(options)) return FORGOT_NOTHING
      const emptied = options.isNow === true ? yield* bin.emptyOf(ids) : []
      const gone = yield* withDuplicates(ids)
      if (gone.length === 0) return { ...FORGOT_NOTHING, units: emptied, operation: options.operation ?? null }
      const { units, ...forgotten } = yield* forgetStored(gone, options)
      return { ...forgotten, units: [...units, ...emptied] }
    })

  const forgetSessions = (sessionIds: ReadonlyArray<string>, options: ForgetOptions = {}): SqlEffect<Forgotten> =>
    Effect.gen(function*() {
      yield* db.lockAll
      if (yield* isUndone(options)) return FORGOT_NOTHING
      const now = yield* Clock.currentTimeMillis
      const titles = (yield* db.titlesOf(sessionIds)).flatMap(({ id, title }) => title === null ? [] : [{ id, title }])
      const stored = yield* db.unitsOfSessions(sessionIds)
      const units = stored.map(({ unit }) => unit)
      const transcripts = new Set(yield* db.transcriptsOf(sessionIds))
      const letters = (yield* db.keptLetters).filter(({ line, path }) => line !== "" && transcripts.has(path))
      if (options.isNow === true) yield* bin.cutSessions(sessionIds, transcripts)
      const operation = options.isNow === true ? null : yield* operationOf(options, now)
      const binned = { units, messages: [], titles, letters }
      if (operation !== null) yield* bin.put(operation, binned)
      const cut: Array<string> = []
      const entomb = yield* entombing
      for (const sessionId of sessionIds) {
        const keys = new Set(titles.filter(({ id }) => id === sessionId).map(({ title }) => Forgetting.titleKey(title)))
        for (let after = 0;;) {
          const rows = yield* db.messagesOf([sessionId], after, PAGE)
          const messages = rows.map(messageOf)
          const stripped = messages.map(Forgetting.cutAll)
          const changed = messages.filter((_, i) => stripped[i]!.taken.length > 0)
          if (operation !== null) yield* bin.put(operation, { units: [], titles: [], letters: [], messages: changed })
          for (const key of Forgetting.keysOfForgotten([], stripped.flatMap(({ taken }) => taken))) keys.add(key)
          if (changed.length > 0) yield* db.updateMessages(stripped.map(({ message }) => message))
          cut.push(...changed.map(({ uuid }) => uuid))
          if (rows.length < PAGE) break
          after = rows.at(-1)!.seq
        }
        yield* entomb(new Map([[sessionTomb(sessionId), keys]]), now)
      }
      if (titles.length > 0) yield* db.removeTitles(titles.map(({ id }) => id))
      if (options.isNow === true) yield* db.removeBranches(sessionIds)
      if (letters.length > 0) yield* db.setLetters(letters.map((letter) => ({ ...letter, line: "" })))
      const ids = units.map(({ id }) => id)
      yield* db.deleteOverlays(ids)
      yield* db.deleteOperationsOf(ids)
      yield* mergeWithSame(yield* restore(yield* remove(stored.map(({ row }) => row), true)))
      // What is being made of them is made of what they say no more.
      for (const kind of ["segment", "review"] as const) {
        yield* db.raiseRevision(kind, yield* db.segmentsIn(sessionIds))
      }
      for (const kind of ["session", "recap"] as const) yield* db.raiseRevision(kind, sessionIds)
      return {
        units,
        messages: cut,
        touched: [],
        also: NOTHING,
        ...undoable(operation, now)
      }
    })

  const save = (unit: MemoryUnit, project: Project): SqlEffect<MemoryUnit> =>
    Effect.gen(function*() {
      yield* db.lockAll
      const [known] = yield* db.unitsById([unit.id])
      // A person wrote the earlier one anew since: what is saved now is another memory.
      if (known !== undefined && known.unit.content !== unit.content) return yield* save(another(unit), project)
      if (known !== undefined && !mustNotDisplace(known.unit, unit)) return known.unit
      if (known !== undefined) yield* remove([known.row])
      yield* db.setProject(project)
      const projectId = yield* db.projectFor(project.id)
      const saved = { ...unit, projectId }
      yield* db.deleteTombstones([saved.id])
      yield* insert([saved], new Map(projectId === project.id ? [] : [[saved.id, project.id]]))
      yield* mergeWithSame([saved.id])
      return saved
    })

  return {
    forget,
    forgetSessions,
    forgetting,
    forgettingSessions,
    save,
    vanished
  }
}
