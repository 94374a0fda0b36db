/**
 * A question in, units out: two lanes, one fused list, what stands around each unit, a model's order of it where one is set, each
 * result with its reasons.
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
import { type LaneScore, passes, type SearchQuery, type SearchResponse, type SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { type Hit, VectorIndex } from "../index/VectorIndex.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { ModelManager } from "../models/ModelManager.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { type LexicalMatches, MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { isOn, namedIn } from "./Dates.ts"
import { bm25, certainty, fuse, inverseDocumentFrequency, type LexicalScore } from "./Fusion.ts"
import * as Reranker from "./Reranker.ts"
import { place, type Placed } from "./Surroundings.ts"

/** Units that each lane brings, and those of the fused list whose neighbours are looked at. */
const LANE_LIMIT = 300
const LENDERS = 60
/** A unit most of whose words a better one holds says nothing new. */
const SAME_SHARE = 0.8
/** So long somebody who searches waits for vectors, wherever their model and index are; an import has more patience with these. */
const PATIENCE = Duration.seconds(12)
/** A question's first words are enough to recall by. */
const MAX_TERMS = 64

const NOTHING: LexicalMatches = { documents: 0, averageLength: 0, documentFrequencies: [], candidates: [] }

/** The nearest units, or why they could not be asked for. */
type Dense = Either.Either<ReadonlyArray<Hit>, string>

/** As the lexical lane would have it of these units alone, with each word as rare as the others. */
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

