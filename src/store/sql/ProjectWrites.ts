/**
 * Merges, renames and excludes projects.
 */
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Project } from "../../domain/Project.ts"
import * as Duplicates from "../Duplicates.ts"
import type { SqlEffect } from "./Dialect.ts"
import type { Statements } from "./Statements.ts"
import type { UnitWrites } from "./UnitWrites.ts"

/** Units processed at a time. */
const PAGE = 500

const pages = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / PAGE) }, (_, i) => all.slice(i * PAGE, (i + 1) * PAGE))

export const make = (db: Statements, { enqueue, mergeWithSame }: UnitWrites) => {
  const mergeProjects = (one: Project, other: Project) =>
    Effect.gen(function*() {
      yield* db.lockAll
      yield* db.setProject(one)
      yield* db.setProject(other)
      // Another process may have merged one of them meanwhile.
      const [from, into] = [yield* db.projectFor(one.id), yield* db.projectFor(other.id)]
      if (from === into) return
      yield* db.setMerged(from, into)
      yield* db.moveSessions(from, into)
      const moved = yield* db.moveUnits(from, into)
      const active: Array<string> = []
      for (const ids of pages(moved)) {
        const worded = yield* db.worded(ids)
        // A sketch contains the project's id.
        yield* db.setSketches(new Map(worded.map(({ unit, words }) => [unit.id, Duplicates.sketch(unit, words)])))
        const isActive = new Map(worded.map(({ unit }) => [unit.id, unit.active]))
        active.push(...ids.filter((id) => isActive.get(id)))
      }
      yield* enqueue("index", active)
      for (const ids of pages(active)) yield* mergeWithSame(ids)
    })

  const excludeProject = (project: Project, isExcluded: boolean) =>
    Effect.zipRight(db.setProject(project), db.setExcluded(project.id, isExcluded))

  /** Moves units to the current ids of their projects, which may have been merged since the units were made. */
  const inPlace = (units: ReadonlyArray<MemoryUnit>): SqlEffect<ReadonlyArray<MemoryUnit>> =>
    Effect.gen(function*() {
      const places = new Map<string, string>()
      for (const id of new Set(units.map(({ projectId }) => projectId))) places.set(id, yield* db.projectFor(id))
      return units.map((unit) => {
        const projectId = places.get(unit.projectId)!
        return projectId === unit.projectId ? unit : { ...unit, projectId }
      })
    })

  return { excludeProject, inPlace, mergeProjects, renameProject: db.setName }
}
