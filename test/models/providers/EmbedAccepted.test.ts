import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { ModelError } from "../../../src/models/ModelManager.ts"
import { embedAccepted } from "../../../src/models/providers/EmbedAccepted.ts"

const failing = (reason: ModelError["reason"]) => new ModelError({ reason, model: "m", detail: "no", cause: undefined })

const vector = (text: string) => Option.some(Float32Array.of(text.length))

/** A model that refuses batches with a bad text, and counts its calls. */
const filtering = (bad: ReadonlySet<string>) => {
  let asked = 0
  return {
    asked: () => asked,
    embed: (texts: ReadonlyArray<string>) =>
      Effect.suspend(() => {
        asked++
        return texts.some((text) => bad.has(text)) ? Effect.fail(failing("Refused")) : Effect.succeed(texts.map(vector))
      })
  }
}

it.effect.prop(
  "what is refused alone has no vector, all others have theirs, in order; a model that refuses everything is heard",
  [
    FastCheck.uniqueArray(FastCheck.string({ minLength: 1 }), { minLength: 1, maxLength: 40 }),
    FastCheck.infiniteStream(FastCheck.nat(9))
  ],
  ([texts, dice]) =>
    Effect.gen(function*() {
      const bad = new Set(texts.filter(() => dice.next().value === 0))
      const { asked, embed } = filtering(bad)
      const found = yield* Effect.either(embedAccepted(embed, texts))
      if (bad.has(texts[0]!) && bad.has(texts.at(-1)!)) {
        assert.isTrue(Either.isLeft(found) && found.left.reason === "Refused")
        assert.isAtMost(asked(), 3)
        return
      }
      assert.deepStrictEqual(
        found,
        Either.right(texts.map((text) => bad.has(text) ? Option.none() : vector(text)))
      )
      assert.isAtMost(asked(), bad.size === 0 ? 1 : 3 + 2 * bad.size * Math.ceil(1 + Math.log2(texts.length)))
    })
)

it.effect("other errors are no reason to ask again", () =>
  Effect.gen(function*() {
    for (const reason of ["Unavailable", "TimedOut", "Damaged", "Missing"] as const) {
      let asked = 0
      const embed = () =>
        Effect.suspend(() => {
          asked++
          return Effect.fail(failing(reason))
        })
      const error = yield* Effect.flip(embedAccepted(embed, ["a", "b"]))
      assert.deepStrictEqual([error.reason, asked], [reason, 1])
    }
  }))

it.effect("what a budget does not allow at once is asked for in halves, until nothing more is allowed", () =>
  Effect.gen(function*() {
    const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`)
    let left = 7
    const bought: Array<string> = []
    const embed = (some: ReadonlyArray<string>) =>
      Effect.suspend(() => {
        if (some.length > left) return Effect.fail(failing("Budget"))
        left -= some.length
        bought.push(...some)
        return Effect.succeed(some.map(vector))
      })
    const found = yield* Effect.either(embedAccepted(embed, texts))
    assert.isTrue(Either.isLeft(found) && found.left.reason === "Budget")
    assert.deepStrictEqual(bought, texts.slice(0, 7))
    left = 30
    assert.deepStrictEqual(yield* embedAccepted(embed, texts), texts.map(vector))
  }))
