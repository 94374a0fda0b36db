/**
 * Units as points of an index: what of them is embedded, and how.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { embedAccepted } from "../models/EmbedAccepted.ts"
import type { ModelError, ModelManager } from "../models/ModelManager.ts"
import type { Point } from "./VectorIndex.ts"

/** Its title says what a unit is about when its content does not. */
const embedded = (unit: MemoryUnit) => `${unit.title}\n${unit.content}`

const isOfSameProject = (a: MemoryUnit, b: MemoryUnit) => a.projectId === b.projectId

/** For each project apart, so that what they cost is told apart; units of one come one after another. */
export const pointsOf = (
  models: ModelManager["Type"],
  units: ReadonlyArray<MemoryUnit>
): Effect.Effect<ReadonlyArray<Point>, ModelError> =>
  Effect.map(
    Effect.forEach(Arr.isNonEmptyReadonlyArray(units) ? Arr.groupWith(units, isOfSameProject) : [], (group) =>
      Effect.provideService(
        embedAccepted(models.embed, group.map(embedded)),
        CurrentProject,
        group[0].projectId
      )),
    (groups) => {
      const vectors = groups.flat()
      return units.map(({ id }, i) => ({ unitId: id, vector: Option.getOrNull(vectors[i] ?? Option.none()) }))
    }
  )
