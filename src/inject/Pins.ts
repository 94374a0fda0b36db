/**
 * Decides which pins are told when a session begins, and how much of each. What a person pinned is left out only where Claude has it
 * already, not because another memory is like it. Pure, and without Effect, since the hook's entry decides it too.
 */
import { defuse } from "../domain/Fence.ts"
import type { LeftUnit } from "../domain/OpeningFile.ts"
import { excerpt, spansOf } from "./Excerpt.ts"
import { oneLine } from "./Render.ts"

/** Tokens to which each pin may be cut, tried one after the other while not all fit. */
const LIMITS = [Infinity, 300, 240, 190, 150, 120, 90] as const
const LEAST = 90
/** Most pins that are named of those that aren't told. */
const MAX_NAMED = 6

/** The beginning of a heading, and of a line that goes on with no other. */
const HEADING = /^\s*#{1,6}\s/
const BEGINS = /^\s*(?:[-*+>|]|#{1,6}\s|\d{1,3}[.)]\s|```|$)/
const MARKS = /^(?:(?:[-*+>]|#{1,6}|\d{1,3}[.)]|\[[ xX]\])\s+)+/
const END = /[.!;。！；]+$/u

/** Puts the lines of a paragraph that was wrapped into one. */
const unwrapped = (text: string): string => {
  let joined = ""
  let mayGoOn = false
  for (const line of text.split("\n")) {
    joined += (mayGoOn && !BEGINS.test(line) ? " " : "\n") + line.trim()
    mayGoOn = line.trim() !== "" && !HEADING.test(line)
  }
  return joined
}

/** Returns the sentences of a text, without the marks of lists and headings, and without the stop. */
const sentencesOf = (text: string): ReadonlyArray<string> => {
  const lines = unwrapped(text)
  return spansOf(lines).map(({ from, to }) => oneLine(lines.slice(from, to)).replace(MARKS, "").replace(END, ""))
    .filter((sentence) => sentence !== "")
}

/** Keeps the pins that the session was not told, and whose sentences don't all stand in a text that Claude has anyway. */
export const untold = <U extends LeftUnit>(
  pinned: ReadonlyArray<U>,
  injectedIds: ReadonlySet<string>,
  contextText: string
): ReadonlyArray<U> => {
  const left = pinned.filter(({ id }) => !injectedIds.has(id))
  if (left.length === 0 || contextText.trim() === "") return left
  const known = new Set(sentencesOf(contextText))
  return left.filter(({ content }) => {
    const sentences = sentencesOf(content)
    return sentences.length === 0 || !sentences.every((sentence) => known.has(sentence))
  })
}

/** A pin, and what is told of it. */
export interface Pin<U> {
  readonly unit: U
  readonly text: string
}

const cutTo = (tokens: number) => <U extends LeftUnit>(unit: U): Pin<U> => ({
  unit,
  text: excerpt(unit, new Map(), tokens)
})

const isCut = <U extends LeftUnit>({ text, unit }: Pin<U>) => text !== unit.content

const named = (units: ReadonlyArray<LeftUnit>) => units.map(({ id }) => id.slice(0, 8)).join(", ")

/** Says which pins are cut, how many more there are, and how to read them; empty where all are told whole. */
const noteOf = (cut: ReadonlyArray<LeftUnit>, left: ReadonlyArray<LeftUnit>, unread: number, most: number): string => {
  const count = left.length + unread
  if (cut.length + count === 0) return ""
  const some = left.slice(0, most)
  const more = `${count} more pinned${some.length === 0 ? "" : `: ${named(some)}`}${
    some.length === count ? "" : " (all: claude-memory list --pinned)"
  }`
  const said = [...(cut.length === 0 ? [] : [`Cut: ${named(cut)}`]), ...(count === 0 ? [] : [more])]
  return defuse(`${said.join(". ")}. Read with claude_memory_get.\n`)
}

export interface ToldPins<U> {
  readonly pins: ReadonlyArray<Pin<U>>
  /** A line about what is missing; may be empty. */
  readonly note: string
}

/**
 * Tells all pins whole where they fit, else all with the long ones cut, else as many as fit, in their order. `unread` counts pins that
 * were not even read.
 */
export const tell = <U extends LeftUnit>(
  pinned: ReadonlyArray<U>,
  unread: number,
  fits: (told: ToldPins<U>) => boolean
): ToldPins<U> => {
  const telling = (pins: ReadonlyArray<Pin<U>>, most = MAX_NAMED): ToldPins<U> => {
    const left = pinned.filter((unit) => !pins.some((pin) => pin.unit === unit))
    return { pins, note: noteOf(pins.filter(isCut).map(({ unit }) => unit), left, unread, most) }
  }
  for (const limit of LIMITS) {
    if (limit !== Infinity && pinned.every(({ tokens }) => tokens <= limit)) continue
    const all = telling(pinned.map(cutTo(limit)))
    if (fits(all)) return all
  }
  let pins: ReadonlyArray<Pin<U>> = []
  for (const pin of pinned.map(cutTo(LEAST))) if (fits(telling([...pins, pin]))) pins = [...pins, pin]
  for (const pin of pins.filter(isCut)) {
    const longer = pins.map((each) => each === pin ? cutTo(Infinity)(pin.unit) : each)
    if (fits(telling(longer))) pins = longer
  }
  return [telling(pins), telling([], 0)].find(fits) ?? { pins: [], note: "" }
}
