/**
 * Takes in what the archive of another memory holds: what is known stays as it is, the newer change of a unit wins, and what was
 * forgotten on either side stays forgotten.
 */
import * as Effect from "effect/Effect"
import type { ArchivedUnit, Entry } from "../../domain/Archive.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { savedBy } from "../../domain/SavedBy.ts"
import type { TakenFrom, TakenIn } from "../MemoryStore.ts"
import { type Change, type Changed, changedOf, isKept } from "../Overlay.ts"
import { freshOf } from "../Rules.ts"
import { sessionOf, sessionTomb } from "./BinWrites.ts"
import type { SqlEffect } from "./Dialect.ts"
import type { Entombed } from "./Entombed.ts"
import type * as ForgetWrites from "./ForgetWrites.ts"
import { kindOf, type make as makeOverlays } from "./OverlayWrites.ts"
import type * as ProjectWrites from "./ProjectWrites.ts"
import { SECRET, type Statements } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** Returns the values that stand for derived ones, so that `undo` finds no edit where only a pin or a successor was set. */
const valuesIn = ({ content, feedback, kept, pinned, replacedBy, title, type }: Changed): Change => ({
  ...(content !== null && { content }),
  ...(title !== null && { title }),
  ...(type !== null && { type }),
  ...(feedback.length > 0 && { feedback }),
  ...(pinned && { pinned }),
  ...(kept && { kept }),
  ...(replacedBy !== null && { replacedBy })
})

const select = <K extends string>(entries: ReadonlyArray<Entry>, kind: K) =>
  entries.filter((entry): entry is Extract<Entry, { readonly [name in K]: unknown }> => kind in entry)

