/**
 * Notes what a person, or Claude for one, says of a memory that was told: that it helps at such prompts, or does not.
 */
import * as Effect from "effect/Effect"
import { noted, without } from "../domain/Feedback.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { type Injection, SessionRecords } from "../hook/SessionRecords.ts"
import { namedIn, tellingOf } from "../retrieve/Evidence.ts"
import { Retriever } from "../retrieve/Retriever.ts"
import { type Actor, MemoryStore } from "../store/MemoryStore.ts"
import { activeByPrefix, unitByPrefix } from "./Lookup.ts"
import { NotFound } from "./NotFound.ts"
import { Conflict } from "./Remembering.ts"

export interface FeedbackRequest {
  /** True: it helps. */
  readonly helps: boolean
  /** The prompt of which it is said; without it, the one at which the memory was told last, else every prompt. */
  readonly prompt?: string | undefined
  /** True: what was said so is taken back, of all prompts or of this one. */
  readonly isOff?: boolean
}

/** A memory after feedback. */
export interface Helped {
  readonly unit: MemoryUnit
  /** Lexemes of the memory that prompts must name for the feedback to count; empty for every prompt. */
  readonly words: ReadonlyArray<string>
  /** Time at which the memory was told at that prompt, in milliseconds since the epoch; undefined where no record says so. */
  readonly toldAt: number | undefined
  /** Number of the change, for `undo`; null where nothing was changed. */
  readonly operation: number | null
}

/** Most sessions whose records are looked through for the prompt at which a memory was told. */
const MAX_SESSIONS = 100
/** Times that the change is tried again when another one comes between. */
const RETRIES = 3

/** Returns the last prompt at which one of these units was told; undefined when no record has one. */
const lastTold = (ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    let last: Injection | undefined
    for (const sessionId of (yield* records.sessions).slice(0, MAX_SESSIONS)) {
      const { injections } = yield* records.get(sessionId)
      for (const each of injections) {
        const isTold = !each.isOpening && each.state !== "late" &&
          ids.some((id) => each.ids.includes(id) || each.pointed.includes(id))
        if (isTold && each.at > (last?.at ?? 0)) last = each
      }
    }
    return last
  }).pipe(
    // Without a record it is said of every prompt.
    Effect.catchTags({ BadArgument: () => Effect.void, SystemError: () => Effect.void })
  )

/** Returns the unit's lexemes that a prompt names. */
const namedBy = (unit: MemoryUnit, prompt: string) =>
  Effect.gen(function*() {
    const retriever = yield* Retriever
    const { words } = yield* retriever.evidence({ text: prompt, projects: [unit.projectId] })
    const named = namedIn(unit, tellingOf(words))
    return named.length > 0 ? named : yield* new NotFound({ what: "word", asked: prompt, known: [unit.id.slice(0, 8)] })
  })

/** Returns the unit's lexemes that the prompt of an injection named. */
const namedAt = (unit: MemoryUnit, { named, words }: Injection): ReadonlyArray<string> => {
  const own = new Set(Tokenizer.lexemes([unit.title, unit.files.join(" "), unit.content].join("\n")))
  return (named ?? words.flatMap(Tokenizer.lexemes)).filter((lexeme) => own.has(lexeme))
}

export const feedback = (prefix: string, { helps, isOff = false, prompt }: FeedbackRequest, by: Actor) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const meant = yield* unitByPrefix(prefix)
    const { id } = yield* activeByPrefix(meant.id)
    for (let tries = 0;; tries++) {
      const unit = yield* unitByPrefix(id)
      const told = prompt === undefined && !isOff ? yield* lastTold([meant.id, id]) : undefined
      const words = prompt !== undefined
        ? yield* namedBy(unit, prompt)
        : told === undefined
        ? []
        : namedAt(unit, told)
      const before = unit.feedback ?? []
      const after = isOff
        ? without(before, { helps, words: prompt === undefined ? undefined : words })
        : noted(before, { helps, words })
      const result = yield* store.edit(id, { feedback: after }, by, [unit.revision ?? 0])
      if (result === undefined) return yield* new NotFound({ what: "unit", asked: prefix, known: [] })
      if (result._tag === "Edited") {
        return {
          unit: result.unit,
          words,
          toldAt: words.length === 0 ? undefined : told?.at,
          operation: result.operation
        } satisfies Helped
      }
      if (tries === RETRIES) return yield* new Conflict({ unit: result.unit })
    }
  })
