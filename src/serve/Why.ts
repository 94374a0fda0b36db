/**
 * Explains what is told at a prompt, and what is not.
 */
import * as Effect from "effect/Effect"
import type { InjectionMode, InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import type { Verdict } from "../domain/Verdict.ts"
import { Injector } from "../inject/Injector.ts"
import { judge } from "../inject/Judge.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import { MemoryStore } from "../store/MemoryStore.ts"

/** A memory, the words of the prompt that stand together in it, and what would be told if it were the most telling one. */
export interface Near {
  readonly unit: MemoryUnit
  readonly together: ReadonlyArray<string>
  readonly bits: number
  readonly score: number
  readonly tells: Verdict["tells"]
}

export interface Explanation extends InjectionResponse {
  /** The most telling first. */
  readonly nearest: ReadonlyArray<Near>
  readonly modes: Readonly<Record<InjectionMode, Verdict["tells"]>>
}

const NEAREST = 8
const MODES: ReadonlyArray<InjectionMode> = ["conservative", "balanced", "comprehensive"]

export const explain = (request: Pick<InjectionRequest, "maxChars" | "maxTokens" | "mode" | "projects" | "prompt">) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const retriever = yield* Retriever
    const injector = yield* Injector
    const { prompt } = request
    const evidence = yield* retriever.evidence({
      text: prompt,
      projects: Project.resolveForInjection(yield* store.projects, request.projects)
    })
    const about = (testimonies: typeof evidence.testimonies, mode: InjectionMode) =>
      judge(prompt, { words: evidence.words, testimonies }, mode)
    const nearest = evidence.testimonies.slice(0, NEAREST).map((testimony): Near => {
      const { score, tells } = about([testimony], request.mode)
      return { ...testimony, score, tells }
    })
    const modes = Object.fromEntries(MODES.map((mode) => [mode, about(evidence.testimonies, mode).tells]))
    return {
      ...(yield* injector.inject(request)),
      nearest,
      modes: modes as Explanation["modes"]
    } satisfies Explanation
  })
