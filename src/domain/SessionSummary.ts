/**
 * Tells the summary of a session, which is made of its other memories.
 */
import type { MemoryUnit } from "./MemoryUnit.ts"
import { savedBy } from "./SavedBy.ts"

/** Tests for the summary of a session; what is saved outside of any session is a session of its own, and none. */
export const isSummary = (unit: Pick<MemoryUnit, "origin" | "sessionId">): boolean =>
  unit.origin === unit.sessionId && savedBy(unit) === undefined
