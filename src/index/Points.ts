/**
 * Units as points of an index: what of them is embedded, and how.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import type { ModelError, ModelManager } from "../models/ModelManager.ts"
import type { Point } from "./VectorIndex.ts"

/** Its title says what a unit is about when its content does not. */
const embedded = (unit: MemoryUnit) => `${unit.title}\n${unit.content}`

/** For each project apart, so that what they cost is told apart, and each of these as a whole: a request may hold many texts. */
export const pointsOf = (
  models: ModelManager["Type"],
  units: ReadonlyArray<MemoryUnit>
): Effect.Effect<ReadonlyArray<Point>, ModelError> =>
  Effect.map(
    Effect.forEach(
      Object.entries(Arr.groupBy(units, ({ projectId }) => projectId)),
      ([projectId, group]) =>
        Effect.map(
          Effect.provideService(models.embed(group.map(embedded)), CurrentProject, projectId),
          (vectors) => group.map(({ id }, i) => [id, vectors[i] ?? Option.none()] as const)
        )
    ),
    (groups) => {
      const vectorOf = new Map(groups.flat())
      return units.map(({ id }) => ({ unitId: id, vector: Option.getOrNull(vectorOf.get(id) ?? Option.none()) }))
    }
  )
