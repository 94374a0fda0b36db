import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Random from "effect/Random"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../data.ts"
import { BLOCKS, slope } from "./slope.ts"
import { applied, DoesNotApply, variants } from "./variants.ts"

/** Normally distributed, by Box and Muller. */
const normal = Effect.zipWith(
  Random.next,
  Random.next,
  (a, b) => Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b)
)

describe("slope", () => {
  it.effect.prop(
    "of a line is its own, without doubt",
    [FastCheck.integer({ min: -1_000, max: 1_000 }), FastCheck.integer(), FastCheck.integer({ min: 1, max: 5 })],
    ([b, y, size]) =>
      Effect.sync(() => {
        const found = slope(Array.from({ length: BLOCKS * size }, (_, x) => y + b * x))
        for (const each of Object.values(found)) assert.closeTo(each, b, 1e-6 * Math.max(1, Math.abs(y)))
      })
  )

  it("of values that make no whole blocks is refused", () => {
    assert.throws(() => slope([1, 2, 3]), RangeError)
  })

  it.effect("the interval holds the true slope in 95 of 100 series with noise", () =>
    Effect.gen(function*() {
      const SERIES = 1_000
      let held = 0
      for (let i = 0; i < SERIES; i++) {
        const noise = yield* Effect.replicateEffect(normal, BLOCKS * 2)
        const { high, low } = slope(noise.map((value, x) => 3 * x + 50 * value))
        if (low <= 3 && 3 <= high) held++
      }
      assert.isAtLeast(held / SERIES, 0.93)
      assert.isAtMost(held / SERIES, 0.97)
    }).pipe(Effect.withRandom(Random.make("slope"))))
})

describe("leaks put into the sources", () => {
  it("each applies to the sources as they are", () => {
    for (const variant of variants) {
      for (const { file } of variant.edits) {
        const text = readFileSync(join(root, file), "utf8")
        assert.notStrictEqual(applied(variant, file, text), text)
      }
    }
  })

  it("one that no longer applies is reported", () => {
    const variant = { name: "gone", edits: [{ file: "a.ts", from: "x", to: "y" }] }
    assert.throws(() => applied(variant, "a.ts", "no such letter, two of them: x x"), DoesNotApply)
    assert.strictEqual(applied(variant, "b.ts", "x"), undefined)
  })
})
