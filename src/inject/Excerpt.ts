/**
 * Brings an item into the shortest form that answers: whole when there is room, else the lines that match the prompt.
 */
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"

const ELLIPSIS = "…"

/** An excerpt counts as full after this many lines in a row did not fit. */
const FULL_AFTER = 16

const shortened = (line: string, tokens: number): string => {
  if (Tokens.estimate(line) <= tokens) return line
  const start = Tokens.truncate(line, tokens - 3, Infinity).trimEnd()
  return start === "" ? ELLIPSIS : `${start} ${ELLIPSIS}`
}

/** Splits a text into lines, and a line of more than `tokens` into sentences, each of which is cut at `tokens`. */
const linesOf = (text: string, tokens: number): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) =>
    Tokens.estimate(line) <= tokens
      ? [line]
      : line.split(/(?<=[.!?]) +(?=\S)|(?<=[。！？])/).map((each) => shortened(each, tokens))
  )

/**
 * Returns the lines that contain the prompt's words and the lines beside them, in order and within `tokens`. An
 * ellipsis stands for the lines left out.
 */
export const excerpt = (unit: MemoryUnit, prompt: ReadonlySet<string>, tokens: number): string => {
  if (unit.tokens <= tokens) return unit.content
  const lines = linesOf(unit.content, tokens / 2)
  const matches = lines.map((line) => new Set(Tokenizer.lexemes(line).filter((word) => prompt.has(word))).size)
  const score = (i: number) =>
    matches[i]! + 0.5 * Math.max(matches[i - 1] ?? 0, matches[i + 1] ?? 0) + (i === 0 ? 0.4 : 0)
  const ranked = lines.map((_, i) => i).sort((a, b) => score(b) - score(a) || a - b)
  const joined = (kept: ReadonlySet<number>) =>
    lines.flatMap((line, i) => kept.has(i) ? [line] : i === 0 || kept.has(i - 1) ? [ELLIPSIS] : []).join("\n")
  let kept: ReadonlySet<number> = new Set()
  let misses = 0
  for (const i of ranked) {
    if (misses === FULL_AFTER) break
    const more = new Set([...kept, i])
    if (Tokens.estimate(joined(more)) <= tokens) {
      kept = more
      misses = 0
    } else misses++
  }
  return joined(kept)
}
