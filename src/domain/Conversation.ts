/**
 * Model of a stored Claude Code session: messages in their order, grouped into segments.
 */
import * as Schema from "effect/Schema"
import { idOf } from "./Ids.ts"

/** `human` includes what tools answered, and `system` what neither a person nor Claude has said. */
export const Role = Schema.Literal("human", "assistant", "system")
export type Role = typeof Role.Type

/** Kind of a message's block. In search, conversation outranks tool output. */
export const BlockKind = Schema.Literal("text", "thinking", "tool_use", "tool_result")
export type BlockKind = typeof BlockKind.Type

/** `tool` is the tool's name on a tool_use, and on the matching tool_result once both are known. */
export const Block = Schema.Struct({
  kind: BlockKind,
  text: Schema.String,
  tool: Schema.optional(Schema.String),
  toolUseId: Schema.optional(Schema.String),
  /** File named in the tool call. */
  file: Schema.optional(Schema.String),
  isError: Schema.optional(Schema.Boolean)
})
export type Block = typeof Block.Type

/**
 * A transcript line with content. `thread` is "main", or the agent's (or side chain's) id. `isPrompt` marks a prompt of
 * a person (or, on a side chain, of the parent agent), which starts a segment. `isSummary` marks a compaction summary.
 */
export const Message = Schema.Struct({
  uuid: Schema.String,
  parentUuid: Schema.NullOr(Schema.String),
  sessionId: Schema.String,
  thread: Schema.String,
  role: Role,
  blocks: Schema.Array(Block),
  isPrompt: Schema.Boolean,
  isSummary: Schema.Boolean,
  occurredAt: Schema.Number
})
export type Message = typeof Message.Type

/** Facts about a session. When they are merged, later values win, but `startedAt` and `cwd` keep the first. */
export interface SessionFacts {
  readonly sessionId: string
  readonly cwd: string | undefined
  readonly branch: string | undefined
  readonly version: string | undefined
  readonly title: string | undefined
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

/**
 * Times are milliseconds since the epoch, of its first and its last message. `branch` is null where no line names
 * one.
 */
export interface Session {
  readonly id: string
  readonly projectId: string
  readonly title: string | null
  readonly cwd: string
  readonly branch: string | null
  readonly startedAt: number
  readonly endedAt: number
}

/** A prompt and all messages until the next prompt, at most `MAX_SEGMENT_MESSAGES`; the rest begins another segment. */
export interface Segment {
  readonly id: string
  readonly sessionId: string
  readonly thread: string
  readonly messages: ReadonlyArray<Message>
}

/** Bounds the memory and time that compressing one segment takes. */
export const MAX_SEGMENT_MESSAGES = 100

/** The open segment of a thread, and the number of its messages. */
export interface OpenSegment {
  readonly id: string
  readonly messages: number
}

/**
 * Returns the segment id of each message, given the open segments by `threadKey`. Messages must come in transcript
 * order. Pure, so that every store groups alike.
 */
export const assignSegments = (
  messages: ReadonlyArray<Message>,
  openSegments: ReadonlyMap<string, OpenSegment>
): ReadonlyArray<string> => {
  const open = new Map(openSegments)
  return messages.map((message) => {
    const key = threadKey(message.sessionId, message.thread)
    const current = open.get(key)
    const next = current === undefined || message.isPrompt || current.messages >= MAX_SEGMENT_MESSAGES
      ? { id: idOf("segment", message.uuid), messages: 1 }
      : { id: current.id, messages: current.messages + 1 }
    open.set(key, next)
    return next.id
  })
}

export const threadKey = (sessionId: string, thread: string) => `${sessionId}/${thread}`

/** Stands on a line of its own in a text in place of so many characters. */
export const leftOut = (characters: number): string => `[… ${characters} characters left out …]`

/** True for a line that says what was left out. */
export const isLeftOut = (line: string): boolean => /^\[… \d+ characters left out …\]$/.test(line)
