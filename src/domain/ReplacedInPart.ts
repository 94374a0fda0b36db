/**
 * Recognizes memories of which one thing holds no more.
 */
import type { MemoryUnit } from "./MemoryUnit.ts"

/** True for what a rule saw replaced, but for a decision: that says nothing else, and is replaced whole. */
export const isReplacedInPart = ({ replacedFor, type }: Pick<MemoryUnit, "replacedFor" | "type">): boolean =>
  replacedFor !== undefined && type !== "decision"
