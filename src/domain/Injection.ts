/**
 * What is put in front of Claude, and the fence that keeps it from being captured again.
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { MemoryUnit } from "./MemoryUnit.ts"
import { SearchFilter, SearchResult } from "./Search.ts"

export const InjectionMode = Schema.Literal("conservative", "balanced", "comprehensive")
export type InjectionMode = typeof InjectionMode.Type

/** Both budgets are of the whole text, fence included. */
export const InjectionRequest = Schema.Struct({
  prompt: Schema.String,
  projects: SearchFilter.fields.projects,
  mode: InjectionMode,
  maxTokens: Schema.Int.pipe(Schema.between(100, 8_000)),
  maxChars: Schema.Int.pipe(Schema.between(200, 100_000)),
  /** Ids of units that Claude was given already: they are not told again, nor what says the same. */
  given: Schema.optional(Schema.Array(Schema.String)),
  /** What Claude reads anyway: nothing is told that says no more. */
  known: Schema.optional(Schema.String),
  /** Files of Claude Code's own memory that Claude is given anyway: nothing of them is told. */
  knownFiles: Schema.optional(Schema.Array(Schema.String))
})
export type InjectionRequest = typeof InjectionRequest.Type

/** What a session is told when it begins; nothing of the session itself. */
export const OpeningRequest = Schema.Struct({
  ...Struct.pick(InjectionRequest.fields, "projects", "maxTokens", "maxChars", "given", "known"),
  sessionId: Schema.String,
  /** Only of what came after this time, in milliseconds since the epoch. */
  since: Schema.optional(Schema.Number)
})
export type OpeningRequest = typeof OpeningRequest.Type

export const OpeningResponse = Schema.Struct({
  /** Empty when there is nothing to tell. */
  text: Schema.String,
  /** What the text tells of, in its order. */
  units: Schema.Array(MemoryUnit),
  tokens: Schema.NonNegativeInt
})
export type OpeningResponse = typeof OpeningResponse.Type

export const InjectionResponse = Schema.Struct({
  /** Empty when nothing was good enough. */
  text: Schema.String,
  /** What the text tells of, best first. */
  items: Schema.Array(SearchResult),
  tokens: Schema.NonNegativeInt,
  /** Whether a model put the text together from the items; else it lists them. */
  background: Schema.Boolean,
  degraded: Schema.Array(Schema.String)
})
export type InjectionResponse = typeof InjectionResponse.Type

/** Claude Code moves a longer hook answer to a file. */
export const MAX_HOOK_CHARS = 9_500

/** What the names of our MCP tools begin with. */
export const TOOL_PREFIX = "claude_memory_"

/** Whether a tool is one of ours, by the name that Claude Code has for it: with that of the server, which a person or a plugin gave. */
export const isOwnTool = (name: string): boolean => name.startsWith("mcp__") && name.includes(`__${TOOL_PREFIX}`)

export const OPEN = "<claude-memory>"
export const CLOSE = "</claude-memory>"

/** Text from inside a memory can neither open nor close the fence. */
export const defuse = (text: string): string => text.replace(/<(\/?)(claude-memory)/gi, "\u2039$1$2")

/** `body` must have been defused. */
export const fence = (body: string): string => `${OPEN}\n${body}\n${CLOSE}`

/** The text without what lies between a beginning and the next end; an end that never comes takes nothing away. Linear. */
export const without = (text: string, begin: RegExp, end: string): string => {
  const pattern = new RegExp(begin.source, "g")
  let kept = ""
  for (let from = 0;;) {
    pattern.lastIndex = from
    const found = pattern.exec(text)
    const at = found === null ? -1 : text.indexOf(end, pattern.lastIndex)
    if (found === null || at < 0) return from === 0 ? text : kept + text.slice(from)
    kept += text.slice(from, found.index)
    from = at + end.length
  }
}

/** The text without anything that we injected. */
export const stripFence = (text: string): string => without(text, /<claude-memory\b[^>]{0,200}>/, CLOSE)
