/**
 * Formats numbers, dates and sums for people and for Claude.
 */
import * as Calendar from "../domain/Calendar.ts"
import type { Message } from "../domain/Conversation.ts"
import type { Feedback } from "../domain/Feedback.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { isReplacedInPart } from "../domain/ReplacedInPart.ts"
import type { SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import type { LineSum } from "../store/MemoryStore.ts"
import type { Size } from "../store/Retention.ts"

export const number = (n: number): string => n.toLocaleString("en-US")
export const percent = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${Math.round(100 * part / whole)} %`
export const minute = (millis: number): string => Calendar.minute(millis) ?? "unknown date"

/** Formats bytes as "12.3 MB", "1,234 MB". */
export const megabytes = (bytes: number): string =>
  `${bytes < 1e8 ? (bytes / 1e6).toFixed(1).replace(/\.0$/, "") : number(Math.round(bytes / 1e6))} MB`

/** Tests whether what was forgotten takes bytes enough to be told of. */
export const isMuchForgotten = ({ forgottenBytes }: Size): boolean => forgottenBytes >= 100_000

/** Formats a memory's size with its limit, and what was let go to stay below it. */
export const sizeText = (size: Size): string => {
  const { bytes, forgottenBytes, letGo, limit } = size
  return `${megabytes(bytes)}${limit === 0 ? ", without a limit" : ` of at most ${megabytes(limit)}`}` +
    (isMuchForgotten(size) ? `, and ${megabytes(forgottenBytes)} of what was forgotten` : "") +
    (letGo.at === null ?
      "; nothing was let go" :
      `; ${plural(letGo.messages, "message")} and ${memories(letGo.units)} were let go, the last ones ${
        minute(letGo.at)
      }`)
}

/** Formats as "1 dead letter", "2 dead letters". */
export const plural = (n: number, noun: string): string => `${number(n)} ${noun}${n === 1 ? "" : "s"}`

/** Formats as "1 memory", "2 memories". */
export const memories = (n: number): string => n === 1 ? "1 memory" : `${number(n)} memories`

type Replaced = Pick<MemoryUnit, "replacedBy" | "replacedFor" | "type">

/** Says that a memory was replaced that is shown all the same; nothing of one that holds. */
export const replacedWord = (unit: Replaced): string =>
  unit.replacedBy === undefined ? "" : isReplacedInPart(unit) ? "replaced in part" : "replaced"

/** The same with what replaced it. */
export const replacedText = (unit: Replaced): string =>
  unit.replacedBy === undefined ? "" : ` · ${replacedWord(unit)} by ${unit.replacedBy.slice(0, 8)}`

/** Formats as "a, b and c". */
export const joined = (names: ReadonlyArray<string>, conjunction: "and" | "or" = "and"): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} ${conjunction} ${names.at(-1)}`

/** Formats as "12 decision, 3 archive". */
export const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts).map(([name, n]) => `${number(n)} ${name}`).join(", ")

/**
 * Formats as "1,234 lines = 1,000 stored + 230 skipped (…) + 4 dead letters", with the `shown` commonest reasons for
 * skipping.
 */
export const balance = (lines: LineSum, shown = Number.POSITIVE_INFINITY): string => {
  const reasons = Object.entries(lines.skipped).sort(([, a], [, b]) => b - a)
  const total = (part: typeof reasons) => part.reduce((sum, [, n]) => sum + n, 0)
  const rest = total(reasons.slice(shown))
  const detail = [
    ...reasons.slice(0, shown).map(([reason, n]) => `${number(n)} ${reason}`),
    ...(rest === 0 ? [] : [`${number(rest)} for other reasons`])
  ].join(", ")
  return `${plural(lines.total, "line")} = ${number(lines.stored)} stored + ${number(total(reasons))} skipped` +
    `${detail === "" ? "" : ` (${detail})`} + ${plural(lines.deadLetter, "dead letter")}`
}

export const isBalanced = (lines: LineSum): boolean =>
  lines.total === lines.stored + lines.deadLetter + Object.values(lines.skipped).reduce((sum, n) => sum + n, 0)

/** Returns all that a message says, each block with what it is. */
export const textOf = ({ blocks }: Message): string =>
  blocks.map(({ isError, kind, text, tool }) =>
    kind === "text"
      ? text
      : kind === "thinking"
      ? `(thinking) ${text}`
      : kind === "tool_use"
      ? `[${tool ?? "tool"}] ${text}`
      : `${isError === true ? "failed" : "gave"}: ${text}`
  ).join("\n")

/** Returns the role; "tool" for what a tool gave, which the transcript has as a message of the user's. */
export const speakerOf = ({ blocks, role }: Message): string =>
  blocks.length > 0 && blocks.every(({ kind }) => kind === "tool_result") ? "tool" : role

/** Returns the memory's own words that have these lexemes, each once; a lexeme whose word is gone since stands for itself. */
const wordsOf = ({ content, title }: Pick<MemoryUnit, "content" | "title">, lexemes: ReadonlyArray<string>) => {
  const words = `${title}\n${content}`.match(/[\p{L}\p{N}_]+/gu) ?? []
  return [
    ...new Set(
      lexemes.map((lexeme) =>
        words.find((word) => word.length < 40 && Tokenizer.lexemes(word).join() === lexeme)?.toLowerCase() ?? lexeme
      )
    )
  ]
}

/** Formats as "at prompts with deploy and staging", "at every prompt". */
export const promptsText = ({ words }: Feedback, unit: Pick<MemoryUnit, "content" | "title">): string =>
  words.length === 0 ? "at every prompt" : `at prompts with ${joined(wordsOf(unit, words))}`

/** Formats as "helps at prompts with deploy and staging". */
export const feedbackText = (note: Feedback, unit: Pick<MemoryUnit, "content" | "title">): string =>
  `${note.helps ? "helps" : "does not help"} ${promptsText(note, unit)}`

/** Explains why a result was found. */
export const reason = (
  { replaces = [], why }: Pick<SearchResult, "replaces" | "why">
): string =>
  [
    ...replaces.map(({ id, title }) => `it holds in place of ${id.slice(0, 8)} "${title}"`),
    why.keyword === null ? undefined : `keyword #${why.keyword.rank} (${why.matched.join(", ")})`,
    why.semantic === null ? undefined : `semantic #${why.semantic.rank} (cosine ${why.semantic.score.toFixed(2)})`,
    why.rerank === null ? undefined : `rerank #${why.rerank.rank} (${why.rerank.score.toFixed(2)})`,
    why.neighbours > 0 ? `its neighbours +${why.neighbours.toFixed(2)}` : undefined,
    ...Object.entries(why.boosts).map(([name, by]) => `its ${name} ${by < 0 ? "" : "+"}${by.toFixed(2)}`)
  ].filter((part) => part !== undefined).join(" · ")
