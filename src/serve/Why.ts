/**
 * Explains what is told at a prompt, and what is not.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { YieldWrap } from "effect/Utils"
import { passes } from "../domain/Filter.ts"
import type { InjectionMode, InjectionRequest, InjectionResponse } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import type { Verdict, Word } from "../domain/Verdict.ts"
import { Injector } from "../inject/Injector.ts"
import { judge } from "../inject/Judge.ts"
import { isEcho } from "../inject/PromptText.ts"
import { select } from "../inject/Selection.ts"
import { asksForRule } from "../inject/Style.ts"
import { current } from "../retrieve/Current.ts"
import type { Testimony } from "../retrieve/Evidence.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { typedIn } from "./Marks.ts"

/** A memory, the words of the prompt that stand together in it, and what would be told if it were the most telling one. */
export interface Near {
  readonly unit: MemoryUnit
  readonly together: ReadonlyArray<string>
  readonly bits: number
  readonly score: number
  readonly tells: Verdict["tells"]
  /** Why the memory is not told though it scores enough; null where it is told, or scores too little. */
  readonly leftOut: LeftOut | null
}

/**
 * `replaced`: another memory, which is there, holds in its place. `question`: it says no more than the prompt. `said`: the memories told say
 * it already. `room`: others answer better, or the text was full.
 */
export const LeftOut = Schema.Literal("replaced", "question", "said", "room")
export type LeftOut = typeof LeftOut.Type

/** A word of the prompt, how it was typed, and the number of memories that contain it. */
export interface ExplainedWord extends Word {
  readonly typed: ReadonlyArray<string>
  readonly memories: number
}

/** Tells what `inject` answers to a prompt, and why. `modes` has what each mode would tell. */
export interface Explanation extends Omit<InjectionResponse, "verdict"> {
  readonly verdict: Omit<Verdict, "words"> & { readonly words: ReadonlyArray<ExplainedWord> }
  /** The most telling first; only those that contain words that say something. */
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
    const projects = Project.resolveForInjection(yield* store.projects, request.projects)
    const evidence = yield* retriever.evidence({ text: prompt, projects })
    const response = yield* injector.inject({ ...request, isImmediate: true })
    const told = new Set([...response.items.map(({ unit }) => unit), ...response.pointed].map(({ id }) => id))
    const says = isEcho(prompt)
    const saved = asksForRule(prompt) ? yield* retriever.evidence({ text: prompt, projects, isSaved: true }) : undefined
    // What was saved is told by other weights where the words of everyday work alone name it.
    const answers = (saved?.testimonies ?? []).filter(({ bits, unit }) =>
      told.has(unit.id) && !evidence.testimonies.some((other) => other.unit.id === unit.id && other.bits >= bits)
    )
    const isAnswer = ({ unit }: Testimony) => answers.some((answer) => answer.unit.id === unit.id)
    const candidates = [
      ...answers,
      ...evidence.testimonies.filter((testimony) => testimony.together.length > 0 && !isAnswer(testimony))
    ].slice(0, NEAREST)
    const holding = yield* Effect.gen(() =>
      current<YieldWrap<Effect.Effect<unknown, StoreError>>, Testimony>(
        candidates,
        store.units,
        (unit) => passes(unit, { projects })
      )
    )
    const replaced = new Set(holding.flatMap(({ replaces }) => replaces.map(({ id }) => id)))
    const leftOut = (unit: MemoryUnit): LeftOut =>
      replaced.has(unit.id) || unit.supersededBy !== null
        ? "replaced"
        : says(unit)
        ? "question"
        : response.items.length > 0 && !select([...response.items, { unit }]).some((kept) => kept.unit === unit)
        ? "said"
        : "room"
    const nearest = candidates.map(
      (testimony): Near => {
        const { words } = saved !== undefined && isAnswer(testimony) ? saved : evidence
        const { score, tells } = judge(prompt, { words, testimonies: [testimony] }, request.mode)
        const isLeftOut = tells !== "nothing" && !told.has(testimony.unit.id)
        return { ...testimony, score, tells, leftOut: isLeftOut ? leftOut(testimony.unit) : null }
      }
    )
    const typed = typedIn(evidence.respelt ?? prompt)
    const words = response.verdict.words.map(({ bits, lexeme }, i): ExplainedWord => ({
      lexeme,
      bits,
      typed: typed(lexeme),
      memories: Math.round(evidence.matches.documentFrequencies[i] ?? 0)
    }))
    const answerOf = (mode: InjectionMode) =>
      mode === request.mode ? Effect.succeed(response) : injector.inject({ ...request, mode, isImmediate: true })
    const modes = yield* Effect.forEach(
      MODES,
      (mode) => Effect.map(answerOf(mode), ({ verdict }) => [mode, verdict.tells] as const)
    )
    return {
      ...response,
      verdict: { ...response.verdict, words },
      nearest,
      modes: Object.fromEntries(modes) as Explanation["modes"]
    } satisfies Explanation
  })
