/**
 * Compression without a model: the segment's own words, cut where sentences and lines end, packed into units.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Block, Message } from "../domain/Conversation.ts"
import { idOf } from "../domain/Ids.ts"
import {
  MAX_CONTENT_LENGTH,
  MAX_CONTENT_TOKENS,
  MAX_EVIDENCE,
  type MemoryUnit,
  type Passage,
  type UnitType,
  weightedLength
} from "../domain/MemoryUnit.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import type { SegmentContext, SessionOutline } from "../store/MemoryStore.ts"
import { Compressor } from "./Compressor.ts"
import { firstSentence, gist, headline, pieces, salient } from "./Text.ts"

/** Words of one message, ready to be packed: at most one unit's content long. */
interface Excerpt {
  readonly message: Message
  readonly kind: Block["kind"]
  /** What stands before the words in the content ("User: "); not part of the passage. */
  readonly label: string
  readonly text: string
}

/** Archives are kept for a year; the other types have no date of expiry. */
const ARCHIVE_LIFETIME_MS = 365 * 86_400_000

const PIECE_LENGTH = 1_000
/** Lines of a tool's output that are kept, around what is salient in it. */
const TOOL_OUTPUT_LENGTH = 2_400

const fits = (content: string) =>
  weightedLength(content) <= MAX_CONTENT_LENGTH && Tokens.estimate(content) <= MAX_CONTENT_TOKENS

const MAX_TOOL_NAME = 60

const labelOf = (message: Message, block: Block, toolNames: ReadonlyMap<string, string>): string => {
  switch (block.kind) {
    case "text":
      return message.role === "human" ? "User: " : message.role === "assistant" ? "Claude: " : ""
    case "thinking":
      return "Claude thought: "
    case "tool_use":
      return `${gist(block.tool ?? "Tool", MAX_TOOL_NAME)} `
    case "tool_result": {
      const tool = gist(toolNames.get(block.toolUseId ?? "") ?? "Tool", MAX_TOOL_NAME)
      return block.isError === true ? `${tool} failed: ` : `${tool} printed: `
    }
  }
}

const toolNamesOf = (messages: ReadonlyArray<Message>) =>
  new Map(
    messages.flatMap(({ blocks }) =>
      blocks.flatMap(({ kind, tool, toolUseId }) =>
        kind === "tool_use" && toolUseId !== undefined && tool !== undefined ? [[toolUseId, tool] as const] : []
      )
    )
  )

/** What tools say when all went well says nothing. */
const CHATTER =
  /^(Todos have been modified successfully|The file .{1,300} has been (updated|created)|File (created|written) successfully)/

const excerptsOf = (messages: ReadonlyArray<Message>): ReadonlyArray<Excerpt> => {
  const toolNames = toolNamesOf(messages)
  return messages.flatMap((message) =>
    message.blocks.flatMap((block): ReadonlyArray<Excerpt> => {
      if (block.tool === "TodoWrite" || (block.kind === "tool_result" && CHATTER.test(block.text))) return []
      const label = labelOf(message, block, toolNames)
      const text = block.kind === "tool_result" ? salient(block.text, TOOL_OUTPUT_LENGTH) : block.text
      return pieces(text, PIECE_LENGTH, (piece) => fits(label + piece)).map((piece) => ({
        message,
        kind: block.kind,
        label,
        text: piece
      }))
    })
  )
}

const SEPARATOR = "\n"

const contentOf = (excerpts: ReadonlyArray<Excerpt>) => {
  let content = ""
  const passages = excerpts.map(({ kind, label, message, text }): Passage => {
    content += (content === "" ? "" : SEPARATOR) + label
    const from = content.length
    content += text
    return { uuid: message.uuid, kind, from, to: content.length }
  })
  return { content, passages }
}

/** A unit begins where somebody speaks anew and the one before it says something already. */
const ENOUGH_LENGTH = 600

/** What an excerpt adds to a content, its separator included: tokens and weighted length. */
const costOf = ({ label, text }: Excerpt) => ({
  tokens: Tokens.estimate(label + text) + 1,
  length: weightedLength(label + text) + SEPARATOR.length
})

/** Packs excerpts into contents within the bounds, in order. */
export const pack = (excerpts: ReadonlyArray<Excerpt>): ReadonlyArray<ReadonlyArray<Excerpt>> => {
  const packed: Array<ReadonlyArray<Excerpt>> = []
  let current: Array<Excerpt> = []
  let tokens = 0
  let length = 0
  for (const excerpt of excerpts) {
    const cost = costOf(excerpt)
    const messages = new Set([...current, excerpt].map(({ message }) => message.uuid))
    const isFull = messages.size > MAX_EVIDENCE || tokens + cost.tokens > MAX_CONTENT_TOKENS ||
      length + cost.length > MAX_CONTENT_LENGTH
    if (current.length > 0 && (isFull || (excerpt.kind === "text" && length >= ENOUGH_LENGTH))) {
      packed.push(current)
      current = []
      tokens = 0
      length = 0
    }
    current.push(excerpt)
    tokens += cost.tokens
    length += cost.length
  }
  if (current.length > 0) packed.push(current)
  return packed
}

