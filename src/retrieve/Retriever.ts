/**
 * Finds the units that answer a question (Search.ts): asks the index and the models, as far as there are any.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { YieldWrap } from "effect/Utils"
import { maskTexts } from "../capture/redact/Masking.ts"
import { isInContext } from "../domain/Filter.ts"
import { resolveRequested } from "../domain/KnownProjects.ts"
import type { SearchQuery, SearchResponse } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { type IndexError, VectorIndex } from "../index/VectorIndex.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { type ModelError, ModelManager, vectorsOf } from "../models/ModelManager.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { asksOnlyWhen, datesIn, spanOf } from "./Dates.ts"
import * as Glossary from "./Glossary.ts"
import * as Reranker from "./Reranker.ts"
import {
  type Asked,
  type Dense,
  evidence,
  type EvidenceRequest,
  type Found,
  LANE_LIMIT,
  NO_DENSE,
  type Recalled,
  search,
  searchLanes,
  type SearchRequest
} from "./Search.ts"
import type { Boosted } from "./Surroundings.ts"
import * as Terms from "./Terms.ts"

export type { EvidenceRequest, SearchRequest } from "./Search.ts"

/** Longest wait for vectors in a search, local or remote, in milliseconds. An import waits longer. */
const LONGEST_WAIT_MS = 12_000
/** Longest wait while what makes or finds them is away: for `AWAY_MS` after at least as long a wait was in vain. */
const BRIEF_WAIT_MS = 1_000
const AWAY_MS = 60_000

const NO_REASON = { keyword: null, semantic: null, rerank: null, neighbours: 0, matched: [] }

/** What a search's steps wait for. */
type Waited = YieldWrap<Effect.Effect<unknown, StoreError>>

const withoutDense = (degraded: string): Dense => ({ hits: [], degraded: [degraded] })

/** Returns what is embedded of a question: what it asks, and what its Chinese and Japanese words mean. */
export const embeddedOf = ({ text }: Pick<SearchQuery, "text">): string =>
  [Tokenizer.withoutQuestionWords(text), ...Glossary.translationsIn(text).flatMap(({ translations }) => translations)]
    .join(" ")

