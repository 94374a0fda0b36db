/**
 * Builds a unit from excerpts: its content, passages, keywords and files.
 */
import type { Block, Message, Session } from "../domain/Conversation.ts"
import { idOf } from "../domain/Ids.ts"
import { keywordsOf } from "../domain/Keywords.ts"
import {
  MAX_CONTENT_LENGTH,
  MAX_CONTENT_TOKENS,
  MAX_EVIDENCE,
  type MemoryUnit,
  type Passage,
  type UnitType,
  weightedLength
} from "../domain/MemoryUnit.ts"
import * as Tokens from "../domain/Tokens.ts"
import { gist, pieces, salient } from "./text/Text.ts"
import { worthOf } from "./text/Worth.ts"

/** Verbatim text of one message. Lines and sentences may be left out; those that are kept are unchanged. */
export interface Excerpt {
  readonly message: Message
  readonly kind: Block["kind"]
  /** Written before the text in the content ("User: "), unless the excerpt before has the same message and label. */
  readonly label: string
  readonly text: string
}

export interface Draft {
  readonly type: UnitType
  /** Title and summary of any length: the unit's are cut to one line of `MAX_TITLE` and `MAX_SUMMARY` characters. */
  readonly title: string
  readonly summary: string
  readonly excerpts: ReadonlyArray<Excerpt>
  /** Orders the units of a segment: the index of the draft's first message, plus a fraction. */
  readonly at: number
  /** Distinguishes this draft from others of the same origin and type; part of the unit's id. */
  readonly slot: string
}

export const MAX_TITLE = 80
export const MAX_SUMMARY = 240

const SEPARATOR = "\n"

const sharesLabel = (excerpt: Excerpt, before: Excerpt | undefined) =>
  before !== undefined && before.message === excerpt.message && before.label === excerpt.label

export const contentOf = (excerpts: ReadonlyArray<Excerpt>) => {
  let content = ""
  const passages = excerpts.map((excerpt, i): Passage => {
    const { kind, label, message, text } = excerpt
    content += (content === "" ? "" : SEPARATOR) + (sharesLabel(excerpt, excerpts[i - 1]) ? "" : label)
    const from = content.length
    content += text
    return { uuid: message.uuid, kind, from, to: content.length }
  })
  return { content, passages }
}

export const fitsUnit = (content: string) =>
  weightedLength(content) <= MAX_CONTENT_LENGTH && Tokens.estimate(content) <= MAX_CONTENT_TOKENS

const uuidsOf = (excerpts: ReadonlyArray<Excerpt>) => new Set(excerpts.map(({ message }) => message.uuid))

export const fitOneUnit = (excerpts: ReadonlyArray<Excerpt>) =>
  uuidsOf(excerpts).size <= MAX_EVIDENCE && fitsUnit(contentOf(excerpts).content)

/** Drops blank excerpts: a tool call may have an empty file name. */
const withoutBlank = (excerpts: ReadonlyArray<Excerpt>) => excerpts.filter(({ text }) => text.trim() !== "")

/** Keeps the first excerpt, cut to fit a unit, and every later one that still fits; one that does not is skipped. */
export const fittingExcerpts = (excerpts: ReadonlyArray<Excerpt>): ReadonlyArray<Excerpt> => {
  const [first, ...rest] = withoutBlank(excerpts)
  return rest.reduce<ReadonlyArray<Excerpt>>((kept, excerpt) => {
    const more = [...kept, excerpt]
    return fitOneUnit(more) ? more : kept
  }, first === undefined ? [] : cut(first).slice(0, 1))
}

const PIECE_LENGTH = 1_000

/** Splits a text into excerpts that each fit a unit. */
export const excerptsOf = (
  message: Message,
  kind: Block["kind"],
  label: string,
  text: string
): ReadonlyArray<Excerpt> =>
  pieces(text, PIECE_LENGTH, (piece) => fitsUnit(label + piece)).map((piece) => ({ message, kind, label, text: piece }))

/** Splits an excerpt into excerpts that each fit a unit. */
const cut = (excerpt: Excerpt): ReadonlyArray<Excerpt> =>
  fitsUnit(excerpt.label + excerpt.text)
    ? [excerpt]
    : excerptsOf(excerpt.message, excerpt.kind, excerpt.label, excerpt.text)

/**
 * Returns the beginning of a text, cut at sentences or lines; of a tool's output, its salient lines. A CJK character
 * counts for 3.3 of `length`. Empty for a blank text.
 */
export const leadingExcerpt = (
  message: Message,
  kind: Block["kind"],
  label: string,
  text: string,
  length: number
): ReadonlyArray<Excerpt> => {
  const words = kind === "tool_result" ? salient(text, length) : text
  const [first] = pieces(words, length, (piece) => weightedLength(piece) <= length && fitsUnit(label + piece))
  return first === undefined ? [] : [{ message, kind, label, text: first }]
}

