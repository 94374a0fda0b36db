/**
 * Brings an item into the shortest form that answers: whole when there is room, else the run of sentences that holds
 * most of the prompt's bits and names most.
 */
import { alsoAskedIn } from "../domain/AlsoAsked.ts"
import { matchesIn } from "../domain/Matches.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { SPECIFIC } from "../domain/Specific.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Word } from "../domain/Verdict.ts"

export const ELLIPSIS = "…"

/** Ends of lines, and of sentences and labels within a line; the number of a list's item ends none. */
const ENDS = /\n+|(?<=[.!?:;])(?<!(?:^|\s)[*_]{0,2}\d{1,3}\.) +(?=\S)|(?<=[。！？；])/gm

/** Bits that a sentence counts for when it names something: code, a file, a number. Answers tend to. */
const NAMED_BITS = 0.25

/** Matches a short sentence that introduces the next ones, and what stands for those that are left out. */
const NO_END = /^(?:.{1,60}[:：][*_]{0,2}|…)$/u

/** Lines beyond which a person's text counts as pasted, and fewest tokens of an answer that is shown without it. */
const PASTED_LINES = 5
const LEAST_ANSWER = 30

interface Span {
  readonly from: number
  readonly to: number
}

/** True for a place between the backticks of a line. */
const isInCode = (text: string, at: number): boolean => {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1)
  const end = line.indexOf("\n")
  const before = line.slice(0, at - (text.length - line.length))
  return before.split("`").length % 2 === 0 && line.slice(before.length, end < 0 ? undefined : end).includes("`")
}

export const spansOf = (text: string): ReadonlyArray<Span> => {
  const ends = [...matchesIn(text, ENDS)].filter((match) => match[0].startsWith("\n") || !isInCode(text, match.index))
    .map((match) => ({ to: match.index, next: match.index + match[0].length }))
  return [...ends, { to: text.length, next: text.length }]
    .map(({ to }, i) => ({ from: ends[i - 1]?.next ?? 0, to }))
    .filter(({ from, to }) => from < to)
}

/** What is cut of a unit; the passages are looked at where there are words. */
type Cut = Pick<MemoryUnit, "content" | "tokens"> & { readonly passages?: MemoryUnit["passages"] }

/** Matches the label of a person, and the first one of Claude's after it. */
const ASKED = /(?:^|\n)User: /
const ANSWERED = /\nClaude(?: explained)?: /

/** Returns where Claude's answer begins, if what a person pasted before it takes more than half of the room; else 0. */
const answerIn = ({ content, passages = [] }: Cut, room: number): number => {
  const asked = content.search(ASKED)
  const rest = asked < 0 ? "" : content.slice(asked + 1)
  const length = rest.search(ANSWERED) + 1
  const pasted = rest.slice(0, length)
  const at = asked + 1 + length
  // What a tool was given in between is Claude's, too.
  const isAsked = passages.every(({ from, kind }) => from <= asked || from >= at || kind === "text")
  return isAsked && pasted.split("\n").length > PASTED_LINES && Tokens.estimate(pasted) > room / 2 &&
      Tokens.estimate(rest.slice(length)) >= LEAST_ANSWER
    ? at
    : 0
}

/** Cuts a text at a blank, and marks the cut. */
const shortened = (text: string, tokens: number): string => {
  if (Tokens.estimate(text) <= tokens) return text
  const start = Tokens.truncate(text, tokens - 2, Infinity)
  return `${start.replace(/\s+\S*$/u, "") || start} ${ELLIPSIS}`
}

/**
 * Returns the content when it has at most `tokens`; else, of the runs of whole sentences that do, the one with the most
 * bits: those of the prompt's `words`, by the lexemes that stand for them, and of sentences that name something. What else was asked
 * in a session has none: it answers nothing. Of equal ones it is the longest; without words, the beginning. An ellipsis stands for what is left out on a side.
 */
export const excerpt = (
  unit: Cut,
  words: ReadonlyMap<string, Word>,
  tokens: number
): string => {
  if (unit.tokens <= tokens) return unit.content
  const answer = words.size === 0 ? 0 : answerIn(unit, tokens)
  const asked = words.size === 0 ? [] : alsoAskedIn(unit.content)
  const sentences = spansOf(unit.content).filter(({ from }) => from >= answer).map(({ from, to }) => {
    const text = unit.content.slice(from, to)
    const isAsked = asked.some((line) => from >= line.from && to <= line.to)
    const lexemes = words.size === 0 || isAsked ? [] : Tokenizer.lexemes(text)
    const bits = SPECIFIC.test(text) && !isAsked ? NAMED_BITS : 0
    return { from, to, tokens: Tokens.estimate(text) + 1, lexemes: new Set(lexemes), bits }
  })
  if (sentences.length === 0) return ELLIPSIS
  const room = tokens - 2
  let best = { first: 0, last: 0, bits: -1, tokens: 0 }
  for (let first = 0; first < sentences.length; first++) {
    // The first run is the beginning.
    if (first > 0 && words.size === 0) break
    const found = new Set<string>()
    let sum = 0
    let length = 0
    for (let last = first; last < sentences.length; last++) {
      length += sentences[last]!.tokens
      if (length > room && last > first) break
      sum += sentences[last]!.bits
      for (const lexeme of sentences[last]!.lexemes) {
        const word = words.get(lexeme)
        if (word === undefined || found.has(word.lexeme)) continue
        found.add(word.lexeme)
        sum += word.bits
      }
      if (sum > best.bits || sum === best.bits && length > best.tokens) {
        best = { first, last, bits: sum, tokens: length }
      }
    }
  }
  const { first } = best
  // A sentence that is longer than half of the room is cut rather than left out.
  let last = best.tokens < room / 2 ? Math.min(best.last + 1, sentences.length - 1) : best.last
  const isNoEnd = (sentence: Span) => NO_END.test(unit.content.slice(sentence.from, sentence.to).trim())
  while (last > first && isNoEnd(sentences[last]!)) last--
  const run = unit.content.slice(sentences[first]!.from, sentences[last]!.to)
  const before = sentences[first]!.from === 0 ? "" : `${ELLIPSIS} `
  const text = shortened(run, room)
  return before + text + (last < sentences.length - 1 && text === run ? ` ${ELLIPSIS}` : "")
}
