/**
 * Makes a unit of a text that a person or Claude saves on purpose. Pure.
 */
import * as Schema from "effect/Schema"
import { withoutHere } from "./Filter.ts"
import { idOf } from "./Ids.ts"
import { MAX_CONTENT_LENGTH, MAX_CONTENT_TOKENS, type MemoryUnit, UnitType, weightedLength } from "./MemoryUnit.ts"
import { ORIGINS, savedBy } from "./SavedBy.ts"
import { quoteSpeakers } from "./Speakers.ts"
import * as Tokens from "./Tokens.ts"

/** A memory's content as a person or Claude writes it. */
export const Content = Schema.Trim.pipe(
  Schema.filter((text) => text === "" ? "there is nothing to save" : undefined),
  Schema.filter((text) =>
    weightedLength(text) > MAX_CONTENT_LENGTH || Tokens.estimate(text) > MAX_CONTENT_TOKENS
      ? `a memory holds at most ${MAX_CONTENT_LENGTH} characters (${
        Math.floor(MAX_CONTENT_LENGTH / 3.3)
      } of Chinese) and ${MAX_CONTENT_TOKENS} tokens; save it in parts`
      : undefined
  )
)

/** Longer than any title is shown, so that nobody has to shorten one by hand. */
export const MAX_TITLE = 200
const MAX_FILES = 20

const tooManyFiles = { message: () => `a memory names at most ${MAX_FILES} files` }

const SavedType = UnitType.pipe(
  Schema.filter((type) =>
    type === "archive" ? "an archive is made of a whole session; save it as another type" : undefined
  )
)

export const titleTooLong = { message: () => `a title has at most ${MAX_TITLE} characters; shorten it` }

/**
 * `content` has the bounds of every unit. `type` defaults to "decision": a text that is saved on purpose mostly holds
 * from now on, and of several decisions on a subject only the newest is injected.
 */
export const SaveRequest = Schema.Struct({
  content: Content,
  title: Schema.optional(Schema.String.pipe(Schema.maxLength(MAX_TITLE, titleTooLong))),
  type: Schema.optional(SavedType),
  files: Schema.optional(Schema.Array(Schema.String).pipe(Schema.maxItems(MAX_FILES, tooManyFiles))),
  /** Claude Code session in which the text is saved. */
  sessionId: Schema.optional(Schema.String),
  /** Who saves it; the person by default. */
  by: Schema.optional(Schema.Literal("person", "claude")),
  /** Folder of the project, or the project's id. */
  project: Schema.Union(Schema.Struct({ folder: Schema.String }), Schema.Struct({ id: Schema.String }))
})
export type SaveRequest = typeof SaveRequest.Type

/** Returns the first line of a text as its title. */
export const titleOf = (content: string): string => {
  const line = content.split("\n")[0]!.trim()
  return line.length <= 80 ? line : `${line.slice(0, 79).replace(/[\ud800-\udbff]$/, "").trimEnd()}…`
}

/** Tests whether whoever saved a unit gave it a title of its own: one of its first line has that as it was before speakers were quoted. */
export const isTitled = ({ content, origin, title }: Pick<MemoryUnit, "content" | "origin" | "title">): boolean =>
  savedBy({ origin }) !== undefined && title !== titleOf(content) && title !== titleOf(content.replace(/^> /, ""))

/**
 * Makes the unit. Its id depends on project and
 * content alone. All texts must be masked already.
 */
export const unitOf = (
  { by = "person", content, files = [], sessionId, title, type = "decision" }: Omit<SaveRequest, "project">,
  projectId: string,
  now: number
): MemoryUnit => {
  const id = idOf("unit", "saved", projectId, content)
  return {
    id,
    projectId,
    // A session of its own: units of one session raise each other's scores, but units without a session are unrelated.
    sessionId: sessionId ?? ORIGINS[by] + id,
    origin: ORIGINS[by] + id,
    // Orders the unit after all others of its session so far.
    position: now,
    type,
    title: title?.replace(/\s+/g, " ").trim() || titleOf(content),
    summary: "",
    content: by === "claude" ? quoteSpeakers(content) : content,
    keywords: [],
    files: files.map(withoutHere),
    passages: [],
    also: [],
    quality: 1,
    tokens: Tokens.estimate(content),
    occurredAt: now,
    createdAt: now,
    expiresAt: null,
    supersededBy: null,
    pinned: false,
    active: true
  }
}
