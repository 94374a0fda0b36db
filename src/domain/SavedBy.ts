/**
 * Tells who saved a unit on purpose, by its origin. Without Effect, since the hook's entry tells it too.
 */
import type { MemoryUnit } from "./MemoryUnit.ts"

export type Saver = "person" | "claude"

/** Beginnings of the origins of saved units. */
export const ORIGINS: Readonly<Record<Saver, string>> = { person: "saved:", claude: "noted:" }

/** Tests whether Claude noted one and the person saved the other: then the first must not stand for the second. */
export const mustNotDisplace = (one: Pick<MemoryUnit, "origin">, other: Pick<MemoryUnit, "origin">): boolean =>
  savedBy(one) === "claude" && savedBy(other) === "person"

/** The part of a unit by which it is ranked. */
export type Ranked =
  & Pick<MemoryUnit, "origin">
  & Partial<Pick<MemoryUnit, "also" | "feedback" | "passages" | "pinned" | "revision">>

/** Tests whether a person changed a unit, and did not only say whether it helps; its words, if it quotes no message and still cites some. */
const isRewritten = ({ also, feedback, passages, revision }: Ranked): boolean =>
  revision !== undefined && (feedback === undefined || passages?.length === 0 && also !== undefined && also.length > 0)

/** How much it was wanted that a unit be remembered: the higher the more. */
export const rankOf = (unit: Ranked): number => {
  const saver = savedBy(unit)
  return unit.pinned === true ? 3 : saver === "person" || isRewritten(unit) ? 2 : saver === "claude" ? 1 : 0
}

/** Tests whether the person saved, rewrote or pinned a unit. */
export const isPersons = (unit: Ranked): boolean => rankOf(unit) > 1

/** Returns who saved a unit; none for one that was made of a session or of a note. */
export const savedBy = ({ origin }: Pick<MemoryUnit, "origin">): Saver | undefined =>
  origin.startsWith(ORIGINS.person) ? "person" : origin.startsWith(ORIGINS.claude) ? "claude" : undefined
