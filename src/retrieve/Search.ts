/**
 * Finds the units that answer a question, in five steps. Recall asks the lanes and fuses their lists; gather reads the
 * units; boost adds the scores of their surroundings; rerank asks a model for their order, if one is set; explain
 * scores each and gives the reasons. Without Effect, since the hook's entry searches too.
 */
import { IS_CJK } from "../domain/Cjk.ts"
import { isEveryday, isTalk } from "../domain/EverydayWords.ts"
import { isInContext, passes } from "../domain/Filter.ts"
import { resolveRequested } from "../domain/KnownProjects.ts"
import { fieldsOf, sumOf } from "../domain/Lexical.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { isReplacedInPart } from "../domain/ReplacedInPart.ts"
import { isPersons, mustNotDisplace, rankOf } from "../domain/SavedBy.ts"
import type {
  InContext,
  LaneScore,
  Respelt,
  SearchFilter,
  SearchQuery,
  SearchResponse,
  SearchResult
} from "../domain/Search.ts"
import type { Eventual, Steps } from "../domain/Steps.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import type { Hit } from "../index/VectorIndex.ts"
import type { LexicalMatches } from "../store/MemoryStore.ts"
import type { Reads } from "../store/Reads.ts"
import { confidenceIn } from "./Confidence.ts"
import { type Current, current } from "./Current.ts"
import { datesIn, isOn } from "./Dates.ts"
import { type Evidence, evidenceIn, weigh } from "./Evidence.ts"
import { bm25, fuse, type LexicalScore } from "./Fusion.ts"
import { RANKING, type Ranking } from "./Ranking.ts"
import type { Reranked } from "./Reranker.ts"
import { respell, suspectsIn } from "./Spelling.ts"
import { attainable, boost, type Boosted } from "./Surroundings.ts"
import * as Terms from "./Terms.ts"
import type { Term } from "./Terms.ts"

/** Most units that each lane returns, and units of the fused list whose neighbours are read. */
export const LANE_LIMIT = 300
const NEIGHBOUR_SOURCES = 60
/** Times as many units of the list are ranked when too few of them are left. */
const MORE = 3
/** A unit is dropped when a better one contains this share of its words. */
const DUPLICATE_SHARE = 0.8
/** Units among which evidence is looked for, the best of the lexical lane. */
const EVIDENCE_DEPTH = 20

const NOTHING: LexicalMatches = { documents: 0, averageLength: 0, documentFrequencies: [], candidates: [] }

/** The dense lane's hits, and why it could not be asked. */
export interface Dense {
  readonly hits: ReadonlyArray<Hit>
  readonly degraded: ReadonlyArray<string>
}

/** The dense lane of a search by words. */
export const NO_DENSE: Dense = { hits: [], degraded: [] }

/** Matches the terms in these units alone, as the lexical lane would; every term counts as equally rare. */
const matchesIn = (units: ReadonlyArray<MemoryUnit>, terms: ReadonlyArray<Term>): LexicalMatches => {
  const lexemes = Terms.lexemesOf(terms)
  const termIndex = new Map(lexemes.map((lexeme, i) => [lexeme, i]))
  const candidates = units.map((unit) => ({
    unitId: unit.id,
    ...sumOf(fieldsOf(unit), termIndex)
  }))
  const lengths = candidates.flatMap((each) => each.lengths)
  return Terms.matchesOf(terms, {
    documents: units.length,
    averageLength: lengths.reduce((sum, n) => sum + n, 0) / Math.max(1, units.length),
    documentFrequencies: lexemes.map(() => 0),
    candidates
  })
}

/** True when a better unit has the share of the words that makes one a duplicate, and all of them that were asked. */
const isMostly = (words: ReadonlySet<string>, better: ReadonlySet<string>, asked: ReadonlySet<string>): boolean => {
  let others = words.size - Math.ceil(DUPLICATE_SHARE * Math.max(1, words.size))
  for (const word of words) if (!better.has(word) && (asked.has(word) || --others < 0)) return false
  return others >= 0
}

interface Kept {
  readonly boosted: Boosted
  readonly words: ReadonlySet<string>
  /** Words of what was found here first: what follows is a duplicate of it, not of each that came in its place. */
  readonly first: ReadonlySet<string>
}

const hasOwn = (words: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...words].some((word) => !others.has(word))

/**
 * Tests whether a unit says nearly the same as a better one, and is to be told in its place: it was wanted more, or it is newer and says
 * another thing, as "500 requests a minute" in place of 100. What a person saved, and the better one alone says, stays; so does a pin.
 */
