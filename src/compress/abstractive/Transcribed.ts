/**
 * Renders a conversation for a language model: each message gets a reference for citations, long output is cut, and the
 * lines are grouped into windows that fit the model's context.
 */
import type { Block, Message } from "../../domain/Conversation.ts"
import { idOf } from "../../domain/Ids.ts"
import * as Tokens from "../../domain/Tokens.ts"
import { salient } from "../text/Text.ts"

/** Tokens of one window, so that a model with a context of 16,000 has room to answer. */
export const WINDOW_TOKENS = 10_000

/** Tokens rendered of one block. Thinking is left out: its result is in Claude's text and actions. */
const LIMITS: Readonly<Record<Block["kind"], number>> = { text: 2_500, tool_use: 300, tool_result: 400, thinking: 0 }
/**
 * Characters of a block that are looked at; they bound the time for counting tokens, and exceed `LIMITS` in most text.
 */
const SCANNED_CHARS = 20_000

export interface Line {
  /** Reference by which the model cites the message. */
  readonly ref: string
  readonly message: Message
  readonly text: string
}

const cut = ({ kind, text }: Block): string => {
  const limit = LIMITS[kind]
  const start = text.slice(0, SCANNED_CHARS)
  if (text.length <= SCANNED_CHARS && Tokens.estimate(start) <= limit) return text
  const shown = kind === "tool_result" ? salient(start, 4 * limit) : start
  return `${Tokens.truncate(shown, limit, SCANNED_CHARS).trimEnd()} …`
}

const LABEL: Readonly<Record<Message["role"], string>> = { human: "User", assistant: "Claude", system: "System" }

const shown = (message: Message, block: Block): string => {
  switch (block.kind) {
    case "text":
      return `${LABEL[message.role]}: ${cut(block)}`
    case "tool_use":
      return `Claude used ${block.tool ?? "a tool"}: ${cut(block)}`
    case "tool_result":
      return `${block.isError === true ? "It failed" : "It gave"}: ${cut(block)}`
    case "thinking":
      return ""
  }
}

/** Renders the messages with content; their references are `prefix` and a number. */
export const linesOf = (messages: ReadonlyArray<Message>, prefix: string): ReadonlyArray<Line> =>
  messages.map((message, i) => ({
    ref: `${prefix}${i + 1}`,
    message,
    text: message.blocks.map((block) => shown(message, block)).filter((text) => text.trim() !== "").join("\n")
  })).filter(({ text }) => text !== "")

const tokensOf = ({ ref, text }: Line) => Tokens.estimate(text) + Tokens.estimate(ref) + 4

/** Groups lines into windows of at most `tokens`, in order; a line that exceeds a window is truncated. */
export const windowsOf = (lines: ReadonlyArray<Line>, tokens = WINDOW_TOKENS): ReadonlyArray<ReadonlyArray<Line>> =>
  Tokens.batchesOf(
    lines.map((line) =>
      tokensOf(line) <= tokens ? line : { ...line, text: Tokens.truncate(line.text, tokens - 16, 6 * tokens) }
    ),
    tokensOf,
    tokens
  )

/**
 * Encloses the lines in tags, against prompt injection. The tag's name is a hash of the lines, so that their authors
 * cannot know the name, and anything inside that resembles such a tag is defused.
 */
export const fenced = (lines: ReadonlyArray<Line>): { readonly tag: string; readonly text: string } => {
  const body = lines.map(({ ref, text }) => `[${ref}] ${text}`).join("\n\n").replace(/<(?=\/?transcript-)/gi, "‹")
  const tag = `transcript-${idOf("segment", "fence", body).slice(0, 8)}`
  return { tag, text: `<${tag}>\n${body}\n</${tag}>` }
}
