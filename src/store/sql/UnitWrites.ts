/**
 * Writes units with their lexemes and sketches, merges duplicates, and queues each change for the index.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { fieldsOf, lexicalOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import { isSummary } from "../../domain/SessionSummary.ts"
import * as Duplicates from "../Duplicates.ts"
import * as Forgetting from "../Forgetting.ts"
import type { WorkItem } from "../MemoryStore.ts"
import * as Overlay from "../Overlay.ts"
import type { SqlEffect } from "./Dialect.ts"
import type { Statements, StoredUnit } from "./Statements.ts"

/** Where the messages stand from which sentences are cut, by their uuids. */
type Changed = ReadonlyMap<string, { readonly segmentId: string; readonly sessionId: string }>

const beforeOf = (derived: MemoryUnit): Duplicates.Before => ({
  type: derived.type,
  words: Duplicates.wordsOf(fieldsOf(derived))
})

export type UnitWrites = ReturnType<typeof make>

export const make = (db: Statements) => {
  const enqueue = (kind: WorkItem["kind"], keys: Iterable<string>): SqlEffect<unknown> => {
    const distinct = [...new Set(keys)]
    return distinct.length === 0 ? Effect.void : db.enqueue(kind, distinct)
  }

  const remove = (rows: ReadonlyArray<number>, isForgotten = false) =>
    Effect.gen(function*() {
      if (rows.length === 0) return []
      const gone = yield* db.deleteUnits(rows, isForgotten)
      yield* enqueue("index", gone)
      return gone
    })

  /** Applies what a person changed of these units, which are as they were derived. */
  const withOverlays = (derived: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const overlays = yield* db.overlays(derived.map(({ id }) => id))
      if (overlays.size === 0) return derived
      const now = new Map(derived.flatMap((unit): ReadonlyArray<[string, Overlay.Overlay]> => {
        const overlay = overlays.get(unit.id)
        return overlay === undefined ? [] : [[unit.id, Overlay.rebased(overlay, unit)]]
      }))
      yield* db.setOverlays([...now.values()])
      return derived.map((unit) => now.has(unit.id) ? Overlay.applied(unit, now.get(unit.id)!) : unit)
    })

  /**
   * Inserts units as they were derived, with what a person changed of them. `own` holds the project for which a unit was made, by the
   * unit's id, when that is merged into the unit's.
   */
  const insert = (derived: ReadonlyArray<MemoryUnit>, own: ReadonlyMap<string, string>) =>
    Effect.gen(function*() {
      if (derived.length === 0) return
      const units = yield* withOverlays(derived)
      yield* db.insertUnits(units.map((unit, i) => {
        const lexical = lexicalOf(unit)
        const before = derived[i]!.content === unit.content ? undefined : beforeOf(derived[i]!)
        return {
          unit,
          ...lexical,
          sketch: Duplicates.sketches({ unit, words: Duplicates.wordsOf(lexical.fields), before }),
          ownProjectId: own.get(unit.id) ?? null
        }
      }))
      yield* enqueue("index", units.map(({ id }) => id))
    })

  /** Updates units; `turned` are the ids of those whose `active` changed, which are queued for the index. */
  const update = (units: ReadonlyArray<MemoryUnit>, turned: ReadonlyArray<string>) =>
    Effect.zipRight(enqueue("index", turned), db.updateUnits(units))

  /** Reactivates the units that deleted ones had superseded; returns their ids. */
  const restore = (gone: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      if (gone.length === 0) return []
      const back = (yield* db.supersededBy(gone)).map(Duplicates.restored)
      const ids = back.map(({ id }) => id)
      if (back.length > 0) yield* update(back, ids)
      return ids
    })

  /** Returns units with their words, and with those that were there before a person changed them. */
  const worded = (ids: ReadonlyArray<string>): SqlEffect<ReadonlyArray<Duplicates.Worded>> =>
    Effect.gen(function*() {
      const worded = yield* db.worded(ids)
      const revised = worded.flatMap(({ unit }) => unit.revision === undefined ? [] : [unit.id])
      if (revised.length === 0) return worded
      const overlays = yield* db.overlays(revised)
      const edits = (yield* db.operationsOf(revised)).filter(({ kind }) => kind === "edit")
      const lastAt = new Map(edits.map(({ at, unitId }) => [unitId, at]))
      return worded.map((each) => {
        const overlay = overlays.get(each.unit.id)
        const at = lastAt.get(each.unit.id)
        return overlay === undefined || overlay.content === null || at === undefined
          ? each
          : { ...each, before: { ...beforeOf(Overlay.underneath(each.unit, overlay)), until: at } }
      })
    })

  /** Merges units with active duplicates of their project. */
  const mergeWithSame = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      if (ids.length === 0) return
      const pairs = yield* db.similarTo(ids)
      if (pairs.length === 0) return
      const all = yield* worded([...new Set(pairs.flatMap(({ id, other }) => [id, other]))])
      const held = new Map(all.map((each) => [each.unit.id, each]))
      const changed = new Map<string, MemoryUnit>()
      const current = (id: string) => changed.get(id) ?? held.get(id)!.unit
      const othersOf = Arr.groupBy(pairs, ({ id }) => id)
      for (const id of ids) {
        for (const other of (othersOf[id] ?? []).map(({ other }) => other).sort()) {
          if (!current(id).active) break
          if (!current(other).active) continue
          const now = (id: string) => ({ ...held.get(id)!, unit: current(id) })
          const merged = Duplicates.merge(now(id), now(other))
          if (merged !== undefined) {
            changed.set(merged.superseded.id, merged.superseded).set(merged.kept.id, merged.kept)
          }
        }
      }
      const gone = [...changed.values()].filter(({ active }) => !active).map(({ id }) => id)
      if (changed.size > 0) yield* update([...changed.values()], gone)
    })

  /** Returns the other units that cite a changed message or hold one of the sentences, which are to be made anew. */
  const touchedBy = (gone: ReadonlyArray<MemoryUnit>, changed: Changed, sentences: Forgetting.Sentences) =>
    Effect.gen(function*() {
      const ids = new Set(gone.map(({ id }) => id))
      const sessions = [...new Set(Array.from(changed.values(), ({ sessionId }) => sessionId))]
      const others = (yield* db.unitsOfSessions(sessions)).filter(({ unit }) => !ids.has(unit.id))
      const overlays = yield* db.overlays(others.map(({ unit }) => unit.id))
      return others.filter(({ unit }) =>
        Forgetting.isTouched(unit, changed, sentences, Overlay.isKept(overlays.get(unit.id)))
      )
    })

  /**
   * Deletes forgotten units and those that they touch; queues what these came from to be compressed again, but not the sessions whose
   * summary stays. Returns the number of deleted units.
   */
  const removeForgotten = (
    gone: ReadonlyArray<StoredUnit>,
    touched: ReadonlyArray<StoredUnit>,
    changed: Changed,
    summarized: ReadonlySet<string> = new Set()
  ) =>
    Effect.gen(function*() {
      const rows = [...new Set([...gone, ...touched].map(({ row }) => row))]
      const sessions = [...new Set(Array.from(changed.values(), ({ sessionId }) => sessionId))]
      yield* mergeWithSame(yield* restore(yield* remove(rows, true)))
      const segments = new Set([
        ...Array.from(changed.values(), ({ segmentId }) => segmentId),
        ...touched.filter(({ unit }) => !isSummary(unit)).map(({ unit }) => unit.origin)
      ])
      yield* enqueue("segment", segments)
      yield* enqueue("session", sessions.filter((id) => !summarized.has(id)))
      yield* db.raiseRevision("review", [...segments])
      // What is being made of a session whose summary stays is made of what was said before.
      for (const kind of ["session", "recap"] as const) yield* db.raiseRevision(kind, sessions)
      return rows.length
    })

  /** Sketches units anew, and queues the active ones for the index; returns their ids. */
  const settle = (ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const all = yield* worded(ids)
      yield* db.setSketches(new Map(all.map((each) => [each.unit.id, Duplicates.sketches(each)])))
      const isActive = new Map(all.map(({ unit }) => [unit.id, unit.active]))
      const active = ids.filter((id) => isActive.get(id))
      yield* enqueue("index", active)
      return active
    })

  /** Writes the lexemes of stored units anew. */
  const respell = (units: ReadonlyArray<StoredUnit>) =>
    Effect.gen(function*() {
      if (units.length === 0) return
      const rows = new Map(units.map(({ row, unit }) => [unit.id, row]))
      const lexical = units.map(({ unit }) => ({ unit, ...lexicalOf(unit) }))
      yield* db.deleteLexemes([...rows.values()])
      yield* db.setLexemeCounts(new Map(lexical.map(({ lexemeCount, unit }) => [rows.get(unit.id)!, lexemeCount])))
      yield* db.insertLexemes(lexical, ({ id }) => rows.get(id))
      yield* settle([...rows.keys()])
    })

  return {
    enqueue,
    insert,
    mergeWithSame,
    remove,
    removeForgotten,
    respell,
    restore,
    settle,
    touchedBy,
    update,
    worded
  }
}
