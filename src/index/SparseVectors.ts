/**
 * Words as sparse vectors: what BM25F makes of them but for the inverse document frequency, which Qdrant's `idf` modifier adds.
 */
import { fieldsOf, saturated, sumOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SparseVector } from "./Qdrant.ts"

/** In lexemes, of 477 memories of coding sessions; a point is written once, whatever the others become. */
const AVERAGE_LENGTH = 96

/** FNV-1a, mixed at the end (the finalizer of MurmurHash3): terms that share one, 1 pair of 4 billion, are one term. */
const indexOf = (term: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < term.length; i++) h = Math.imul(h ^ term.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Each index once: terms that share one are added up. */
const vectorOf = (weights: Iterable<readonly [string, number]>): SparseVector => {
  const values = new Map<number, number>()
  for (const [term, weight] of weights) {
    const index = indexOf(term)
    values.set(index, (values.get(index) ?? 0) + weight)
  }
  return { indices: [...values.keys()], values: [...values.values()] }
}

export const ofUnit = (unit: MemoryUnit): SparseVector => {
  const fields = fieldsOf(unit)
  const terms = [...new Set(fields.flat())]
  const { frequencies, lengths } = sumOf(fields, new Map(terms.map((term, i) => [term, i])))
  return vectorOf(terms.map((term, i) => [term, saturated(frequencies[i]!, lengths, AVERAGE_LENGTH)]))
}

export const ofTerms = (terms: ReadonlyArray<string>): SparseVector =>
  vectorOf([...new Set(terms)].map((term) => [term, 1]))
