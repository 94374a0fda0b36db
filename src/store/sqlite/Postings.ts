/**
 * Ranks units by the places of a question's terms, which FTS5 lists, and by the units' lengths, without reading their texts. Pure, and
 * without Effect, since the hook's entry searches too.
 */
import { makeBest } from "../../domain/Best.ts"
import { BM25F, normOf, saturation, type sumOf } from "../../domain/Lexical.ts"

/** A place as a number: the row and, in two bits, the field. */
const FIELD_BITS = 2
const FIELDS = 1 << FIELD_BITS
/** The same in SQL, of a row of FTS5's table of places. */
export const PLACE = "doc * 4 + CASE col WHEN 'title' THEN 0 WHEN 'text' THEN 1 WHEN 'tool_use' THEN 2 ELSE 3 END"

/** The places of a term, ascending by row, its place among the question's terms, and what it weighs. */
export interface Posting {
  readonly term: number
  readonly weight: number
  readonly places: Uint32Array
}

const rowAt = (places: Uint32Array, i: number) => places[i]! >>> FIELD_BITS
const fieldAt = (places: Uint32Array, i: number) => places[i]! & FIELDS - 1

const BUCKETS = 4_096

/** Returns the indices of the greatest numbers above 0, `limit` of them, in no order: by counting, which sorting takes longer than. */
const greatest = (numbers: Float64Array, limit: number): ReadonlyArray<number> => {
  let most = 0
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! > most) most = numbers[i]!
  const bucketOf = (n: number) => Math.floor(n / most * (BUCKETS - 1))
  const sizes = new Uint32Array(BUCKETS)
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! > 0) sizes[bucketOf(numbers[i]!)]!++
  let last = BUCKETS - 1
  let above = 0
  while (last > 0 && above + sizes[last]! < limit) above += sizes[last--]!
  const found: Array<number> = []
  // Of the last bucket those that were written last.
  let room = limit - above
  for (let i = numbers.length - 1; i >= 0; i--) {
    const bucket = numbers[i]! > 0 ? bucketOf(numbers[i]!) : -1
    if (bucket > last || bucket === last && room-- > 0) found.push(i)
  }
  return found
}

/** Selects the rows with the greatest scores of those that are accepted, as if all units were of average length, in no order. */
export const selectRows = (
  postings: ReadonlyArray<Posting>,
  limit: number,
  accepted?: Uint8Array
): ReadonlyArray<number> => {
  const held = postings.filter(({ places }) => places.length > 0)
  const first = Math.min(...held.map(({ places }) => rowAt(places, 0)))
  const last = Math.max(...held.map(({ places }) => rowAt(places, places.length - 1)))
  const scores = new Float64Array(Math.max(0, last - first + 1))
  for (const { places, weight } of held) {
    for (let i = 0; i < places.length;) {
      const row = rowAt(places, i)
      let frequency = 0
      for (; i < places.length && rowAt(places, i) === row; i++) frequency += BM25F.fieldWeights[fieldAt(places, i)]!
      scores[row - first]! += weight * saturation(frequency, 1)
    }
  }
  if (accepted !== undefined) { for (let i = 0; i < scores.length; i++) if (accepted[first + i] !== 1) scores[i] = 0 }
  return greatest(scores, limit).map((i) => first + i)
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
  const rows = sized.map(({ row }) => row)
  const first = rows.reduce((least, row) => Math.min(least, row), Infinity)
  const last = rows.reduce((most, row) => Math.max(most, row), 0)
  const slots = new Uint32Array(Math.max(0, last - first + 1))
  rows.forEach((row, i) => slots[row - first] = i + 1)
  const width = terms * FIELDS
  const counts = new Uint32Array(rows.length * width)
  for (const { places, term } of postings) {
    for (let i = 0; i < places.length; i++) {
      const slot = slots[rowAt(places, i) - first]
      if (slot !== undefined && slot > 0) counts[(slot - 1) * width + term * FIELDS + fieldAt(places, i)]!++
    }
  }
  const best = makeBest(limit)
  sized.forEach(({ lengths, row }, i) => {
    const norm = normOf(lengths.reduce((sum, n) => sum + n, 0), averageLength)
    let score = 0
    for (const { term, weight } of postings) {
      let frequency = 0
      for (let field = 0; field < FIELDS; field++) {
        frequency += counts[i * width + term * FIELDS + field]! * BM25F.fieldWeights[field]!
      }
      score += weight * saturation(frequency, norm)
    }
    best.add({ row, score })
  })
  return best.sorted().map(({ row }) => {
    const i = slots[row - first]! - 1
    const at = (term: number) => i * width + term * FIELDS
    return {
      row,
      lengths: sized[i]!.lengths,
      frequencies: Array.from({ length: terms }, (_, term) => [...counts.subarray(at(term), at(term) + FIELDS)])
    }
  })
}
