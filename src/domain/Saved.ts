/**
 * What somebody says is to be remembered, as a memory. Pure.
 */
import * as Schema from "effect/Schema"
import { idOf } from "./Ids.ts"
import { MAX_CONTENT_LENGTH, MAX_CONTENT_TOKENS, type MemoryUnit, UnitType, weightedLength } from "./MemoryUnit.ts"
import * as Tokens from "./Tokens.ts"

const Content = Schema.Trim.pipe(
  Schema.filter((text) => text === "" ? "there is nothing to save" : undefined),
  Schema.filter((text) =>
    weightedLength(text) > MAX_CONTENT_LENGTH || Tokens.estimate(text) > MAX_CONTENT_TOKENS
      ? `a memory holds at most ${MAX_CONTENT_LENGTH} characters (${
        Math.floor(MAX_CONTENT_LENGTH / 3.3)
      } of Chinese) and ${MAX_CONTENT_TOKENS} tokens; save it in parts`
      : undefined
  )
)

/** Longer than a title is shown, so that none needs to be shortened by hand. */
const MAX_TITLE = 200
const MAX_FILES = 20

/**
 * `content` is bounded as every memory's. What is saved on purpose is most often to hold from now on, and of decisions the newest on a
 * subject is told: without a `type` it is one.
 */
export const SaveRequest = Schema.Struct({
  content: Content,
  title: Schema.optional(Schema.String.pipe(Schema.maxLength(MAX_TITLE))),
  type: Schema.optional(UnitType),
  files: Schema.optional(Schema.Array(Schema.String).pipe(Schema.maxItems(MAX_FILES))),
  /** The Claude Code session it is saved in. */
  sessionId: Schema.optional(Schema.String),
  /** A folder of the project that it belongs to, or the project's id. */
  project: Schema.Union(Schema.Struct({ folder: Schema.String }), Schema.Struct({ id: Schema.String }))
})
export type SaveRequest = typeof SaveRequest.Type

/** The first line of a text, as its title. */
const titleOf = (content: string): string => {
  const line = content.split("\n")[0]!.trim()
  return line.length <= 80 ? line : `${line.slice(0, 79).replace(/[\ud800-\udbff]$/, "").trimEnd()}…`
}

/** The same for the same words in a project, whatever else is said of them. `title` and `files` are as they are kept. */
export const unitOf = (
  { content, files = [], sessionId, title, type = "decision" }: Omit<SaveRequest, "project">,
  projectId: string,
  now: number
): MemoryUnit => {
  const id = idOf("unit", "saved", projectId, content)
  return {
    id,
    projectId,
    // Units of one session lend each other their scores: those of none have nothing in common.
    sessionId: sessionId ?? `saved:${id}`,
    origin: `saved:${id}`,
    // After all that was said so far.
    position: now,
    type,
    title: title?.trim() || titleOf(content),
    summary: "",
    content,
    keywords: [],
    files,
    passages: [],
    also: [],
    quality: 1,
    tokens: Tokens.estimate(content),
    occurredAt: now,
    createdAt: now,
    expiresAt: null,
    supersededBy: null,
    pinned: true,
    active: true
  }
}
