/**
 * Finds the units that answer a question, in five steps. Recall asks the lanes and fuses their lists; gather reads the
 * units; boost adds the scores of their surroundings; rerank asks a model for their order, if one is set; explain
 * scores each and gives the reasons.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { fieldsOf, sumOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import {
  type InContext,
  isInContext,
  type LaneScore,
  passes,
  type SearchQuery,
  type SearchResponse,
  type SearchResult
} from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { type Hit, type IndexError, VectorIndex } from "../index/VectorIndex.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { type ModelError, ModelManager } from "../models/ModelManager.ts"
import { type Candidate, type LexicalMatches, MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { datesIn, isOn } from "./Dates.ts"
import { type Evidence, evidenceIn, weigh } from "./Evidence.ts"
import { bm25, certainty, fuse, inverseDocumentFrequency, type LexicalScore } from "./Fusion.ts"
import * as Reranker from "./Reranker.ts"
import { boost, type Boosted } from "./Surroundings.ts"

/** Most units that each lane returns, and units of the fused list whose neighbours are read. */
const LANE_LIMIT = 300
const NEIGHBOUR_SOURCES = 60
/** A unit is dropped when a better one contains this share of its words. */
const DUPLICATE_SHARE = 0.8
/** Longest wait for vectors in a search, local or remote. An import waits longer. */
const SEARCH_TIMEOUT = Duration.seconds(12)
/** Most terms of a question that are searched for: its first words suffice. */
const MAX_TERMS = 64

/** Units among which evidence is looked for, the best of the lexical lane. */
const EVIDENCE_DEPTH = 20

const NOTHING: LexicalMatches = { documents: 0, averageLength: 0, documentFrequencies: [], candidates: [] }

/** The dense lane's hits, or why it could not be asked. */
type Dense = Either.Either<ReadonlyArray<Hit>, string>

/** Matches the terms in these units alone, as the lexical lane would; every term counts as equally rare. */
const matchesOf = (units: ReadonlyArray<MemoryUnit>, terms: ReadonlyArray<string>): LexicalMatches => {
  const termIndex = new Map(terms.map((term, i) => [term, i]))
  const candidates = units.map((unit) => ({
    unitId: unit.id,
    sessionId: unit.sessionId,
    position: unit.position,
    ...sumOf(fieldsOf(unit), termIndex)
  }))
  const lengths = candidates.flatMap((each) => each.lengths)
  return {
    documents: units.length,
    averageLength: lengths.reduce((sum, n) => sum + n, 0) / Math.max(1, units.length),
    documentFrequencies: terms.map(() => 0),
    candidates
  }
}

/** Keeps at most `limit` units, and drops those whose words a better one contains. */
const distinct = (ranked: ReadonlyArray<Boosted>, limit: number): ReadonlyArray<Boosted> => {
  const kept: Array<{ readonly boosted: Boosted; readonly words: ReadonlySet<string> }> = []
  for (const boosted of ranked.slice(0, 3 * limit)) {
    if (kept.length === limit) break
    const words = new Set(Tokenizer.lexemes(boosted.unit.content))
    const isDuplicate = kept.some((better) =>
      [...words].filter((word) => better.words.has(word)).length >= DUPLICATE_SHARE * Math.max(1, words.size)
    )
    if (!isDuplicate) kept.push({ boosted, words })
  }
  return kept.map(({ boosted }) => boosted)
}

