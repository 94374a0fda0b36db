/**
 * What is remembered: one typed unit, readable alone, with the messages it came from.
 */
import * as Schema from "effect/Schema"
import { BlockKind } from "./Conversation.ts"

export const UnitType = Schema.Literal(
  "conversation",
  "error_log",
  "decision",
  "code_snippet",
  "documentation",
  "archive"
)
export type UnitType = typeof UnitType.Type

/** Content holds at most this many tokens, by domain/Tokens. */
export const MAX_CONTENT_TOKENS = 400
/** And at most this many characters, a CJK one counting for 3.3. */
export const MAX_CONTENT_LENGTH = 1_320
/** Messages a unit may cite. */
export const MAX_EVIDENCE = 8

/** Which message, and what kind of block in it, the characters `from` (inclusive) to `to` of the content come from. */
export const Passage = Schema.Struct({
  uuid: Schema.String,
  kind: BlockKind,
  from: Schema.Int,
  to: Schema.Int
})
export type Passage = typeof Passage.Type

/** Times are milliseconds since the epoch. `position` orders the units of a session. */
export const MemoryUnit = Schema.Struct({
  id: Schema.String,
  projectId: Schema.String,
  sessionId: Schema.String,
  /** The segment (or, for an archive, the session) it was made from: compressing that again replaces its units. */
  origin: Schema.String,
  position: Schema.Number,
  type: UnitType,
  title: Schema.String,
  summary: Schema.String,
  content: Schema.String,
  keywords: Schema.Array(Schema.String),
  files: Schema.Array(Schema.String),
  passages: Schema.Array(Passage),
  /** Messages that say the same: the evidence of units that were merged into this one. */
  also: Schema.Array(Schema.String),
  /** From 0 to 1: how much of the content is worth reading. */
  quality: Schema.Number,
  tokens: Schema.Int,
  occurredAt: Schema.Number,
  createdAt: Schema.Number,
  expiresAt: Schema.NullOr(Schema.Number),
  supersededBy: Schema.NullOr(Schema.String),
  pinned: Schema.Boolean,
  active: Schema.Boolean
})
export type MemoryUnit = typeof MemoryUnit.Type

/** Uuids of the messages that the content takes words from, in the content's order, and of those that say the same. */
export const evidence = (unit: Pick<MemoryUnit, "passages" | "also">): ReadonlyArray<string> => [
  ...new Set([...unit.passages.map((passage) => passage.uuid), ...unit.also])
]

const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]/g

/** Length with a CJK character counted as 3.3 Latin ones: the second bound of a unit's content. */
export const weightedLength = (text: string): number => text.length + 2.3 * (text.match(CJK)?.length ?? 0)
