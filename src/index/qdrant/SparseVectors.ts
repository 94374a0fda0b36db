/**
 * Turns words into sparse vectors of BM25F weights, without the inverse document frequency, which Qdrant's `idf`
 * modifier adds.
 */
import { hash } from "../../domain/Hash.ts"
import { fieldsOf, saturated, sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SparseVector } from "./Qdrant.ts"

/**
 * Average length in lexemes of 477 memories of coding sessions. A constant, since a point is not rewritten when the
 * average of the collection changes.
 */
const AVERAGE_LENGTH = 96

/** Adds up the weights of terms whose hashes collide (1 pair in 4 billion), since indices must be unique. */
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