/** Results of both lanes. `lexicalLane` is undefined when the index fused the lanes itself. */
interface Recalled {
  readonly dense: Dense
  readonly hits: ReadonlyArray<Hit>
  readonly lexicalLane: { readonly lexical: ReadonlyArray<LexicalScore>; readonly matches: LexicalMatches } | undefined
  /** Scores by unit, the higher the better. */
  readonly fused: ReadonlyMap<string, number>
}

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const index = yield* VectorIndex
  const models = yield* ModelManager
  const isReranked = (yield* models.describe(false)).some(({ role }) => role === "rerank")

  /** Asks the dense lane. */
  const searchDense = (query: SearchQuery): Effect.Effect<Dense> =>
    Effect.gen(function*() {
      yield* Effect.flatMap(models.embedding, index.check)
      const [vector] = yield* models.embed([Tokenizer.withoutQuestionWords(query.text)], "query")
      if (vector === undefined || Option.isNone(vector)) {
        return Either.left("semantic search: the model knows no word of the question (the package's own knows English)")
      }
      return Either.right(yield* index.search(vector.value, query, LANE_LIMIT))
    }).pipe(
      Effect.catchAll((error) => Effect.succeed(Either.left(`semantic search: ${error.message}`))),
      Effect.timeoutTo({
        duration: SEARCH_TIMEOUT,
        onSuccess: (dense: Dense) => dense,
        onTimeout: () => Either.left(`semantic search: no answer within ${Duration.format(SEARCH_TIMEOUT)}`)
      })
    )

  /** Asks the lexical lane, and fuses its list with that of the dense lane. */
  const searchLanes = (
    query: SearchQuery,
    terms: ReadonlyArray<string>,
    dense: Dense
  ): Effect.Effect<Recalled, StoreError> =>
    Effect.map(
      query.mode === "semantic" || terms.length === 0
        ? Effect.succeed(NOTHING)
        : store.lexical(terms, query, LANE_LIMIT),
      (matches) => {
        const hits = Either.getOrElse(dense, (): ReadonlyArray<Hit> => [])
        const lexical = bm25(matches)
        return { dense, hits, lexicalLane: { lexical, matches }, fused: fuse(lexical, hits) }
      }
    )

  /** Asks the index for one fused list of both lanes; its scores say nothing beyond their order. */
  const searchFusedIndex = (
    query: SearchQuery,
    terms: ReadonlyArray<string>,
    ask: NonNullable<VectorIndex["Type"]["fused"]>
  ): Effect.Effect<Recalled, ModelError | IndexError> =>
    Effect.gen(function*() {
      yield* Effect.flatMap(models.embedding, index.check)
      const [vector] = query.mode === "keyword"
        ? []
        : yield* models.embed([Tokenizer.withoutQuestionWords(query.text)], "query")
      const hits = yield* ask({ vector: Option.getOrNull(vector ?? Option.none()), terms }, query, LANE_LIMIT)
      const greatest = Math.max(...hits.map(({ score }) => score), Number.MIN_VALUE)
      return {
        dense: Either.right([]),
        hits: [],
        lexicalLane: undefined,
        fused: new Map(hits.map(({ score, unitId }) => [unitId, score / greatest]))
      }
    })

  /** Asks the lanes and fuses their lists. */
  const recall = (query: SearchQuery, terms: ReadonlyArray<string>) =>
    index.fused !== undefined && query.mode !== "semantic"
      ? Effect.catchAll(
        searchFusedIndex(query, terms, index.fused),
        ({ message }) => searchLanes(query, terms, Either.left(`search in Qdrant: ${message}`))
      )
      : Effect.flatMap(
        query.mode === "keyword" ? Effect.succeed(Either.right([])) : searchDense(query),
        (dense) => searchLanes(query, terms, dense)
      )

  /** Reads the units found and their neighbours, and matches their words. */
  const gather = (query: SearchQuery, terms: ReadonlyArray<string>, { fused, lexicalLane }: Recalled, pool: number) =>
    Effect.gen(function*() {
      const found = [...fused].sort(byScore).map(([unitId]) => unitId)
      const neighbours = yield* store.neighbours(found.slice(0, NEIGHBOUR_SOURCES))
      const ids = new Set([...found.slice(0, pool), ...neighbours.map(([, other]) => other)])
      // Filtered again: the lanes did not filter a neighbour, and the index may lag behind the store.
      const units = (yield* store.units([...ids])).filter((unit) =>
        passes(unit, query) && !isInContext(unit, query.inContext)
      )
      const matches = lexicalLane?.matches ?? matchesOf(units, terms)
      return { lexical: lexicalLane?.lexical ?? bm25(matches), matches, neighbours, units }
    })

  const rerank = (query: SearchQuery, boosted: ReadonlyArray<Boosted>) =>
    isReranked && boosted.length > 1
      ? Reranker.rerank(models.rerank, query.text, boosted)
      : Effect.succeed({ degraded: [], scores: new Map<string, LaneScore>(), order: boosted })

  const search = (request: SearchQuery) =>
    Effect.gen(function*() {
      const query = { ...request, projects: Project.resolveRequested(yield* store.projects, request.projects) }
      const { dates, rest } = datesIn(query.text)
      const terms = Tokenizer.queryLexemes(query.text).slice(0, MAX_TERMS)
      const wanted = isReranked ? Math.max(Reranker.RERANK_DEPTH, query.limit) : query.limit
      // Neighbours and sessions raise a unit little, but a date may raise one from anywhere in the list; and the best may
      // all be of the session itself.
      const pool = dates.length > 0 || query.inContext !== undefined
        ? Infinity
        : Math.max(NEIGHBOUR_SOURCES, 3 * wanted)

      const recalled = yield* recall(query, terms)
      const gathered = yield* gather(query, terms, recalled, pool)
      const ranked = distinct(boost(gathered.units, recalled.fused, gathered.neighbours, dates), wanted)
      const { degraded, order, scores } = yield* rerank(query, ranked)
      return {
        results: explain({
          dates,
          gathered,
          hits: recalled.hits,
          order,
          query,
          ranked,
          rerankScores: scores,
          rest,
          terms
        }),
        degraded: [...(Either.isLeft(recalled.dense) ? [recalled.dense.left] : []), ...degraded]
      }
    })

  const evidence = ({ inContext, projects, text }: EvidenceRequest) =>
    Effect.gen(function*() {
      const filter = { projects: Project.resolveRequested(yield* store.projects, projects) }
      const terms = Tokenizer.queryLexemes(text).slice(0, MAX_TERMS)
      const matches = terms.length === 0 ? NOTHING : yield* store.lexical(terms, filter, LANE_LIMIT)
      const isElsewhere = ({ sessionId }: Candidate) => inContext?.since !== 0 || sessionId !== inContext.sessionId
      // Twice as many, since some of what the session itself said may be left out.
      const ids = bm25({ ...matches, candidates: matches.candidates.filter(isElsewhere) })
        .slice(0, 2 * EVIDENCE_DEPTH).map(({ unitId }) => unitId)
      const units = (yield* store.units(ids)).filter((unit) => passes(unit, filter) && !isInContext(unit, inContext))
      return evidenceIn(weigh(terms, matches), units.slice(0, EVIDENCE_DEPTH))
    })

  return {
    evidence: Effect.fn("Retriever.evidence")(evidence),
    search: Effect.fn("Retriever.search")((query: SearchQuery) =>
      Effect.provideService(search(query), CurrentProject, projectOf(query))
    )
  } satisfies Retriever["Type"]
})

