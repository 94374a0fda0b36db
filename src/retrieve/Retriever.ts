/**
 * A question in, units out: two lanes, one fused list, smoothed over the session, each result with its reasons.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { passes, type SearchQuery, type SearchResponse, type SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { type Hit, VectorIndex } from "../index/VectorIndex.ts"
import { ModelManager } from "../models/ModelManager.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { type LexicalMatches, MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { bm25, fuse, inverseDocumentFrequency, type LexicalScore, NEIGHBOUR_WEIGHTS } from "./Fusion.ts"

/** Units that each lane brings, and those of them whose neighbours are looked at. */
const LANE_LIMIT = 300
const SMOOTHED = 60
/** A unit most of whose words a better one holds says nothing new. */
const SAME_SHARE = 0.8
/** A question's first words are enough to recall by. */
const MAX_TERMS = 64

const NOTHING: LexicalMatches = { documents: 0, averageLength: 0, documentFrequencies: [], candidates: [] }

export class Retriever extends Context.Tag("Retriever")<Retriever, {
  /** Best first. A lane that can't be asked is named in `degraded`; only the store's failure is an error. */
  readonly search: (query: SearchQuery) => Effect.Effect<SearchResponse, StoreError>
}>() {}

/** Drops what a better result says already. */
const distinct = (units: ReadonlyArray<MemoryUnit>, limit: number): ReadonlyArray<MemoryUnit> => {
  const kept: Array<{ readonly unit: MemoryUnit; readonly words: ReadonlySet<string> }> = []
  for (const unit of units) {
    if (kept.length === limit) break
    const words = new Set(Tokenizer.lexemes(unit.content))
    const isSaid = kept.some((better) =>
      [...words].filter((word) => better.words.has(word)).length >= SAME_SHARE * Math.max(1, words.size)
    )
    if (!isSaid) kept.push({ unit, words })
  }
  return kept.map(({ unit }) => unit)
}

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const index = yield* VectorIndex
  const models = yield* ModelManager
  const inFlight = yield* makeInFlight("Retriever")

  /** The dense lane; why it could not be asked, when it could not. */
  const semantic = (query: SearchQuery): Effect.Effect<Either.Either<ReadonlyArray<Hit>, string>> =>
    Effect.gen(function*() {
      const [vector] = yield* models.embed([Tokenizer.content(query.text)])
      if (vector === undefined || Option.isNone(vector)) {
        return Either.left("semantic search: the offline model knows no word of the question (it knows English)")
      }
      return Either.right(yield* index.search(vector.value, query, LANE_LIMIT))
    }).pipe(Effect.catchAll((error) => Effect.succeed(Either.left(`semantic search: ${error.message}`))))

  const search = (query: SearchQuery) =>
    Effect.gen(function*() {
      const terms = Tokenizer.queryLexemes(query.text).slice(0, MAX_TERMS)
      const matches = query.mode === "semantic" || terms.length === 0
        ? NOTHING
        : yield* store.lexical(terms, query, LANE_LIMIT)
      const lexical = bm25(matches)
      const dense = query.mode === "keyword" ? Either.right([]) : yield* semantic(query)
      const hits = Either.getOrElse(dense, (): ReadonlyArray<Hit> => [])

      const fused = fuse(lexical, hits)
      const leading = [...fused].sort(byScore).slice(0, SMOOTHED).map(([unitId]) => unitId)
      const lent = new Map<string, number>()
      const lenders = new Map<string, Array<string>>()
      for (const [unitId, other, offset] of yield* store.neighbours(leading)) {
        lent.set(other, (lent.get(other) ?? 0) + NEIGHBOUR_WEIGHTS[offset]! * fused.get(unitId)!)
        lenders.set(other, [...(lenders.get(other) ?? []), unitId])
      }
      const total = new Map(fused)
      for (const [unitId, score] of lent) total.set(unitId, (total.get(unitId) ?? 0) + score)

      const ranked = [...total].sort(byScore).slice(0, query.limit * 3)
      const candidates = yield* store.units(ranked.map(([unitId]) => unitId))
      // A neighbour comes from outside the lanes, so the filter has not seen it.
      const allowed = candidates.filter((unit) => fused.has(unit.id) || passes(unit, query))
      const units = distinct(allowed, query.limit)

      const reasons = reasonsFor(matches, terms, lexical, hits)
      const weigh = (matched: Iterable<number>) =>
        [...new Set(matched)].reduce((sum, term) => sum + reasons.idf[term]!, 0)
      const coverage = (unitId: string) =>
        weigh([...reasons.matched(unitId), ...(lenders.get(unitId) ?? []).flatMap(reasons.matched)]) /
        Math.max(Number.MIN_VALUE, reasons.idfSum)
      const first = units[0]
      const best = first === undefined ? 0 : total.get(first.id)!
      const nearest = hits.find(({ unitId }) => unitId === first?.id)?.score ?? hits[0]?.score ?? 0
      // Words answer for a hybrid list. Where no unit holds any of them, nearness says little below a cosine of a half.
      const confidence = first === undefined
        ? 0
        : query.mode === "semantic"
        ? Math.max(0, nearest)
        : lexical.length > 0
        ? coverage(first.id)
        : Math.max(0, 2 * nearest - 1)

      return {
        results: units.map((unit): SearchResult => ({
          unit,
          score: Math.min(1, confidence * total.get(unit.id)! / best),
          why: {
            keyword: reasons.keyword(unit.id),
            semantic: reasons.semantic(unit.id),
            neighbours: lent.get(unit.id) ?? 0,
            boosts: {},
            matched: reasons.matched(unit.id).map((term) => terms[term]!)
          }
        })).filter(({ score }) => score >= query.minScore),
        degraded: Either.isLeft(dense) ? [dense.left] : []
      }
    })

  return Retriever.of({ search: Effect.fn("Retriever.search")((query: SearchQuery) => inFlight(search(query))) })
})

const byScore = ([a, x]: readonly [string, number], [b, y]: readonly [string, number]) => y - x || (a < b ? -1 : 1)

const reasonsFor = (
  matches: LexicalMatches,
  terms: ReadonlyArray<string>,
  lexical: ReadonlyArray<LexicalScore>,
  hits: ReadonlyArray<Hit>
) => {
  // A Chinese word that no unit holds says that the memory is in another language, not that the answer is missing.
  const idf = terms.map((word, term) => {
    const frequency = matches.documentFrequencies[term] ?? 0
    return frequency === 0 && !/[\x00-\x7f]/.test(word) ? 0 : inverseDocumentFrequency(matches.documents, frequency)
  })
  const lexicalRank = new Map(lexical.map(({ matched, score, unitId }, i) => [unitId, { rank: i + 1, score, matched }]))
  const denseRank = new Map(hits.map(({ score, unitId }, i) => [unitId, { rank: i + 1, score }]))
  return {
    idf,
    idfSum: idf.reduce((sum, value) => sum + value, 0),
    matched: (unitId: string) => lexicalRank.get(unitId)?.matched ?? [],
    keyword: (unitId: string) => {
      const found = lexicalRank.get(unitId)
      return found === undefined ? null : { rank: found.rank, score: found.score }
    },
    semantic: (unitId: string) => denseRank.get(unitId) ?? null
  }
}

export const layer = Layer.scoped(Retriever, make)
