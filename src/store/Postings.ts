/**
 * The lexical lane on Maps: units, and the units that hold each lexeme.
 */
import { fieldsOf, sumOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { passes, type SearchFilter } from "../domain/Search.ts"
import * as Duplicates from "./Duplicates.ts"
import type { LexicalMatches } from "./MemoryStore.ts"
import { ascending, present, recalling } from "./Rules.ts"

export interface Indexed {
  readonly unit: MemoryUnit
  readonly fields: ReadonlyArray<ReadonlyArray<string>>
  readonly words: ReadonlySet<string>
  readonly sketch: ReadonlyArray<number>
}

export interface Postings {
  /** In the order of their writing. */
  readonly units: Map<string, Indexed>
  readonly holding: Map<string, Set<string>>
}

export const empty = (): Postings => ({ units: new Map(), holding: new Map() })

export const copy = ({ holding, units }: Postings): Postings => ({
  units: new Map(units),
  holding: new Map([...holding].map(([lexeme, ids]) => [lexeme, new Set(ids)]))
})

export const insert = ({ holding, units }: Postings, unit: MemoryUnit): void => {
  const fields = fieldsOf(unit)
  const words = Duplicates.wordsOf(fields)
  units.set(unit.id, { unit, fields, words, sketch: Duplicates.sketch(unit, words) })
  for (const lexeme of fields.flat()) holding.set(lexeme, (holding.get(lexeme) ?? new Set()).add(unit.id))
}

export const remove = ({ holding, units }: Postings, id: string): void => {
  for (const lexeme of units.get(id)?.fields.flat() ?? []) {
    const ids = holding.get(lexeme)
    ids?.delete(id)
    if (ids?.size === 0) holding.delete(lexeme)
  }
  units.delete(id)
}

export const K1 = 1.2
export const B = 0.75

export const idfOf = (documents: number, holding: number): number =>
  Math.max(Math.log((documents - holding + 0.5) / (holding + 0.5)), 1e-6)

/** FTS5's own rank (https://sqlite.org/fts5.html, section 5.1.1): it decides which candidates a limit leaves out. */
const rankOf = (
  terms: ReadonlyArray<{ readonly frequency: number; readonly documents: number }>,
  documents: number,
  length: number,
  averageLength: number
): number =>
  terms.reduce((sum, term) => {
    const norm = K1 * (1 - B + B * length / averageLength)
    return sum + idfOf(documents, term.documents) * ((term.frequency * (K1 + 1)) / (term.frequency + norm))
  }, 0)

export const match = (
  { holding, units }: Postings,
  terms: ReadonlyArray<string>,
  filter: SearchFilter,
  limit: number
): LexicalMatches => {
  const lengthOf = ({ fields }: Indexed) => fields.reduce((sum, field) => sum + field.length, 0)
  const averageLength = [...units.values()].reduce((sum, held) => sum + lengthOf(held), 0) / Math.max(1, units.size)
  const counts = new Map(terms.flatMap((term) => {
    const ids = holding.get(term)
    return ids === undefined ? [] : [[term, ids.size] as const]
  }))
  const recall = recalling(terms, counts)
  const termIndex = new Map(terms.map((term, i) => [term, i]))
  const candidates = present(
    [...new Set(recall.flatMap((term) => [...holding.get(term) ?? []]))].map((id) => units.get(id))
  )
    .filter(({ unit }) => passes(unit, filter))
    .map((held) => {
      const sum = sumOf(held.fields, termIndex)
      const found = recall.map((term) => ({
        frequency: sum.frequencies[termIndex.get(term)!]!.reduce((all, n) => all + n, 0),
        documents: counts.get(term)!
      }))
      return { unit: held.unit, sum, rank: rankOf(found, units.size, lengthOf(held), averageLength) }
    })
    .sort(ascending(({ rank }) => -rank, ({ unit }) => unit.id))
    .slice(0, limit)
    .map(({ sum, unit }) => ({ unitId: unit.id, sessionId: unit.sessionId, position: unit.position, ...sum }))
  return {
    documents: units.size,
    averageLength,
    documentFrequencies: terms.map((term) => counts.get(term) ?? 0),
    candidates
  }
}
