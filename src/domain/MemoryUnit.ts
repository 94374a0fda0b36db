/**
 * A memory: one typed unit, readable alone, with the messages that it came from.
 */
import * as Schema from "effect/Schema"
import { BlockKind } from "./Conversation.ts"
import { Feedback } from "./Feedback.ts"

/** An `archive` sums up a session, and the others come from one of its segments. */
export const UnitType = Schema.Literal(
  "conversation",
  "error_log",
  "decision",
  "code_snippet",
  "documentation",
  "archive"
)
export type UnitType = typeof UnitType.Type

export { MAX_CONTENT_TOKENS } from "./Tokens.ts"
/** Longest content in characters, of which a CJK one counts as 3.3; both bounds apply. */
export const MAX_CONTENT_LENGTH = 1_320
/** Most messages that a unit may cite. */
export const MAX_EVIDENCE = 8

/** Source of the content's characters `from` (inclusive) to `to` (exclusive): a message, and the kind of its block. */
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
  /** Source: a segment, or a session for an archive. Compressing an origin again replaces its units. */
  origin: Schema.String,
  position: Schema.Number,
  type: UnitType,
  title: Schema.String,
  summary: Schema.String,
  content: Schema.String,
  keywords: Schema.Array(Schema.String),
  files: Schema.Array(Schema.String),
  passages: Schema.Array(Passage),
  /** Uuids of messages that say the same: the evidence of units merged into this one. */
  also: Schema.Array(Schema.String),
  /** Share of the content that is worth reading, from 0 to 1. */
  quality: Schema.Number,
  tokens: Schema.Int,
  occurredAt: Schema.Number,
  createdAt: Schema.Number,
  /** Version of the compressor that wrote the unit; missing in a saved one, a note, and what version 1 wrote. */
  compressor: Schema.optional(Schema.Int),
  expiresAt: Schema.NullOr(Schema.Number),
  /** The duplicate that says all that this one says. */
  supersededBy: Schema.NullOr(Schema.String),
  /** Id of the unit that says what holds now, in place of all that this one says or of a part; missing where this one holds. */
  replacedBy: Schema.optional(Schema.String),
  /** The thing that it names and that unit replaces, where a rule saw that; missing where a person said so. */
  replacedFor: Schema.optional(Schema.String),
  /** What a person said of the unit as it was told; missing where nobody did. */
  feedback: Schema.optional(Schema.Array(Feedback)),
  /** Number of sessions in which Claude used the unit as it was told, up to a bound; missing where it used it in none. */
  uses: Schema.optional(Schema.Int),
  /** Number of times that a person changed the unit; missing where nobody has. */
  revision: Schema.optional(Schema.Int),
  /** True for what a person wants told at the start of each session, and never removed by a rule. */
  pinned: Schema.Boolean,
  /** True for what a person wants kept: it is neither listed among the least nor let go. Missing otherwise. */
  kept: Schema.optional(Schema.Boolean),
  active: Schema.Boolean
})
export type MemoryUnit = typeof MemoryUnit.Type

/** Returns the uuids of the messages that the content quotes, in its order, then of those that say the same. */
export const evidence = (unit: Pick<MemoryUnit, "passages" | "also">): ReadonlyArray<string> => [
  ...new Set([...unit.passages.map((passage) => passage.uuid), ...unit.also])
]

const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]/g

/** Returns the length with a CJK character counted as 3.3, which `MAX_CONTENT_LENGTH` bounds. */
export const weightedLength = (text: string): number => text.length + 2.3 * (text.match(CJK)?.length ?? 0)