const holdsInPlace = (other: Kept, better: Kept, asked: ReadonlySet<string>): boolean => {
  const [a, b] = [other.boosted.unit, better.boosted.unit]
  const more = rankOf(a) - rankOf(b)
  const saysMore = hasOwn(better.words, other.words)
  const isNewer = a.occurredAt > b.occurredAt && a.type === b.type && hasOwn(other.words, better.words) && saysMore
  return a.projectId === b.projectId && isMostly(better.first, other.words, asked) &&
    (more > 0 && !(isPersons(b) && saysMore) || more >= 0 && isNewer && !b.pinned)
}

/** Tests whether a unit has a word that a better one lacks, and was wanted more, or by the person too and is newer or pinned. */
const holdsBeside = (other: Kept, better: Kept): boolean => {
  const [a, b] = [other.boosted.unit, better.boosted.unit]
  const isWanted = rankOf(a) > rankOf(b) || isPersons(a) && isPersons(b) && (a.pinned || a.occurredAt > b.occurredAt)
  return isWanted && hasOwn(other.words, better.words)
}

/** Returns the words of a unit that say something: a title is a person's only where they saved or changed the unit. */
const wordsOf = (unit: MemoryUnit): ReadonlySet<string> =>
  new Set(Tokenizer.lexemesOnce(isPersons(unit) ? `${unit.title}\n${unit.content}` : unit.content))

/** A unit's place in a list: one that was replaced and that which holds in its place count once. */
const placeOf = ({ unit }: Boosted): string => (isReplacedInPart(unit) ? undefined : unit.replacedBy) ?? unit.id

/**
 * Keeps the units of the first `limit` places, and drops those whose words a better one contains. Of two that say nearly the same, what was
 * saved or pinned, else the newer, stands in the place of the better, unless a time was asked for.
 */
const distinct = (
  ranked: ReadonlyArray<Boosted>,
  limit: number,
  asked: ReadonlySet<string>,
  isDated: boolean
): ReadonlyArray<Boosted> => {
  const kept: Array<Kept> = []
  const places = new Set<string>()
  for (const boosted of ranked) {
    const place = placeOf(boosted)
    if (places.size === limit && !places.has(place)) break
    const words = wordsOf(boosted.unit)
    const one = { boosted, words, first: words }
    const isInPlace = (better: Kept) => !isDated && holdsInPlace(one, better, asked)
    const at = kept.findIndex((better) =>
      !mustNotDisplace(better.boosted.unit, boosted.unit) && isMostly(words, better.first, asked) &&
      (isInPlace(better) || !holdsBeside(one, better))
    )
    const better = kept[at]
    if (better === undefined) {
      kept.push(one)
      places.add(place)
    } else if (isInPlace(better)) {
      kept[at] = { boosted: { ...boosted, score: better.boosted.score }, words, first: better.first }
      places.delete(placeOf(better.boosted))
      places.add(place)
    }
  }
  return kept.map(({ boosted }) => boosted)
}

/** Returns the score that the last of `limit` places has, 0 if some are free. */
const lastOf = (kept: ReadonlyArray<Boosted>, limit: number): number =>
  new Set(kept.map(placeOf)).size < limit ? 0 : kept.at(-1)!.score

/** Results of both lanes. `lexicalLane` is undefined when the index fused the lanes itself. */
export interface Recalled extends Dense {
  readonly lexicalLane: { readonly lexical: ReadonlyArray<LexicalScore>; readonly matches: LexicalMatches } | undefined
  /** Scores by unit, the higher the better. */
  readonly fused: ReadonlyMap<string, number>
}

/** Asks the lexical lane. */
function* lexicalLane<Y>(
  store: Reads<Y>,
  filter: SearchFilter,
  terms: ReadonlyArray<Term>
): Steps<Y, LexicalMatches> {
  return terms.length === 0
    ? NOTHING
    : Terms.matchesOf(terms, yield* store.lexical(Terms.lexemesOf(terms), filter, LANE_LIMIT))
}

/** Frequent words of Chinese about software, by which a memory that holds Chinese is recognized. */
export const CHINESE_WORDS = ["需要", "问题", "使用", "直接", "现在", "原因", "测试", "文件", "改成", "数据"]
/** Least share of the units that holds one of them. */
const CHINESE_SHARE = 0.02

