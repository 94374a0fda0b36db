/**
 * What every `VectorIndex` does, over the store it is given.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type * as Layer from "effect/Layer"
import { idOf } from "../../src/domain/Ids.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { batch, cursor, everything, message, unit } from "./made.ts"
import { write } from "./MemoryStoreContract.ts"

const model = { id: "test@1", dimension: 4 }

/** Of unit length, as the port asks. */
export const vector = (...values: ReadonlyArray<number>): Float32Array => {
  const length = Math.hypot(...values)
  return Float32Array.from(values, (value) => value / length)
}

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

const ids = (question: Float32Array, filter: SearchFilter = everything, limit = 10) =>
  Effect.flatMap(
    VectorIndex,
    (index) => Effect.map(index.search(question, filter, limit), (hits) => hits.map(({ unitId }) => unitId))
  )

/** Components of both signs, never all near zero. */
const direction = (dimension: number) =>
  FastCheck.array(FastCheck.double({ min: -1, max: 1, noNaN: true }), { minLength: dimension, maxLength: dimension })
    .filter((values) => Math.hypot(...values) > 0.3)
    .map((values) => vector(...values))

export const suite = <E>(name: string, layer: Layer.Layer<VectorIndex | MemoryStore, E>) => {
  const test = <E2>(title: string, body: Effect.Effect<void, E2, VectorIndex | MemoryStore>) =>
    it.scoped(title, () => Effect.provide(body, layer))

  describe(name, () => {
    test(
      "is nothing until it is made for a model, and then is that model's",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        assert.deepStrictEqual(yield* index.describe, { model: null, count: 0 })
        assert.deepStrictEqual(yield* index.search(vector(1, 0), everything, 5), [])
        const early = yield* Effect.flip(index.upsert([{ unitId: "a", vector: vector(1, 0, 0, 0) }]))
        assert.deepStrictEqual([early.reason, early.message], ["Unavailable", "index, upsert: nothing is indexed yet"])
        yield* index.upsert([])
        yield* index.remove(["a"])
        yield* index.ensure(model)
        yield* index.ensure(model)
        assert.deepStrictEqual(yield* index.describe, { model, count: 0 })
        assert.deepStrictEqual(yield* index.search(vector(1, 0, 0, 0), everything, 5), [])
      })
    )

    test(
      "refuses another model and another dimension, and says what to do",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* index.ensure(model)
        for (const other of [{ id: "other@1", dimension: 4 }, { id: "test@1", dimension: 8 }]) {
          const error = yield* Effect.flip(index.ensure(other))
          assert.strictEqual(error.reason, "Mismatch")
          assert.include(error.message, "test@1 (4 dimensions)")
          assert.include(error.message, `${other.id} (${other.dimension})`)
          assert.include(error.message, "CLAUDE_MEMORY_HOME")
        }
        assert.deepStrictEqual((yield* index.describe).model, model)
      })
    )

    test(
      "gives the nearest first, equal ones by id, as many as asked",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* write(["c", "b", "a", "far", "opposite"].map((id) => unit(id)))
        yield* index.ensure(model)
        yield* index.upsert([
          { unitId: "c", vector: vector(1, 1, 0, 0) },
          { unitId: "b", vector: vector(1, 0, 0, 0) },
          { unitId: "far", vector: vector(0, 0, 1, 0) },
          { unitId: "opposite", vector: vector(-1, 0, 0, 0) },
          { unitId: "a", vector: vector(1, 0, 0, 0) }
        ])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["a", "b", "c", "far", "opposite"])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0), everything, 2), ["a", "b"])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0), everything, 0), [])
        const scores = (yield* index.search(vector(1, 0, 0, 0), everything, 10)).map(({ score }) => score)
        const expected = [1, 1, Math.SQRT1_2, 0, -1]
        scores.forEach((score, i) => assert.closeTo(score, expected[i]!, 0.02))
        assert.strictEqual((yield* index.describe).count, 5)
      })
    )

    test(
      "replaces a unit's vector, and takes the last of two",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* write([unit("a"), unit("b")])
        yield* index.ensure(model)
        yield* index.upsert([{ unitId: "a", vector: vector(1, 0, 0, 0) }, { unitId: "b", vector: vector(1, 1, 0, 0) }])
        const moved = vector(0, 1, 0, 0)
        yield* index.upsert([{ unitId: "a", vector: vector(0, 0, 1, 0) }, { unitId: "a", vector: moved }])
        moved.fill(0)
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b", "a"])
        assert.closeTo((yield* index.search(vector(0, 1, 0, 0), everything, 1))[0]!.score, 1, 0.02)
        assert.strictEqual((yield* index.describe).count, 2)
      })
    )

    test(
      "refuses a vector of another dimension or with no number in it, and the whole batch with it",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* write([unit("a"), unit("b")])
        yield* index.ensure(model)
        const good = { unitId: "b", vector: vector(1, 0, 0, 0) }
        const bad: ReadonlyArray<readonly [Float32Array, string]> = [
          [vector(1, 0), "a vector has 2 dimensions, the index 4"],
          [vector(1, 0, 0, 0, 0), "a vector has 5 dimensions, the index 4"],
          [Float32Array.of(), "a vector has 0 dimensions, the index 4"],
          [Float32Array.of(1, Number.NaN, 0, 0), "a vector holds a number that is not finite"],
          [Float32Array.of(1, 0, 0, Number.POSITIVE_INFINITY), "a vector holds a number that is not finite"]
        ]
        for (const [wrong, detail] of bad) {
          const written = yield* Effect.flip(index.upsert([good, { unitId: "a", vector: wrong }]))
          assert.deepStrictEqual([written.reason, written.message], ["Rejected", `index, upsert: ${detail}`])
          const asked = yield* Effect.flip(index.search(wrong, everything, 1))
          assert.deepStrictEqual([asked.reason, asked.message], ["Rejected", `index, search: ${detail}`])
        }
        assert.strictEqual((yield* index.describe).count, 0)
      })
    )

    test(
      "keeps to the filter",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* write([
          unit("one", { type: "decision", occurredAt: 10, files: ["/work/src/app.ts"] }),
          unit("two", { projectId: "project-two", occurredAt: 20, files: ["C:\\work\\app.ts"] }),
          unit("three", { occurredAt: 30, files: ["/work/my%app.ts"] }),
          unit("off", { active: false })
        ])
        yield* index.ensure(model)
        yield* index.upsert(["one", "two", "three", "off"].map((unitId, i) => ({ unitId, vector: vector(4, i, 0, 0) })))
        const near = (filter: Partial<SearchFilter>) => ids(vector(1, 0, 0, 0), { ...everything, ...filter })
        assert.deepStrictEqual(yield* near({}), ["one", "two", "three"])
        assert.deepStrictEqual(yield* near({ projects: ["project-two"] }), ["two"])
        assert.deepStrictEqual(yield* near({ projects: [] }), [])
        assert.deepStrictEqual(yield* near({ types: ["decision"] }), ["one"])
        assert.deepStrictEqual(yield* near({ since: 20 }), ["two", "three"])
        assert.deepStrictEqual(yield* near({ until: 20 }), ["one", "two"])
        assert.deepStrictEqual(yield* near({ files: ["app.ts"] }), ["one", "two"])
        assert.deepStrictEqual(yield* near({ files: ["my%app.ts", "' OR 1 --"] }), ["three"])
      })
    )

    test(
      "removes, and takes unknown ids",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* write([unit("a"), unit("b")])
        yield* index.ensure(model)
        yield* index.upsert(["a", "b"].map((unitId) => ({ unitId, vector: vector(1, 0, 0, 0) })))
        yield* index.remove(["a", "none", "' OR 1 --"])
        yield* index.remove([])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
        assert.deepStrictEqual(yield* index.describe, { model, count: 1 })
      })
    )

    test(
      "never finds a unit that the store does not have (any more)",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        const store = yield* MemoryStore
        const origin = idOf("segment", "p")
        yield* store.append(batch([message("p", { isPrompt: true })]))
        yield* store.commit(yield* store.claim("segment", 1), [unit("a", { origin }), unit("b", { origin })])
        yield* index.ensure(model)
        yield* index.upsert(["a", "b", "none"].map((unitId) => ({ unitId, vector: vector(1, 0, 0, 0) })))
        assert.strictEqual((yield* index.describe).count, 2)
        yield* store.append(batch([message("q")], {
          previous: cursor("/t/a.jsonl", 100),
          cursor: cursor("/t/a.jsonl", 200)
        }))
        yield* store.commit(yield* store.claim("segment", 1), [unit("b", { origin })])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
        assert.deepStrictEqual(yield* index.describe, { model, count: 1 })
        yield* index.upsert([{ unitId: "a", vector: vector(1, 0, 0, 0) }])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
      })
    )

    it.effect.prop(
      "scores by the exact cosine within 0.02, and finds the nearest when it stands out",
      [FastCheck.array(direction(32), { minLength: 2, maxLength: 12 }), direction(32)],
      ([vectors, question]) =>
        Effect.gen(function*() {
          const index = yield* VectorIndex
          const points = vectors.map((vector, i) => ({ unitId: `u${String(i).padStart(2, "0")}`, vector }))
          yield* write(points.map(({ unitId }) => unit(unitId)))
          yield* index.ensure({ id: "wide@1", dimension: 32 })
          yield* index.upsert(points)
          const exact = new Map(points.map(({ unitId, vector }) => [unitId, cosine(vector, question)]))
          const hits = yield* index.search(question, everything, 100)
          assert.strictEqual(hits.length, points.length)
          for (const { score, unitId } of hits) assert.closeTo(score, exact.get(unitId)!, 0.02)
          const [first, second] = [...exact].sort(([, a], [, b]) => b - a)
          if (first![1] - second![1] > 0.04) assert.strictEqual(hits[0]?.unitId, first![0])
        }).pipe(Effect.provide(layer)),
      { fastCheck: { numRuns: 15 } }
    )
  })
}
