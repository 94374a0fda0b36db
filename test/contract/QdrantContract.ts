/**
 * The contract of every `Qdrant`. The server may be shared: the suite's collections have a prefix of their own and are removed at the end.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Scope } from "effect/Scope"
import { randomUUID } from "node:crypto"
import {
  type CollectionConfig,
  type Filter,
  type PayloadIndex,
  Qdrant,
  type QdrantPoint,
  type Query,
  SCANNED,
  type ScoredPoint,
  type SparseVector
} from "../../src/index/qdrant/Qdrant.ts"
import { times } from "../data.ts"

const PREFIX = `claude-memory-test-${randomUUID().slice(0, 8)}-`
let made = 0
const fresh = () => `${PREFIX}${++made}`

const DIMENSION = 4
const CONFIG: CollectionConfig = {
  dense: { dense: DIMENSION },
  sparse: ["words"],
  metadata: { schema: 1, model: "test@1" },
  shards: 1,
  replicas: 1
}
const INDEXES: ReadonlyArray<readonly [string, PayloadIndex]> = [
  ["project", "tenant"],
  ["tags", "keyword"],
  ["at", "principal"],
  ["size", "integer"]
]

/** Returns ids that ascend with `n`. */
const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`

const point = (
  n: number,
  vectors: QdrantPoint["vectors"] = { dense: [1, n, 0, 0] },
  payload: QdrantPoint["payload"] = {}
): QdrantPoint => ({ id: id(n), vectors, payload: { project: "one", ...payload } })

const gone = (name: string) => Effect.flatMap(Qdrant, (qdrant) => Effect.ignore(qdrant.deleteCollection(name)))

/** Creates a collection with these indexes and points; returns its name. */
const collection = (
  points: ReadonlyArray<QdrantPoint> = [],
  config = CONFIG,
  indexes: ReadonlyArray<readonly [string, PayloadIndex]> = INDEXES
) =>
  Effect.gen(function*() {
    const qdrant = yield* Qdrant
    const name = yield* Effect.acquireRelease(
      Effect.suspend(() => {
        const name = fresh()
        return Effect.as(qdrant.createCollection(name, config), name)
      }),
      gone
    )
    yield* Effect.forEach(indexes, ([field, type]) => qdrant.createPayloadIndex(name, field, type))
    yield* qdrant.upsert(name, points)
    return name
  })

const dense = (vector: ReadonlyArray<number>, filter: Filter = [], limit = 10): Query => ({
  lanes: [{ using: "dense", vector, limit }],
  filter,
  limit
})

const sparse = (vector: SparseVector, filter: Filter = [], limit = 10): Query => ({
  lanes: [{ using: "words", vector, limit }],
  filter,
  limit
})

const numbers = (points: ReadonlyArray<{ readonly id: string }>) =>
  points.map(({ id }) => Number.parseInt(id.slice(-12), 16))

const cosine = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b))

/** Points of the same score may come in any order. */
const assertScores = (found: ReadonlyArray<ScoredPoint>, expected: Readonly<Record<number, number>>) => {
  assert.sameMembers([...numbers(found)], Object.keys(expected).map(Number))
  numbers(found).forEach((n, i) => {
    assert.closeTo(found[i]!.score, expected[n]!, 1e-4)
    assert.isAtMost(found[i]!.score, found[i - 1]?.score ?? Infinity)
  })
}

export const suite = <E>(name: string, layer: Layer.Layer<Qdrant, E>) => {
  const test = <E2>(
    title: string,
    body: (qdrant: Qdrant["Type"]) => Effect.Effect<void, E2, Qdrant | Scope>
  ) => it.scopedLive(title, () => Effect.scoped(Effect.flatMap(Qdrant, body)).pipe(Effect.provide(layer)))

  describe(name, () => {
    test("tells its version", (qdrant) =>
      Effect.gen(function*() {
        const { version } = yield* qdrant.server
        assert.match(version, /^1\.\d+\.\d+/)
        assert.isNotEmpty(qdrant.address)
      }))

    test("tells what is stored beside vectors", (qdrant) =>
      Effect.gen(function*() {
        const [one, other] = [point(1, {}, { tags: ["b", "a"], at: 5 }), point(2)]
        const name = yield* collection([one, other, point(3)])
        const found = yield* qdrant.payloads(name, [one.id, other.id, id(99)])
        assert.sameDeepMembers([...found], [one, other].map(({ id, payload }) => ({ id, payload })))
        assert.deepStrictEqual(yield* qdrant.payloads(name, []), [])
      }))

    test("makes a collection once, tells what it is, and removes it", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* Effect.acquireRelease(Effect.sync(fresh), gone)
        assert.deepStrictEqual(yield* qdrant.collection(name), Option.none())
        assert.isTrue(yield* qdrant.createCollection(name, CONFIG))
        assert.isFalse(yield* qdrant.createCollection(name, CONFIG))
        assert.include(yield* qdrant.collections, name)
        const { scanned, ...told } = Option.getOrThrow(yield* qdrant.collection(name))
        assert.deepStrictEqual(told, { points: 0, isSettled: true, metadata: CONFIG.metadata, indexed: [] })
        assert.isAtLeast(scanned, SCANNED)
        yield* Effect.forEach(INDEXES, ([field, type]) => qdrant.createPayloadIndex(name, field, type))
        yield* qdrant.createPayloadIndex(name, "project", "tenant")
        const { indexed } = Option.getOrThrow(yield* qdrant.collection(name))
        assert.sameMembers([...indexed], INDEXES.map(([field]) => field))
        yield* qdrant.deleteCollection(name)
        yield* qdrant.deleteCollection(name)
        assert.notInclude(yield* qdrant.collections, name)
      }))

    test("refuses names that no file could have", (qdrant) =>
      Effect.gen(function*() {
        for (const wrong of [`${PREFIX}a/b`, `${PREFIX}?`, `${PREFIX}${"a".repeat(256)}`]) {
          const error = yield* Effect.flip(qdrant.createCollection(wrong, CONFIG))
          assert.strictEqual(error.reason, "Rejected")
        }
      }))

    test("switches an alias in one step, also when it is asked to twice; it goes with its collection", (qdrant) =>
      Effect.gen(function*() {
        const [first, second] = [yield* collection([point(1)]), yield* collection([point(1), point(2)])]
        const alias = fresh()
        const standsFor = Effect.map(
          qdrant.aliases,
          (aliases) => aliases.filter((each) => each.alias === alias).map(({ collection }) => collection)
        )
        yield* qdrant.switchAlias(alias, first)
        yield* qdrant.switchAlias(alias, first)
        assert.strictEqual(yield* qdrant.count(alias, []), 1)
        // Each concurrent request reads one of the two collections.
        const counts = yield* Effect.all(
          [
            ...Array.from({ length: 10 }, () => qdrant.count(alias, [])),
            Effect.as(qdrant.switchAlias(alias, second), 1),
            ...Array.from({ length: 10 }, () => qdrant.count(alias, []))
          ],
          { concurrency: 8 }
        )
        for (const count of counts) assert.include([1, 2], count)
        assert.deepStrictEqual(yield* standsFor, [second])
        assert.strictEqual(yield* qdrant.count(alias, []), 2)
        yield* qdrant.upsert(alias, [point(3)])
        assert.strictEqual(yield* qdrant.count(second, []), 3)
        // Deleting by the alias's name removes nothing.
        yield* qdrant.deleteCollection(alias)
        assert.deepStrictEqual(yield* standsFor, [second])
        yield* qdrant.deleteCollection(second)
        assert.deepStrictEqual(yield* standsFor, [])
      }))

    test("leaves an alias as it was when it can't be switched", (qdrant) =>
      Effect.gen(function*() {
        const [first, second] = [yield* collection(), yield* collection()]
        const alias = fresh()
        yield* qdrant.switchAlias(alias, first)
        const missing = yield* Effect.flip(qdrant.switchAlias(alias, fresh()))
        assert.deepStrictEqual([missing.reason, missing.status], ["NotFound", 404])
        const chained = yield* Effect.flip(qdrant.switchAlias(fresh(), alias))
        assert.strictEqual(chained.reason, "NotFound")
        const taken = yield* Effect.flip(qdrant.switchAlias(second, first))
        assert.deepStrictEqual([taken.reason, taken.status], ["Rejected", 409])
        const named = yield* Effect.flip(qdrant.createCollection(alias, CONFIG))
        assert.deepStrictEqual([named.reason, named.status], ["Rejected", 400])
        const aliases = yield* qdrant.aliases
        assert.deepStrictEqual(aliases.filter((each) => each.alias.startsWith(PREFIX) && each.alias === alias), [
          { alias, collection: first }
        ])
      }))

    test("writes, replaces and removes; of two with the same id the last stays", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* collection([point(1), point(2), point(1, { dense: [0, 0, 1, 0] }, { project: "two" })])
        assert.strictEqual(yield* qdrant.count(name, []), 2)
        const two: Filter = [{ key: "project", match: { any: ["two"] } }]
        assert.deepStrictEqual(numbers(yield* qdrant.query(name, dense([1, 0, 0, 0], two))), [1])
        yield* qdrant.upsert(name, [point(1, { dense: [1, 0, 0, 0] }), point(3)])
        assert.strictEqual(yield* qdrant.count(name, two), 0)
        yield* qdrant.remove(name, [id(1), id(99)])
        yield* qdrant.remove(name, [])
        yield* qdrant.upsert(name, [])
        assert.deepStrictEqual(numbers((yield* qdrant.ids(name, undefined, 10)).map((id) => ({ id }))), [2, 3])
        assert.strictEqual(Option.getOrThrow(yield* qdrant.collection(name)).points, 2)
      }))

    test("keeps points without a vector, and finds them by none", (qdrant) =>
      Effect.gen(function*() {
        const words = { indices: [7], values: [1] }
        const name = yield* collection([
          point(1, {}),
          point(2, { words }),
          point(3),
          point(4, { dense: [1, 0, 0, 0], words })
        ])
        assert.strictEqual(yield* qdrant.count(name, [{ key: "project", match: { any: ["one"] } }]), 4)
        assert.sameMembers(numbers(yield* qdrant.query(name, dense([1, 0, 0, 0]))), [3, 4])
        assert.sameMembers(numbers(yield* qdrant.query(name, sparse(words))), [2, 4])
        yield* qdrant.upsert(name, [point(4, {})])
        assert.deepStrictEqual(numbers(yield* qdrant.query(name, dense([1, 0, 0, 0]))), [3])
        assert.deepStrictEqual(numbers(yield* qdrant.query(name, sparse(words))), [2])
      }))

    test("gives the nearest that pass the filter, the nearest first", (qdrant) =>
      Effect.gen(function*() {
        const vectors = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 2]]
        const name = yield* collection(
          vectors.map((vector, n) =>
            point(n, { dense: vector }, {
              project: n % 2 === 0 ? "even" : "odd",
              tags: n < 2 ? ["low", "a|b"] : n === 2 ? "low" : ["high"],
              at: n * 100,
              size: n
            })
          )
        )
        const near = (...filter: Filter) => Effect.map(qdrant.query(name, dense([1, 0.1, 0, 0.01], filter)), numbers)
        const question = [1, 0.1, 0, 0.01]
        assertScores(
          yield* qdrant.query(name, dense(question)),
          Object.fromEntries(vectors.map((vector, n) => [n, cosine(vector, question)]))
        )
        assert.deepStrictEqual(numbers(yield* qdrant.query(name, dense(question, [], 2))), [0, 1])
        assert.deepStrictEqual(yield* near({ key: "project", match: { any: ["odd"] } }), [1, 3])
        assert.deepStrictEqual(yield* near({ key: "project", match: { any: ["odd", "even", "no"] } }), [0, 1, 2, 4, 3])
        assert.deepStrictEqual(yield* near({ key: "project", match: { any: ["odd", "odd"] } }), [1, 3])
        assert.deepStrictEqual(yield* near({ key: "project", match: { any: [] } }), [])
        assert.deepStrictEqual(yield* near({ key: "project", match: { any: ["no"] } }), [])
        assert.deepStrictEqual(yield* near({ key: "tags", match: { any: ["low"] } }), [0, 1, 2])
        assert.deepStrictEqual(yield* near({ key: "tags", match: { any: ["a|b", "high"] } }), [0, 1, 4, 3])
        assert.deepStrictEqual(yield* near({ key: "at", range: { gte: 100, lte: 200 } }), [1, 2])
        assert.deepStrictEqual(yield* near({ key: "at", range: { gte: 201 } }), [4, 3])
        assert.deepStrictEqual(yield* near({ key: "size", range: { lte: 0 } }), [0])
        assert.deepStrictEqual(
          yield* near(
            { key: "project", match: { any: ["even"] } },
            { key: "tags", match: { any: ["low"] } },
            { key: "at", range: { gte: 1 } }
          ),
          [2]
        )
        assert.strictEqual(yield* qdrant.count(name, [{ key: "tags", match: { any: ["low"] } }]), 3)
        assert.strictEqual(yield* qdrant.count(name, []), 5)
      }))

    test("weighs words by how rare they are where one looks", (qdrant) =>
      Effect.gen(function*() {
        const word = (...values: ReadonlyArray<readonly [number, number]>) => ({
          words: { indices: values.map(([index]) => index), values: values.map(([, value]) => value) }
        })
        const name = yield* collection([
          point(1, word([1, 1], [2, 2])),
          point(2, word([1, 3])),
          point(3, word([2, 1], [4_294_967_295, 1])),
          point(4, word([1, 1], [3, 1])),
          point(5, word([9, 1])),
          point(6, word([2, 5]), { project: "two" })
        ])
        const { hasMemory } = yield* qdrant.server
        const idf = (n: number, held: number) => Math.log(1 + (n - held + 0.5) / (held + 0.5))
        const asked = { indices: [1, 2, 4_294_967_295], values: [1, 0.5, 2] }
        const [one, two, last] = [idf(6, 3), idf(6, 3), idf(6, 1)]
        assertScores(yield* qdrant.query(name, sparse(asked)), {
          1: one + 2 * 0.5 * two,
          2: 3 * one,
          3: 0.5 * two + 2 * last,
          4: one,
          6: 5 * 0.5 * two
        })
        const within: Filter = [{ key: "project", match: { any: ["one"] } }]
        const [inOne, inTwo, inLast] = hasMemory ? [idf(5, 3), idf(5, 2), idf(5, 1)] : [one, two, last]
        assertScores(yield* qdrant.query(name, sparse(asked, within)), {
          1: inOne + 2 * 0.5 * inTwo,
          2: 3 * inOne,
          3: 0.5 * inTwo + 2 * inLast,
          4: inOne
        })
        assert.deepStrictEqual(yield* qdrant.query(name, sparse({ indices: [77], values: [1] })), [])
      }))

    test("fuses the ranks of lanes by k and weights", (qdrant) =>
      Effect.gen(function*() {
        const words = (value: number) => ({ indices: [5], values: [value] })
        const name = yield* collection([
          point(1, { dense: [1, 0, 0, 0] }),
          point(2, { dense: [1, 0.2, 0, 0], words: words(1) }),
          point(3, { dense: [1, 0.4, 0, 0], words: words(3) }),
          point(4, { words: words(2) }),
          point(5, { dense: [1, 0.1, 0, 0], words: words(9) }, { project: "two" })
        ])
        const query = (
          fusion?: Query["fusion"],
          limits: readonly [number, number] = [10, 10],
          limit = 10
        ): Query => ({
          lanes: [
            { using: "dense", vector: [1, 0, 0, 0], limit: limits[0] },
            { using: "words", vector: words(1), limit: limits[1] }
          ],
          filter: [{ key: "project", match: { any: ["one"] } }],
          limit,
          ...(fusion !== undefined && { fusion })
        })
        const ranks = [[1, 2, 3], [3, 4, 2]]
        const fused = (k: number, weights: ReadonlyArray<number>, limits = [10, 10]) => {
          const scores: Record<number, number> = {}
          ranks.forEach((lane, l) =>
            lane.slice(0, limits[l]).forEach((n, i) => {
              scores[n] = (scores[n] ?? 0) + 1 / ((i + 1) / weights[l]! + k - 1)
            })
          )
          return scores
        }
        assertScores(yield* qdrant.query(name, query({ k: 60, weights: [2, 1] })), fused(60, [2, 1]))
        assertScores(yield* qdrant.query(name, query({ k: 1, weights: [0.3, 0.8] })), fused(1, [0.3, 0.8]))
        assertScores(yield* qdrant.query(name, query(undefined, [2, 1])), fused(2, [1, 1], [2, 1]))
        assert.deepStrictEqual(numbers(yield* qdrant.query(name, query({ k: 60, weights: [2, 1] }, [10, 10], 1))), [3])
        const error = yield* Effect.flip(qdrant.query(name, query({ k: 60, weights: [1] })))
        assert.strictEqual(error.reason, "Rejected")
      }))

    test("pages through the ids in their order", (qdrant) =>
      Effect.gen(function*() {
        const all = Array.from({ length: 25 }, (_, n) => (n * 7) % 25)
        const name = yield* collection(all.map((n) => point(n, {})))
        const seen: Array<string> = []
        let pages = 0
        for (;;) {
          const page = yield* qdrant.ids(name, seen.at(-1), 10)
          pages++
          seen.push(...page.slice(seen.length === 0 ? 0 : 1))
          if (page.length < 10) break
        }
        assert.isAtLeast(pages, 3)
        assert.deepStrictEqual(seen, all.map(id).sort())
        assert.deepStrictEqual(yield* qdrant.ids(name, id(24), 10), [id(24)])
        // Starts at an id that does not exist.
        assert.deepStrictEqual(yield* qdrant.ids(name, id(25), 10), [])
        yield* qdrant.remove(name, [id(10)])
        assert.deepStrictEqual(yield* qdrant.ids(name, id(10), 2), [id(11), id(12)])
        assert.deepStrictEqual(
          yield* qdrant.ids(name, undefined, 1_000),
          all.map(id).sort().filter((n) => n !== id(10))
        )
      }))

    test("writes more points than one request takes", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* collection(Array.from({ length: 600 }, (_, n) => point(n)))
        assert.strictEqual(yield* qdrant.count(name, []), 600)
        assert.strictEqual((yield* qdrant.ids(name, undefined, 1_000)).length, 600)
      }))

    test("refuses what is asked of a field that is not indexed for it", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* collection([point(1, undefined, { other: "x", at: 1 })])
        const wrong: ReadonlyArray<Filter> = [
          [{ key: "other", match: { any: ["x"] } }],
          [{ key: "other", range: { gte: 1 } }],
          [{ key: "at", match: { any: ["1"] } }],
          [{ key: "project", range: { gte: 1 } }],
          [{ key: "project", match: { any: ["one"] } }, { key: "other", match: { any: ["x"] } }],
          Array.from({ length: 65 }, () => ({ key: "project", match: { any: ["one"] } }))
        ]
        const words = { indices: [1], values: [1] }
        for (const filter of wrong) {
          const refused = yield* Effect.all([
            Effect.flip(qdrant.query(name, dense([1, 0, 0, 0], filter))),
            Effect.flip(qdrant.query(name, sparse(words, filter))),
            Effect.flip(qdrant.query(name, {
              lanes: [...dense([1, 0, 0, 0]).lanes, ...sparse(words).lanes],
              filter,
              limit: 10
            })),
            Effect.flip(qdrant.count(name, filter))
          ])
          for (const { reason, status } of refused) assert.deepStrictEqual([reason, status], ["Rejected", 400])
        }
        // A filter that matches nothing needs no index.
        assert.strictEqual(yield* qdrant.count(name, [{ key: "other", match: { any: [] } }]), 0)
      }))

    test("refuses more than it may be asked for at once", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* collection([point(1)])
        const status = <A>(
          asked: Effect.Effect<A, { readonly status?: number | undefined; readonly reason: string }>
        ) => Effect.map(Effect.flip(asked), ({ reason, status }) => [reason, status])
        for (
          const tooMany of [
            qdrant.query(name, dense([1, 0, 0, 0], [], 1_001)),
            qdrant.ids(name, undefined, 1_001)
          ]
        ) assert.deepStrictEqual(yield* status<unknown>(tooMany), ["Rejected", 400])
        for (
          const none of [qdrant.query(name, dense([1, 0, 0, 0], [], 0)), qdrant.ids(name, undefined, 0)]
        ) assert.deepStrictEqual(yield* status<unknown>(none), ["Rejected", 422])
      }))

    test("has so many indexes and no more", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* collection(
          [],
          CONFIG,
          Array.from({ length: 32 }, (_, n) => [`field${n}`, "keyword"] as const)
        )
        const error = yield* Effect.flip(qdrant.createPayloadIndex(name, "another", "integer"))
        assert.deepStrictEqual([error.reason, error.status], ["Rejected", 400])
      }))

    test("refuses vectors that do not fit", (qdrant) =>
      Effect.gen(function*() {
        const name = yield* collection()
        const wrong: ReadonlyArray<QdrantPoint["vectors"]> = [
          { dense: [1, 0] },
          { dense: [1, 0, 0, 0, 0] },
          { dense: [] },
          { dense: [1, Number.NaN, 0, 0] },
          { other: [1, 0, 0, 0] },
          { words: { indices: [1, 2], values: [1] } },
          { words: { indices: [1, 1], values: [1, 2] } },
          { nothing: { indices: [1], values: [1] } }
        ]
        for (const vectors of wrong) {
          const written = yield* Effect.flip(qdrant.upsert(name, [point(1), point(2, vectors)]))
          assert.strictEqual(written.reason, "Rejected", JSON.stringify(vectors))
          const [[using, vector]] = Object.entries(vectors) as [[string, ReadonlyArray<number> | SparseVector]]
          const asked = yield* Effect.flip(
            qdrant.query(name, { lanes: [{ using, vector, limit: 1 }], filter: [], limit: 1 })
          )
          assert.strictEqual(asked.reason, "Rejected", JSON.stringify(vectors))
        }
        const misnamed = yield* Effect.flip(qdrant.upsert(name, [{ ...point(1), id: "one" }]))
        assert.deepStrictEqual([misnamed.reason, misnamed.status], ["Rejected", 400])
        const unremoved = yield* Effect.flip(qdrant.remove(name, ["one"]))
        assert.deepStrictEqual([unremoved.reason, unremoved.status], ["Rejected", 400])
      }))

    test("says of what is not there that it is not found", (qdrant) =>
      Effect.gen(function*() {
        const name = fresh()
        const tried: ReadonlyArray<Effect.Effect<unknown, { readonly reason: string; readonly message: string }>> = [
          qdrant.createPayloadIndex(name, "project", "tenant"),
          qdrant.upsert(name, [point(1)]),
          qdrant.remove(name, [id(1)]),
          qdrant.query(name, dense([1, 0, 0, 0])),
          qdrant.ids(name, undefined, 1),
          qdrant.count(name, [])
        ]
        for (const each of tried) {
          const { message, reason } = yield* Effect.flip(each)
          assert.strictEqual(reason, "NotFound")
          assert.include(message, name)
        }
        assert.deepStrictEqual(yield* qdrant.collection(name), Option.none())
      }))

    const project = FastCheck.constantFrom("one", "two", "three")
    const made = FastCheck.record({
      vector: FastCheck.array(FastCheck.integer({ min: -9, max: 9 }), { minLength: DIMENSION, maxLength: DIMENSION })
        .filter((vector) => vector.some((each) => each !== 0)),
      project,
      tags: FastCheck.uniqueArray(FastCheck.constantFrom("a", "b", "c"), { maxLength: 3 }),
      at: FastCheck.integer({ min: 0, max: 20 })
    })
    const wanted = FastCheck.record({
      projects: FastCheck.option(FastCheck.array(project, { maxLength: 2 }), { nil: undefined }),
      tags: FastCheck.option(FastCheck.array(FastCheck.constantFrom("a", "b", "no"), { maxLength: 2 }), {
        nil: undefined
      }),
      gte: FastCheck.option(FastCheck.integer({ min: 0, max: 20 }), { nil: undefined }),
      limit: FastCheck.integer({ min: 1, max: 12 })
    })
    it.live.prop(
      "finds what a plain computation finds",
      [FastCheck.array(made, { minLength: 1, maxLength: 20 }), FastCheck.array(wanted, { minLength: 1, maxLength: 5 })],
      ([points, questions]) =>
        Effect.gen(function*() {
          const qdrant = yield* Qdrant
          const name = yield* collection(
            points.map(({ at, project, tags, vector }, n) => point(n, { dense: vector }, { at, project, tags }))
          )
          for (const { gte, limit, projects, tags } of questions) {
            const filter: Filter = [
              ...(projects === undefined ? [] : [{ key: "project", match: { any: projects } }]),
              ...(tags === undefined ? [] : [{ key: "tags", match: { any: tags } }]),
              ...(gte === undefined ? [] : [{ key: "at", range: { gte } }])
            ]
            const passing = new Map(
              points.flatMap((point, n) =>
                (projects?.includes(point.project) ?? true) &&
                  (tags === undefined || tags.some((tag) => (point.tags as ReadonlyArray<string>).includes(tag))) &&
                  point.at >= (gte ?? 0)
                  ? [[id(n), cosine(point.vector, [1, 2, 3, 4])] as const]
                  : []
              )
            )
            const found = yield* qdrant.query(name, dense([1, 2, 3, 4], filter, limit))
            const best = [...passing.values()].sort((a, b) => b - a).slice(0, limit)
            assert.strictEqual(found.length, best.length)
            assert.strictEqual(new Set(found.map(({ id }) => id)).size, found.length)
            found.forEach(({ id, score }, i) => {
              assert.closeTo(score, passing.get(id)!, 1e-4)
              assert.closeTo(score, best[i]!, 1e-4)
            })
            assert.strictEqual(yield* qdrant.count(name, filter), passing.size)
          }
        }).pipe(Effect.scoped, Effect.provide(layer)),
      { fastCheck: { numRuns: times(10) } }
    )
  })
}
