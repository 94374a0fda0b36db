/**
 * An embedder for tests that needs no file. Texts that share lexemes have similar vectors; meaning plays no part.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hash } from "../domain/Hash.ts"
import { lexemes } from "../domain/Tokenizer.ts"
import { embedderOnly, ModelManager } from "./ModelManager.ts"

/** Feature hashing: each lexeme adds 1 or -1 at the index given by its hash. None when the sum is zero. */
const embed = (text: string, dimension: number): Option.Option<Float32Array> => {
  const sum = new Float32Array(dimension)
  for (const lexeme of lexemes(text)) {
    const code = hash(lexeme)
    sum[(code >>> 1) % dimension]! += code & 1 ? 1 : -1
  }
  const length = Math.hypot(...sum)
  return length === 0 ? Option.none() : Option.some(sum.map((value) => value / length))
}

/** For tests only: the same text has the same vector on every machine. */
export const layer = (dimension = 32): Layer.Layer<ModelManager> =>
  Layer.succeed(
    ModelManager,
    embedderOnly({ provider: "memory", model: "hashed lexemes" }, {
      embed: (texts) => Effect.sync(() => texts.map((text) => embed(text, dimension))),
      embedding: Effect.succeed({ id: `hashed-lexemes-${dimension}`, dimension })
    })
  )
