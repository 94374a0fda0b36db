/**
 * Embeds texts of which a provider may refuse some: content filters answer 400 to a whole batch because of one text.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ModelError, ModelManager } from "../ModelManager.ts"

type Embed = (texts: ReadonlyArray<string>) => ReturnType<ModelManager["Type"]["embed"]>
type Vectors = ReadonlyArray<Option.Option<Float32Array>>

const isRefusal = ({ reason }: ModelError) => reason === "Refused"

/** Bisects a refused batch. A text that is refused by itself has no vector. */
const bisectRefused = (embed: Embed, texts: ReadonlyArray<string>): Effect.Effect<Vectors, ModelError> =>
  Effect.catchIf(embed(texts), isRefusal, (error) => {
    if (texts.length === 1) {
      return Effect.as(Effect.logWarning(`a memory has no vector: ${error.message}`), [Option.none()])
    }
    const middle = Math.ceil(texts.length / 2)
    return Effect.zipWith(
      bisectRefused(embed, texts.slice(0, middle)),
      bisectRefused(embed, texts.slice(middle)),
      (a, b) => [...a, ...b]
    )
  })

/** Bisects a batch that the budget refuses. Even if the call fails in the end, the cache keeps the vectors paid for. */
const bisectOverBudget = (embed: Embed): Embed => (texts) =>
  Effect.catchIf(embed(texts), ({ reason }) => reason === "Budget" && texts.length > 1, () => {
    const middle = Math.ceil(texts.length / 2)
    return Effect.zipWith(
      bisectOverBudget(embed)(texts.slice(0, middle)),
      bisectOverBudget(embed)(texts.slice(middle)),
      (a, b) => [...a, ...b]
    )
  })

/**
 * Embeds the texts, without those that are refused. A model that refuses both the first and the last text by themselves
 * refuses everything (for its key or its name), so that its error is returned at once.
 */
export const embedAccepted = (model: Embed, texts: ReadonlyArray<string>): Effect.Effect<Vectors, ModelError> => {
  const embed = bisectOverBudget(model)
  return Effect.catchIf(
    embed(texts),
    (error) => isRefusal(error) && texts.length > 1,
    () =>
      embed(texts.slice(0, 1)).pipe(
        Effect.catchIf(isRefusal, () => embed(texts.slice(-1))),
        Effect.zipRight(bisectRefused(embed, texts))
      )
  )
}
