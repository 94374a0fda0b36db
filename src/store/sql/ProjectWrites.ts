/**
 * Merges, splits, renames and excludes projects.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Project } from "../../domain/Project.ts"
import { savedBy } from "../../domain/SavedBy.ts"
import * as Duplicates from "../Duplicates.ts"
import type { MergeBody } from "./OverlayWrites.ts"
import type { Statements } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** Units processed at a time. */
const PAGE = 500

const pages = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / PAGE) }, (_, i) => all.slice(i * PAGE, (i + 1) * PAGE))

/** Returns all pairs of these ids, each in the order of their letters. */
const pairsOf = (ids: ReadonlyArray<string>): ReadonlyArray<readonly [one: string, other: string]> =>
  [...new Set(ids)].sort().flatMap((one, i, sorted) => sorted.slice(i + 1).map((other) => [one, other] as const))

export const make = (db: Statements, { mergeWithSame, settle, update }: UnitWrites) => {
  /** Settles moved units, since a sketch contains the project's id; returns the ids of the active ones. */
  const settleMoved = (moved: ReadonlyArray<string>) =>
    Effect.map(Effect.forEach(pages(moved), settle), (active) => active.flat())

  const mergeProjects = (one: Project, other: Project) =>
    Effect.gen(function*() {
      yield* db.lockAll
      yield* db.setProject(one)
      yield* db.setProject(other)
      // Another process may have merged one of them meanwhile.
      const [from, into] = [yield* db.projectFor(one.id), yield* db.projectFor(other.id)]
      if (from === into) return null
      const operation = yield* db.insertOperation({
        kind: "merge",
        unitId: null,
        actor: "person",
        at: yield* Clock.currentTimeMillis,
        body: { from, into } satisfies MergeBody
      })
      yield* db.setMerged(from, into)
      yield* db.moveSessions(from, into)
      const moved = yield* db.unitsIn(from)
      for (const ids of pages(moved)) yield* db.moveUnits(ids, from, into)
      const active = yield* settleMoved(moved)
      for (const ids of pages(active)) yield* mergeWithSame(ids)
      return operation
    })

  /** Reactivates the units of two projects that one of the other project had superseded; returns their ids. */
  const separate = (one: string, other: string) =>
    Effect.gen(function*() {
      const superseded = yield* db.supersededAcross(one, other)
      if (superseded.length === 0) return []
      const kept = new Map(
        (yield* db.unitsById([...new Set(superseded.map((unit) => unit.supersededBy!))])).map(
          ({ unit }) => [unit.id, unit]
        )
      )
      for (const unit of superseded) {
        const by = kept.get(unit.supersededBy!)!
        kept.set(by.id, Duplicates.separated(by, unit))
      }
      // One that stayed may itself have been superseded across.
      const changed = new Map(kept)
      for (const { id } of superseded) {
        changed.set(id, Duplicates.restored(changed.get(id) ?? superseded.find((unit) => unit.id === id)!))
      }
      const back = superseded.map(({ id }) => id)
      yield* update([...changed.values()], back)
      return back
    })

  const splitProject = (id: string) =>
    Effect.gen(function*() {
      yield* db.lockAll
      const into = yield* db.projectFor(id)
      if (into === id) return
      yield* db.setSplit(id)
      yield* db.setDifferent(pairsOf([id, into]))
      const moved = yield* db.unitsOfOwn(id, into)
      const sessions = yield* db.moveSessionsBack(id, into)
      // What is being made of them is made for the other project.
      const segments = yield* db.segmentsIn(sessions)
      for (const kind of ["segment", "review"] as const) yield* db.raiseRevision(kind, segments)
      for (const kind of ["session", "recap"] as const) yield* db.raiseRevision(kind, sessions)
      for (const ids of pages(moved)) yield* db.moveUnits(ids, into, id, null)
      yield* settleMoved(moved)
      for (const ids of pages(yield* separate(id, into))) yield* mergeWithSame(ids)
    })

  /** Moves what was derived of sessions to their project, with what a person changed of it. What is saved on purpose stays where it was. */
  const followSessions = (sessionIds: ReadonlyArray<string>, into: string, own: string | null) =>
    Effect.gen(function*() {
      const elsewhere = Effect.map(
        db.unitsOfSessions(sessionIds),
        (stored) =>
          stored.map(({ unit }) => unit).filter((unit) => unit.projectId !== into && savedBy(unit) === undefined)
      )
      yield* db.lockUnits([], [{ projectId: into }, ...(yield* elsewhere)])
      for (const [from, units] of Object.entries(Arr.groupBy(yield* elsewhere, ({ projectId }) => projectId))) {
        const moved = units.map(({ id }) => id)
        for (const ids of pages(moved)) yield* db.moveUnits(ids, from, into, own)
        const active = yield* settleMoved(moved)
        const back = yield* separate(from, into)
        for (const ids of pages([...new Set([...active, ...back])])) yield* mergeWithSame(ids)
      }
    })

  const setDifferent = (ids: ReadonlyArray<string>) => {
    const pairs = pairsOf(ids)
    return pairs.length === 0 ? Effect.void : db.setDifferent(pairs)
  }

  const excludeProject = (project: Project, isExcluded: boolean) =>
    Effect.zipRight(db.setProject(project), db.setExcluded(project.id, isExcluded))

  /**
   * Moves units to the current ids of their projects, which may have been merged since the units were made; `own` holds the ids that
   * the moved ones had, by unit.
   */
  const inPlace = (units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const places = new Map<string, string>()
      for (const id of new Set(units.map(({ projectId }) => projectId))) places.set(id, yield* db.projectFor(id))
      const own = new Map<string, string>()
      const placed = units.map((unit) => {
        const projectId = places.get(unit.projectId)!
        if (projectId === unit.projectId) return unit
        own.set(unit.id, unit.projectId)
        return { ...unit, projectId }
      })
      return { own, placed }
    })

  return {
    addProject: db.setProject,
    excludeProject,
    followSessions,
    inPlace,
    mergeProjects,
    renameProject: db.setName,
    setDifferent,
    setSearched: db.setSearched,
    splitProject
  }
}
