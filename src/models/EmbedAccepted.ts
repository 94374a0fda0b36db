/**
 * Vectors of texts of which a provider may refuse some: content filters answer 400 to a whole batch for one of its texts.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ModelError, ModelManager } from "./ModelManager.ts"

type Embed = (texts: ReadonlyArray<string>) => ReturnType<ModelManager["Type"]["embed"]>
type Vectors = ReadonlyArray<Option.Option<Float32Array>>

const isRefusal = ({ reason }: ModelError) => reason === "Refused"

/** Halves what is refused, until the texts that are refused alone are left: those have no vector. */
const halved = (embed: Embed, texts: ReadonlyArray<string>): Effect.Effect<Vectors, ModelError> =>
  Effect.catchIf(embed(texts), isRefusal, (error) => {
    if (texts.length === 1) {
      return Effect.as(Effect.logWarning(`a memory has no vector: ${error.message}`), [Option.none()])
    }
    const middle = Math.ceil(texts.length / 2)
    return Effect.zipWith(
      halved(embed, texts.slice(0, middle)),
      halved(embed, texts.slice(middle)),
      (a, b) => [...a, ...b]
    )
  })

/** As many as the rest of a budget allows; what it bought is kept for the next time, though this one fails. */
const afforded = (embed: Embed): Embed => (texts) =>
  Effect.catchIf(embed(texts), ({ reason }) => reason === "Budget" && texts.length > 1, () => {
    const middle = Math.ceil(texts.length / 2)
    return Effect.zipWith(
      afforded(embed)(texts.slice(0, middle)),
      afforded(embed)(texts.slice(middle)),
      (a, b) => [...a, ...b]
    )
  })

/** A model that refuses the first text and the last one alone refuses everything (its key, its name), and that is its error. */
export const embedAccepted = (model: Embed, texts: ReadonlyArray<string>): Effect.Effect<Vectors, ModelError> => {
  const embed = afforded(model)
  return Effect.catchIf(
    embed(texts),
    (error) => isRefusal(error) && texts.length > 1,
    () =>
      embed(texts.slice(0, 1)).pipe(
        Effect.catchIf(isRefusal, () => embed(texts.slice(-1))),
        Effect.zipRight(halved(embed, texts))
      )
  )
}
