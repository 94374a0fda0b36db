/**
 * Selects the memories that are injected for a prompt (PromptText.ts), and what is told when a session begins.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { YieldWrap } from "effect/Utils"
import type { InjectionRequest, InjectionResponse, OpeningRequest, OpeningResponse } from "../domain/Injection.ts"
import * as Project from "../domain/Project.ts"
import type { SearchMode } from "../domain/Search.ts"
import { asksWhatIsOpen } from "../domain/Unfinished.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { Background, type BackgroundRequest } from "./Background.ts"
import { judge } from "./Judge.ts"
import * as Opening from "./Opening.ts"
import * as PromptText from "./PromptText.ts"

const make = (searchMode: SearchMode) =>
  Effect.gen(function*() {
    const { evidence, search: retrieve } = yield* Retriever
    const store = yield* MemoryStore
    const background = yield* Background

    const fuse = (request: BackgroundRequest) =>
      Effect.map(
        Effect.either(background.fuse(request)),
        Either.match({
          onLeft: ({ message }) => ({ degraded: [`background: ${message}`] }),
          onRight: Option.match({
            onNone: () => ({ degraded: [] }),
            onSome: (fused) => ({ fused, degraded: [] })
          })
        })
      )

    const search = (request: InjectionRequest) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.gen(() =>
          PromptText.inject<YieldWrap<Effect.Effect<unknown, StoreError>>>(
            { store, evidence, search: retrieve, searchMode, fuse, now },
            request
          )
        ))

    /** A question for what is open has no words by which open points are found. */
    const inject = (request: InjectionRequest) =>
      Effect.gen(function*() {
        if (request.projects.length !== 1 || !asksWhatIsOpen(request.prompt)) {
          return yield* search(request)
        }
        const projects = Project.resolveForInjection(yield* store.projects, request.projects)
        const { pointed, text, tokens } = yield* Opening.unfinished(store, { ...request, projects })
        if (text === "") {
          return yield* search(request)
        }
        const verdict = judge(request.prompt, { words: [], testimonies: [] }, request.mode)
        return { ...PromptText.NOTHING, text, tokens, pointed, verdict: { ...verdict, tells: "memories" as const } }
      })

    return {
      inject: Effect.fn("Injector.inject")(inject),
      open: Effect.fn("Injector.open")((request: OpeningRequest) =>
        Effect.flatMap(store.projects, (projects) =>
          Opening.open(store, { ...request, projects: Project.resolveForInjection(projects, request.projects) }))
      )
    } satisfies Injector["Type"]
  })

/**
 * Writes what Claude is told. It records nothing: callers keep what a session was told, and give it as `injectedIds`
 * and `pointedIds`.
 */
export class Injector extends Context.Tag("claude-memory/Injector")<Injector, {
  /**
   * Returns an empty text when nothing is telling enough, or a line that points to memories; to a question for what is open in a
   * project, all that is, with the archives as `pointed`. Never exceeds a budget; leaves out excluded projects.
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