/** Tokens and weighted length that excerpts add to a content, separators included. */
const costOf = (excerpts: ReadonlyArray<Excerpt>) => ({
  tokens: excerpts.reduce((sum, { label, text }) => sum + Tokens.estimate(label + text) + 1, 0),
  length: excerpts.reduce((sum, { label, text }) => sum + weightedLength(label + text) + SEPARATOR.length, 0)
})

/**
 * Packs groups of excerpts into contents within the bounds, in order; a new content begins where `isBreak` returns
 * true. A group that fits into one content is never split.
 */
export const pack = (
  groups: ReadonlyArray<ReadonlyArray<Excerpt>>,
  isBreak: (group: ReadonlyArray<Excerpt>, length: number) => boolean
): ReadonlyArray<ReadonlyArray<Excerpt>> => {
  const packed: Array<ReadonlyArray<Excerpt>> = []
  let current: Array<Excerpt> = []
  let tokens = 0
  let length = 0
  const parts = groups.map(withoutBlank).filter((group) => group.length > 0)
    .flatMap((group) => fitOneUnit(group) ? [group] : group.flatMap(cut).map((excerpt) => [excerpt]))
  for (const group of parts) {
    const cost = costOf(group)
    const isFull = uuidsOf([...current, ...group]).size > MAX_EVIDENCE || tokens + cost.tokens > MAX_CONTENT_TOKENS ||
      length + cost.length > MAX_CONTENT_LENGTH
    if (current.length > 0 && (isFull || isBreak(group, length))) {
      packed.push(current)
      current = []
      tokens = 0
      length = 0
    }
    current.push(...group)
    tokens += cost.tokens
    length += cost.length
  }
  if (current.length > 0) packed.push(current)
  return packed
}

export const filesOf = (messages: Iterable<Message>): ReadonlyArray<string> =>
  [
    ...new Set([...messages].flatMap(({ blocks }) => blocks.flatMap(({ file }) => file === undefined ? [] : [file])))
  ].slice(0, 20)

/** Version of the rules by which units are made. */
export const VERSION = 24

/** Labels of what a person chose in a form, of commands, and of a commit's message. */
export const CHOSE = "User chose: "
export const RAN = "Ran: "
export const COMMITTED = "Committed: "
const COMMAND_LABELS = new Set([RAN, "Command: "])

/**
 * Weighted length (a CJK character counts for 3.3) from which a person's text is taken for one that was pasted: a review, a plan, a
 * log. It is more than that of an explanation of Claude's, because requests are long for other reasons.
 */
export const LONG_PROMPT = 1_500

const isPasted = ({ blocks }: Message): boolean =>
  weightedLength(blocks.find(({ kind }) => kind === "text")?.text ?? "") >= LONG_PROMPT

/** Measures what of the excerpts is worth reading, from 0 to 1. */
const qualityOf = (excerpts: ReadonlyArray<Excerpt>): number => {
  const weighed = excerpts.map(({ kind, label, message, text }) =>
    worthOf(
      text,
      kind === "text" && message.role === "human"
        ? message.thread === "main" && !isPasted(message) ? "person" : "tool"
        : kind === "tool_result" && label !== CHOSE || COMMAND_LABELS.has(label)
        ? "tool"
        : "claude"
    )
  )
  const length = weighed.reduce((sum, each) => sum + each.length, 0)
  return weighed.reduce((sum, { length, worth }) => sum + worth * length, 0) / Math.max(1, length)
}

export const unitOf = (
  session: Session,
  origin: string,
  position: number,
  createdAt: number,
  draft: Draft
): MemoryUnit => {
  const { content, passages } = contentOf(draft.excerpts)
  const messages = new Set(draft.excerpts.map(({ message }) => message))
  return {
    id: idOf("unit", origin, draft.type, draft.slot),
    projectId: session.projectId,
    sessionId: session.id,
    origin,
    position,
    type: draft.type,
    // A title that consisted of Markdown marks alone is empty by now.
    title: gist(draft.title.trim() === "" ? content : draft.title, MAX_TITLE),
    summary: gist(draft.summary, MAX_SUMMARY),
    content,
    keywords: keywordsOf(draft.excerpts.map(({ text }) => text).join("\n")),
    files: filesOf(messages),
    passages,
    also: [],
    quality: qualityOf(draft.excerpts),
    tokens: Tokens.estimate(content),
    occurredAt: Math.max(...[...messages].map(({ occurredAt }) => occurredAt)) || session.startedAt,
    createdAt,
    compressor: VERSION,
    expiresAt: null,
    supersededBy: null,
    pinned: false,
    active: true
  }
}
