/**
 * Requests for and responses with the text that is injected for Claude.
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { MemoryUnit } from "./MemoryUnit.ts"
import { InContext, SearchFilter, SearchResult } from "./Search.ts"
import { Verdict } from "./Verdict.ts"

export { defuse, fence, FENCE_CLOSE, FENCE_OPEN, MAX_HOOK_CHARS, removePassages, stripFence } from "./Fence.ts"

/** Ordered from seldom to often; docs/speaking.md has the bounds of each. */
export const InjectionMode = Schema.Literal("conservative", "balanced", "comprehensive")
export type InjectionMode = typeof InjectionMode.Type

/** Both budgets bound the whole text, fence included. */
export const InjectionRequest = Schema.Struct({
  prompt: Schema.String,
  projects: SearchFilter.fields.projects,
  mode: InjectionMode,
  /** True when a person or Claude asked for memories: then a search decides what is told, not the prompt's evidence. */
  isAsked: Schema.optional(Schema.Boolean),
  /** True at a prompt, which has no time: no model reranks, and only a background that is cached is told. */
  isImmediate: Schema.optional(Schema.Boolean),
  /** Milliseconds to wait for vectors of a model or an index: after these, words alone decide the order. */
  vectorsWithin: Schema.optional(Schema.Number),
  /** What is in the prompt's context: nothing of it is told. */
  inContext: Schema.optional(Schema.Array(InContext)),
  maxTokens: Schema.Int.pipe(Schema.between(100, 8_000)),
  maxChars: Schema.Int.pipe(Schema.between(200, 100_000)),
  /** Ids of units already injected in this session: these are not injected again, nor are units that say the same. */
  injectedIds: Schema.optional(Schema.Array(Schema.String)),
  /** Ids of units that a pointer named already in this session: no pointer names these again. */
  pointedIds: Schema.optional(Schema.Array(Schema.String)),
  /** Text that Claude has in its context anyway: a unit that adds nothing to this text is not injected. */
  contextText: Schema.optional(Schema.String),
  /** Files of Claude Code's own memory that are in Claude's context anyway: their units are not injected. */
  contextFiles: Schema.optional(Schema.Array(Schema.String))
})
export type InjectionRequest = typeof InjectionRequest.Type

/** Memories of what is not remembered yet, which take the place of those that are remembered of their origins. */
export const Unremembered = Schema.Struct({
  origins: Schema.Array(Schema.String),
  units: Schema.Array(MemoryUnit),
  /** Branches by session. */
  branches: Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.String) })
})
export type Unremembered = typeof Unremembered.Type

/** Request for what earlier sessions of a project left. */
export const OpeningRequest = Schema.Struct({
  ...Struct.pick(InjectionRequest.fields, "projects", "maxTokens", "maxChars", "injectedIds", "contextText"),
  /** The session that asks, of which nothing is told. */
  sessionId: Schema.optional(Schema.String),
  /** Lexemes of the work that is asked for: sessions that hold most of these come first. */
  about: Schema.optional(Schema.Array(Schema.String)),
  /** Tells nothing but the newest session that holds these; nothing where there is none, or where it is in `injectedIds`. */
  isNamed: Schema.optional(Schema.Boolean),
  /** Branch that is checked out: after the last session, those that were on it come first. */
  branch: Schema.optional(Schema.String),
  /** Lower bound of the units' times, in milliseconds since the epoch. */
  since: Schema.optional(Schema.Number),
  unremembered: Schema.optional(Unremembered)
})
export type OpeningRequest = typeof OpeningRequest.Type

export const OpeningResponse = Schema.Struct({
  /** Empty when there is nothing to inject. */
  text: Schema.String,
  /** Units of which the text says something, in its order, and those that it only names. */
  units: Schema.Array(MemoryUnit),
  pointed: Schema.Array(MemoryUnit),
  tokens: Schema.NonNegativeInt
})
export type OpeningResponse = typeof OpeningResponse.Type

/**
 * `tokens` is the size of the whole text as `Tokens.estimate` has it; `degraded` has a sentence for each part that
 * could not be asked.
 */
export const InjectionResponse = Schema.Struct({
  /** Empty when nothing was good enough. */
  text: Schema.String,
  /** Results in the text, best first; none for a pointer. */
  items: Schema.Array(SearchResult),
  /** Units to which a text without items points. */
  pointed: Schema.Array(MemoryUnit),
  /** Lexemes of the units told that the prompt names; none for one who asked. */
  named: Schema.Array(Schema.String),
  tokens: Schema.NonNegativeInt,
  verdict: Verdict,
  /** True when a model wrote the text from the items; otherwise the text lists the items. */
  background: Schema.Boolean,
  degraded: Schema.Array(Schema.String)
})
export type InjectionResponse = typeof InjectionResponse.Type

/** Prefix of the names of our MCP tools. */
export const TOOL_PREFIX = "claude_memory_"

/** Recognizes our tools by Claude Code's names, which contain the server's name, chosen by a person or a plugin. */
export const isOwnTool = (name: string): boolean => name.startsWith("mcp__") && name.includes(`__${TOOL_PREFIX}`)
