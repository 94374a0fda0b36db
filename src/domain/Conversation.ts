/**
 * A Claude Code session as we keep it: messages in their order, grouped into segments.
 */
import * as Schema from "effect/Schema"
import { idOf } from "./Ids.ts"

export const Role = Schema.Literal("human", "assistant", "system")
export type Role = typeof Role.Type

/** What a passage of a message is; said things outrank printed ones in search. */
export const BlockKind = Schema.Literal("text", "thinking", "tool_use", "tool_result")
export type BlockKind = typeof BlockKind.Type

/** `tool` is the tool's name on a tool_use, and on the tool_result that answers it once both are known. */
export const Block = Schema.Struct({
  kind: BlockKind,
  text: Schema.String,
  tool: Schema.optional(Schema.String),
  toolUseId: Schema.optional(Schema.String),
  /** File that the tool call names. */
  file: Schema.optional(Schema.String),
  isError: Schema.optional(Schema.Boolean)
})
export type Block = typeof Block.Type

/**
 * One transcript line that says something. `thread` is "main", or the agent's (or side chain's) id; `isPrompt` marks what a
 * person (or, on a side chain, the parent agent) asked, which starts a segment; `isSummary` marks a compaction summary.
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

/** What the lines of a batch say about their session; later values win, `startedAt` and `cwd` keep the first. */
export interface SessionFacts {
  readonly sessionId: string
  readonly cwd: string | undefined
  readonly branch: string | undefined
  readonly version: string | undefined
  readonly title: string | undefined
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

export interface Session {
  readonly id: string
  readonly projectId: string
  readonly title: string | null
  readonly cwd: string
  readonly branch: string | null
  readonly startedAt: number
  readonly endedAt: number
}

/** A prompt and all that follows until the next one, at most `MAX_SEGMENT_MESSAGES`; a longer one goes on in the next. */
export interface Segment {
  readonly id: string
  readonly sessionId: string
  readonly thread: string
  readonly messages: ReadonlyArray<Message>
}

/** Bounds the memory and time that compressing one segment takes. */
export const MAX_SEGMENT_MESSAGES = 100

/** Where a thread stands: the segment that is open in it and how many messages that holds. */
export interface OpenSegment {
  readonly id: string
  readonly messages: number
}

/**
 * The segment each message belongs to, given the open segments of its session by thread. Pure, so that every store groups
 * alike: messages must come in transcript order.
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
