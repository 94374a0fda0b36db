/**
 * Words as sparse vectors: what BM25F makes of them but for the inverse document frequency, which Qdrant's `idf` modifier adds.
 */
import { hash } from "../../domain/Hash.ts"
import { fieldsOf, saturated, sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SparseVector } from "./Qdrant.ts"

/** In lexemes, of 477 memories of coding sessions; a point is written once, whatever the others become. */
const AVERAGE_LENGTH = 96

/** Each index once: terms that share one, 1 pair of 4 billion, are added up. */
const vectorOf = (weights: Iterable<readonly [string, number]>): SparseVector => {
  const values = new Map<number, number>()
  for (const [term, weight] of weights) {
    const index = hash(term)
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
