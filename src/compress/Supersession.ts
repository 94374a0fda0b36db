/**
 * Has a new decision stand in the place of the earlier ones that it replaces, where its words say so (text/Replacing.ts), and before the
 * other memories that name what it replaces. A person's word goes before the rule's: what a person saved, pinned, changed or said to hold
 * is left alone.
 *
 * A language model, where one reviews the session, could say more: it reads the segment with the candidates that are found here, and
 * answers which of them hold no more. Its answer would go where `replacementOf` is asked, under the same conditions.
 */
import * as Effect from "effect/Effect"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { savedBy } from "../domain/SavedBy.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { outdatedIn, replacementOf, replacementsIn } from "./text/Replacing.ts"

/** Most earlier decisions, and most other memories, that are looked at for one. */
const CANDIDATES = 30
const OTHERS = UnitType.literals.filter((type) => type !== "decision")

const isOpenToRule = (older: MemoryUnit, newer: MemoryUnit): boolean =>
  older.projectId === newer.projectId && older.id !== newer.id && older.active &&
  older.occurredAt < newer.occurredAt && !older.pinned && older.revision === undefined &&
  savedBy(older) !== "person"

/** Tests whether nobody else said what holds in place of a unit. */
const isUndecided = (store: MemoryStore["Type"], { id, replacedBy }: MemoryUnit) =>
  Effect.gen(function*() {
    if (replacedBy !== undefined && (yield* store.units([replacedBy])).length > 0) return false
    const history = yield* store.history(id)
    return history?.operations.every(({ actor, kind }) => kind !== "replace" || actor === "rule") ?? true
  })

/**
 * Finds what the decisions among these units, which are committed, replace, and records it; asks nothing where none says that it replaces
 * something. Done again, it changes nothing.
 */
export const supersede = (units: ReadonlyArray<MemoryUnit>): Effect.Effect<void, StoreError, MemoryStore> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    for (const newer of units) {
      if (newer.type !== "decision" || savedBy(newer) === "claude") continue
      const replaced = replacementsIn(newer)
      if (replaced.length === 0) continue
      // It may have been merged, or moved into another project, as it was written.
      const [stored] = yield* store.units([newer.id])
      if (stored === undefined || !stored.active) continue
      const lexemes = [...new Set(replaced.flatMap(({ old }) => Tokenizer.lexemes(old)))]
      const named = yield* Effect.forEach(
        [["decision" as const], OTHERS],
        (types) => store.lexical(lexemes, { projects: [stored.projectId], types }, CANDIDATES)
      )
      const ids = named.flatMap(({ candidates }) => candidates.map(({ unitId }) => unitId))
      for (const older of yield* store.units(ids)) {
        const rule = older.type === "decision" ? replacementOf : outdatedIn
        const replacement = isOpenToRule(older, stored) ? rule(stored, older) : undefined
        if (replacement === undefined || !(yield* isUndecided(store, older))) continue
        yield* store.edit(older.id, { replacedBy: stored.id, replacedFor: replacement.old }, "rule")
      }
    }
  })
