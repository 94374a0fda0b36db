/**
 * Defines a unit's fields in the lexical lane and their scores, the same for every store and index. Pure; the constants
 * were measured on chat and on coding transcripts.
 */
import type { BlockKind } from "./Conversation.ts"
import type { MemoryUnit } from "./MemoryUnit.ts"
import { lexemes } from "./Tokenizer.ts"

/** Thinking and tool output share a field: both are weaker evidence than conversation and tool calls. */
const FIELD_OF: Readonly<Record<BlockKind, number>> = { text: 1, tool_use: 2, tool_result: 3, thinking: 3 }

/** Returns the lexemes of the fields: title (with files), text, tool_use, tool_result (with thinking). */
export const fieldsOf = (unit: MemoryUnit): ReadonlyArray<ReadonlyArray<string>> => {
  const fields: Array<Array<string>> = [[...lexemes(unit.title), ...lexemes(unit.files.join(" "))], [], [], []]
  const add = (field: number, text: string) => {
    // One by one: arguments are on the stack, which is too small for those of a long text.
    for (const lexeme of lexemes(text)) fields[field]!.push(lexeme)
  }
  // A unit without passages (saved on purpose, or made of a note) has no messages as its source: it counts as text.
  if (unit.passages.length === 0) add(FIELD_OF.text, unit.content)
  for (const { from, kind, to } of unit.passages) add(FIELD_OF[kind], unit.content.slice(from, to))
  return fields
}

/** Returns a unit's fields, and how many lexemes they hold together. */
export const lexicalOf = (unit: MemoryUnit) => {
  const fields = fieldsOf(unit)
  return { fields, lexemeCount: fields.reduce((sum, field) => sum + field.length, 0) }
}

/** Counts the terms in each field. */
export const sumOf = (
  fields: ReadonlyArray<ReadonlyArray<string>>,
  termIndex: ReadonlyMap<string, number>
): { readonly lengths: ReadonlyArray<number>; readonly frequencies: ReadonlyArray<ReadonlyArray<number>> } => {
  const frequencies = Array.from({ length: termIndex.size }, () => fields.map(() => 0))
  fields.forEach((field, f) => {
    for (const lexeme of field) {
      const term = termIndex.get(lexeme)
      if (term !== undefined) frequencies[term]![f]!++
    }
  })
  return { lengths: fields.map((field) => field.length), frequencies }
}

/**
 * Returns a function that counts the terms in fields whose lexemes are separated by a blank each, as `sumOf` does in lists. It reads the
 * texts in place: to split them takes several times as long.
 */
export const counterOf = (termIndex: ReadonlyMap<string, number>) => {
  // By length and first character, so that few lexemes are looked up.
  const placeOf = (length: number, first: number) => (length & 63) << 7 | first & 127
  const isLikely = new Uint8Array(1 << 13)
  for (const term of termIndex.keys()) isLikely[placeOf(term.length, term.charCodeAt(0))] = 1
  return (fields: ReadonlyArray<string>): ReturnType<typeof sumOf> => {
    // Most units hold few of the terms: those that are in none share one list.
    const none = fields.map(() => 0)
    const frequencies = Array.from({ length: termIndex.size }, () => none)
    const lengths = fields.map((field, f) => {
      if (field === "") return 0
      let count = 0
      for (let from = 0, at = 0; at <= field.length; at++) {
        if (at < field.length && field.charCodeAt(at) !== 0x20) continue
        count++
        if (isLikely[placeOf(at - from, field.charCodeAt(from))] === 1) {
          const term = termIndex.get(field.slice(from, at))
          if (term !== undefined) {
            if (frequencies[term] === none) frequencies[term] = [...none]
            frequencies[term]![f]!++
          }
        }
        from = at + 1
      }
      return count
    })
    return { lengths, frequencies }
  }
}

/**
 * Constants of BM25F (Robertson and Zaragoza 2009): `k1` of saturation and `b` of length normalisation (section 3.2), and
 * the weights of title, text, tool_use and tool_result (section 3.6). Conversation outranks tool output.
 */
export const BM25F = { k1: 1.2, b: 0.4, fieldWeights: [0.3, 1, 0.8, 0.5] as ReadonlyArray<number> }

/** Returns the saturation of a frequency, weighted by fields; `norm` is from `normOf`. */
export const saturation = (frequency: number, norm: number, k1 = BM25F.k1): number =>
  frequency === 0 ? 0 : (frequency * (k1 + 1)) / (frequency + k1 * norm)

/** Returns 1 for a unit of average length, more for a longer one. */
export const normOf = (length: number, averageLength: number, b = BM25F.b): number =>
  1 - b + b * (length / Math.max(1, averageLength))

/** Returns a term's part of a unit's BM25F score, before it is multiplied by the inverse document frequency. */
export const saturated = (
  frequencies: ReadonlyArray<number>,
  lengths: ReadonlyArray<number>,
  averageLength: number,
  { b, fieldWeights, k1 } = BM25F
): number => {
  const frequency = frequencies.reduce((sum, n, field) => sum + n * fieldWeights[field]!, 0)
  const length = lengths.reduce((sum, n) => sum + n, 0)
  return saturation(frequency, normOf(length, averageLength, b), k1)
}

/** Returns what each term adds to a unit's BM25F score, of the weights and frequencies of the same terms; 0 if it is missing. */
export const partsOf = (
  idf: ReadonlyArray<number>,
  averageLength: number,
  { frequencies, lengths }: ReturnType<typeof sumOf>,
  constants = BM25F
): ReadonlyArray<number> =>
  frequencies.map((fields, term) => idf[term]! * saturated(fields, lengths, averageLength, constants))

/** Returns a unit's BM25F score. */
export const scoreOf = (...unit: Parameters<typeof partsOf>): number =>
  partsOf(...unit).reduce((sum, part) => sum + part, 0)

/**
 * Virtual units that contain no words, added to each memory's count. Without these, every word of the subject would
 * count as common in a memory of one session.
 */
const BACKGROUND = 50

/** Robertson-Spärck Jones weight over the memory and the background, with 1 added, so that it is never negative. */
export const inverseDocumentFrequency = (documents: number, frequency: number): number =>
  Math.log(1 + (documents + BACKGROUND - frequency + 0.5) / (frequency + 0.5))
