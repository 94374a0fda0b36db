/**
 * Which units of one type say the same, and how they become one. Pure, so that every store merges alike. Units of two types may
 * say the same (a decision, and the talk in which it fell): each is looked for by its type, and injection shows one of them.
 */
import { evidence, MAX_EVIDENCE, type MemoryUnit } from "../domain/MemoryUnit.ts"

/** A unit that holds this share of another's words, */
const CONTAINED = 0.95
/** and shares this much with it altogether (Jaccard's index), says all that it says. */
const ALIKE = 0.7
/** With fewer distinct words than this, units are alike by chance. */
const LEAST_WORDS = 6

/**
 * Minima of so many permutations of the words, in bands that two units must have in common as a whole. Of those that share 0.7
 * of their words 94 % have one, of those that share 0.9 all but one in 50 000; of those that share a tenth, as many do in any
 * large memory, 0.1 % (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4).
 */
const BANDS = 10
const MINIMA = 4

const mix = (seed: number): number => {
  let h = Math.imul(seed ^ (seed >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

/** The words of a unit's content, from its lexical fields: the title's do not count. */
export const wordsOf = (fields: ReadonlyArray<ReadonlyArray<string>>): ReadonlySet<string> =>
  new Set(fields.slice(1).flat())

/** What units that say the same have at least one of in common; empty for those that are never merged. */
export const sketch = (unit: MemoryUnit, words: ReadonlySet<string>): ReadonlyArray<number> => {
  if (unit.type === "archive" || words.size < LEAST_WORDS) return []
  const minima = new Uint32Array(BANDS * MINIMA).fill(0xffffffff)
  for (const word of words) {
    const one = hash(word)
    for (let i = 0; i < minima.length; i++) minima[i] = Math.min(minima[i]!, mix(one ^ Math.imul(i + 1, 0x9e3779b1)))
  }
  return Array.from(
    { length: BANDS },
    (_, band) => hash(`${minima.subarray(band * MINIMA, (band + 1) * MINIMA).join(" ")} ${unit.type} ${unit.projectId}`)
  )
}

export interface Worded {
  readonly unit: MemoryUnit
  readonly words: ReadonlySet<string>
}

/** The newer one; of two of one time, the one with the greater id. */
const isNewer = (a: MemoryUnit, b: MemoryUnit): boolean =>
  a.occurredAt === b.occurredAt ? a.id > b.id : a.occurredAt > b.occurredAt

/**
 * One of two units when it says all that the other says, the newer one when both do: it cites the messages of both, as far as
 * a unit may, and supersedes the other.
 */
export const merge = (a: Worded, b: Worded): { readonly stays: MemoryUnit; readonly goes: MemoryUnit } | undefined => {
  if (a.unit.type !== b.unit.type) return undefined
  let shared = 0
  for (const word of a.words) if (b.words.has(word)) shared++
  if (shared < ALIKE * (a.words.size + b.words.size - shared)) return undefined
  const [aHolds, bHolds] = [shared >= CONTAINED * b.words.size, shared >= CONTAINED * a.words.size]
  if (!aHolds && !bHolds) return undefined
  const [full, part] = aHolds && (!bHolds || isNewer(a.unit, b.unit)) ? [a, b] : [b, a]
  const own = new Set(full.unit.passages.map(({ uuid }) => uuid))
  const also = [...new Set([...full.unit.also, ...evidence(part.unit)])].filter((uuid) => !own.has(uuid))
  return {
    stays: { ...full.unit, also: also.slice(0, Math.max(0, MAX_EVIDENCE - own.size)) },
    goes: { ...part.unit, active: false, supersededBy: full.unit.id }
  }
}

/** A superseded unit whose successor is gone. */
export const restored = (unit: MemoryUnit): MemoryUnit => ({ ...unit, active: true, supersededBy: null })
