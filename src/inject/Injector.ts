/**
 * Selects the memories that are injected for a prompt: few items, within a budget, as facts and inside a fence.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import {
  fence,
  type InjectionMode,
  type InjectionRequest,
  type InjectionResponse,
  type OpeningRequest,
  type OpeningResponse
} from "../domain/Injection.ts"
import { MAX_CONTENT_TOKENS, type MemoryUnit } from "../domain/MemoryUnit.ts"
import { isFromFiles } from "../domain/Notes.ts"
import * as Project from "../domain/Project.ts"
import type { SearchMode, SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Word } from "../domain/Verdict.ts"
import type { Testimony } from "../retrieve/Evidence.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { Background } from "./Background.ts"
import { fits } from "./Budgets.ts"
import { excerpt } from "./Excerpt.ts"
import { judge } from "./Judge.ts"
import * as Opening from "./Opening.ts"
import { pointerTo } from "./Pointer.ts"
import { type Item, render } from "./Render.ts"
import { select } from "./Selection.ts"

/** Results below this share of the best one's score are left out, fewer for one who asks. */
const SHARES: Readonly<Record<InjectionMode, number>> = { conservative: 0.8, balanced: 0.7, comprehensive: 0.15 }
const ASKED_SHARES: Readonly<Record<InjectionMode, number>> = { conservative: 0.6, balanced: 0.6, comprehensive: 0.15 }
/** Least score of the best result for one who asks: a question is matched otherwise than a prompt. */
const ASKED_SCORES: Readonly<Record<InjectionMode, number>> = {
  conservative: 0.75,
  balanced: 0.5,
  comprehensive: 0.3
}

/** Tokens of the budget for each item that may be injected whole. */
const TOKENS_FOR_WHOLE = 420
/** Tokens of an item that is not injected whole, and of the best item's last form, tried when no longer form fits. */
const EXCERPT = 170
const SHORTEST_EXCERPT = 60
/** Most results that a search asks for. */
const MAX_RESULTS = 60

const NOTHING = { text: "", items: [], pointed: [], tokens: 0, background: false, degraded: [] }

