/**
 * Points to memories that may help: their titles and ids in one line, for Claude to fetch. Pure.
 */
import { defuse, fence } from "../domain/Fence.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Testimony } from "../retrieve/Evidence.ts"
import { ago, notedBy, oneLine } from "./Render.ts"

const PREAMBLE = "Perhaps of use (claude_memory_get): "
/** Most tokens of the whole text, fence included; most memories, and tokens of a title. */
const MAX_TOKENS = 60
export const MAX_MEMORIES = 3
const TITLE_TOKENS = 14
/** Memories with less than this share of the best one's bits are left out. */
const SHARE = 0.75

const titleOf = (title: string): string => {
  const line = oneLine(title)
  return Tokens.estimate(line) <= TITLE_TOKENS
    ? line
    : `${Tokens.truncate(line, TITLE_TOKENS - 1, Infinity).trimEnd()}…`
}

/** Returns the pointer and the units in it; an empty text when there are none. */
export const pointerTo = (
  testimonies: ReadonlyArray<Testimony>,
  now: number
): { readonly text: string; readonly units: ReadonlyArray<MemoryUnit> } => {
  const best = testimonies[0]?.bits ?? 0
  let kept: ReadonlyArray<Testimony> = []
  let text = ""
  for (const testimony of testimonies) {
    if (kept.length === MAX_MEMORIES || testimony.bits < SHARE * best) break
    const more = [...kept, testimony]
    const titles = more.map(({ unit }) =>
      `[${unit.id.slice(0, 8)}] ${titleOf(unit.title)}${notedBy(unit)}, ${ago(unit.occurredAt, now)}`
    )
    const next = fence(defuse(PREAMBLE + titles.join("; ")))
    if (Tokens.estimate(next) > MAX_TOKENS) break
    kept = more
    text = next
  }
  return { text, units: kept.map(({ unit }) => unit) }
}
