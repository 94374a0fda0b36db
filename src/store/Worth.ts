/**
 * Decides what a memory that outgrows its limit lets go first. Pure.
 */
import type { MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { savedBy } from "../domain/SavedBy.ts"

/** Share of its worth that a new unit of each type has; a decision holds longest. */
const WEIGHTS: Readonly<Record<UnitType, number>> = {
  decision: 1,
  error_log: 0.8,
  documentation: 0.7,
  code_snippet: 0.6,
  conversation: 0.5,
  archive: 1
}

/** Milliseconds after which a unit is worth half. */
const HALF_LIFE_MS = 90 * 86_400_000

type Judged = Pick<
  MemoryUnit,
  "active" | "kept" | "occurredAt" | "origin" | "pinned" | "quality" | "revision" | "sessionId" | "type"
>

/** Tests whether a unit was made of a session; others were saved, or come from a note. */
export const isOfSession = (unit: Pick<MemoryUnit, "origin" | "sessionId">): boolean =>
  savedBy(unit) === undefined && (unit.origin === unit.sessionId || /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(unit.origin))

/** Classes of units, the least worth first. All of one class go before any of the next. */
const classOf = (unit: Judged): number =>
  unit.pinned || unit.kept === true
    ? Infinity
    : savedBy(unit) === "person" || unit.revision !== undefined
    ? 4
    : !isOfSession(unit)
    ? 3
    : !unit.active
    ? 0
    : unit.type === "archive"
    ? 2
    : 1

/** Shares, from 0 to 1, whose product is what a unit is worth within its class. */
export interface Shares {
  /** What a new unit of its type is worth beside a decision. */
  readonly type: number
  /** How much of its text is worth reading; what a person said counts most. */
  readonly quality: number
  /** What its age has left of that. */
  readonly age: number
}

/** Returns the shares of a unit's worth at a time, in milliseconds since the epoch. */
export const sharesOf = ({ occurredAt, quality, type }: Judged, now: number): Shares => ({
  type: WEIGHTS[type],
  quality: Math.min(1, Math.max(0, quality)),
  age: 2 ** (-Math.max(0, now - occurredAt) / HALF_LIFE_MS)
})

/**
 * Returns what a unit is worth at a time, in milliseconds since the epoch: infinite when it is pinned or kept, from 4 on when a person saved or
 * edited it, from 3 when Claude noted it or a note has it, from 2 for the archive of a session, from 1 for others, less for one that says
 * the same as another. Within a class, a unit is worth the less, the older it is and the lower its quality.
 */
export const worthOf = (unit: Judged, now: number): number => {
  const { age, quality, type } = sharesOf(unit, now)
  return classOf(unit) + 0.999 * type * quality * age
}

/** Tests whether a unit is as it was made of a session: neither saved, nor noted, nor edited, nor pinned, nor kept. */
export const isDerived = (unit: Judged, now: number): boolean => worthOf(unit, now) < 3