/** Tests whether a memory holds Chinese. */
function* holdsChinese<Y>(store: Reads<Y>, filter: SearchFilter): Steps<Y, boolean> {
  const { documentFrequencies, documents } = yield* store.lexical(CHINESE_WORDS, filter, 0)
  return documents > 0 && Math.max(...documentFrequencies) >= CHINESE_SHARE * documents
}

/** Tests the same where it matters: where no unit contains a Chinese term. */
function* missesChinese<Y>(
  store: Reads<Y>,
  filter: SearchFilter,
  terms: ReadonlyArray<Term>,
  { documentFrequencies }: LexicalMatches
): Steps<Y, boolean> {
  const isMissing = terms.some(({ isBetween, lexeme }, i) =>
    documentFrequencies[i] === 0 && isBetween !== true && IS_CJK.test(lexeme)
  )
  return isMissing && (yield* holdsChinese(store, filter))
}

/** Returns the terms of a question; those of an English one stand for their Chinese words too, where the memory holds Chinese. */
export function* termsFor<Y>(
  store: Reads<Y>,
  filter: SearchFilter,
  text: string,
  ranking = RANKING
): Steps<Y, ReadonlyArray<Term>> {
  const terms = Terms.termsOf(text, ranking)
  if (terms.length === 0 || IS_CJK.test(text)) return terms
  return (yield* holdsChinese(store, filter)) ? Terms.inChineseToo(terms) : terms
}

/** A query, what the lexical lane found for its text and filter, where that is known, and how long vectors are waited for. */
export interface Asked extends SearchQuery {
  readonly matches?: LexicalMatches
  /** Milliseconds to wait for vectors. */
  readonly vectorsWithin?: number | undefined
}

/** Asks the lexical lane, and fuses its list with that of the dense lane. */
export function* searchLanes<Y>(
  store: Reads<Y>,
  query: Asked,
  terms: ReadonlyArray<Term>,
  dense: Dense,
  ranking = RANKING
): Steps<Y, Recalled> {
  const matches = query.mode === "semantic" ? NOTHING : query.matches ?? (yield* lexicalLane(store, query, terms))
  const lexical = bm25(matches, ranking)
  return { ...dense, lexicalLane: { lexical, matches }, fused: fuse(lexical, dense.hits, ranking) }
}

/** The units found, and how their words match. */
interface Gathered {
  readonly lexical: ReadonlyArray<LexicalScore>
  readonly matches: LexicalMatches
  readonly neighbours: ReadonlyArray<readonly [string, string, number]>
  readonly units: ReadonlyArray<MemoryUnit>
  /** Ids that were not read, since their units can't reach `floor`. */
  readonly skipped: ReadonlyArray<string>
  readonly floor: number
}

/** What is wanted of the best: at least this share of the first one's score, and one of so many places. */
interface Wanted {
  readonly minShare: number
  readonly places: number
  /** Words that were asked for. */
  readonly asked: ReadonlySet<string>
}

/**
 * Returns a function that reads the best units found, so many of them, and their neighbours, and matches their words. Of these it reads only
 * what can have what is `wanted`: a memory of one subject has hundreds that match, of which few are told.
 */
function* gathering<Y>(
  store: Reads<Y>,
  terms: ReadonlyArray<Term>,
  { fused, lexicalLane }: Recalled,
  isResult: (unit: MemoryUnit) => boolean,
  ranking: Ranking
) {
  const found = [...fused].sort(byScore).map(([unitId]) => unitId)
  const sources = found.slice(0, NEIGHBOUR_SOURCES)
  const neighbours = yield* store.neighbours(sources)
  const scores = { fused, lexical: lexicalLane?.lexical ?? [] }
  const known = new Map<string, MemoryUnit | undefined>()
  function* read(ids: ReadonlyArray<string>): Steps<Y, ReadonlyArray<MemoryUnit>> {
    const fresh = ids.filter((id) => !known.has(id))
    for (const id of fresh) known.set(id, undefined)
    for (const unit of fresh.length === 0 ? [] : yield* store.units(fresh)) {
      if (isResult(unit)) known.set(unit.id, unit)
    }
    return ids.flatMap((id) => known.get(id) ?? [])
  }
  /** Returns the score that the sources give what is wanted: theirs are known once these are read. */
  function* floorFor({ asked, minShare, places }: Wanted): Steps<Y, number> {
    const boosted = boost(yield* read(sources), scores, neighbours, [], ranking)
    const least = leastOf(minShare, boosted[0])
    // The last place is no higher than if all units were distinct.
    const most = boosted[places - 1]?.score ?? 0
    return most <= least
      ? least
      : Math.max(least, (1 - ROUNDED) * lastOf(distinct(boosted, places, asked, false), places))
  }
  return function*(pool: number, wanted: Wanted | undefined): Steps<Y, Gathered> {
    const ids = [...new Set([...found.slice(0, pool), ...neighbours.map(([, other]) => other)])]
    const floor = wanted === undefined ? 0 : yield* floorFor(wanted)
    const mostOf = attainable(scores, neighbours, ranking)
    const near = new Set(ids.filter((id) => known.has(id) || mostOf(id) >= floor))
    const units = yield* read(ids.filter((id) => near.has(id)))
    const matches = lexicalLane?.matches ?? matchesIn(units, terms)
    return {
      lexical: lexicalLane?.lexical ?? bm25(matches),
      matches,
      neighbours,
      units,
      skipped: ids.filter((id) => !near.has(id)),
      floor
    }
  }
}

