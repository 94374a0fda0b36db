/**
 * Finds and merges duplicate units of one type. Pure, so that every store merges alike. Units of different types are never merged (a
 * decision, and the talk in which it was taken): searches may filter by type, and injection shows only one of the two.
 */
import { evidence, MAX_EVIDENCE, type MemoryUnit, type UnitType } from "../domain/MemoryUnit.ts"
import { mustNotDisplace } from "../domain/SavedBy.ts"

/** Share of another unit's words that a unit must contain to replace it. */
const CONTAINED = 0.95
/** Least Jaccard index of the words of two duplicates. */
const ALIKE = 0.7
/** Fewest distinct words of a unit that may be merged; with fewer, units are alike by chance. */
const LEAST_WORDS = 6

/**
 * MinHash with banding: each band holds the minima of 4 permutations of the words, and two units become candidates when a whole band
 * is equal. With a Jaccard index of 0.7, 94 % of pairs become candidates; with 0.9, all but one in 50 000; with 0.1, which is common
 * in a large memory, 0.1 % (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4).
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

/** Returns the words of a unit's content from its lexical fields, without the title's words. */
export const wordsOf = (fields: ReadonlyArray<ReadonlyArray<string>>): ReadonlySet<string> =>
  new Set(fields.slice(1).flat())

/** Returns a hash for each band; duplicates share at least one. Empty for units that are never merged: archives, and those of few words. */
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

/** What a unit was before a person changed its content. */
export interface Before {
  readonly type: UnitType
  readonly words: ReadonlySet<string>
}

export interface Worded {
  readonly unit: MemoryUnit
  readonly words: ReadonlySet<string>
  /** With the time of the last change, in milliseconds since the epoch. */
  readonly before?: Before & { readonly until: number }
}

/** Returns the hashes by which a unit is found: by what it says, and by what it said before it was changed. */
export const sketches = (
  { before, unit, words }: Omit<Worded, "before"> & { readonly before?: Before | undefined }
): ReadonlyArray<number> => [
  ...new Set([
    ...sketch(unit, words),
    ...(before === undefined ? [] : sketch({ ...unit, type: before.type }, before.words))
  ])
]

/** Compares by time, then by id. */
const isNewer = (a: MemoryUnit, b: MemoryUnit): boolean =>
  a.occurredAt === b.occurredAt ? a.id > b.id : a.occurredAt > b.occurredAt

/** Counts the words of one that are in the other. */
export const sharedBy = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  let shared = 0
  for (const word of a) if (b.has(word)) shared++
  return shared
}

/** Tests whether two units as they were derived are duplicates. */
export const isSame = (a: Worded, b: Worded): boolean => merge(a, b) !== undefined

/** Prefers what a person changed, then the newer. */
const isPreferred = (a: MemoryUnit, b: MemoryUnit): boolean =>
  a.revision === undefined && b.revision === undefined ? isNewer(a, b) : a.revision !== undefined

/** Tests whether the words of two units, of which they share so many, are alike, and `full` has those of `part`. */
const holds = (full: ReadonlySet<string>, part: ReadonlySet<string>, shared: number): boolean =>
  shared >= ALIKE * (full.size + part.size - shared) && shared >= CONTAINED * part.size

/**
 * Tests whether a unit says no more than another did before it was changed, and was said before that. What was said again
 * afterwards may hold.
 */
const isCorrected = ({ before }: Worded, { unit, words }: Worded): boolean =>
  before !== undefined && unit.revision === undefined && unit.type === before.type &&
  unit.occurredAt <= before.until && holds(before.words, words, sharedBy(before.words, words))

/**
 * Merges two units of which one contains the other's words; when each contains the other's, the newer one stays. `kept` also cites the
 * messages of `superseded`, up to `MAX_EVIDENCE`. A changed unit also stays for those that say what it said before. Returns undefined when
 * they are no duplicates.
 */
export const merge = (
  a: Worded,
  b: Worded
): { readonly kept: MemoryUnit; readonly superseded: MemoryUnit } | undefined => {
  // What a person changed is superseded by nothing.
  if (a.unit.revision !== undefined && b.unit.revision !== undefined) return undefined
  // A hostile text may have had Claude note what the person's own words are to be lost in.
  if (mustNotDisplace(a.unit, b.unit) || mustNotDisplace(b.unit, a.unit)) return undefined
  const isOfOneType = a.unit.type === b.unit.type
  const shared = isOfOneType ? sharedBy(a.words, b.words) : 0
  const aHolds = isOfOneType && holds(a.words, b.words, shared) || isCorrected(a, b)
  const bHolds = isOfOneType && holds(b.words, a.words, shared) || isCorrected(b, a)
  if (!aHolds && !bHolds) return undefined
  const [full, part] = aHolds && (!bHolds || isPreferred(a.unit, b.unit)) ? [a, b] : [b, a]
  if (part.unit.revision !== undefined) return undefined
  const own = new Set(full.unit.passages.map(({ uuid }) => uuid))
  const also = [...new Set([...full.unit.also, ...evidence(part.unit)])].filter((uuid) => !own.has(uuid))
  return {
    kept: { ...full.unit, also: also.slice(0, Math.max(0, MAX_EVIDENCE - own.size)) },
    superseded: { ...part.unit, active: false, supersededBy: full.unit.id }
  }
}

/** Undoes a merge of two units whose projects were split: the one that stayed cites no message of the other any more. */
export const separated = (kept: MemoryUnit, superseded: MemoryUnit): MemoryUnit => {
  const others = new Set(evidence(superseded))
  return { ...kept, also: kept.also.filter((uuid) => !others.has(uuid)) }
}

/** Reactivates a superseded unit whose successor was deleted, or lies in another project now. */
export const restored = (unit: MemoryUnit): MemoryUnit => ({ ...unit, active: true, supersededBy: null })