const filesOf = (messages: Iterable<Message>): ReadonlyArray<string> =>
  [
    ...new Set([...messages].flatMap(({ blocks }) => blocks.flatMap(({ file }) => file === undefined ? [] : [file])))
  ].slice(0, 20)

const KEYWORDS_FROM = 600

const WORDS = /[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?/gu

/** The commonest words, counted by what they are found by and shown as they were first written. */
const keywordsOf = (text: string): ReadonlyArray<string> => {
  const counts = new Map<string, { readonly shown: string; readonly times: number }>()
  const count = (key: string, shown: string) =>
    counts.set(key, { shown: counts.get(key)?.shown ?? shown, times: (counts.get(key)?.times ?? 0) + 1 })
  for (const word of text.slice(0, KEYWORDS_FROM).match(WORDS) ?? []) {
    const found = Tokenizer.lexemes(word)
    if (/^[\x00-\x7f]*$/.test(word)) {
      if (found.length > 0 && word.length > 2) count(found.join(" "), word.toLowerCase())
    } else {
      for (const lexeme of found) if (lexeme.length > 1) count(lexeme, lexeme)
    }
  }
  return [...counts.values()].sort((a, b) => b.times - a.times || (a.shown < b.shown ? -1 : 1)).slice(0, 8)
    .map(({ shown }) => shown)
}

interface Draft {
  readonly type: UnitType
  readonly title: string
  readonly excerpts: ReadonlyArray<Excerpt>
  readonly position: number
  /** What tells this draft from the others of its origin and type. */
  readonly slot: string
}

const WEIGHT: Readonly<Record<Block["kind"], number>> = { text: 1, tool_use: 0.8, tool_result: 0.5, thinking: 0.5 }

const unitOf = (
  context: Pick<SegmentContext, "session">,
  origin: string,
  createdAt: number,
  draft: Draft
): MemoryUnit => {
  const { content, passages } = contentOf(draft.excerpts)
  const messages = new Set(draft.excerpts.map(({ message }) => message))
  const lead = draft.excerpts.find(({ kind, message }) => kind === "text" && message.role === "assistant") ??
    draft.excerpts.find(({ kind }) => kind === "text") ?? draft.excerpts[0]!
  const words = draft.excerpts.reduce((sum, { text }) => sum + text.length, 0)
  return {
    id: idOf("unit", origin, draft.type, draft.slot),
    projectId: context.session.projectId,
    sessionId: context.session.id,
    origin,
    position: draft.position,
    type: draft.type,
    title: draft.title,
    summary: firstSentence(lead.text, 240),
    content,
    keywords: keywordsOf(draft.excerpts.map(({ text }) => text).join("\n")),
    files: filesOf(messages),
    passages,
    quality: draft.excerpts.reduce((sum, { kind, text }) => sum + WEIGHT[kind] * text.length, 0) / Math.max(1, words),
    tokens: Tokens.estimate(content),
    occurredAt: Math.max(...[...messages].map(({ occurredAt }) => occurredAt)) || context.session.startedAt,
    createdAt,
    expiresAt: null,
    supersededBy: null,
    pinned: false,
    active: true
  }
}

const titleOf = (messages: ReadonlyArray<Message>, fallback: string | null): string => {
  const textIn = (found: Message | undefined) => found?.blocks.find(({ kind }) => kind === "text")?.text
  const prompt = textIn(messages.find(({ isPrompt }) => isPrompt))
  if (prompt !== undefined) return gist(prompt, 80)
  const said = textIn(
    messages.find(({ blocks, role }) => role === "assistant" && blocks.some(({ kind }) => kind === "text"))
  )
  return fallback ?? (said === undefined ? "Untitled session" : firstSentence(said, 80))
}

const conversations = (context: SegmentContext): ReadonlyArray<Draft> => {
  const title = titleOf(context.segment.messages, context.session.title)
  return pack(excerptsOf(context.segment.messages)).map((excerpts, i) => ({
    type: "conversation",
    title,
    excerpts,
    position: context.position + i / 1_000,
    slot: String(i)
  }))
}

/** The beginning of what a block says, a CJK character counted as 3.3; nothing for a blank one. */
const beginningOf = (message: Message, block: Block, label: string, length: number): Excerpt | undefined => {
  const words = block.kind === "tool_result" ? salient(block.text, length) : block.text
  const [text] = pieces(words, length, (piece) => weightedLength(piece) <= length && fits(label + piece))
  return text === undefined ? undefined : { message, kind: block.kind, label, text }
}

/** With the excerpt, if there is one and it fits beside the others. */
const around = (
  kept: ReadonlyArray<Excerpt>,
  excerpt: Excerpt | undefined,
  side: "before" | "after"
): ReadonlyArray<Excerpt> => {
  if (excerpt === undefined) return kept
  const more = side === "before" ? [excerpt, ...kept] : [...kept, excerpt]
  return fits(contentOf(more).content) ? more : kept
}

/** An error and what came of it: the call, what failed, and what Claude said next. */
const errors = (context: SegmentContext): ReadonlyArray<Draft> => {
  const { messages } = context.segment
  const toolNames = toolNamesOf(messages)
  const calls = new Map(
    messages.flatMap((message) =>
      message.blocks.flatMap((used) =>
        used.kind === "tool_use" && used.toolUseId !== undefined ? [[used.toolUseId, { message, used }] as const] : []
      )
    )
  )
  return messages.flatMap((message, at) =>
    message.blocks.flatMap((block, b): ReadonlyArray<Draft> => {
      const isApiError = message.role === "system" && block.kind === "text"
      if (block.isError !== true && !isApiError) return []
      if (/doesn't want to (proceed|take this action)|interrupted by user/i.test(block.text)) return []
      const call = block.toolUseId === undefined ? undefined : calls.get(block.toolUseId)
      const reply = messages.slice(at + 1, at + 12).find((later) =>
        later.role === "assistant" && later.blocks.some(({ kind }) => kind === "text")
      )
      const says = reply?.blocks.find(({ kind }) => kind === "text")
      const excerpt = beginningOf(message, block, labelOf(message, block, toolNames), 600)
      if (excerpt === undefined) return []
      const cause = call && beginningOf(call.message, call.used, labelOf(call.message, call.used, toolNames), 250)
      const cure = reply && says && beginningOf(reply, says, "Then Claude: ", 400)
      return [{
        type: "error_log",
        title: gist(headline(excerpt.text), 80),
        excerpts: around(around([excerpt], cause, "before"), cure, "after"),
        position: context.position + (at + 0.5) / 1_000,
        slot: `${message.uuid}/${b}`
      }]
    })
  )
}

/** A session's aim, what else was asked, and how it ended. */
const archive = (outline: SessionOutline): ReadonlyArray<Draft> => {
  const say = (message: Message | undefined, label: string, length: number): ReadonlyArray<Excerpt> => {
    const block = message?.blocks.find(({ kind }) => kind === "text")
    const excerpt = message && block && beginningOf(message, block, label, length)
    return excerpt === undefined ? [] : [excerpt]
  }
  const [first, ...others] = outline.prompts
  const aim = say(first, "Aim: ", 400)
  const [tail] = say(outline.closing.at(-1), "Ended with: ", 500)
  const ends = around(aim, tail, "after")
  let middle = others.slice(-5).flatMap((message) => say(message, "Then asked: ", 120))
  const all = () => [...ends.slice(0, 1), ...middle, ...ends.slice(1)]
  while (middle.length > 0 && !fits(contentOf(all()).content)) middle = middle.slice(1)
  return aim.length === 0 ? [] : [{
    type: "archive",
    title: outline.session.title ?? titleOf(outline.prompts, null),
    excerpts: all(),
    // After everything in its session: it is nobody's neighbour.
    position: Number.MAX_SAFE_INTEGER,
    slot: ""
  }]
}

const make = Effect.gen(function*() {
  const inFlight = yield* makeInFlight("Compressor")
  return Compressor.of({
    compress: Effect.fn("Compressor.compress")((context: SegmentContext) =>
      inFlight(
        Effect.map(Clock.currentTimeMillis, (now) =>
          [...conversations(context), ...errors(context)].map((draft) =>
            unitOf(context, context.segment.id, now, draft)
          ))
      )
    ),
    summarize: Effect.fn("Compressor.summarize")((outline: SessionOutline) =>
      inFlight(Effect.map(Clock.currentTimeMillis, (now) =>
        archive(outline).map((draft) => ({
          ...unitOf(outline, outline.session.id, now, draft),
          files: outline.files.slice(0, 20),
          expiresAt: outline.session.endedAt + ARCHIVE_LIFETIME_MS
        }))))
    )
  })
})

/** The default: no key, no network, no cost; the same input gives the same units. */
export const layer = Layer.scoped(Compressor, make)