/** Scores the results relative to how well the first one answers, and gives the reasons for which each was found. */
const explain = (
  { dates, gathered: { lexical, matches, units }, hits, isChinese, order, query, ranked, rerankScores, rest, terms }: {
    readonly query: SearchQuery
    readonly terms: ReadonlyArray<Term>
    /** Dates that the question names, and, in `rest`, the question without them. */
    readonly dates: ReturnType<typeof datesIn>["dates"]
    readonly rest: string
    readonly gathered: Pick<Gathered, "lexical" | "matches" | "units">
    readonly hits: ReadonlyArray<Hit>
    /** True where a Chinese word is missing that the memory, which holds Chinese, could have. */
    readonly isChinese: boolean
    /** The units before and after reranking. */
    readonly ranked: ReadonlyArray<Boosted>
    readonly order: ReadonlyArray<Current<Boosted>>
    /** The reranker's scores, by unit. */
    readonly rerankScores: ReadonlyMap<string, LaneScore>
  }
): ReadonlyArray<SearchResult> => {
  const reasons = reasonsFor(lexical, hits)
  const first = ranked[0]
  const undated = new Set(Terms.termsOf(rest).map(({ lexeme }) => lexeme))
  // A unit of a named date need not contain the date's words.
  const isImplied = ({ lexeme }: Term) =>
    first !== undefined && !undated.has(lexeme) && dates.some((date) => isOn(first.unit.occurredAt, date))
  const best = first?.score ?? 0
  const nearest = hits.find(({ unitId }) => unitId === first?.unit.id)?.score ?? hits[0]?.score ?? 0
  // Matched words decide in a hybrid list. When no unit contains any of them, a cosine below 0.5 means little.
  const confidence = first === undefined
    ? 0
    : query.mode === "semantic"
    ? Math.max(0, nearest)
    : lexical.length > 0
    ? confidenceIn(first, units, terms, matches, isImplied, isChinese)
    : Math.max(0, 2 * nearest - 1)

  // Scores belong to the places before reranking: a unit gets the score of the place to which the reranker moves it.
  return order.slice(0, query.limit).map(({ boosts, neighbours, replaces, unit }, i): SearchResult => ({
    unit,
    ...(replaces.length > 0 && { replaces }),
    // What holds in place of a part of another adds a place.
    score: Math.min(1, confidence * ranked[Math.min(i, ranked.length - 1)]!.score / best),
    why: {
      keyword: reasons.keyword(unit.id),
      semantic: reasons.semantic(unit.id),
      rerank: rerankScores.get(unit.id) ?? null,
      neighbours,
      boosts,
      matched: reasons.matched(unit.id).map((term) => terms[term]!.lexeme)
    }
  })).filter(({ score }) => score >= query.minScore)
}

const byScore = ([a, x]: readonly [string, number], [b, y]: readonly [string, number]) => y - x || (a < b ? -1 : 1)

const reasonsFor = (lexical: ReadonlyArray<LexicalScore>, hits: ReadonlyArray<Hit>) => {
  const lexicalRank = new Map(lexical.map(({ parts, score, unitId }, i) => [unitId, { rank: i + 1, score, parts }]))
  const denseRank = new Map(hits.map(({ score, unitId }, i) => [unitId, { rank: i + 1, score }]))
  return {
    matched: (unitId: string) => (lexicalRank.get(unitId)?.parts ?? []).flatMap((part, term) => part > 0 ? [term] : []),
    keyword: (unitId: string) => {
      const found = lexicalRank.get(unitId)
      return found === undefined ? null : { rank: found.rank, score: found.score }
    },
    semantic: (unitId: string) => denseRank.get(unitId) ?? null
  }
}

