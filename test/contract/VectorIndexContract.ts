/**
 * The contract of every `VectorIndex`, over a given store.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { idOf } from "../../src/domain/Ids.ts"
import type { SearchFilter } from "../../src/domain/Search.ts"
import { embedded } from "../../src/index/Points.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { times } from "../data.ts"
import { batch, cursor, everything, message, unit as made } from "./made.ts"
import { write } from "./MemoryStoreContract.ts"

const model = { id: "test@1", dimension: 4 }

/** Makes a vector of unit length, which the port requires. */
export const vector = (...values: ReadonlyArray<number>): Float32Array => {
  const length = Math.hypot(...values)
  return Float32Array.from(values, (value) => value / length)
}

/** Encodes a name as a UUID, since an index may require real unit ids. Ids sort as their names do. */
const id = (name: string): string =>
  Buffer.from(name.padEnd(16, "\0")).toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5")
const nameOf = (id: string): string => Buffer.from(id.replaceAll("-", ""), "hex").toString().replaceAll("\0", "")

const unit = (name: string, overrides: Parameters<typeof made>[1] = {}) => ({ ...made(name, overrides), id: id(name) })

const point = (name: string, vector: Float32Array | null) => ({ unitId: id(name), vector })

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

const ids = (question: Float32Array, filter: SearchFilter = everything, limit = 10) =>
  Effect.flatMap(
    VectorIndex,
    (index) => Effect.map(index.search(question, filter, limit), (hits) => hits.map(({ unitId }) => nameOf(unitId)))
  )