/** Scores the results relative to how well the first one answers, and gives the reasons for which each was found. */
const explain = ({ dates, gathered: { lexical, matches }, hits, order, query, ranked, rerankScores, rest, terms }: {
  readonly query: SearchQuery
  readonly terms: ReadonlyArray<string>
  /** Dates that the question names, and, in `rest`, the question without them. */
  readonly dates: ReturnType<typeof datesIn>["dates"]
  readonly rest: string
  readonly gathered: { readonly lexical: ReadonlyArray<LexicalScore>; readonly matches: LexicalMatches }
  readonly hits: ReadonlyArray<Hit>
  /** The units before and after reranking. */
  readonly ranked: ReadonlyArray<Boosted>
  readonly order: ReadonlyArray<Boosted>
  /** The reranker's scores, by unit. */
  readonly rerankScores: ReadonlyMap<string, LaneScore>
}): ReadonlyArray<SearchResult> => {
  const reasons = reasonsFor(matches, terms, lexical, hits)
  // A unit that its neighbours raised to the top answers with their words too.
  const strength = ({ raisedBy, unit }: Boosted) =>
    Math.max(...[unit.id, ...raisedBy].map((id) => reasons.keyword(id)?.score ?? 0))
  // A unit of a named date need not contain the date's words.
  const undated = new Set(Tokenizer.queryLexemes(rest))
  const idfFor = ({ unit }: Boosted) =>
    reasons.idf.filter((_, i) => undated.has(terms[i]!) || !dates.some((date) => isOn(unit.occurredAt, date)))
  const first = ranked[0]
  const best = first?.score ?? 0
  const nearest = hits.find(({ unitId }) => unitId === first?.unit.id)?.score ?? hits[0]?.score ?? 0
  // Matched words decide in a hybrid list. When no unit contains any of them, a cosine below 0.5 means little.
  const confidence = first === undefined
    ? 0
    : query.mode === "semantic"
    ? Math.max(0, nearest)
    : lexical.length > 0
    ? certainty(strength(first), idfFor(first), matches.documents)
    : Math.max(0, 2 * nearest - 1)

  // Scores belong to the places before reranking: a unit gets the score of the place to which the reranker moves it.
  return order.slice(0, query.limit).map(({ boosts, neighbours, unit }, i): SearchResult => ({
    unit,
    score: Math.min(1, confidence * ranked[i]!.score / best),
    why: {
      keyword: reasons.keyword(unit.id),
      semantic: reasons.semantic(unit.id),
      rerank: rerankScores.get(unit.id) ?? null,
      neighbours,
      boosts,
      matched: reasons.matched(unit.id).map((term) => terms[term]!)
    }
  })).filter(({ score }) => score >= query.minScore)
}