const make = (searchMode: SearchMode) =>
  Effect.gen(function*() {
    const retriever = yield* Retriever
    const store = yield* MemoryStore
    const background = yield* Background

    /** Searches, and renders as many results as earn their place and fit. */
    const tell = (request: InjectionRequest, words: ReadonlyArray<Word>, isKnown: (unit: MemoryUnit) => boolean) =>
      Effect.gen(function*() {
        const { inContext, maxChars, maxTokens, mode, prompt } = request
        const known = yield* store.projects
        const { degraded, results } = yield* retriever.search({
          text: prompt,
          projects: Project.resolveForInjection(known, request.projects),
          inContext,
          limit: MAX_RESULTS,
          minScore: 0,
          mode: searchMode
        })
        const best = results[0]?.score ?? 0
        if (request.isAsked === true && best < ASKED_SCORES[mode]) return { ...NOTHING, degraded }
        const relevant = results.filter(({ score }) =>
          score >= (request.isAsked === true ? ASKED_SHARES : SHARES)[mode] * best
        )
        const names = new Map(known.map(({ id, name }) => [id, name]))
        const nameOf = (projectId: string) => names.get(projectId) ?? "unknown project"
        const sessions = yield* store.sessions([...new Set(relevant.map(({ unit }) => unit.sessionId))])
        const now = yield* Clock.currentTimeMillis
        const bits = new Map(words.map(({ bits, lexeme }) => [lexeme, bits]))
        const whole = Math.max(1, Math.floor(maxTokens / TOKENS_FOR_WHOLE))

        let items: ReadonlyArray<Item & SearchResult> = []
        let text = ""
        const selected = select(relevant, {
          injectedIds: new Set(relevant.map(({ unit }) => unit).filter(isKnown).map(({ id }) => id)),
          words: Tokenizer.lexemes(request.contextText ?? "")
        })
        for (const result of selected) {
          const length = items.length < whole ? MAX_CONTENT_TOKENS : EXCERPT
          const lengths = items.length === 0 ? [length, EXCERPT, SHORTEST_EXCERPT] : [length]
          for (const length of lengths) {
            const more = [...items, { ...result, text: excerpt(result.unit, bits, length) }]
            const next = fence(render(more, { nameOf, sessions, now }))
            if (!fits(next, request)) continue
            items = more
            text = next
            break
          }
        }
        const list = items.map(({ score, unit, why }) => ({ unit, score, why }))
        const outcome = yield* Effect.either(background.fuse({ items: list, prompt, maxTokens, maxChars, nameOf, now }))
        const fused = Option.getOrUndefined(Either.getOrElse(outcome, Option.none))
        return {
          ...NOTHING,
          text: fused?.text ?? text,
          items: fused?.items ?? list,
          tokens: Tokens.estimate(fused?.text ?? text),
          background: fused !== undefined,
          degraded: Either.isLeft(outcome) ? [...degraded, `background: ${outcome.left.message}`] : degraded
        }
      })

    /** Points to the most telling memories, but to none twice. */
    const point = (request: InjectionRequest, testimonies: ReadonlyArray<Testimony>) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const pointed = new Set(request.pointedIds)
        const pointer = pointerTo(testimonies.filter(({ unit }) => !pointed.has(unit.id)), now)
        return fits(pointer.text, request)
          ? { ...NOTHING, text: pointer.text, pointed: pointer.units, tokens: Tokens.estimate(pointer.text) }
          : NOTHING
      })

    const inject = (request: InjectionRequest) =>
      Effect.gen(function*() {
        const injectedIds = new Set(request.injectedIds)
        const isInFiles = isFromFiles(request.contextFiles ?? [])
        const isKnown = (unit: MemoryUnit) => injectedIds.has(unit.id) || isInFiles(unit)
        const { testimonies, words } = yield* retriever.evidence({
          text: request.prompt,
          projects: Project.resolveForInjection(yield* store.projects, request.projects),
          inContext: request.inContext
        })
        const news = testimonies.filter(({ unit }) => !isKnown(unit))
        // A unit with no other words than one that was told is pointed to at most. Archives only touch upon a subject.
        const told = testimonies.filter(({ unit }) => injectedIds.has(unit.id) && unit.type !== "archive")
        const fresh = news.filter(({ together }) =>
          !told.some((other) => together.every((lexeme) => other.together.includes(lexeme)))
        )
        const about = (testimonies: ReadonlyArray<Testimony>) =>
          judge(request.prompt, { words, testimonies }, request.mode)
        const all = about(news)
        if (request.isAsked === true) {
          const found = yield* tell(request, words, isKnown)
          return { ...found, verdict: { ...all, tells: found.text === "" ? "nothing" as const : "memories" as const } }
        }
        const verdict = all.tells === "memories" && about(fresh).tells !== "memories"
          ? { ...all, tells: "pointer" as const }
          : all
        const response = verdict.tells === "nothing"
          ? NOTHING
          : verdict.tells === "pointer"
          ? yield* point(request, news)
          : yield* tell(request, words, isKnown)
        return { ...response, verdict }
      })

    return {
      inject: Effect.fn("Injector.inject")(inject),
      open: Effect.fn("Injector.open")((request: OpeningRequest) =>
        Effect.flatMap(store.projects, (projects) =>
          Opening.open(store, { ...request, projects: Project.resolveForInjection(projects, request.projects) }))
      )
    } satisfies Injector["Type"]
  })

export class Injector extends Context.Tag("claude-memory/Injector")<Injector, {
  /**
   * Returns an empty text when nothing is telling enough, or a line that points to memories. Never exceeds a budget;
   * leaves out excluded projects.
   */
  readonly inject: (request: InjectionRequest) => Effect.Effect<InjectionResponse, StoreError>
  /**
   * Summarizes a project's earlier sessions: how the last one ended, open points, recent decisions. Never exceeds
   * either budget, and leaves out excluded projects.
   */
  readonly open: (request: OpeningRequest) => Effect.Effect<OpeningResponse, StoreError>
}>() {
  static readonly layer = Layer.effect(this, make("hybrid"))
  /** Searches by words alone: loads no model and reads no vector. */
  static readonly layerByWords = Layer.effect(this, make("keyword"))
}
