/**
 * Fuses items into one background by a model. The question depends on the items and on the prompt's language, never on
 * the prompt's words, so that another prompt that recalls the same items is answered from the cache.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { fence } from "../domain/Fence.ts"
import * as Language from "../domain/Language.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Tokens from "../domain/Tokens.ts"
import { CurrentProject } from "../models/CurrentProject.ts"
import { keyOf, ModelCache } from "../models/ModelCache.ts"
import { ModelManager } from "../models/ModelManager.ts"
import { Background, BackgroundError, type BackgroundRequest, type Fuse, type Fused } from "./Background.ts"
import { renderFitting } from "./Budgets.ts"
import * as Statements from "./Statements.ts"

const unusable = (detail: string) => new BackgroundError({ reason: "Unusable", detail })

/** Fuses at least 2 items, in a budget of at least 300 tokens; fewer are listed. */
export interface Options {
  /** Name of the light models, for the cache's key: another model would write another text. */
  readonly model: string
  /** Time limit of the whole fusion; a request still open then is aborted on the wire. */
  readonly within: Duration.DurationInput
}

/** Fewer items leave nothing to fuse, and in less room (in tokens) the best of them says more. */
const MIN_ITEMS = 2
const MIN_TOKENS = 300

/** Converts the budget of characters to tokens when it is the tighter one. */
const CHARS_PER_TOKEN = 4

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() }

/** Sorts units in an order that does not depend on the prompt. */
const chronological = (units: ReadonlyArray<MemoryUnit>): ReadonlyArray<MemoryUnit> =>
  [...units].sort((a, b) => a.occurredAt - b.occurredAt || a.position - b.position || (a.id < b.id ? -1 : 1))

/** Renders as many statements as there is room for; fails when these do not cite the best item. */
export const toFused = (
  statements: ReadonlyArray<Statements.Statement>,
  units: ReadonlyArray<MemoryUnit>,
  { items, nameOf, now, ...budgets }: BackgroundRequest
): Either.Either<Fused, BackgroundError> => {
  const { kept, text } = renderFitting(statements, (fitting) => {
    const text = fence(Statements.render(fitting, units, nameOf, now))
    return { text, tokens: Tokens.estimate(text) }
  }, budgets)
  const cited = new Set(kept.flatMap(({ notes }) => notes.map((number) => units[number - 1])))
  const [best] = items
  // Without the best item the text would be worth less than the list of items.
  return best === undefined || !cited.has(best.unit)
    ? Either.left(unusable("it leaves out what matches the prompt best"))
    : Either.right({ text, items: items.filter(({ unit }) => cited.has(unit)) })
}

/** Output limit of a model: JSON takes more tokens than its words, and some models think before they write. */
const answerTokens = (room: number) => 1_000 + 2 * room

const make = ({ model, within }: Options) =>
  Effect.gen(function*() {
    const cache = yield* ModelCache
    const models = yield* ModelManager

    const ask = (question: Statements.Question, room: number) =>
      Effect.map(
        models.complete({ ...question, tier: "light", maxTokens: answerTokens(room), within }),
        ({ text }) => text
      )

    const askStatements = (question: Statements.Question, room: number) =>
      Effect.gen(function*() {
        const first = yield* ask(question, room)
        const statements = Statements.parse(first)
        if (Either.isRight(statements)) return statements.right
        const second = yield* ask(Statements.repairOf(question, statements.left), room)
        return yield* Either.mapLeft(
          Statements.parse(second),
          () => unusable("the model's answer is not of the shape asked for")
        )
      })

    const readCached = (key: string) =>
      Effect.map(
        cache.get([key]),
        ([bytes]) =>
          Option.flatMap(
            bytes ?? Option.none(),
            (bytes) => Option.getRight(Statements.parse(utf8.decode.decode(bytes)))
          )
      )

    const fuse: Fuse = (request) =>
      Effect.gen(function*() {
        const { items, maxChars, maxTokens, nameOf, prompt } = request
        const room = Math.min(maxTokens, Math.floor(maxChars / CHARS_PER_TOKEN))
        if (items.length < MIN_ITEMS || room < MIN_TOKENS) return Option.none()
        const units = chronological(items.map(({ unit }) => unit))
        const notes = units.map((unit) => Statements.noteOf(unit, nameOf(unit.projectId)))
        const language = Language.languageOf(prompt)
        const question = Statements.questionOf(notes, language, room)
        const key = keyOf("background", model, question.system, question.prompt, ...units.map(({ id }) => id))

        const cached = yield* readCached(key)
        if (Option.isSome(cached)) return Option.some(yield* toFused(cached.value, units, request))
        if (request.isImmediate) return Option.none()
        const forgotten = yield* cache.forgotten
        const [first, ...others] = units
        const statements = yield* askStatements(question, room).pipe(
          Effect.provideService(
            CurrentProject,
            others.every(({ projectId }) => projectId === first?.projectId) ? first?.projectId ?? null : null
          ),
          Effect.flatMap((statements) =>
            Either.mapLeft(
              Statements.supported(statements, notes, language),
              (why) => unusable(`the model's answer is not used: ${why}`)
            )
          )
        )
        yield* cache.put([[key, utf8.encode.encode(Statements.encode(statements))]], forgotten)
        return Option.some(yield* toFused(statements, units, request))
      }).pipe(
        Effect.timeoutFail({
          duration: within,
          onTimeout: () =>
            new BackgroundError({ reason: "TimedOut", detail: `no answer within ${Duration.format(within)}` })
        })
      )

    return { fuse: Effect.fn("Background.fuse")(fuse) }
  })

/**
 * `Background` by the light model of `ModelManager`. A request that is immediate, as at a prompt, gets what
 * `ModelCache` has.
 */
export const layer = (options: Options) => Layer.effect(Background, make(options))