/** Drops what a better result says already. */
const distinct = (ranked: ReadonlyArray<Placed>, limit: number): ReadonlyArray<Placed> => {
  const kept: Array<{ readonly placed: Placed; readonly words: ReadonlySet<string> }> = []
  for (const placed of ranked.slice(0, 3 * limit)) {
    if (kept.length === limit) break
    const words = new Set(Tokenizer.lexemes(placed.unit.content))
    const isSaid = kept.some((better) =>
      [...words].filter((word) => better.words.has(word)).length >= SAME_SHARE * Math.max(1, words.size)
    )
    if (!isSaid) kept.push({ placed, words })
  }
  return kept.map(({ placed }) => placed)
}

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const index = yield* VectorIndex
  const models = yield* ModelManager
  const isReranked = (yield* models.describe(false)).some(({ role }) => role === "rerank")
  const inFlight = yield* makeInFlight("Retriever")

  /** The dense lane; why it could not be asked, when it could not. */
  const semantic = (query: SearchQuery): Effect.Effect<Dense> =>
    Effect.gen(function*() {
      yield* Effect.flatMap(models.embedding, index.check)
      const [vector] = yield* models.embed([Tokenizer.content(query.text)], "query")
      if (vector === undefined || Option.isNone(vector)) {
        return Either.left("semantic search: the model knows no word of the question (the package's own knows English)")
      }
      return Either.right(yield* index.search(vector.value, query, LANE_LIMIT))
    }).pipe(
      Effect.catchAll((error) => Effect.succeed(Either.left(`semantic search: ${error.message}`))),
      Effect.timeoutTo({
        duration: PATIENCE,
        onSuccess: (dense: Dense) => dense,
        onTimeout: () => Either.left(`semantic search: no answer within ${Duration.format(PATIENCE)}`)
      })
    )

  /** Each lane for itself, and one list of both. */
  const separate = (query: SearchQuery, terms: ReadonlyArray<string>, dense: Dense) =>
    Effect.map(
      query.mode === "semantic" || terms.length === 0
        ? Effect.succeed(NOTHING)
        : store.lexical(terms, query, LANE_LIMIT),
      (matches) => {
        const hits = Either.getOrElse(dense, (): ReadonlyArray<Hit> => [])
        return { dense, hits, known: matches, fused: fuse(bm25(matches), hits) }
      }
    )

  /** One list that the index makes of both, of which only the order is known. */
  const together = (query: SearchQuery, terms: ReadonlyArray<string>, ask: NonNullable<VectorIndex["Type"]["fused"]>) =>
    Effect.gen(function*() {
      yield* Effect.flatMap(models.embedding, index.check)
      const [vector] = query.mode === "keyword" ? [] : yield* models.embed([Tokenizer.content(query.text)], "query")
      const hits = yield* ask({ vector: Option.getOrNull(vector ?? Option.none()), terms }, query, LANE_LIMIT)
      const greatest = Math.max(...hits.map(({ score }) => score), Number.MIN_VALUE)
      return {
        dense: Either.right([]) as Dense,
        hits: [] as ReadonlyArray<Hit>,
        known: undefined,
        fused: new Map(hits.map(({ score, unitId }) => [unitId, score / greatest]))
      }
    })

  const lanes = (query: SearchQuery, terms: ReadonlyArray<string>) =>
    index.fused !== undefined && query.mode !== "semantic"
      ? Effect.catchAll(
        together(query, terms, index.fused),
        ({ message }) => separate(query, terms, Either.left(`search in Qdrant: ${message}`))
      )
      : Effect.flatMap(
        query.mode === "keyword" ? Effect.succeed(Either.right([])) : semantic(query),
        (dense) => separate(query, terms, dense)
      )

  const search = (request: SearchQuery) =>
    Effect.gen(function*() {
      const query = { ...request, projects: Project.asked(yield* store.projects, request.projects) }
      const { dates, rest } = namedIn(query.text)
      const terms = Tokenizer.queryLexemes(query.text).slice(0, MAX_TERMS)
      const { dense, hits, known, fused } = yield* lanes(query, terms)
      const found = [...fused].sort(byScore).map(([unitId]) => unitId)
      const neighbours = yield* store.neighbours(found.slice(0, LENDERS))
      // Neighbours and sessions lift no unit far, a date does.
      const wanted = isReranked ? Math.max(Reranker.READ, query.limit) : query.limit
      const pool = dates.length > 0 ? found : found.slice(0, Math.max(LENDERS, 3 * wanted))
      const candidates = yield* store.units([...new Set([...pool, ...neighbours.map(([, other]) => other)])])
      // A neighbour comes from outside the lanes, and an index may not have heard yet of what changed.
      const allowed = candidates.filter((unit) => passes(unit, query))
      const matches = known ?? matchesOf(allowed, terms)
      const lexical = bm25(matches)
      const placed = distinct(place(allowed, fused, neighbours, dates), wanted)
      const { degraded, opinions, order } = isReranked && placed.length > 1
        ? yield* Reranker.rerank(models.rerank, query.text, placed)
        : { degraded: [], opinions: new Map<string, LaneScore>(), order: placed }

      const reasons = reasonsFor(matches, terms, lexical, hits)
      // A neighbour that was lifted to the top answers with the words of those that lifted it.
      const strength = ({ lenders, unit }: Placed) =>
        Math.max(...[unit.id, ...lenders].map((id) => reasons.keyword(id)?.score ?? 0))
      // A unit of the date that is named need not hold its words.
      const undated = new Set(Tokenizer.queryLexemes(rest))
      const asked = ({ unit }: Placed) =>
        reasons.idf.filter((_, i) => undated.has(terms[i]!) || !dates.some((date) => isOn(unit.occurredAt, date)))
      const first = placed[0]
      const best = first?.score ?? 0
      const nearest = hits.find(({ unitId }) => unitId === first?.unit.id)?.score ?? hits[0]?.score ?? 0
      // Words answer for a hybrid list. Where no unit holds any of them, nearness says little below a cosine of a half.
      const confidence = first === undefined
        ? 0
        : query.mode === "semantic"
        ? Math.max(0, nearest)
        : lexical.length > 0
        ? certainty(strength(first), asked(first), matches.documents)
        : Math.max(0, 2 * nearest - 1)

      return {
        // A place has its score, whoever holds it.
        results: order.slice(0, query.limit).map(({ boosts, neighbours, unit }, i): SearchResult => ({
          unit,
          score: Math.min(1, confidence * placed[i]!.score / best),
          why: {
            keyword: reasons.keyword(unit.id),
            semantic: reasons.semantic(unit.id),
            rerank: opinions.get(unit.id) ?? null,
            neighbours,
            boosts,
            matched: reasons.matched(unit.id).map((term) => terms[term]!)
          }
        })).filter(({ score }) => score >= query.minScore),
        degraded: [...(Either.isLeft(dense) ? [dense.left] : []), ...degraded]
      }
    })

  return {
    search: Effect.fn("Retriever.search")((query: SearchQuery) =>
      inFlight(Effect.provideService(search(query), CurrentProject, projectOf(query)))
    )
  } satisfies Retriever["Type"]
})

/** The one that is asked about, if it is one. */
const projectOf = ({ projects }: SearchQuery): string | null =>
  projects !== "all" && projects.length === 1 ? projects[0]! : null

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
    matched: (unitId: string) => lexicalRank.get(unitId)?.matched ?? [],
    keyword: (unitId: string) => {
      const found = lexicalRank.get(unitId)
      return found === undefined ? null : { rank: found.rank, score: found.score }
    },
    semantic: (unitId: string) => denseRank.get(unitId) ?? null
  }
}

export class Retriever extends Context.Tag("claude-memory/Retriever")<Retriever, {
  /** Best first. A lane that can't be asked is named in `degraded`; only the store's failure is an error. */
  readonly search: (query: SearchQuery) => Effect.Effect<SearchResponse, StoreError>
}>() {
  static readonly layer = Layer.scoped(this, make)
}
