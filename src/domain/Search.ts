/**
 * Questions to the memory and what comes back.
 */
import * as Schema from "effect/Schema"
import type { MemoryUnit, UnitType } from "./MemoryUnit.ts"

export const SearchMode = Schema.Literal("semantic", "keyword", "hybrid")
export type SearchMode = typeof SearchMode.Type

/** Which units may be found. Times are milliseconds since the epoch; `files` match as a whole path or its end. */
export interface SearchFilter {
  readonly projects: ReadonlyArray<string> | "all"
  readonly types?: ReadonlyArray<UnitType> | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly files?: ReadonlyArray<string> | undefined
}

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

export interface SearchQuery extends SearchFilter {
  readonly text: string
  /** 1 to 100. */
  readonly limit: number
  /** 0 to 1, on the scale of `SearchResult.score`. */
  readonly minScore: number
  readonly mode: SearchMode
}

/** One lane's opinion: rank from 1, and the score before fusion (BM25, or cosine). */
export interface LaneScore {
  readonly rank: number
  readonly score: number
}

export interface Why {
  readonly keyword: LaneScore | null
  readonly semantic: LaneScore | null
  /** What units next to it in the session added to the fused score. */
  readonly neighbours: number
  /** Named additions to the fused score. */
  readonly boosts: Readonly<Record<string, number>>
  /** Words of the question that the unit holds. */
  readonly matched: ReadonlyArray<string>
}

export interface SearchResult {
  readonly unit: MemoryUnit
  /** 0 to 1: the share of the question, weighted by how rare its words are, that the unit and its neighbours answer. */
  readonly score: number
  readonly why: Why
}

export interface SearchResponse {
  readonly results: ReadonlyArray<SearchResult>
  /** A sentence for each lane that could not be asked; empty when nothing was missing. */
  readonly degraded: ReadonlyArray<string>
}
