/**
 * Ranks units by how often and in which fields FTS5 lists a question's terms, and by the units' lengths, without reading their texts. Pure,
 * and without Effect, since the hook's entry searches too.
 */
import { makeBest } from "../../domain/Best.ts"
import { BM25F, normOf, saturation, type sumOf } from "../../domain/Lexical.ts"
import type { Eventual, Steps } from "../../domain/Steps.ts"
import { countIn, type Doclist, ROWS_AT_ONCE, turningAfter } from "./Doclists.ts"

/** The rows of a term, its place among the question's terms, and what it weighs. */
export interface Posting extends Doclist {
  readonly term: number
  readonly weight: number
}

const [TITLE = 0, TEXT = 0, TOOL_USE = 0, TOOL_RESULT = 0] = BM25F.fieldWeights

/** Weighs a row's counts by their fields. */
const frequencyOf = (counts: number): number =>
  countIn(counts, 0) * TITLE + countIn(counts, 1) * TEXT + countIn(counts, 2) * TOOL_USE +
  countIn(counts, 3) * TOOL_RESULT

const BUCKETS = 4_096

/**
 * Returns the indices of the greatest numbers above 0, `limit` of them, in no order: by counting, which sorting takes longer than. `most` is
 * the greatest.
 */
const greatest = (numbers: Float64Array, most: number, limit: number): ReadonlyArray<number> => {
  const scale = (BUCKETS - 1) / most
  const sizes = new Uint32Array(BUCKETS)
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! > 0) sizes[numbers[i]! * scale | 0]!++
  let last = BUCKETS - 1
  let above = 0
  while (last > 0 && above + sizes[last]! < limit) above += sizes[last--]!
  const found: Array<number> = []
  // Of the last bucket those that were written last.
  let room = limit - above
  for (let i = numbers.length - 1; i >= 0; i--) {
    const bucket = numbers[i]! > 0 ? numbers[i]! * scale | 0 : -1
    if (bucket > last || bucket === last && room-- > 0) found.push(i)
  }
  return found
}

/** Adds a term's scores to those of the rows from `first` on, as if all units were of average length; returns the greatest sum. */
const addScores = (
  scores: Float64Array,
  first: number,
  { counts, rows, weight }: Pick<Posting, "counts" | "rows" | "weight">,
  accepted?: Uint8Array
) => {
  let most = 0
  let before = 0
  let added = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (accepted !== undefined && accepted[row] !== 1) continue
    // Mostly it is as often in a row as in the one before.
    const count = counts[i]!
    if (count !== before) added = weight * saturation(frequencyOf(count), 1)
    before = count
    const score = scores[row - first]! + added
    scores[row - first] = score
    if (score > most) most = score
  }
  return most
}

/**
 * Selects the rows with the greatest scores of those that are accepted, as if all units were of average length, in no order. Takes turns
 * between parts of the lists.
 */
export function* selectRows<Y>(
  postings: ReadonlyArray<Posting>,
  limit: number,
  turn: Eventual<Y, void>,
  accepted?: Uint8Array
): Steps<Y, ReadonlyArray<number>> {
  const held = postings.filter(({ rows }) => rows.length > 0)
  const first = Math.min(...held.map(({ rows }) => rows[0]!))
  const last = Math.max(...held.map(({ rows }) => rows.at(-1)!))
  const scores = new Float64Array(Math.max(0, last - first + 1))
  let most = 0
  const goneThrough = turningAfter(turn)
  for (const { counts, rows, weight } of held) {
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      const to = from + ROWS_AT_ONCE
      const part = { counts: counts.subarray(from, to), rows: rows.subarray(from, to), weight }
      most = Math.max(most, addScores(scores, first, part, accepted))
      yield* goneThrough(part.rows.length)
    }
  }
  return greatest(scores, most, limit).map((i) => first + i)
}

/** Reads the lengths of a unit's fields as FTS5 keeps them: a varint each, written as hexadecimal digits. */
export const lengthsIn = (digits: string): ReadonlyArray<number> => {
  const lengths: Array<number> = []
  let length = 0
  for (let at = 0; at < digits.length; at += 2) {
    const byte = Number.parseInt(digits.slice(at, at + 2), 16)
    length = length << 7 | byte & 0x7f
    if (byte >= 0x80) continue
    lengths.push(length)
    length = 0
  }
  return lengths
}

/** A unit's row, and the lengths of its fields. */
export interface Sized {
  readonly row: number
  readonly lengths: ReadonlyArray<number>
}

/** The same with the frequencies of the question's terms, of which those without a posting count as missing. */
export type SizedCount = Sized & ReturnType<typeof sumOf>

/** Returns the rows with the greatest BM25F scores, best first; of `terms` terms, whose postings give their weights. */
export const heaviest = (
  postings: ReadonlyArray<Posting>,
  sized: ReadonlyArray<Sized>,
  terms: number,
  averageLength: number,
  limit: number
): ReadonlyArray<SizedCount> => {
  const selected = sized.map(({ row }) => row)
  const first = selected.reduce((least, row) => Math.min(least, row), Infinity)
  const last = selected.reduce((most, row) => Math.max(most, row), 0)
  const slots = new Uint32Array(Math.max(0, last - first + 1))
  selected.forEach((row, i) => slots[row - first] = i + 1)
  const countsOf = new Uint32Array(selected.length * terms)
  for (const { counts, rows, term } of postings) {
    for (let i = 0; i < rows.length; i++) {
      const slot = slots[rows[i]! - first]
      if (slot !== undefined && slot > 0) countsOf[(slot - 1) * terms + term] = counts[i]!
    }
  }
  const best = makeBest(limit)
  sized.forEach(({ lengths, row }, i) => {
    const norm = normOf(lengths.reduce((sum, n) => sum + n, 0), averageLength)
    let score = 0
    for (const { term, weight } of postings) {
      score += weight * saturation(frequencyOf(countsOf[i * terms + term]!), norm)
    }
    best.add({ row, score })
  })
  return best.sorted().map(({ row }) => {
    const i = slots[row - first]! - 1
    return {
      row,
      lengths: sized[i]!.lengths,
      frequencies: Array.from(
        { length: terms },
        (_, term) => BM25F.fieldWeights.map((_, field) => countIn(countsOf[i * terms + term]!, field))
      )
    }
  })
}
