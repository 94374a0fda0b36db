/**
 * The contract of every `ModelManager`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { anyText } from "../texts.ts"

export interface Texts {
  /** At least two different texts that each contain a word of the model's vocabulary. */
  readonly known: ReadonlyArray<string>
  /** Texts without a word of the vocabulary; blank texts are tested with every model. */
  readonly unknown: ReadonlyArray<string>
}

const BLANK = ["", "  \n\t "]

/** More texts than a provider accepts in one request. */
const MANY = 300

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

/** Compares with a tolerance: a model may round differently in another batch. */
const assertSame = (one: Option.Option<Float32Array>, other: Option.Option<Float32Array>) => {
  assert.strictEqual(Option.isSome(one), Option.isSome(other))
  if (Option.isSome(one) && Option.isSome(other)) assert.closeTo(cosine(one.value, other.value), 1, 1e-3)
}

const embed = (texts: ReadonlyArray<string>) => Effect.flatMap(ModelManager, (models) => models.embed(texts))

/** Asserts one vector per text, of the declared dimension, finite and of unit length. */
const embedAll = (texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { dimension } = yield* Effect.flatMap(ModelManager, ({ embedding }) => embedding)
    const found = yield* embed(texts)
    assert.strictEqual(found.length, texts.length)
    for (const each of found) {
      if (Option.isNone(each)) continue
      assert.strictEqual(each.value.length, dimension)
      assert.isTrue(each.value.every(Number.isFinite))
      assert.closeTo(Math.hypot(...each.value), 1, 1e-3)
    }
    return found
  })

export const suite = <E>(name: string, layer: Layer.Layer<ModelManager, E>, { known, unknown }: Texts) => {
  const test = <E2>(title: string, body: Effect.Effect<void, E2, ModelManager>) =>
    it.scoped(title, () => Effect.provide(body, layer))

  describe(name, () => {
    test(
      "says which model it is, and the same each time",
      Effect.gen(function*() {
        const { embedding } = yield* ModelManager
        const { dimension, id } = yield* embedding
        assert.isNotEmpty(id)
        assert.isTrue(Number.isInteger(dimension) && dimension > 0)
        assert.deepStrictEqual(yield* embedding, { id, dimension })
      })
    )

    test(
      "gives each text its own vector, in order",
      Effect.gen(function*() {
        const found = yield* embedAll(known)
        for (const [i, text] of known.entries()) {
          assert.isTrue(Option.isSome(found[i]!), text)
          const [alone] = yield* embed([text])
          assertSame(found[i]!, alone!)
        }
        const [first, second] = found.map(Option.getOrThrow)
        assert.isBelow(cosine(first!, second!), 0.999)
      })
    )

    test(
      "gives none where it knows nothing, and keeps the others in place",
      Effect.gen(function*() {
        for (const text of [...BLANK, ...unknown]) {
          const found = yield* embedAll([known[0]!, text, known[1]!])
          assert.deepStrictEqual(found.map(Option.isSome), [true, false, true], JSON.stringify(text))
          assert.deepStrictEqual(yield* embed([text]), [Option.none()])
        }
        assert.deepStrictEqual(yield* embed([]), [])
      })
    )

    test(
      "takes many texts at once",
      Effect.gen(function*() {
        const texts = Array.from({ length: MANY }, (_, i) => known[i % known.length]!)
        const some = yield* embed(known)
        const found = yield* embedAll(texts)
        found.forEach((each, i) => assertSame(each, some[i % known.length]!))
      })
    )

    test(
      "gives the same again, whatever was done to what it gave",
      Effect.gen(function*() {
        const [before] = yield* embed([known[0]!])
        const [given] = yield* embed([known[0]!])
        Option.getOrThrow(given!).fill(0)
        const [after] = yield* embed([known[0]!])
        assertSame(before!, after!)
      })
    )

    test(
      "answers callers that come at the same time",
      Effect.gen(function*() {
        const answers = yield* Effect.all(known.map((text) => embed([text])), { concurrency: "unbounded" })
        const expected = yield* embed(known)
        answers.forEach(([answer], i) => assertSame(answer!, expected[i]!))
      })
    )

    test(
      "goes on after a call was interrupted",
      Effect.gen(function*() {
        const texts = Array.from({ length: MANY }, () => known[0]!)
        for (let turns = 0; turns < 5; turns++) {
          const fiber = yield* Effect.fork(embed(texts))
          for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
        }
        assert.isTrue((yield* embedAll(known)).every(Option.isSome))
      })
    )

    it.effect.prop(
      "takes any text",
      [FastCheck.array(anyText, { maxLength: 5 })],
      ([texts]) => Effect.asVoid(Effect.provide(embedAll(texts), layer)),
      { fastCheck: { numRuns: 20 } }
    )
  })
}
