/**
 * Turns units into points of an index: chooses the text to embed and requests the embeddings.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { type ModelError, type ModelManager, vectorsOf } from "../models/ModelManager.ts"
import type { Point } from "./VectorIndex.ts"

/** Returns the text of a unit that is embedded. The title names the subject of one whose content does not. */
export const embedded = (unit: MemoryUnit) => `${unit.title}\n${unit.content}`

/** Tells whether a point's vector is right for what its unit is now. */
export const isCurrent = (point: Point, unit: MemoryUnit): boolean =>
  point.text === undefined || point.text === embedded(unit)

/**
 * Embeds the units of each project in one call, since a request may hold many texts, and each project in a call of its
 * own, so that costs are recorded by project.
 */
export const pointsOf = (
  models: ModelManager["Type"],
  units: ReadonlyArray<MemoryUnit>
): Effect.Effect<ReadonlyArray<Point>, ModelError> =>
  Effect.map(
    Effect.forEach(
      Object.entries(Arr.groupBy(units, ({ projectId }) => projectId)),
      ([projectId, group]) =>
        Effect.map(
          Effect.provideService(vectorsOf(models, group.map(embedded)), CurrentProject, projectId),
          (vectors) => group.map(({ id }, i) => [id, vectors[i]!] as const)
        )
    ),
    (groups) => {
      const vectorOf = new Map(groups.flat())
      return units.map((unit) => ({
        unitId: unit.id,
        text: embedded(unit),
        vector: Option.getOrNull(vectorOf.get(unit.id) ?? Option.none())
      }))
    }
  )