/** Returns the project of a query that names exactly one. */
const projectOf = ({ projects }: SearchQuery): string | null =>
  projects !== "all" && projects.length === 1 ? projects[0]! : null

const byScore = ([a, x]: readonly [string, number], [b, y]: readonly [string, number]) => y - x || (a < b ? -1 : 1)

const reasonsFor = (
  matches: LexicalMatches,
  terms: ReadonlyArray<string>,
  lexical: ReadonlyArray<LexicalScore>,
  hits: ReadonlyArray<Hit>
) => {
  // A Chinese word that no unit contains shows that the memory is in another language, not that the answer is missing.
  const idf = terms.map((word, term) => {
    const frequency = matches.documentFrequencies[term] ?? 0
    return frequency === 0 && !/[\x00-\x7f]/.test(word) ? 0 : inverseDocumentFrequency(matches.documents, frequency)
  })
  const lexicalRank = new Map(lexical.map(({ matched, score, unitId }, i) => [unitId, { rank: i + 1, score, matched }]))
  const denseRank = new Map(hits.map(({ score, unitId }, i) => [unitId, { rank: i + 1, score }]))
  return {
    idf,
    matched: (unitId: string) => lexicalRank.get(unitId)?.matched ?? [],
    keyword: (unitId: string) => {
      const found = lexicalRank.get(unitId)
      return found === undefined ? null : { rank: found.rank, score: found.score }
    },
    semantic: (unitId: string) => denseRank.get(unitId) ?? null
  }
}

export interface EvidenceRequest extends Pick<SearchQuery, "projects" | "text"> {
  readonly inContext?: InContext | undefined
}

export class Retriever extends Context.Tag("claude-memory/Retriever")<Retriever, {
  /** Returns results, best first. `degraded` names lanes that could not be asked; only a failing store is an error. */
  readonly search: (query: SearchQuery) => Effect.Effect<SearchResponse, StoreError>
  /** Weighs the words of a text and finds those that stand together in a unit; asks no index and no model. */
  readonly evidence: (request: EvidenceRequest) => Effect.Effect<Evidence, StoreError>
}>() {
  static readonly layer = Layer.effect(this, make)
}