/** Returns the project of a query that names exactly one. */
const projectOf = ({ projects }: SearchQuery): string | null =>
  projects !== "all" && projects.length === 1 ? projects[0]! : null

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const index = yield* VectorIndex
  const models = yield* ModelManager
  const described = yield* models.describe(false)
  const isReranked = described.some(({ role }) => role === "rerank")
  /** Masks a question that goes over the network, as all that is remembered is. */
  const toSend = (asked: "embedding" | "rerank", question: string) =>
    described.some(({ origin, role }) => role === asked && origin !== null)
      ? Effect.map(maskTexts([question]), ([masked = ""]) => masked)
      : Effect.succeed(question)
  const embedded = (query: Pick<SearchQuery, "text">) =>
    Effect.flatMap(
      toSend("embedding", query.text),
      (text) => Effect.map(vectorsOf(models, [embeddedOf({ text })], "query"), ([vector = Option.none()]) => vector)
    )

  /** Time at which vectors were waited for in vain, in milliseconds since the epoch. */
  let missedAt = Number.NEGATIVE_INFINITY
  const inTime = <A>(
    { vectorsWithin = LONGEST_WAIT_MS }: Asked,
    asking: Effect.Effect<A, ModelError | IndexError>
  ): Effect.Effect<A, { readonly message: string }> =>
    Effect.gen(function*() {
      const from = yield* Clock.currentTimeMillis
      const isAway = from - missedAt < AWAY_MS
      const within = Duration.millis(isAway ? Math.min(vectorsWithin, BRIEF_WAIT_MS) : vectorsWithin)
      return yield* asking.pipe(
        Effect.timeoutFail({
          duration: within,
          onTimeout: () => ({ message: `no answer within ${Duration.format(within)}` })
        }),
        Effect.tapBoth({
          onSuccess: () => Effect.sync(() => missedAt = Number.NEGATIVE_INFINITY),
          onFailure: () =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              if (!isAway && now - from >= BRIEF_WAIT_MS) missedAt = now
            })
        })
      )
    })

  /** Asks the dense lane. */
  const searchDense = (query: Asked): Effect.Effect<Dense> =>
    Effect.catchAll(
      inTime(
        query,
        Effect.gen(function*() {
          yield* Effect.flatMap(models.embedding, index.check)
          const vector = yield* embedded(query)
          if (Option.isNone(vector)) {
            return withoutDense(
              "semantic search: the model knows no word of the question (the package's own knows English)"
            )
          }
          return { hits: yield* index.search(vector.value, query, LANE_LIMIT), degraded: [] }
        })
      ),
      ({ message }) => Effect.succeed(withoutDense(`semantic search: ${message}`))
    )

  const lanes = (query: Asked, terms: ReadonlyArray<Terms.Term>, dense: Dense) =>
    Effect.gen(() => searchLanes<Waited>(store, query, terms, dense))

  /** Asks the index for one fused list of both lanes; its scores say nothing beyond their order. */
  const searchFusedIndex = (
    query: SearchQuery,
    terms: ReadonlyArray<Terms.Term>,
    ask: NonNullable<VectorIndex["Type"]["fused"]>
  ): Effect.Effect<Recalled, ModelError | IndexError> =>
    Effect.gen(function*() {
      yield* Effect.flatMap(models.embedding, index.check)
      const vector = query.mode === "keyword" ? null : Option.getOrNull(yield* embedded(query))
      const asked = { vector, terms: Terms.lexemesOf(terms) }
      const hits = yield* ask(asked, query, LANE_LIMIT)
      const greatest = Math.max(...hits.map(({ score }) => score), Number.MIN_VALUE)
      return {
        ...NO_DENSE,
        lexicalLane: undefined,
        fused: new Map(hits.map(({ score, unitId }) => [unitId, score / greatest]))
      }
    })

  /** Asks the lanes and fuses their lists. */
  const recall = (query: Asked, terms: ReadonlyArray<Terms.Term>) =>
    index.fused !== undefined && query.mode !== "semantic"
      ? Effect.catchAll(
        inTime(query, searchFusedIndex(query, terms, index.fused)),
        ({ message }) => lanes(query, terms, withoutDense(`search in Qdrant: ${message}`))
      )
      : Effect.flatMap(
        query.mode === "keyword" ? Effect.succeed(NO_DENSE) : searchDense(query),
        (dense) => lanes(query, terms, dense)
      )

  const rerank = isReranked
    ? {
      depth: Reranker.RERANK_DEPTH,
      ask: (question: string, found: ReadonlyArray<Boosted>) =>
        Effect.flatMap(toSend("rerank", question), (masked) => Reranker.rerank(models.rerank, masked, found))
    }
    : undefined

  /** Finds what is of the only thing that a question asks for, a day or a month: the newest first; nothing for another question. */
  const searchDate = (request: SearchRequest) =>
    Effect.gen(function*() {
      const { dates: [date, ...others], rest } = datesIn(request.text)
      if (date === undefined || others.length > 0 || request.mode === "semantic" || !asksOnlyWhen(rest)) return []
      const span = spanOf(date, yield* Clock.currentTimeMillis)
      const query = {
        ...request,
        projects: resolveRequested(yield* store.projects, request.projects),
        since: Math.max(span.since, request.since ?? span.since),
        until: Math.min(span.until, request.until ?? span.until)
      }
      const units = yield* store.recent(query, request.limit)
      return units.filter((unit) => !isInContext(unit, request.inContext) && request.leavesOut?.(unit) !== true)
        .map((unit) => ({ unit, score: 1, why: { ...NO_REASON, boosts: { date: 1 } } }))
    })

  return {
    evidence: Effect.fn("Retriever.evidence")((request: EvidenceRequest) =>
      Effect.gen(() => evidence<Waited>(store, request))
    ),
    search: Effect.fn("Retriever.search")((query: SearchRequest) =>
      Effect.flatMap(searchDate(query), (results) =>
        results.length > 0
          ? Effect.succeed({ results, degraded: [] })
          : Effect.provideService(
            Effect.gen(() =>
              search<Waited>({ store, recall, rerank: query.isImmediate === true ? undefined : rerank }, query)
            ),
            CurrentProject,
            projectOf(query)
          ))
    )
  } satisfies Retriever["Type"]
})

/**
 * Searches the store by words, the index by vectors, and has a model rerank the results where one is set. It waits
 * for vectors up to 12 seconds, or as long as the request says.
 */
export class Retriever extends Context.Tag("claude-memory/Retriever")<Retriever, {
  /** Returns results, best first. `degraded` names lanes that could not be asked; only a failing store is an error. */
  readonly search: (query: SearchRequest) => Effect.Effect<SearchResponse, StoreError>
  /** Weighs the words of a text and finds those that stand together in a unit; asks no index and no model. */
  readonly evidence: (request: EvidenceRequest) => Effect.Effect<Found, StoreError>
}>() {
  static readonly layer = Layer.effect(this, make)
}
