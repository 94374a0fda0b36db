/**
 * A question in, units out, in five steps: recall asks the lanes and fuses them, gather reads the units, rank places them by what stands around
 * them, rerank asks a model for their order where one is set, and explain scores them and gives the reasons of each.
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
import { type Hit, type IndexError, VectorIndex } from "../index/VectorIndex.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { type ModelError, ModelManager } from "../models/ModelManager.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { type LexicalMatches, MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { isOn, namedIn } from "./Dates.ts"
import { bm25, certainty, fuse, inverseDocumentFrequency, type LexicalScore } from "./Fusion.ts"
import * as Reranker from "./Reranker.ts"
import { place, type Placed } from "./Surroundings.ts"

/** Units that each lane brings, and those of the fused list whose neighbours are looked at. */
const LANE_LIMIT = 300
const LENDERS = 60
/** A unit is dropped where a better one holds this share of its words. */
const SAME_SHARE = 0.8
/** A search waits this long for vectors, wherever their model and index are. An import has more patience with them. */
const PATIENCE = Duration.seconds(12)
/** A question's first words are enough to recall by. */
const MAX_TERMS = 64

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

/** Keeps at most `limit` units, without those whose words a better one holds. */
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

/** Both lanes' answers. `words` is undefined where the index fused the lanes itself. */
interface Recalled {
  readonly dense: Dense
  readonly hits: ReadonlyArray<Hit>
  readonly words: { readonly lexical: ReadonlyArray<LexicalScore>; readonly matches: LexicalMatches } | undefined
  /** Scores by unit, the higher the better. */
  readonly fused: ReadonlyMap<string, number>
}

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const index = yield* VectorIndex
  const models = yield* ModelManager
  const isReranked = (yield* models.describe(false)).some(({ role }) => role === "rerank")
  const inFlight = yield* makeInFlight("Retriever")

  /** Asks the dense lane. */
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

  /** Asks the lexical lane too, and fuses both lists. */
  const separate = (
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
        return { dense, hits, words: { lexical, matches }, fused: fuse(lexical, hits) }
      }
    )

  /** Asks the index for one list of both lanes, of which only the order is known. */
  const together = (
    query: SearchQuery,
    terms: ReadonlyArray<string>,
    ask: NonNullable<VectorIndex["Type"]["fused"]>
  ): Effect.Effect<Recalled, ModelError | IndexError> =>
    Effect.gen(function*() {
      yield* Effect.flatMap(models.embedding, index.check)
      const [vector] = query.mode === "keyword" ? [] : yield* models.embed([Tokenizer.content(query.text)], "query")
      const hits = yield* ask({ vector: Option.getOrNull(vector ?? Option.none()), terms }, query, LANE_LIMIT)
      const greatest = Math.max(...hits.map(({ score }) => score), Number.MIN_VALUE)
      return {
        dense: Either.right([]),
        hits: [],
        words: undefined,
        fused: new Map(hits.map(({ score, unitId }) => [unitId, score / greatest]))
      }
    })

  /** Asks the lanes and fuses what they found. */
  const recall = (query: SearchQuery, terms: ReadonlyArray<string>) =>
    index.fused !== undefined && query.mode !== "semantic"
      ? Effect.catchAll(
        together(query, terms, index.fused),
        ({ message }) => separate(query, terms, Either.left(`search in Qdrant: ${message}`))
      )
      : Effect.flatMap(
        query.mode === "keyword" ? Effect.succeed(Either.right([])) : semantic(query),
        (dense) => separate(query, terms, dense)
      )

  /** Reads the units that were found, their neighbours, and how their words are matched. */
  const gather = (query: SearchQuery, terms: ReadonlyArray<string>, { fused, words }: Recalled, pool: number) =>
    Effect.gen(function*() {
      const found = [...fused].sort(byScore).map(([unitId]) => unitId)
      const neighbours = yield* store.neighbours(found.slice(0, LENDERS))
      const ids = new Set([...found.slice(0, pool), ...neighbours.map(([, other]) => other)])
      // A neighbour comes from outside the lanes, and the index may not know of the latest changes.
      const units = (yield* store.units([...ids])).filter((unit) => passes(unit, query))
      const matches = words?.matches ?? matchesOf(units, terms)
      return { lexical: words?.lexical ?? bm25(matches), matches, neighbours, units }
    })

  const rerank = (query: SearchQuery, placed: ReadonlyArray<Placed>) =>
    isReranked && placed.length > 1
      ? Reranker.rerank(models.rerank, query.text, placed)
      : Effect.succeed({ degraded: [], opinions: new Map<string, LaneScore>(), order: placed })

  const search = (request: SearchQuery) =>
    Effect.gen(function*() {
      const query = { ...request, projects: Project.asked(yield* store.projects, request.projects) }
      const { dates, rest } = namedIn(query.text)
      const terms = Tokenizer.queryLexemes(query.text).slice(0, MAX_TERMS)
      const wanted = isReranked ? Math.max(Reranker.READ, query.limit) : query.limit
      // Neighbours and sessions lift no unit far, a date does.
      const pool = dates.length > 0 ? Infinity : Math.max(LENDERS, 3 * wanted)

      const recalled = yield* recall(query, terms)
      const gathered = yield* gather(query, terms, recalled, pool)
      const ranked = distinct(place(gathered.units, recalled.fused, gathered.neighbours, dates), wanted)
      const { degraded, opinions, order } = yield* rerank(query, ranked)
      return {
        results: explain({ dates, gathered, hits: recalled.hits, opinions, order, query, ranked, rest, terms }),
        degraded: [...(Either.isLeft(recalled.dense) ? [recalled.dense.left] : []), ...degraded]
      }
    })

  return {
    search: Effect.fn("Retriever.search")((query: SearchQuery) =>
      inFlight(Effect.provideService(search(query), CurrentProject, projectOf(query)))
    )
  } satisfies Retriever["Type"]
})

