/**
 * Parts of answers: memories as data and as text, pages and their cursors. Pure.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Message } from "../domain/Conversation.ts"
import { hash } from "../domain/Hash.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { savedBy } from "../domain/SavedBy.ts"
import type { SearchResult } from "../domain/Search.ts"
import { indented, oneLine } from "../inject/Render.ts"
import { advice } from "../process/Advice.ts"
import { reason, speakerOf, textOf } from "../serve/Wording.ts"
import { Refused } from "./Serving.ts"

/**
 * Most characters of one answer's data: Claude Code accepts 25,000 tokens, and a Chinese character may be one token.
 */
export const MAX_ANSWER = 20_000
const MAX_FILES = 20
const LOCAL = DateTime.zoneMakeLocal()

/** Inlined in the JSON Schema; `Schema.Int` would become a reference. */
export const count = Schema.Number.annotations({ jsonSchema: { type: "integer", minimum: 0 } })

/** Formats a time in this process's zone, so that its first ten characters are the day that the person knows. */
export const isoDate = (millis: number): string | null =>
  millis > 0
    ? Option.getOrNull(Option.map(DateTime.makeZoned(millis, { timeZone: LOCAL }), DateTime.formatIsoOffset))
    : null

export const Memory = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  title: Schema.String,
  content: Schema.String,
  project: Schema.String,
  session_id: Schema.String,
  date: Schema.NullOr(Schema.String),
  files: Schema.Array(Schema.String),
  saved_by: Schema.NullOr(Schema.Literal("user", "claude")).annotations({
    description: "Who saved it on purpose; null for what was made of a session"
  }),
  replaced_by: Schema.NullOr(Schema.String).annotations({ description: "Id of the memory that holds in its place" })
})
export type Memory = typeof Memory.Type

const SAVERS = { person: "user", claude: "claude", nobody: null } as const

export const memoryOf = (unit: MemoryUnit, nameOf: (projectId: string) => string): Memory => ({
  id: unit.id,
  type: unit.type,
  title: oneLine(unit.title),
  content: unit.content,
  project: nameOf(unit.projectId),
  session_id: oneLine(unit.sessionId),
  date: isoDate(unit.occurredAt),
  files: unit.files.slice(0, MAX_FILES),
  saved_by: SAVERS[savedBy(unit) ?? "nobody"],
  replaced_by: unit.replacedBy ?? null
})

export const Found = Schema.Struct({
  ...Memory.fields,
  score: Schema.Number.annotations({ description: "How sure it is that this answers the question, 0 to 1" }),
  why: Schema.String
})
export type Found = typeof Found.Type

export const foundOf = (result: SearchResult, nameOf: (projectId: string) => string): Found => ({
  ...memoryOf(result.unit, nameOf),
  score: Math.round(100 * result.score) / 100,
  why: reason(result)
})

const SAID = { user: ["saved by the user"], claude: ["noted by Claude"], nobody: [] } as const

export const memoryText = (
  { content, date, id, project, replaced_by, saved_by, title, type }: Omit<Memory, "files">,
  ...more: ReadonlyArray<string>
): string =>
  [
    `[${id}] ${type} · ${date?.slice(0, 10) ?? "undated"} · ${
      [
        project,
        ...SAID[saved_by ?? "nobody"],
        ...(replaced_by === null ? [] : [`replaced by [${replaced_by}]`]),
        ...more
      ].join(" · ")
    }`,
    title,
    // Indented, so that no line of it passes for the head of another.
    ...(content === title ? [] : [indented(content)])
  ].join("\n")

export const nextCursor = Schema.NullOr(Schema.String).annotations({
  description: "For the argument cursor: what comes after; null at the end"
})
export const degraded = Schema.Array(Schema.String).annotations({
  description: "What could not be asked; the answer is without it"
})

/** Counts the leading items that fit into one answer; at least 1, unless the list is empty. */
export const countFitting = (items: ReadonlyArray<unknown>, room = MAX_ANSWER): number => {
  let length = 0
  const over = items.findIndex((item) => (length += JSON.stringify(item).length) > room)
  return over < 0 ? items.length : Math.max(1, over)
}

/** Returns a prefix of at most `room` characters of JSON that splits no surrogate pair. */
const prefixOf = (text: string, room: number): string => {
  let part = text.slice(0, room)
  while (JSON.stringify(part).length - 2 > room) part = part.slice(0, Math.floor(0.9 * part.length))
  return part.length < text.length ? part.replace(/[\ud800-\udbff]$/, "") : part
}

export const Evidence = Schema.Struct({
  message_id: Schema.String,
  role: Schema.String,
  date: Schema.NullOr(Schema.String),
  text: Schema.String
})

/**
 * Returns the joined text of the messages from `offset` on, in at most `room` characters of JSON (a few thousand at
 * least), and the offset at which it ends; `end` is undefined at the end of the messages.
 */
export const passage = (messages: ReadonlyArray<Message>, offset: number, room: number) => {
  const evidence: Array<typeof Evidence.Type> = []
  let skip = offset
  for (const message of messages) {
    const whole = textOf(message)
    const rest = whole.slice(skip)
    skip = Math.max(0, skip - whole.length)
    if (rest === "") continue
    const entry = {
      message_id: message.uuid,
      role: speakerOf(message),
      date: isoDate(message.occurredAt),
      text: ""
    }
    room -= JSON.stringify(entry).length
    const text = prefixOf(rest, Math.max(0, room))
    room -= JSON.stringify(text).length
    offset += text.length
    if (text !== "") evidence.push({ ...entry, text })
    if (text.length < rest.length) return { evidence, end: offset }
  }
  return { evidence, end: undefined }
}

const checksum = (question: unknown) => hash(JSON.stringify(question)).toString(36)

/** Encodes an offset into the answer to a question; the cursor is valid for that question alone. */
export const cursorAt = (question: unknown, offset: number): string =>
  Buffer.from(`${offset}.${checksum(question)}`).toString("base64url")

/** Decodes a cursor; 0 without one, Refused when it belongs to another question. */
export const offsetOf = (question: unknown, cursor: string | undefined): Effect.Effect<number, Refused> => {
  if (cursor === undefined) return Effect.succeed(0)
  const [, offset, sum] = /^(\d{1,9})\.([0-9a-z]+)$/.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? []
  return offset !== undefined && sum === checksum(question)
    ? Effect.succeed(Number(offset))
    : Effect.fail(
      new Refused({
        detail:
          "cursor: it is none of this question's; give the next_cursor of an answer with the same other arguments, or " +
          "leave it out to begin again"
      })
    )
}

/** Last sentences of a tool's text: how to get the next page, and which parts of the search failed. */
export const notes = (tool: string, next: string | null, degraded: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...(next === null ? [] : [`There is more: claude_memory_${tool} with cursor "${next}".`]),
  ...degraded.map((sentence) => `Note: ${advice(sentence)}.`)
]
