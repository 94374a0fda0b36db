/**
 * Questions to the memory and what comes back.
 */
import * as Schema from "effect/Schema"
import { MemoryUnit, UnitType } from "./MemoryUnit.ts"

export const SearchMode = Schema.Literal("semantic", "keyword", "hybrid")
export type SearchMode = typeof SearchMode.Type

/**
 * Which units may be found: those of these projects (by id), types and times, that touch one of these files. Times are
 * milliseconds since the epoch; a file matches as a whole path or its end.
 */
export const SearchFilter = Schema.Struct({
  projects: Schema.Union(Schema.Literal("all"), Schema.Array(Schema.String)),
  types: Schema.optional(Schema.Array(UnitType)),
  since: Schema.optional(Schema.Number),
  until: Schema.optional(Schema.Number),
  files: Schema.optional(Schema.Array(Schema.String))
})
export type SearchFilter = typeof SearchFilter.Type

const DAY_MS = 86_400_000

/** The end of what a time says, as a bound of a search: of a day that is named without a time, its last millisecond. */
export const endOf = (millis: number): number => millis % DAY_MS === 0 ? millis + DAY_MS - 1 : millis

const endsWithPath = (file: string, wanted: string) =>
  file === wanted || file.endsWith(`/${wanted}`) || file.endsWith(`\\${wanted}`)

export const passes = (unit: MemoryUnit, filter: SearchFilter): boolean =>
  unit.active &&
  (filter.projects === "all" || filter.projects.includes(unit.projectId)) &&
  (filter.types === undefined || filter.types.includes(unit.type)) &&
  (filter.since === undefined || unit.occurredAt >= filter.since) &&
  (filter.until === undefined || unit.occurredAt <= filter.until) &&
  (filter.files === undefined || filter.files.length === 0 ||
    filter.files.some((wanted) => unit.files.some((file) => endsWithPath(file, wanted))))

/** `minScore` is on the scale of `SearchResult.score`. */
export const SearchQuery = Schema.Struct({
  ...SearchFilter.fields,
  text: Schema.String,
  limit: Schema.Int.pipe(Schema.between(1, 100)),
  minScore: Schema.Number.pipe(Schema.between(0, 1)),
  mode: SearchMode
})
export type SearchQuery = typeof SearchQuery.Type

/** One lane's or model's opinion: rank from 1, and its own score (BM25, cosine, relevance). */
export const LaneScore = Schema.Struct({
  rank: Schema.Int.pipe(Schema.positive()),
  score: Schema.Number
})
export type LaneScore = typeof LaneScore.Type

export const Why = Schema.Struct({
  keyword: Schema.NullOr(LaneScore),
  semantic: Schema.NullOr(LaneScore),
  /** What a model said that read the question and the unit together. */
  rerank: Schema.NullOr(LaneScore),
  /** What units next to it in the session added to the fused score. */
  neighbours: Schema.Number,
  /** Named additions to the fused score. */
  boosts: Schema.Record({ key: Schema.String, value: Schema.Number }),
  /** Words of the question that the unit holds. */
  matched: Schema.Array(Schema.String)
})
export type Why = typeof Why.Type

export const SearchResult = Schema.Struct({
  unit: MemoryUnit,
  /** The share of the question, weighted by how rare its words are, that the unit and its neighbours answer. */
  score: Schema.Number.pipe(Schema.between(0, 1)),
  why: Why
})
export type SearchResult = typeof SearchResult.Type

export const SearchResponse = Schema.Struct({
  results: Schema.Array(SearchResult),
  /** A sentence for each lane or model that could not be asked; empty when nothing was missing. */
  degraded: Schema.Array(Schema.String)
})
export type SearchResponse = typeof SearchResponse.Type
