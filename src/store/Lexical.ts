/**
 * A unit as the lexical lane sees it, the same in every store.
 */
import type { BlockKind } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { lexemes } from "../domain/Tokenizer.ts"

/** Thinking and tool output share a field: both are weaker evidence than what was said or done. */
const FIELD_OF: Readonly<Record<BlockKind, number>> = { text: 1, tool_use: 2, tool_result: 3, thinking: 3 }

/** Lexemes of title (with files), text, tool_use and tool_result. */
export const fieldsOf = (unit: MemoryUnit): ReadonlyArray<ReadonlyArray<string>> => {
  const fields: Array<Array<string>> = [[...lexemes(unit.title), ...lexemes(unit.files.join(" "))], [], [], []]
  for (const { from, kind, to } of unit.passages) fields[FIELD_OF[kind]]!.push(...lexemes(unit.content.slice(from, to)))
  return fields
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