/** What a search asks, beside the store. */
export interface Lanes<Y> {
  readonly store: Reads<Y>
  /** Asks the lanes and fuses their lists. */
  readonly recall: (query: Asked, terms: ReadonlyArray<Term>) => Eventual<Y, Recalled>
  /** A model that reranks the best, up to a depth. */
  readonly rerank: {
    readonly depth: number
    readonly ask: (question: string, found: ReadonlyArray<Boosted>) => Eventual<Y, Reranked<Boosted>>
  } | undefined
}

/** A search, of which only results with some share of the best one's score are used. */
export interface SearchRequest extends Asked {
  readonly minShare?: number
  /** True when a word that no unit contains may stand for one that is spelt nearly so; not beside `matches`, which are of its own words. */
  readonly respells?: boolean
  /** True when no model that reranks may be asked. */
  readonly isImmediate?: boolean
  /** True for a unit that is no result. */
  readonly leavesOut?: (unit: MemoryUnit) => boolean
}

/** Scores are rounded: what differs by this share of one may be as good. */
const ROUNDED = 1e-6

/** Returns the least score that may be that share of the best. */
const leastOf = (minShare: number, best: Boosted | undefined): number => (minShare - ROUNDED) * (best?.score ?? 0)

/** Returns the question with other words in the place of those that are misspelt, as the memory shows; undefined where none is. */
function* respeltIn<Y>(
  store: Reads<Y>,
  text: string,
  filter: SearchFilter,
  terms: ReadonlyArray<Term>,
  { documentFrequencies }: LexicalMatches
): Steps<Y, Respelt | undefined> {
  const absent = new Set(terms.filter((_, i) => documentFrequencies[i] === 0).map(({ lexeme }) => lexeme))
  const suspects = suspectsIn(text, absent)
  if (suspects.length === 0) return undefined
  const lexemes = [...new Set(suspects.flatMap(({ spellings }) => [...spellings.keys()]))]
  const units = (yield* store.lexical(lexemes, filter, 0)).documentFrequencies
  const unitsWith = new Map(lexemes.map((lexeme, i) => [lexeme, units[i]!]))
  return respell(text, suspects, (lexeme) => unitsWith.get(lexeme)!)
}