export const make = (
  db: Statements,
  { enqueue, insert, mergeWithSame }: UnitWrites,
  { permitted, unforgotten }: Entombed,
  { forget, forgetSessions }: ReturnType<typeof ForgetWrites.make>,
  { apply }: ReturnType<typeof makeOverlays>,
  inPlace: ReturnType<typeof ProjectWrites.make>["inPlace"]
) => {
  const takeSessions = (entries: ReadonlyArray<Entry>) =>
    Effect.gen(function*() {
      for (const { session: { cwd, projectId, ...session } } of select(entries, "session")) {
        const { facts: [facts] } = yield* unforgotten({
          messages: [],
          deadLetters: [],
          facts: [{
            ...session,
            sessionId: session.id,
            cwd,
            version: undefined,
            title: session.title ?? undefined,
            branch: session.branch ?? undefined
          }]
        })
        const id = yield* db.projectFor(projectId)
        yield* db.changeSessions(
          { id, name: "", root: cwd, key: "" },
          id === projectId ? null : projectId,
          new Map([
            [session.id, {
              cwd,
              from: session.startedAt,
              to: session.endedAt,
              ...(facts?.title !== undefined && { title: facts.title }),
              ...(facts?.branch !== undefined && { branch: facts.branch })
            }]
          ])
        )
      }
    })

  const takeMessages = (entries: ReadonlyArray<Entry>) =>
    Effect.gen(function*() {
      const told = select(entries, "message")
      if (told.length === 0) return 0
      const known = yield* db.known(told.map(({ message }) => message.uuid))
      const fresh = freshOf(told.map(({ message }) => message), known)
      if (fresh.length === 0) return 0
      const { messages } = yield* unforgotten({ messages: fresh, facts: [], deadLetters: [] })
      const segmentOf = new Map(told.map(({ message, segment }) => [message.uuid, segment]))
      const segments = messages.map(({ uuid }) => segmentOf.get(uuid)!)
      yield* db.insertMessages(messages, segments)
      // What is derived here of these segments and sessions stands, and is made anew of what came since.
      const sessions = messages.map(({ sessionId }) => sessionId)
      const standing = new Set(yield* db.originsAmong([...new Set([...segments, ...sessions])]))
      yield* enqueue("segment", segments.filter((id) => standing.has(id)))
      yield* enqueue("session", sessions.filter((id) => standing.has(id)))
      return messages.length
    })

  /** Gives a unit the values of another memory's, if these are the newer. */
  const takeChange = (id: string, changed: NonNullable<ArchivedUnit["changed"]>) =>
    Effect.gen(function*() {
      const values = changedOf(changed)
      const [stored] = yield* db.unitsById([id])
      const isByRule = values.replacedFor !== null && !isKept<Changed>(values)
      if (stored === undefined || !isByRule && !isKept<Changed>(values)) return
      const last = (yield* db.operationsOf([id])).at(-1)
      if (last !== undefined && last.at >= changed.at) return
      yield* isByRule
        ? apply(stored, values, "rule", "replace", changed.at)
        : apply(stored, values, "person", kindOf(valuesIn(values)), changed.at)
    })

  /** Tests whether a saved unit is newer than its forgetting here. */
  const isSavedAgain = (unit: MemoryUnit, forgottenAt: ReadonlyMap<string, number>) =>
    savedBy(unit) !== undefined && unit.createdAt > (forgottenAt.get(unit.id) ?? Infinity)

  /** Returns a test for the origins of which units may be new, and remembers of which more will come. */
  const begin = (origins: ReadonlyArray<string>, { memory, unfinished }: TakenFrom) =>
    Effect.gen(function*() {
      // What is derived here of the same messages stands.
      const standing = new Set(yield* db.originsAmong(origins))
      const begun = yield* db.unfinished(origins)
      const isOpen = (origin: string) => !standing.has(origin) || begun.get(origin) === memory
      yield* db.setFinished(origins.filter((origin) => begun.has(origin) && isOpen(origin)))
      if (unfinished !== undefined && isOpen(unfinished)) yield* db.setUnfinished(unfinished, memory)
      return isOpen
    })

  const takeUnits = (entries: ReadonlyArray<Entry>, from: TakenFrom) =>
    Effect.gen(function*() {
      const archived = select(entries, "unit")
      if (archived.length === 0) return 0
      const units = archived.map(({ unit }) => unit)
      const forgottenAt = yield* db.forgottenAt(units.map(({ id }) => id))
      const again = units.filter((unit) => isSavedAgain(unit, forgottenAt))
      if (again.length > 0) yield* db.deleteTombstones(again.map(({ id }) => id))
      const known = new Set(yield* db.unitsAmong(units.map(({ id }) => id)))
      const isOpen = yield* begin([...new Set(units.map(({ origin }) => origin))], from)
      const changes = new Map(
        archived.flatMap(({ changed, unit }) => changed === undefined ? [] : [[unit.id, changed]])
      )
      const isNew = (unit: MemoryUnit) => !known.has(unit.id) && (isOpen(unit.origin) || isKept(changes.get(unit.id)))
      const allowed = yield* permitted(units.filter(isNew))
      const { own, placed } = yield* inPlace(allowed.map((unit) => ({ ...unit, active: true, supersededBy: null })))
      yield* insert(placed, own)
      for (const [id, change] of changes) yield* takeChange(id, change)
      yield* mergeWithSame(placed.map(({ id }) => id))
      return placed.length
    })

  /** Returns those of the sessions forgotten elsewhere that ended before, and of which this memory does not know it yet. */
  const sessionsForgotten = (at: ReadonlyMap<string, number>) =>
    Effect.gen(function*() {
      const sessions = [...at.keys()].flatMap((unitId) => sessionOf(unitId) ?? [])
      const ends = yield* db.endsOf(sessions)
      const known = yield* db.forgottenAt(sessions.map(sessionTomb))
      return sessions.filter((id) =>
        !known.has(sessionTomb(id)) && ends.has(id) && ends.get(id)! < at.get(sessionTomb(id))!
      )
    })

  /** Forgets here what was forgotten there since it was saved, changed or said. */
  const takeForgotten = (entries: ReadonlyArray<Entry>) =>
    Effect.gen(function*() {
      const gone = select(entries, "forgotten").map(({ forgotten }) => forgotten)
      if (gone.length === 0) return 0
      const at = new Map<string, number>()
      for (const each of gone) at.set(each.unitId, Math.max(at.get(each.unitId) ?? 0, each.at))
      const stored = (yield* db.unitsById([...at.keys()])).map(({ unit }) => unit)
      const changed = new Map((yield* db.operationsOf(stored.map(({ id }) => id))).map((row) => [row.unitId, row.at]))
      const older = stored.filter((unit) => {
        const own = savedBy(unit) === undefined ? unit.occurredAt : unit.createdAt
        return Math.max(own, changed.get(unit.id) ?? 0) < at.get(unit.id)!
      })
      const kept = new Set(stored.filter((unit) => !older.includes(unit)).map(({ id }) => id))
      const sessions = yield* sessionsForgotten(at)
      yield* db.putTombstones(gone.filter(({ unitId }) => !kept.has(unitId)))
      // What is left of a forgotten one's messages may have made another in its place, which stays however often this is taken in.
      const allowed = new Set(yield* permitted(older))
      const saying = older.filter((unit) => !allowed.has(unit))
      const units = saying.length === 0 ? 0 : (yield* forget(saying.map(({ id }) => id))).units.length
      return units + (sessions.length === 0 ? 0 : (yield* forgetSessions(sessions)).units.length)
    })

  const takeIn = (entries: ReadonlyArray<Entry>, from: TakenFrom): SqlEffect<TakenIn> =>
    Effect.gen(function*() {
      yield* db.lockAll
      for (const { project } of select(entries, "project")) yield* db.setProject(project)
      for (const { secret } of select(entries, "secret")) {
        yield* db.setProperty(`${SECRET}:${secret.slice(0, 16)}`, secret)
      }
      yield* takeSessions(entries)
      const messages = yield* takeMessages(entries)
      const units = yield* takeUnits(entries, from)
      return { messages, units, forgotten: yield* takeForgotten(entries) }
    })

  return { takeIn }
}
