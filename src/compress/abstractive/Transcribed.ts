/**
 * A conversation as a language model reads it: each message with a name to cite it by, long output cut, in windows that a model takes.
 */
import type { Block, Message } from "../../domain/Conversation.ts"
import { idOf } from "../../domain/Ids.ts"
import * as Tokens from "../../domain/Tokens.ts"
import { salient } from "../text/Text.ts"

/** Of what is read at a time, so that a model of 16,000 has room to answer. */
export const WINDOW_TOKENS = 10_000

/** What is read of one block. Thinking is not: what came of it is said or done. */
const LIMITS: Readonly<Record<Block["kind"], number>> = { text: 2_500, tool_use: 300, tool_result: 400, thinking: 0 }
/** A character is seldom more than a token, and this much of a block is looked at. */
const LOOKED_AT = 20_000

export interface Line {
  /** What it is cited by. */
  readonly ref: string
  readonly message: Message
  readonly text: string
}

const cut = ({ kind, text }: Block): string => {
  const limit = LIMITS[kind]
  const start = text.slice(0, LOOKED_AT)
  if (text.length <= LOOKED_AT && Tokens.estimate(start) <= limit) return text
  const shown = kind === "tool_result" ? salient(start, 4 * limit) : start
  return `${Tokens.truncate(shown, limit, LOOKED_AT).trimEnd()} …`
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

/** The messages that say something, cited by `prefix` and their number. */
export const linesOf = (messages: ReadonlyArray<Message>, prefix: string): ReadonlyArray<Line> =>
  messages.map((message, i) => ({
    ref: `${prefix}${i + 1}`,
    message,
    text: message.blocks.map((block) => shown(message, block)).filter((text) => text.trim() !== "").join("\n")
  })).filter(({ text }) => text !== "")

const tokensOf = ({ ref, text }: Line) => Tokens.estimate(text) + Tokens.estimate(ref) + 4

/** Windows of some tokens, in order; a line that is longer is cut to one. */
export const windowsOf = (lines: ReadonlyArray<Line>, tokens = WINDOW_TOKENS): ReadonlyArray<ReadonlyArray<Line>> =>
  Tokens.batchesOf(
    lines.map((line) =>
      tokensOf(line) <= tokens ? line : { ...line, text: Tokens.truncate(line.text, tokens - 16, 6 * tokens) }
    ),
    tokensOf,
    tokens
  )

/**
 * The lines between tags whose name nobody who wrote them could know, as it is made of them; nothing inside looks like one.
 */
export const fenced = (lines: ReadonlyArray<Line>): { readonly tag: string; readonly text: string } => {
  const body = lines.map(({ ref, text }) => `[${ref}] ${text}`).join("\n\n").replace(/<(?=\/?transcript-)/gi, "‹")
  const tag = `transcript-${idOf("segment", "fence", body).slice(0, 8)}`
  return { tag, text: `<${tag}>\n${body}\n</${tag}>` }
}