/** Unit vectors, from components of both signs that are not all near zero. */
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
        const early = yield* Effect.flip(index.upsert([point("a", vector(1, 0, 0, 0))]))
        assert.strictEqual(early.reason, "Unavailable")
        assert.strictEqual(early.message, "the index: nothing is indexed yet; run `claude-memory import`")
        assert.strictEqual((yield* Effect.flip(index.check(model))).reason, "Unavailable")
        assert.deepStrictEqual([yield* index.count, yield* index.ids("", 10), yield* index.versions], [0, [], []])
        yield* index.upsert([])
        yield* index.remove([id("a")])
        yield* index.ensure(model)
        const identity = yield* index.identity
        yield* index.ensure(model)
        assert.strictEqual(yield* index.identity, identity)
        yield* index.check(model)
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
          for (const refused of [index.ensure(other), index.check(other)]) {
            const error = yield* Effect.flip(refused)
            assert.strictEqual(error.reason, "Mismatch")
            assert.include(error.message, "test@1 (4 dimensions)")
            assert.include(error.message, `${other.id} (${other.dimension})`)
            assert.include(error.message, "claude-memory reindex")
          }
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
          point("c", vector(1, 1, 0, 0)),
          point("b", vector(1, 0, 0, 0)),
          point("far", vector(0, 0, 1, 0)),
          point("opposite", vector(-1, 0, 0, 0)),
          point("a", vector(1, 0, 0, 0))
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
        yield* index.upsert([point("a", vector(1, 0, 0, 0)), point("b", vector(1, 1, 0, 0))])
        const moved = vector(0, 1, 0, 0)
        yield* index.upsert([point("a", vector(0, 0, 1, 0)), point("a", moved)])
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
        const good = point("b", vector(1, 0, 0, 0))
        const bad: ReadonlyArray<readonly [Float32Array, string]> = [
          [vector(1, 0), "a vector has 2 dimensions, the index 4"],
          [vector(1, 0, 0, 0, 0), "a vector has 5 dimensions, the index 4"],
          [Float32Array.of(), "a vector has 0 dimensions, the index 4"],
          [Float32Array.of(1, Number.NaN, 0, 0), "a vector holds a number that is not finite"],
          [Float32Array.of(1, 0, 0, Number.POSITIVE_INFINITY), "a vector holds a number that is not finite"]
        ]
        for (const [wrong, detail] of bad) {
          const written = yield* Effect.flip(index.upsert([good, point("a", wrong)]))
          assert.deepStrictEqual([written.reason, written.message], ["Rejected", `the index: ${detail}`])
          const asked = yield* Effect.flip(index.search(wrong, everything, 1))
          assert.deepStrictEqual([asked.reason, asked.message], ["Rejected", `the index: ${detail}`])
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
          unit("three", { occurredAt: 30, files: ["/work/my%app.ts"], sessionId: "s'2" }),
          unit("off", { active: false })
        ])
        yield* index.ensure(model)
        yield* index.upsert(["one", "two", "three", "off"].map((name, i) => point(name, vector(4, i, 0, 0))))
        const near = (filter: Partial<SearchFilter>) => ids(vector(1, 0, 0, 0), { ...everything, ...filter })
        assert.deepStrictEqual(yield* near({}), ["one", "two", "three"])
        assert.deepStrictEqual(yield* near({ projects: ["project-two"] }), ["two"])
        assert.deepStrictEqual(yield* near({ projects: [] }), [])
        assert.deepStrictEqual(yield* near({ types: ["decision"] }), ["one"])
        assert.deepStrictEqual(yield* near({ sessions: ["s'2", "none"] }), ["three"])
        assert.deepStrictEqual(yield* near({ sessions: [] }), [])
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
        yield* index.upsert(["a", "b"].map((name) => point(name, vector(1, 0, 0, 0))))
        yield* index.remove([id("a"), id("none"), "' OR 1 --"])
        yield* index.remove([])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
        assert.deepStrictEqual(yield* index.describe, { model, count: 1 })
      })
    )

    test(
      "takes no unit that the store does not have, and forgets those that it has no more when their work is done",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        const store = yield* MemoryStore
        const origin = idOf("segment", "p")
        yield* store.append(batch([message("p", { isPrompt: true })]))
        yield* store.commit(yield* store.claim("segment", 1), [unit("a", { origin }), unit("b", { origin })])
        yield* index.ensure(model)
        yield* index.upsert(["a", "b", "none"].map((name) => point(name, vector(1, 0, 0, 0))))
        assert.strictEqual((yield* index.describe).count, 2)
        yield* store.append(batch([message("q")], {
          previous: cursor("/t/a.jsonl", 100),
          cursor: cursor("/t/a.jsonl", 200)
        }))
        yield* store.commit(yield* store.claim("segment", 1), [unit("b", { origin })])
        const gone = yield* store.claim("index", 10)
        assert.include(gone.map(({ key }) => key), id("a"))
        yield* index.remove([id("a")])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
        assert.deepStrictEqual(yield* index.describe, { model, count: 1 })
        yield* index.upsert([point("a", vector(1, 0, 0, 0))])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
      })
    )

    test(
      "takes no vector of a text that a unit no longer has",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        const units = [unit("a"), unit("b")]
        yield* write(units)
        yield* index.ensure(model)
        const [text, other] = units.map(embedded)
        yield* index.upsert([
          { ...point("a", vector(1, 0, 0, 0)), text: text! },
          { ...point("b", vector(1, 0, 0, 0)), text: `${other}, once` }
        ])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["a"])
        assert.strictEqual(yield* index.count, 1)
      })
    )

    test(
      "knows units without a vector, and does not find them",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* write([unit("a"), unit("b"), unit("off", { active: false })])
        yield* index.ensure(model)
        yield* index.upsert([point("a", null), point("b", vector(1, 0, 0, 0)), point("off", null)])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["b"])
        assert.strictEqual(yield* index.count, 2)
        yield* index.upsert([point("a", vector(1, 1, 0, 0)), point("b", null)])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["a"])
        assert.deepStrictEqual(yield* index.ids("", 10), [id("a"), id("b")])
      })
    )

    test(
      "tells its ids in their order, page by page",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        const names = ["e", "b", "d", "a", "c"]
        yield* write(names.map((name) => unit(name)))
        yield* index.ensure(model)
        yield* index.upsert(names.map((name) => point(name, vector(1, 0, 0, 0))))
        const page = (after: string, limit: number) => Effect.map(index.ids(after, limit), (all) => all.map(nameOf))
        assert.deepStrictEqual(yield* page("", 2), ["a", "b"])
        assert.deepStrictEqual(yield* page(id("b"), 2), ["c", "d"])
        assert.deepStrictEqual(yield* page(id("d"), 2), ["e"])
        assert.deepStrictEqual(yield* page(id("e"), 2), [])
      })
    )

    test(
      "builds another version while one serves, switches at once, and keeps the old until it is dropped",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        const other = { id: "other@1", dimension: 3 }
        yield* write([unit("a"), unit("b")])
        yield* index.ensure(model)
        yield* index.upsert([point("a", vector(1, 0, 0, 0)), point("b", vector(0, 1, 0, 0))])
        const next = yield* index.version(other)
        yield* next.upsert([point("a", vector(0, 1, 0))])
        // Another process, or this one after a restart, resumes the build.
        const resumed = yield* index.version(other)
        assert.deepStrictEqual(yield* resumed.ids("", 10), [id("a")])
        yield* resumed.upsert([point("b", vector(1, 0, 0)), point("a", null)])
        assert.deepStrictEqual([yield* next.count, yield* index.count], [2, 2])
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["a", "b"])
        assert.deepStrictEqual(
          (yield* next.search(vector(1, 0, 0), everything, 5)).map(({ unitId }) => nameOf(unitId)),
          [
            "b"
          ]
        )
        assert.deepStrictEqual((yield* index.versions).map(({ count, isActive, model }) => [model, count, isActive]), [
          [model, 2, true],
          [other, 2, false]
        ])
        yield* next.activate
        yield* next.activate
        assert.deepStrictEqual(yield* index.describe, { model: other, count: 2 })
        assert.strictEqual((yield* Effect.flip(index.ensure(model))).reason, "Mismatch")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0)), ["b"])
        const [serving, old] = yield* index.versions
        assert.deepStrictEqual([serving!.isActive, old!.model, old!.count], [true, model, 2])
        for (const name of [serving!.name, "none"]) {
          assert.strictEqual((yield* Effect.flip(index.drop(name))).reason, "Rejected")
        }
        // What is gone is in none that is kept.
        yield* index.remove([id("b")])
        assert.deepStrictEqual((yield* index.versions).map(({ count }) => count), [1, 1])
        // Activates the first version again.
        yield* Effect.flatMap(index.version(model), ({ activate }) => activate)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* ids(vector(1, 0, 0, 0)), ["a"])
        yield* index.drop(serving!.name)
        assert.deepStrictEqual((yield* index.versions).map((version) => version.model), [model])
        yield* index.remove([id("a")])
        assert.deepStrictEqual(yield* index.describe, { model, count: 0 })
      })
    )

    it.effect.prop(
      "scores by the exact cosine within 0.02, and finds the nearest when it stands out",
      [FastCheck.array(direction(32), { minLength: 2, maxLength: 12 }), direction(32)],
      ([vectors, question]) =>
        Effect.gen(function*() {
          const index = yield* VectorIndex
          const points = vectors.map((vector, i) => ({ unitId: id(`u${String(i).padStart(2, "0")}`), vector }))
          yield* write(points.map(({ unitId }) => unit(nameOf(unitId))))
          yield* index.ensure({ id: "wide@1", dimension: 32 })
          yield* index.upsert(points)
          const exact = new Map(points.map(({ unitId, vector }) => [unitId, cosine(vector, question)]))
          const hits = yield* index.search(question, everything, 100)
          assert.strictEqual(hits.length, points.length)
          for (const { score, unitId } of hits) assert.closeTo(score, exact.get(unitId)!, 0.02)
          const [first, second] = [...exact].sort(([, a], [, b]) => b - a)
          if (first![1] - second![1] > 0.04) assert.strictEqual(hits[0]?.unitId, first![0])
        }).pipe(Effect.provide(layer)),
      { fastCheck: { numRuns: times(4) } }
    )

    test(
      "scores vectors of 4,096 dimensions, each number of which is small, within 0.004",
      Effect.gen(function*() {
        const index = yield* VectorIndex
        /** Dense vectors near one another. */
        const long = (n: number) =>
          vector(...Array.from({ length: 4_096 }, (_, i) => Math.sin(i * i) + Math.sin((i + 1) * (i + n) * n)))
        const points = Array.from({ length: 30 }, (_, i) => ({ unitId: id(`u${i}`), vector: long(i + 2) }))
        const question = long(1)
        yield* write(points.map(({ unitId }) => unit(nameOf(unitId))))
        yield* index.ensure({ id: "long@1", dimension: 4_096 })
        yield* index.upsert(points)
        const exact = new Map(points.map(({ unitId, vector }) => [unitId, cosine(vector, question)]))
        for (const { score, unitId } of yield* index.search(question, everything, 30)) {
          assert.closeTo(score, exact.get(unitId)!, 0.004)
        }
      })
    )
  })
}
