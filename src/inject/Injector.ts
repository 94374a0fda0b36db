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
import { MAX_CONTENT_TOKENS } from "../domain/MemoryUnit.ts"
import { isFromFiles } from "../domain/Notes.ts"
import * as Project from "../domain/Project.ts"
import type { SearchMode, SearchResult } from "../domain/Search.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { Background } from "./Background.ts"
import { fits } from "./Budgets.ts"
import { excerpt } from "./Excerpt.ts"
import * as Opening from "./Opening.ts"
import { type Item, render } from "./Render.ts"
import { type ClaudeContext, select } from "./Selection.ts"

interface Policy {
  /** Nothing is injected when the best result's score is below this. */
  readonly minScore: number
  /** Results below this share of the best one's score are left out. */
  readonly share: number
  readonly items: number
  /** Number of items, the best, that are injected whole; each other item gets at most `excerpt` tokens. */
  readonly whole: number
  readonly excerpt: number
}

const POLICIES: Readonly<Record<InjectionMode, Policy>> = {
  conservative: { minScore: 0.75, share: 0.6, items: 4, whole: 2, excerpt: 120 },
  balanced: { minScore: 0.5, share: 0.45, items: 20, whole: 6, excerpt: 120 },
  comprehensive: { minScore: 0.3, share: 0.15, items: 40, whole: 8, excerpt: 160 }
}

/** Tokens of the best item's last form, tried when no longer form fits. */
const SHORTEST_EXCERPT = 60
/** Most results that a search asks for, however many units were injected already. */
const MAX_RESULTS = 60

const make = (mode: SearchMode) =>
  Effect.gen(function*() {
    const retriever = yield* Retriever
    const store = yield* MemoryStore
    const background = yield* Background

    const inject = (request: InjectionRequest) =>
      Effect.gen(function*() {
        const policy = POLICIES[request.mode]
        const injectedIds = request.injectedIds ?? []
        const projects = yield* store.projects
        const { degraded, results } = yield* retriever.search({
          text: request.prompt,
          projects: Project.resolveForInjection(projects, request.projects),
          limit: Math.min(MAX_RESULTS, policy.items + injectedIds.length),
          minScore: policy.minScore * policy.share,
          mode
        })
        const isInContext = isFromFiles(request.contextFiles ?? [])
        const context: ClaudeContext = {
          injectedIds: new Set([
            ...injectedIds,
            ...results.filter(({ unit }) => isInContext(unit)).map(({ unit }) => unit.id)
          ]),
          words: Tokenizer.lexemes(request.contextText ?? "")
        }
        const best = results[0]?.score ?? 0
        const relevant = best < policy.minScore ? [] : results.filter(({ score }) => score >= policy.share * best)
        const names = new Map(projects.map(({ id, name }) => [id, name]))
        const nameOf = (projectId: string) => names.get(projectId) ?? "unknown project"
        const now = yield* Clock.currentTimeMillis
        const promptLexemes = new Set(Tokenizer.queryLexemes(request.prompt))

        let items: ReadonlyArray<Item & SearchResult> = []
        let text = ""
        for (const result of select(relevant, context)) {
          if (items.length === policy.items) break
          const length = items.length < policy.whole ? MAX_CONTENT_TOKENS : policy.excerpt
          const lengths = items.length === 0 ? [length, policy.excerpt, SHORTEST_EXCERPT] : [length]
          for (const length of lengths) {
            const more = [...items, { ...result, text: excerpt(result.unit, promptLexemes, length) }]
            const next = fence(render(more, nameOf, now))
            if (!fits(next, request)) continue
            items = more
            text = next
            break
          }
        }
        const list = items.map(({ score, unit, why }) => ({ unit, score, why }))
        const { maxChars, maxTokens, prompt } = request
        const outcome = yield* Effect.either(background.fuse({ items: list, prompt, maxTokens, maxChars, nameOf, now }))
        const fused = Option.getOrUndefined(Either.getOrElse(outcome, Option.none))
        return {
          text: fused?.text ?? text,
          items: fused?.items ?? list,
          tokens: Tokens.estimate(fused?.text ?? text),
          background: fused !== undefined,
          degraded: Either.isLeft(outcome) ? [...degraded, `background: ${outcome.left.message}`] : degraded
        }
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
  /** Returns an empty text when nothing is good enough. Never exceeds a budget; leaves out excluded projects. */
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