export function* search<Y>(
  lanes: Lanes<Y>,
  { leavesOut = () => false, minShare = 0, respells = false, ...request }: SearchRequest,
  ranking = RANKING
): Steps<Y, SearchResponse> {
  const { recall, rerank, store } = lanes
  const query = { ...request, projects: resolveRequested(yield* store.projects, request.projects) }
  const { dates, rest } = datesIn(query.text)
  const terms = yield* termsFor(store, query, query.text, ranking)
  const asked = new Set(Terms.lexemesOf(terms))
  const wanted = Math.max(rerank?.depth ?? 0, query.limit)
  const recalled = yield* recall(query, terms)
  if (respells && recalled.lexicalLane !== undefined) {
    const respelt = yield* respeltIn(store, query.text, query, terms, recalled.lexicalLane.matches)
    if (respelt !== undefined) {
      return { ...(yield* search(lanes, { ...request, leavesOut, minShare, text: respelt.text }, ranking)), respelt }
    }
  }
  // A date may raise a unit from anywhere, and a model may rank first what is last here.
  const isBounded = dates.length === 0 && rerank === undefined && recalled.lexicalLane !== undefined
  // Filtered again: the lanes did not filter a neighbour, and the index may lag behind the store.
  const isResult = (unit: MemoryUnit) => passes(unit, query) && !isInContext(unit, query.inContext) && !leavesOut(unit)
  const gather = yield* gathering(store, terms, recalled, isResult, ranking)
  /** Ranks the best of the fused list, `pool` of them, as far as they can have one of so many places. */
  function* rankedAmong(pool: number, places: number) {
    const gathered = yield* gather(pool, isBounded ? { minShare, places, asked } : undefined)
    const boosted = boost(
      gathered.units,
      { fused: recalled.fused, lexical: gathered.lexical },
      gathered.neighbours,
      dates,
      ranking
    )
    const least = leastOf(minShare, boosted[0])
    const eligible = rerank === undefined ? boosted.filter(({ score }) => score >= least) : boosted
    const ranked = distinct(eligible, wanted, asked, dates.length > 0)
    const isAllEligible = eligible.length === boosted.length && gathered.skipped.length === 0
    // Near-copies may have taken the places of all others, which are further down then.
    const isShort = ranked.length < wanted && isAllEligible && pool < recalled.fused.size
    // What was read since may have taken the place of one that gave the floor.
    const isSure = gathered.floor <= Math.max(least, lastOf(ranked, wanted))
    return { gathered, ranked, isShort, isSure }
  }
  // Neighbours and sessions raise a unit little, but a date may raise one from anywhere in the list; and the best may
  // all be of the session itself.
  const nearby = dates.length > 0 || query.inContext !== undefined ? Infinity : Math.max(NEIGHBOUR_SOURCES, 3 * wanted)
  let found = yield* rankedAmong(nearby, wanted)
  if (!found.isSure) found = yield* rankedAmong(nearby, Infinity)
  for (let pool = nearby * MORE; found.isShort; pool *= MORE) found = yield* rankedAmong(pool, Infinity)
  const { gathered, ranked } = found
  const { degraded, order, scores }: Reranked<Boosted> = rerank !== undefined && ranked.length > 1
    ? yield* rerank.ask(query.text, ranked)
    : { degraded: [], scores: new Map(), order: ranked }
  // How surely the first one answers is seen by its session, too.
  const first = ranked[0]?.unit
  const unread = first === undefined || gathered.skipped.length === 0
    ? []
    : (yield* store.units(gathered.skipped, first.sessionId)).filter(isResult)
  // A name may stand in a longer one, as DATABASE_POOL in DATABASE_POOL_SIZE.
  const isPartOfName = ({ lexeme, within }: Term) =>
    within !== undefined &&
    ranked.some(({ unit }) => `${unit.title}\n${unit.content}`.toLowerCase().includes(lexeme))
  const absent = terms.filter((term, i) =>
    recalled.lexicalLane?.matches.documentFrequencies[i] === 0 && !isPartOfName(term)
  )
  return {
    ...(absent.length > 0 && { absent: absent.map(({ lexeme }) => lexeme) }),
    results: explain({
      dates,
      gathered: { ...gathered, units: [...gathered.units, ...unread] },
      hits: recalled.hits,
      isChinese: yield* missesChinese(store, query, terms, gathered.matches),
      order: yield* current(
        order,
        store.units,
        isResult
      ),
      query,
      ranked,
      rerankScores: scores,
      rest,
      terms
    }),
    degraded: [...recalled.degraded, ...degraded]
  }
}

/** With `isSaved` it is looked for in what was saved on purpose, and words of everyday work count, too. */
export interface EvidenceRequest extends Pick<SearchQuery, "isSaved" | "projects" | "text"> {
  readonly inContext?: ReadonlyArray<InContext> | undefined
}

/** Evidence, and the matches in which it was looked for, for a search with the weighed text and the same projects. */
export interface Found extends Evidence {
  readonly matches: LexicalMatches
  /** The text that was weighed, where a word of the other was taken for misspelt. */
  readonly respelt?: string
}

/** Weighs the words of a text and finds those that stand together in a unit; one that is misspelt counts as what was meant. */
export function* evidence<Y>(store: Reads<Y>, request: EvidenceRequest, respells = true): Steps<Y, Found> {
  const { inContext, isSaved = false, projects, text } = request
  const filter = { projects: resolveRequested(yield* store.projects, projects), ...(isSaved && { isSaved }) }
  const terms = yield* termsFor(store, filter, text)
  const matches = yield* lexicalLane(store, filter, terms)
  const ids = bm25(matches).map(({ unitId }) => unitId)
  const units: Array<MemoryUnit> = []
  // The best may all be of the session itself.
  for (let read = 0; read < ids.length && units.length < EVIDENCE_DEPTH; read += EVIDENCE_DEPTH) {
    const next = yield* store.units(ids.slice(read, read + EVIDENCE_DEPTH))
    units.push(...next.filter((unit) => passes(unit, filter) && !isInContext(unit, inContext)))
  }
  const words = weigh(terms, matches, isSaved ? isTalk : isEveryday)
  const found = { ...evidenceIn(words, units.slice(0, EVIDENCE_DEPTH)), matches }
  // Where nothing is about the other words, one more makes no difference.
  const isNear = respells && found.testimonies.some(({ bits }) => bits > 0)
  const respelt = isNear ? yield* respeltIn(store, text, filter, terms, matches) : undefined
  return respelt === undefined
    ? found
    : { ...(yield* evidence(store, { ...request, text: respelt.text }, false)), respelt: respelt.text }
}
