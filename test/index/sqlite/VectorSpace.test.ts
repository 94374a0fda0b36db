import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import wabt from "wabt"
import * as VectorSpace from "../../../src/index/sqlite/VectorSpace.ts"
import { root, times } from "../../data.ts"
import { makeRandom } from "../../fixtures/transcript.ts"

const lane = (): VectorSpace.Lane => ({ blocks: [] })

/** Adds these vectors as rows from `first` on. */
const append = (
  space: VectorSpace.VectorSpace,
  to: VectorSpace.Lane,
  vectors: ReadonlyArray<ReadonlyArray<number>>,
  first = 1
) => space.append(to, vectors.map((_, i) => first + i), new Uint8Array(Int8Array.from(vectors.flat()).buffer))

const cosine = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) => {
  const dot = (x: ReadonlyArray<number>, y: ReadonlyArray<number>) =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  // The square roots one by one, as the space has them.
  const length = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b))
  return length > 0 ? dot(a, b) / length : 0
}

const nearest = (space: VectorSpace.VectorSpace, ...asked: Parameters<VectorSpace.VectorSpace["nearest"]>) => {
  const comparing = space.nearest(...asked)
  for (;;) {
    const step = comparing.next()
    if (step.done === true) return step.value
  }
}

/** Compares with all and sorts: what the space should find. */
const sorted = (query: ReadonlyArray<number>, vectors: ReadonlyArray<ReadonlyArray<number>>) =>
  vectors.map((vector, i) => ({ row: i + 1, score: cosine(query, vector) })).sort((a, b) =>
    b.score - a.score || b.row - a.row
  )

/** The same vectors at each call. */
const drawn = (count: number, dimension: number) => {
  const random = makeRandom(1)
  return Array.from(
    { length: count },
    () => Array.from({ length: dimension }, () => Math.floor(random() * 255) - 127)
  )
}

describe("VectorSpace", () => {
  it.effect.prop(
    "finds the nearest of all",
    [
      FastCheck.integer({ min: 1, max: 40 }).chain((dimension) => {
        const vector = FastCheck.array(FastCheck.integer({ min: -127, max: 127 }), {
          minLength: dimension,
          maxLength: dimension
        })
        return FastCheck.tuple(vector, FastCheck.array(vector, { maxLength: 30 }))
      }),
      FastCheck.integer({ min: 1, max: 12 })
    ],
    ([[query, vectors], limit]) =>
      Effect.sync(() => {
        const space = VectorSpace.make(query.length)
        const lanes = [lane(), lane()]
        const half = vectors.length >> 1
        append(space, lanes[0]!, vectors.slice(0, half))
        append(space, lanes[1]!, vectors.slice(half), half + 1)
        const wanted = sorted(query, vectors)
        assert.deepStrictEqual(nearest(space, Int8Array.from(query), lanes, limit), wanted.slice(0, limit))
        const even = Uint8Array.from({ length: vectors.length + 1 }, (_, row) => 1 - row % 2)
        assert.deepStrictEqual(
          nearest(space, Int8Array.from(query), lanes, limit, even),
          wanted.filter(({ row }) => row % 2 === 0).slice(0, limit)
        )
      }),
    { fastCheck: { numRuns: times(60) } }
  )

  it("holds more than a block, and takes the blocks of a lane that was freed for the next", () => {
    const space = VectorSpace.make(24)
    const vectors = drawn(2_500, 24)
    const [first, second, third] = [lane(), lane(), lane()]
    append(space, first, vectors)
    // In two steps, as when vectors are added later.
    append(space, second, vectors.slice(0, 1_500))
    append(space, second, vectors.slice(1_500), 1_501)
    const query = drawn(1, 24)[0]!
    const wanted = sorted(query, vectors).slice(0, 300)
    assert.deepStrictEqual(nearest(space, Int8Array.from(query), [first], 300), wanted)
    assert.deepStrictEqual(nearest(space, Int8Array.from(query), [second], 300), wanted)
    const held = space.bytes()
    space.free(first)
    append(space, third, drawn(2_000, 24).toReversed())
    assert.strictEqual(space.bytes(), held)
    assert.deepStrictEqual(nearest(space, Int8Array.from(query), [second], 300), wanted)
    assert.strictEqual(nearest(space, Int8Array.from(query), [third], 1)[0]!.row, 2_000)
  })

  it("takes 8 bits at their extremes in 4,096 dimensions without an overflow", () => {
    const space = VectorSpace.make(4_096)
    const all = lane()
    append(space, all, [-127, 127].map((value) => Array.from({ length: 4_096 }, () => value)))
    const found = nearest(space, new Int8Array(4_096).fill(127), [all], 2)
    assert.deepStrictEqual(found, [{ row: 2, score: 1 }, { row: 1, score: -1 }])
  })

  it("says that there is no memory for more, and holds what it has", () => {
    const space = VectorSpace.make(5_000_000)
    assert.throws(() => append(space, lane(), drawn(1, 1)), RangeError)
    assert.deepStrictEqual(nearest(space, new Int8Array(5_000_000), [lane()], 1), [])
  })

  it.effect("runs what dots.wat says", () =>
    Effect.gen(function*() {
      const { parseWat } = yield* Effect.promise(() => wabt())
      const source = readFileSync(join(root, "src", "index", "sqlite", "dots.wat"), "utf8")
      const { buffer } = parseWat("dots.wat", source, { simd: true }).toBinary({})
      assert.strictEqual(Buffer.from(buffer).toString("base64"), VectorSpace.DOTS)
    }))
})
