/**
 * The archive of a memory: a file of JSON lines, documented in docs/archive.md, which another memory takes in. Pure.
 */
import * as Schema from "effect/Schema"
import { Message } from "./Conversation.ts"
import { Feedback } from "./Feedback.ts"
import { MemoryUnit, UnitType } from "./MemoryUnit.ts"

/** Number of the format; a reader refuses a greater one. */
export const VERSION = 1

/** Longest line of an archive, in characters: far more than any message or memory has. */
export const MAX_LINE = 64_000_000

const Project = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  root: Schema.String,
  key: Schema.String
})

const Session = Schema.Struct({
  id: Schema.String,
  projectId: Schema.String,
  title: Schema.NullOr(Schema.String),
  cwd: Schema.String,
  branch: Schema.NullOr(Schema.String),
  startedAt: Schema.Number,
  endedAt: Schema.Number
})

const Changed = Schema.Struct({
  title: Schema.NullOr(Schema.String),
  content: Schema.NullOr(Schema.String),
  type: Schema.NullOr(UnitType),
  pinned: Schema.Boolean,
  replacedBy: Schema.NullOr(Schema.String),
  replacedFor: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null }),
  feedback: Schema.optionalWith(Schema.Array(Feedback), { default: () => [] }),
  uses: Schema.optionalWith(Schema.Int, { default: () => 0 }),
  kept: Schema.optionalWith(Schema.Boolean, { default: () => false })
})

/** What a person changed of a unit, and when last. */
const Change = Schema.Struct({ ...Changed.fields, revision: Schema.Int, at: Schema.Number })

/** First line. `memory` is the memory's own name; times are milliseconds since the epoch. */
export const Head = Schema.Struct({
  format: Schema.Literal("claude-memory"),
  version: Schema.Int,
  memory: Schema.String,
  exportedAt: Schema.Number
})
export type Head = typeof Head.Type

/** Last line: the number of lines of each kind, by which a reader knows that nothing is missing. */
export const Tail = Schema.Struct({
  end: Schema.Record({ key: Schema.String, value: Schema.Int })
})

/** A line between the first and the last: one thing, under the name of its kind. */
export const Entry = Schema.Union(
  Schema.Struct({ project: Project }),
  Schema.Struct({ session: Session }),
  Schema.Struct({ message: Message, segment: Schema.String }),
  /** As it was derived, or saved; `changed` is the person's. */
  Schema.Struct({ unit: MemoryUnit, changed: Schema.optional(Change) }),
  /** The key of the hashes of what was forgotten. */
  Schema.Struct({ secret: Schema.String }),
  /** A keyed hash of a forgotten sentence, and the unit with which it was forgotten. */
  Schema.Struct({ forgotten: Schema.Struct({ hash: Schema.String, unitId: Schema.String, at: Schema.Number }) })
)
export type Entry = typeof Entry.Type
export type ArchivedUnit = Extract<Entry, { readonly unit: unknown }>

export const KINDS = ["project", "session", "message", "unit", "secret", "forgotten"] as const
export type Kind = typeof KINDS[number]

export const kindOf = (entry: Entry): Kind => KINDS.find((kind) => kind in entry)!
