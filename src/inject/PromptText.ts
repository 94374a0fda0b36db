/**
 * Writes the text that is injected for a prompt: few items, within a budget, as facts and inside a fence. Without
 * Effect, since the hook's entry writes it too.
 */
import { fence } from "../domain/Fence.ts"
import { isInContext, passes } from "../domain/Filter.ts"
import type { InjectionMode, InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import { resolveForInjection } from "../domain/KnownProjects.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { isFromFiles } from "../domain/NoteFolders.ts"
import type { SearchMode, SearchResponse, SearchResult } from "../domain/Search.ts"
import type { Eventual, Steps } from "../domain/Steps.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Verdict } from "../domain/Verdict.ts"
import { current } from "../retrieve/Current.ts"
import { type Evidence, evidenceIn, feedbackFactor, namedIn, tellingOf, type Testimony } from "../retrieve/Evidence.ts"
import { MAX_FACTOR, MAX_OF_USE } from "../retrieve/Helping.ts"
import type { EvidenceRequest, Found, SearchRequest } from "../retrieve/Search.ts"
import * as Terms from "../retrieve/Terms.ts"
import type { Reads } from "../store/Reads.ts"
import type { BackgroundRequest, Fused } from "./Background.ts"
import { fits, type Measured, measured } from "./Budgets.ts"
import { excerpt } from "./Excerpt.ts"
import { BOUNDS, judge } from "./Judge.ts"
import { MAX_MEMORIES, pointerTo } from "./Pointer.ts"
import { type Item, render, withoutRepeated } from "./Render.ts"
import { withoutLabels } from "./Repeats.ts"
import { select } from "./Selection.ts"
import { AFTER, BEFORE, storyOf } from "./Story.ts"
import { asksForRule } from "./Style.ts"

/** Results below this share of the best one's score are left out, fewer for one who asks. */
const SHARES: Readonly<Record<InjectionMode, number>> = { conservative: 0.8, balanced: 0.7, comprehensive: 0.15 }
const ASKED_SHARES: Readonly<Record<InjectionMode, number>> = { conservative: 0.6, balanced: 0.6, comprehensive: 0.15 }
/** Least score of the best result for one who asks: a question is matched otherwise than a prompt. */
const ASKED_SCORES: Readonly<Record<InjectionMode, number>> = {
  conservative: 0.75,
  balanced: 0.5,
  comprehensive: 0.3
}

/** Least share of a later item that is worth reading, where nobody asked. */
const WORTH = 0.2

/** Least share that the first memory told must itself hold of the bits of the one for which it is spoken. */
const HELD_BY_FIRST = 0.4
/** Least share of the first one's bits that a later memory must hold, where nobody asked: else it is mostly of another subject. */
const HELD_BY_LATER: Readonly<Record<InjectionMode, number>> = { conservative: 0.5, balanced: 0.5, comprehensive: 0 }

/** Least share of the bits of a session's summary that a memory of the session must hold to be told in its place. */
const HELD_OF_SUMMARY = 0.8
/** Share of the bits of a question's words that what was saved must hold to answer it. */
const HELD = 0.75
/** Share of the bits of the best memory told that another must have to be pointed to after it. */
const NEARLY = 0.9

/** Tokens of the budget for each item that may be injected whole. */
const TOKENS_FOR_WHOLE = 420
/** Tokens of an item that is not injected whole, and of the best item's last form, tried when no longer form fits. */
const EXCERPT = 170
const SHORTEST_EXCERPT = 60
/** Results that did not fit, after which no other one is tried: each takes a millisecond, and what follows is worth less. */
const MAX_MISSES = 3
/** Most results that a search asks for. */
const MAX_RESULTS = 60

const NO_REASON = { keyword: null, semantic: null, rerank: null, neighbours: 0, boosts: {} }

export const NOTHING: Response = {
  text: "",
  items: [],
  pointed: [],
  named: [],
  tokens: 0,
  background: false,
  degraded: []
}

/** What is asked of a memory for a text. */
export interface Memory<Y> {
  readonly store: Reads<Y>
  readonly evidence: (request: EvidenceRequest) => Eventual<Y, Found>
  readonly search: (query: SearchRequest) => Eventual<Y, SearchResponse>
  readonly searchMode: SearchMode
  /** Has a model write one text of the items, if one is set. `degraded` says why it could not. */
  readonly fuse: (
    request: BackgroundRequest
  ) => Eventual<Y, { readonly fused?: Fused; readonly degraded: ReadonlyArray<string> }>
  /** Milliseconds since the epoch. */
  readonly now: number
}

type Response = Omit<InjectionResponse, "verdict">

/** Characters of a unit that are looked at first. */
const BEGINNING = 48

/** Recognizes a unit without a word of its own: the same question, asked in another session. */
export const isEcho = (prompt: string) => {
  const asked = new Set(Tokenizer.lexemes(prompt))
  const holds = (text: string) => Tokenizer.lexemes(text).every((lexeme) => asked.has(lexeme))
  return ({ content }: MemoryUnit) => {
    const said = withoutLabels(content.slice(0, BEGINNING))
    // Most units show by their first words that they are none, and whole ones take long to split.
    return holds(said.slice(0, said.lastIndexOf(" ") + 1)) && holds(withoutLabels(content))
  }
}

/** Changes the scores by what a person said of the memories at such prompts; without feedback all stay as they are. */
const withFeedback = (results: ReadonlyArray<SearchResult>, factorOf: (unit: MemoryUnit) => number) => {
  const changed = results.map((result) => ({ ...result, score: result.score * factorOf(result.unit) }))
  return changed.some(({ score }, i) => score !== results[i]!.score)
    ? changed.toSorted((a, b) => b.score - a.score).map((each) => ({ ...each, score: Math.min(1, each.score) }))
    : results
}

/**
 * Tests whether a result is worth telling where nobody asked. The best one is. A later one is when enough of it is worth reading
 * (text/Worth.ts), and an archive only where no better result is of its session: it touches upon all that was done in it.
 */
const isWorthTelling = ({ unit }: SearchResult, better: ReadonlyArray<SearchResult>): boolean =>
  better.length === 0 || unit.quality >= WORTH &&
    !(unit.type === "archive" && better.some((other) => other.unit.sessionId === unit.sessionId))

/**
 * Puts in the place of a session's summary that is the best result the memory of that session which holds nearly as much: the summary
 * says what the session was for, and that what came of it.
 */
const withoutSummaryFirst = (
  results: ReadonlyArray<SearchResult>,
  testimonies: ReadonlyArray<Testimony>,
  weighed: ReadonlyMap<string, number>,
  isWanted: (unit: MemoryUnit) => boolean
): ReadonlyArray<SearchResult> => {
  const [first, ...rest] = results
  if (first?.unit.type !== "archive") return results
  const { sessionId } = first.unit
  const least = HELD_OF_SUMMARY * (weighed.get(first.unit.id) ?? Infinity)
  const instead = testimonies.find(({ bits, unit }) => unit.sessionId === sessionId && bits >= least && isWanted(unit))
  return instead === undefined
    ? results
    : [{ ...first, unit: instead.unit }, ...rest.filter(({ unit }) => unit.id !== instead.unit.id)]
}

/** Results that may be told, best first, and why some lane could not be asked. */
type Relevant = Pick<SearchResponse, "degraded" | "results">

/**
 * Searches, and keeps the results that earn their place: of those that hold nearly the `verdict`'s bits, where the first holds fewer. The
 * story of the first is told where even a careful judge would speak: it is long, and what is off the subject would be, too.
 */
function* find<Y>(
  memory: Memory<Y>,
  request: InjectionRequest,
  { matches, respelt, testimonies, words }: Found,
  repeats: (unit: MemoryUnit) => boolean,
  verdict?: Verdict
): Steps<Y, Relevant> {
  const { inContext, mode, prompt } = request
  const { search, searchMode, store } = memory
  const isImmediate = request.isImmediate === true
  const bits = HELD_BY_FIRST * (verdict?.bits ?? 0)
  const hasStory = verdict !== undefined && verdict.score >= BOUNDS.conservative.memories
  const share = (request.isAsked === true ? ASKED_SHARES : SHARES)[mode]
  const known = yield* store.projects
  const telling = tellingOf(words)
  // Who asks gets what the search finds, whatever was said of it.
  const factorOf = (unit: MemoryUnit) => request.isAsked === true ? 1 : feedbackFactor(unit, telling)
  // What use alone lifts is too little to look further down for.
  const isLifted = testimonies.some(({ unit }) => factorOf(unit) > MAX_OF_USE)
  const weighed = new Map(testimonies.map(({ bits, unit }) => [unit.id, bits]))
  const bitsOf = (unit: MemoryUnit) => weighed.get(unit.id) ?? evidenceIn(words, [unit]).testimonies[0]!.bits
  /** Returns the bits of a result, or of what it stands in place of or before. */
  const heldBy = ({ replaces = [], unit }: SearchResult, results: ReadonlyArray<SearchResult>) =>
    Math.max(
      bitsOf(unit),
      ...replaces.map(({ id }) => weighed.get(id) ?? 0),
      ...results.flatMap((other) => other.unit.replacedBy === unit.id ? bitsOf(other.unit) : [])
    )
  const asked = {
    text: respelt ?? prompt,
    projects: resolveForInjection(known, request.projects),
    inContext,
    limit: MAX_RESULTS,
    minScore: 0,
    mode: searchMode,
    isImmediate,
    vectorsWithin: request.vectorsWithin,
    minShare: isLifted ? share / MAX_FACTOR : share,
    leavesOut: (unit: MemoryUnit) => repeats(unit) || factorOf(unit) === 0,
    matches
  }
  const first = yield* search(asked)
  // What matches best may lack the very word for which it is spoken: a title tells the judge more than the search.
  const { degraded, results: found } = first.results.slice(0, 1).some((result) => heldBy(result, first.results) < bits)
    ? yield* search({ ...asked, leavesOut: (unit) => asked.leavesOut(unit) || bitsOf(unit) < bits })
    : first
  const results = withFeedback(found, factorOf)
  const best = results[0]?.score ?? 0
  const least = results[0] === undefined ? 0 : HELD_BY_LATER[mode] * heldBy(results[0], results)
  if (request.isAsked === true) {
    return { degraded, results: best < ASKED_SCORES[mode] ? [] : results.filter(({ score }) => score >= share * best) }
  }
  const isOwn = (unit: MemoryUnit) => unit.type !== "archive" && !asked.leavesOut(unit)
  const ordered = withoutSummaryFirst(
    results,
    testimonies,
    weighed,
    (unit) => isOwn(unit) && unit.replacedBy === undefined
  )
  const kept = ordered.filter((result, i) =>
    result.score >= share * best && isWorthTelling(result, ordered.slice(0, i)) && heldBy(result, ordered) >= least
  )
  const [head] = kept
  if (!hasStory || head === undefined || head.unit.type === "archive") return { degraded, results: kept }
  const told = new Set(kept.map(({ unit }) => unit.id))
  const isWanted = (unit: MemoryUnit) =>
    isOwn(unit) && !told.has(unit.id) && !isInContext(unit, inContext) && unit.quality >= WORTH
  const around = (yield* store.around(head.unit.id, BEFORE, AFTER)).filter(isWanted)
  const story = storyOf(head.unit, around, new Set(telling.keys()))
    .map((unit): SearchResult => ({ unit, score: head.score, why: { ...NO_REASON, matched: [] } }))
  // What a later session decided instead belongs to it, too.
  const rest = (yield* current(story, store.units, isWanted)).filter(({ unit }) => unit.replacedBy === undefined)
  return { degraded, results: [...kept, ...rest] }
}

/** Renders as many results as fit. */
function* tell<Y>(
  memory: Memory<Y>,
  request: InjectionRequest,
  words: Found["words"],
  { degraded, results: relevant }: Relevant,
  isKnown: (unit: MemoryUnit) => boolean
): Steps<Y, Response> {
  const { maxChars, maxTokens, prompt } = request
  const { fuse, now, store } = memory
  const isImmediate = request.isImmediate === true
  if (relevant.length === 0) return { ...NOTHING, degraded }
  const known = yield* store.projects
  const names = new Map(known.map(({ id, name }) => [id, name]))
  const nameOf = (projectId: string) => names.get(projectId) ?? "unknown project"
  const sessions = yield* store.sessions([...new Set(relevant.map(({ unit }) => unit.sessionId))])
  const byLexeme = Terms.byLexeme(words)
  const whole = Math.max(1, Math.floor(maxTokens / TOKENS_FOR_WHOLE))

  let items: ReadonlyArray<Item & SearchResult> = []
  let written: ReadonlyArray<Item> = []
  let fitting: Measured = { text: "", tokens: 0 }
  let misses = 0
  const selected = select(relevant, {
    injectedIds: new Set(relevant.map(({ unit }) => unit).filter(isKnown).map(({ id }) => id)),
    words: Tokenizer.lexemes(request.contextText ?? "")
  }, new Set(tellingOf(words).keys()))
  for (const result of selected) {
    if (misses === MAX_MISSES) break
    const before = items
    const length = items.length < whole ? Tokens.MAX_CONTENT_TOKENS : EXCERPT
    const lengths = items.length === 0 ? [length, EXCERPT, SHORTEST_EXCERPT] : [length]
    for (const length of lengths) {
      const added = { ...result, text: excerpt(result.unit, byLexeme, length) }
      const more = [...items, added]
      const told = withoutRepeated(more)
      // Most of what comes last is too long, which shows without rendering all of it.
      const isAddedOnly = told.every(({ text }, i) => text === (written[i] ?? added).text)
      if (isAddedOnly && fitting.tokens + Tokens.estimate(added.text) > maxTokens) continue
      const next = measured(fence(render(told, { nameOf, sessions, now })))
      if (!fits(next, request)) continue
      items = more.filter(({ unit }) => told.some((item) => item.unit === unit))
      written = told
      fitting = next
      break
    }
    if (items === before) misses++
  }
  const list = items.map(({ score, unit, why }) => ({ unit, score, why }))
  const { degraded: unfused, fused } = yield* fuse({
    items: list,
    prompt,
    isImmediate,
    maxTokens,
    maxChars,
    nameOf,
    now
  })
  return {
    ...NOTHING,
    ...(fused === undefined ? fitting : measured(fused.text)),
    items: fused?.items ?? list,
    background: fused !== undefined,
    degraded: [...degraded, ...unfused]
  }
}

/** Points to the most telling memories, but to none twice. */
const point = (request: InjectionRequest, testimonies: ReadonlyArray<Testimony>, now: number): Response => {
  const pointed = new Set(request.pointedIds)
  const found = new Set(testimonies.map(({ unit }) => unit.id))
  // What holds in its place is pointed to instead, where it is telling too.
  const isReplaced = ({ replacedBy }: MemoryUnit) => replacedBy !== undefined && found.has(replacedBy)
  const pointer = pointerTo(testimonies.filter(({ unit }) => !pointed.has(unit.id) && !isReplaced(unit)), now)
  const told = measured(pointer.text)
  return fits(told, request) ? { ...NOTHING, ...told, pointed: pointer.units } : NOTHING
}

/** Adds the verdict, and the lexemes of the memories told that the prompt names. */
const named = (response: Response, words: Found["words"], verdict: Verdict): InjectionResponse => {
  const telling = tellingOf(words)
  const units = [...response.items.map(({ unit }) => unit), ...response.pointed]
  return { ...response, named: [...new Set(units.flatMap((unit) => namedIn(unit, telling)))], verdict }
}

/** What was saved on purpose and answers a question for a rule, and how that is judged. */
interface Answers {
  readonly results: ReadonlyArray<SearchResult>
  readonly verdict: Verdict
  readonly words: Found["words"]
}

/**
 * Finds what was saved on purpose and holds nearly all words of a question for a rule, those of everyday work among them: "how do we
 * deploy?". A memory of a session holds such words by chance. What is short costs no more than a pointer, and is told where one would be.
 */
function* savedAnswers<Y>(
  { evidence, store }: Memory<Y>,
  { inContext, mode, prompt }: InjectionRequest,
  projects: EvidenceRequest["projects"],
  isKnown: (unit: MemoryUnit) => boolean
): Steps<Y, Answers | undefined> {
  if (!asksForRule(prompt)) return undefined
  const { testimonies, words } = yield* evidence({ text: prompt, projects, inContext, isSaved: true })
  const least = HELD * words.reduce((sum, { bits }) => sum + bits, 0)
  const holding = testimonies.filter(({ bits, unit }) => bits > 0 && bits >= least && !isKnown(unit))
  const verdict = judge(prompt, { words, testimonies: holding }, mode)
  if (verdict.tells === "nothing") return undefined
  const now = yield* current(holding, store.units, (unit) => passes(unit, { projects }) && !isKnown(unit))
  const short = now.filter(({ unit }) => unit.tokens <= SHORTEST_EXCERPT).slice(0, MAX_MEMORIES)
  const results = (verdict.tells === "memories" ? now : short)
    .map(({ bits, replaces, unit }): SearchResult => ({
      unit,
      ...(replaces.length > 0 && { replaces }),
      score: Math.min(1, bits / holding[0]!.bits),
      why: { ...NO_REASON, matched: words.filter(({ bits }) => bits > 0).map(({ lexeme }) => lexeme) }
    }))
  return results.length === 0 ? undefined : { results, words, verdict: { ...verdict, tells: "memories" } }
}

/** Finds the decisions that gave up a thing which the prompt names: "use Element Plus", where it was refused. */
function* givenUp<Y>(
  { store }: Memory<Y>,
  prompt: string,
  { testimonies, words }: Evidence,
  isWanted: (unit: MemoryUnit) => boolean
): Steps<Y, ReadonlyArray<SearchResult>> {
  const replaced = testimonies.filter(({ unit }) => unit.replacedFor !== undefined)
  if (replaced.length === 0) return []
  const [said, telling] = [new Set(Tokenizer.lexemes(prompt)), tellingOf(words)]
  const naming = replaced.filter(({ unit }) => {
    const thing = Tokenizer.lexemes(unit.replacedFor!)
    // A number names nothing.
    return thing.some((lexeme) => telling.has(lexeme) && !/^\d/.test(lexeme)) &&
      thing.every((lexeme) => said.has(lexeme))
  })
  const instead = new Set(naming.map(({ unit }) => unit.replacedBy))
  return (yield* current(naming, store.units, isWanted)).filter(({ unit }) => instead.has(unit.id) && isWanted(unit))
    .slice(0, MAX_MEMORIES).map(({ unit }) => ({ unit, score: 1, why: { ...NO_REASON, matched: [...telling.keys()] } }))
}

/** Returns an empty text when nothing is telling enough, or a line that points to memories. */
export function* inject<Y>(memory: Memory<Y>, request: InjectionRequest): Steps<Y, InjectionResponse> {
  const injectedIds = new Set(request.injectedIds)
  const isInFiles = isFromFiles(request.contextFiles ?? [])
  const repeats = isEcho(request.prompt)
  const isKnown = (unit: MemoryUnit) => injectedIds.has(unit.id) || isInFiles(unit) || repeats(unit)
  const projects = resolveForInjection(yield* memory.store.projects, request.projects)
  const evidence = yield* memory.evidence({ text: request.prompt, projects, inContext: request.inContext })
  const { testimonies, words } = evidence
  const news = testimonies.filter(({ unit }) => !isKnown(unit))
  // A unit with no other words than one that was told is pointed to at most. Archives only touch upon a subject.
  const told = testimonies.filter(({ unit }) => injectedIds.has(unit.id) && unit.type !== "archive")
  const fresh = news.filter(({ together }) =>
    !told.some((other) => together.every((lexeme) => other.together.includes(lexeme)))
  )
  const about = (testimonies: ReadonlyArray<Testimony>) => judge(request.prompt, { words, testimonies }, request.mode)
  const all = about(news)
  if (request.isAsked === true) {
    const found = yield* tell(memory, request, words, yield* find(memory, request, evidence, repeats), isKnown)
    return { ...found, verdict: { ...all, tells: found.text === "" ? "nothing" as const : "memories" as const } }
  }
  const verdict = all.tells === "memories" && about(fresh).tells !== "memories"
    ? { ...all, tells: "pointer" as const }
    : all
  if (verdict.tells === "memories") {
    const found = yield* find(memory, request, evidence, repeats, verdict)
    return named(yield* tell(memory, request, words, found, isKnown), words, verdict)
  }
  const saved = yield* savedAnswers(memory, request, projects, isKnown)
  if (saved !== undefined) {
    const { results, verdict, words } = saved
    return named(yield* tell(memory, request, words, { degraded: [], results }, isKnown), words, verdict)
  }
  const instead = yield* givenUp(
    memory,
    evidence.respelt ?? request.prompt,
    evidence,
    (unit) => passes(unit, { projects }) && !isKnown(unit)
  )
  if (instead.length > 0) {
    const told = yield* tell(memory, request, words, { degraded: [], results: instead }, isKnown)
    return named(told, words, { ...verdict, tells: "memories" })
  }
  // Once the best was told, what has less of the words is left over.
  const most = Math.max(0, ...told.map(({ bits }) => bits))
  const near = news.filter(({ bits }) => bits >= NEARLY * most)
  return verdict.tells === "nothing" || near.length === 0
    ? { ...NOTHING, named: [], verdict: { ...verdict, tells: "nothing" } }
    : named(point(request, near, memory.now), words, verdict)
}
