/**
 * Search requests and responses.
 */
import * as Schema from "effect/Schema"
import { MemoryUnit, UnitType } from "./MemoryUnit.ts"

/** `semantic` by vectors, `keyword` by words, `hybrid` by both. */
export const SearchMode = Schema.Literal("semantic", "keyword", "hybrid")
export type SearchMode = typeof SearchMode.Type

/**
 * Limits a search to units of these projects and sessions (by id), types and times that touch one of these files. Times are
 * milliseconds since the epoch, bounds included; a file matches a whole path or the end of one.
 */
export const SearchFilter = Schema.Struct({
  projects: Schema.Union(Schema.Literal("all"), Schema.Array(Schema.String)),
  sessions: Schema.optional(Schema.Array(Schema.String)),
  types: Schema.optional(Schema.Array(UnitType)),
  since: Schema.optional(Schema.Number),
  until: Schema.optional(Schema.Number),
  files: Schema.optional(Schema.Array(Schema.String)),
  /** True for pinned units alone. */
  isPinned: Schema.optional(Schema.Boolean),
  /** True for units alone that a person or Claude saved on purpose. */
  isSaved: Schema.optional(Schema.Boolean)
})
export type SearchFilter = typeof SearchFilter.Type

/** Says what is wrong with times between which nothing can be; undefined where something can. */
export const emptyRange = (
  { since = -Infinity, until = Infinity }: Pick<SearchFilter, "since" | "until">
): string | undefined => since > until ? "since is after until, and no time is between them" : undefined

/** What a session said in a time, inclusive, in milliseconds since the epoch: it is in Claude's context. */
export const InContext = Schema.Struct({
  sessionId: Schema.String,
  since: Schema.Number,
  until: Schema.optional(Schema.Number)
})
export type InContext = typeof InContext.Type

/** `minScore` has the scale of `SearchResult.score`. */
export const SearchQuery = Schema.Struct({
  ...SearchFilter.fields,
  /** Leaves these out. */
  inContext: Schema.optional(Schema.Array(InContext)),
  text: Schema.String,
  limit: Schema.Int.pipe(Schema.between(1, 100)),
  minScore: Schema.Number.pipe(Schema.between(0, 1)),
  mode: SearchMode
})
export type SearchQuery = typeof SearchQuery.Type

/** A unit's rank, from 1, and score in a lane or by a model, on the lane's own scale (BM25, cosine, relevance). */
export const LaneScore = Schema.Struct({
  rank: Schema.Int.pipe(Schema.positive()),
  score: Schema.Number
})
export type LaneScore = typeof LaneScore.Type

/** Null for a lane or model that does not have the unit, or was not asked. */
export const Why = Schema.Struct({
  keyword: Schema.NullOr(LaneScore),
  semantic: Schema.NullOr(LaneScore),
  /** Rank and score by the reranking model, which reads the question and the unit together. */
  rerank: Schema.NullOr(LaneScore),
  /** Addition to the fused score from neighbouring units of the session. */
  neighbours: Schema.Number,
  /** Other additions to the fused score, by name. */
  boosts: Schema.Record({ key: Schema.String, value: Schema.Number }),
  /** Lexemes of the question that the unit contains. */
  matched: Schema.Array(Schema.String)
})
export type Why = typeof Why.Type

/** A memory that another one holds in place of. */
export const Replaced = Schema.Struct({ id: Schema.String, title: Schema.String, occurredAt: Schema.Number })
export type Replaced = typeof Replaced.Type

export const SearchResult = Schema.Struct({
  unit: MemoryUnit,
  /** Found memories in whose place the unit stands, if any: they hold no more. */
  replaces: Schema.optional(Schema.Array(Replaced)),
  /** Share of the question, weighted by the rarity of its words, that the unit and its neighbours answer. */
  score: Schema.Number.pipe(Schema.between(0, 1)),
  why: Why
})
export type SearchResult = typeof SearchResult.Type

/** A question as it was asked in place of the one that was typed, and what differs: words that no unit contains, and those meant. */
export const Respelt = Schema.Struct({
  text: Schema.String,
  words: Schema.Array(Schema.Struct({ typed: Schema.String, instead: Schema.String }))
})
export type Respelt = typeof Respelt.Type

/** Results come best first. */
export const SearchResponse = Schema.Struct({
  results: Schema.Array(SearchResult),
  /** Lexemes of the question that no unit contains; missing where there are none, or words were not looked for. */
  absent: Schema.optional(Schema.Array(Schema.String)),
  /** The question that the results and `absent` are about, where a word of it was taken for misspelt. */
  respelt: Schema.optional(Respelt),
  /** One sentence for each lane or model that could not be asked; empty when none is missing. */
  degraded: Schema.Array(Schema.String)
})
export type SearchResponse = typeof SearchResponse.Type