/** Scores the results by how well the first one answers, and says why each of them was found. */
const explain = ({ dates, gathered: { lexical, matches }, hits, opinions, order, query, ranked, rest, terms }: {
  readonly query: SearchQuery
  readonly terms: ReadonlyArray<string>
  /** Dates that the question names, and the question without them. */
  readonly dates: ReturnType<typeof namedIn>["dates"]
  readonly rest: string
  readonly gathered: { readonly lexical: ReadonlyArray<LexicalScore>; readonly matches: LexicalMatches }
  readonly hits: ReadonlyArray<Hit>
  /** Before and after reranking. */
  readonly ranked: ReadonlyArray<Placed>
  readonly order: ReadonlyArray<Placed>
  /** The reranker's scores, by unit. */
  readonly opinions: ReadonlyMap<string, LaneScore>
}): ReadonlyArray<SearchResult> => {
  const reasons = reasonsFor(matches, terms, lexical, hits)
  // A neighbour that was lifted to the top answers with the words of those that lifted it.
  const strength = ({ lenders, unit }: Placed) =>
    Math.max(...[unit.id, ...lenders].map((id) => reasons.keyword(id)?.score ?? 0))
  // A unit of the date that is named need not hold its words.
  const undated = new Set(Tokenizer.queryLexemes(rest))
  const asked = ({ unit }: Placed) =>
    reasons.idf.filter((_, i) => undated.has(terms[i]!) || !dates.some((date) => isOn(unit.occurredAt, date)))
  const first = ranked[0]
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

  // A place has its score, whichever unit the reranker puts there.
  return order.slice(0, query.limit).map(({ boosts, neighbours, unit }, i): SearchResult => ({
    unit,
    score: Math.min(1, confidence * ranked[i]!.score / best),
    why: {
      keyword: reasons.keyword(unit.id),
      semantic: reasons.semantic(unit.id),
      rerank: opinions.get(unit.id) ?? null,
      neighbours,
      boosts,
      matched: reasons.matched(unit.id).map((term) => terms[term]!)
    }
  })).filter(({ score }) => score >= query.minScore)
}

/** Returns the project that is asked about, where it is a single one. */
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
