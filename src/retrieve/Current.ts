/**
 * Puts the memory that holds now in the place of one that holds no more, or before one that does in part. Pure but for reads.
 */
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { isReplacedInPart } from "../domain/ReplacedInPart.ts"
import type { Replaced } from "../domain/Search.ts"
import type { Eventual, Steps } from "../domain/Steps.ts"

/** Most replacements that are followed from one memory. */
const MOST = 8

interface Ranked {
  readonly unit: MemoryUnit
}

/** A ranked memory, and those in whose place it stands. */
export type Current<A> = A & { readonly replaces: ReadonlyArray<Replaced> }

/**
 * Returns the ranking with each memory once, at its best place. What holds in place of a part stands before that memory. Where the
 * replacement is gone or not wanted, the replaced one stays.
 */
export function* current<Y, A extends Ranked>(
  ranked: ReadonlyArray<A>,
  unitsOf: (ids: ReadonlyArray<string>) => Eventual<Y, ReadonlyArray<MemoryUnit>>,
  isWanted: (unit: MemoryUnit) => boolean
): Steps<Y, ReadonlyArray<Current<A>>> {
  const known = new Map(ranked.map(({ unit }) => [unit.id, unit]))
  let next = ranked.flatMap(({ unit }) => unit.replacedBy === undefined ? [] : [unit.replacedBy])
  for (let step = 0; step < MOST && next.length > 0; step++) {
    const missing = next.filter((id) => !known.has(id))
    for (const unit of missing.length === 0 ? [] : yield* unitsOf(missing)) known.set(unit.id, unit)
    next = missing.flatMap((id) => known.get(id)?.replacedBy ?? [])
  }
  /** Follows a memory's replacements to the last that is there and wanted; of a circle, to where it begins. */
  const last = (unit: MemoryUnit): MemoryUnit => {
    const seen = new Set([unit.id])
    let [found, at] = [unit, unit]
    while (at.replacedBy !== undefined && !isReplacedInPart(at) && known.has(at.replacedBy)) {
      at = known.get(at.replacedBy)!
      if (seen.has(at.id)) return at.id === unit.id || isWanted(at) ? at : found
      seen.add(at.id)
      if (isWanted(at)) found = at
    }
    return found
  }
  const placed = new Map<string, { readonly item: A; readonly unit: MemoryUnit; readonly replaces: Array<Replaced> }>()
  const placeOf = (unit: MemoryUnit, item: A) => {
    const place = placed.get(unit.id) ?? { item, unit, replaces: [] }
    placed.set(unit.id, place)
    return place
  }
  for (const item of ranked) {
    const { replacedBy } = item.unit
    const now = isReplacedInPart(item.unit) && replacedBy !== undefined ? known.get(replacedBy) : undefined
    if (now !== undefined && isWanted(last(now))) placeOf(last(now), item)
    const unit = last(item.unit)
    const { replaces } = placeOf(unit, item)
    if (unit.id !== item.unit.id) {
      const { id, occurredAt, title } = item.unit
      replaces.push({ id, title, occurredAt })
    }
  }
  return Array.from(placed.values(), ({ item, replaces, unit }) => ({ ...item, unit, replaces }))
}
