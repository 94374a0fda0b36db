import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { idOf } from "../../../src/domain/Ids.ts"
import { differences } from "../../../src/index/Differences.ts"
import { Qdrant, QdrantError } from "../../../src/index/qdrant/Qdrant.ts"
import * as QdrantIndex from "../../../src/index/qdrant/QdrantIndex.ts"
import { reindex, verify } from "../../../src/index/Reindex.ts"
import { VectorIndex } from "../../../src/index/VectorIndex.ts"
import { ModelManager } from "../../../src/models/ModelManager.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { Retriever } from "../../../src/retrieve/Retriever.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import * as testing from "../../../src/testing.ts"
import { unit } from "../../contract/made.ts"
import { compress, write } from "../../contract/MemoryStoreContract.ts"
import { slow } from "../../data.ts"

/** Server that a test takes away and gives back; `requests` counts the requests while it is away. */
const server = { isAway: false, requests: 0 }

const away = (operation: string) =>
  new QdrantError({ reason: "Away", operation, address: "test", detail: "nothing listens there", cause: undefined })

/** Each operation fails while the server is away. */
const interruptible = Layer.effect(
  Qdrant,
  Effect.map(Qdrant, (qdrant) =>
    Qdrant.of(
      Object.fromEntries(
        Object.entries(qdrant).map(([name, member]) => {
          const guarded = (effect: Effect.Effect<unknown, QdrantError>) =>
            Effect.suspend(() => {
              if (!server.isAway) return effect
              server.requests++
              return Effect.fail(away(name))
            })
          return [
            name,
            Effect.isEffect(member)
              ? guarded(member as Effect.Effect<unknown, QdrantError>)
              : typeof member === "function"
              ? (...args: ReadonlyArray<never>) =>
                guarded((member as (...args: ReadonlyArray<never>) => Effect.Effect<unknown, QdrantError>)(...args))
              : member
          ]
        })
      ) as unknown as Qdrant["Type"]
    ))
)

const ground = QdrantIndex.layer({ prefix: "test", shards: 1, replicas: 1 }).pipe(
  Layer.provideMerge(Layer.provide(interruptible, testing.qdrant)),
  Layer.provideMerge(testing.store),
  Layer.provideMerge(ResourceLedger.layer)
)
const model = testing.models(64)
const whole = Retriever.layer.pipe(Layer.provideMerge(model), Layer.provideMerge(ground))

const named = (i: number) => idOf("unit", String(i))
const units = (from: number, to: number, content = (i: number) => `memory ${i} is of word${i} and other${i}`) =>
  Array.from({ length: to - from }, (_, i) => unit(named(from + i), { content: content(from + i) }))

const steps = <R>(stream: Stream.Stream<Pipeline.Step, Pipeline.PipelineError, R>) =>
  Effect.map(Stream.runCollect(stream), (all) => [...all])

const question = (text: string) => ({ text, projects: "all", limit: 5, minScore: 0, mode: "hybrid" } as const)

describe("Qdrant away", () => {
  it.effect("for a while loses and duplicates nothing, and answers say so meanwhile", () =>
    Effect.gen(function*() {
      server.isAway = false
      const store = yield* MemoryStore
      const index = yield* VectorIndex
      const retriever = yield* Retriever
      yield* write(units(0, 20))
      yield* steps(Pipeline.catchUp)
      assert.strictEqual(yield* index.count, 20)

      server.isAway = true
      for (let round = 1; round <= 5; round++) {
        yield* write(units(20 * round, 20 * (round + 1)))
        const [postponed, ...rest] = yield* steps(Pipeline.catchUp)
        assert.deepStrictEqual([postponed?._tag, rest], ["Postponed", []])
        assert.include(postponed?._tag === "Postponed" ? postponed.error.message : "", "nothing listens there")
      }
      // Units are also deleted meanwhile.
      yield* compress("gone", ...units(200, 203))
      yield* compress("gone", ...units(200, 201))
      const during = yield* retriever.search(question("word55"))
      assert.strictEqual(during.results[0]?.unit.id, named(55))
      assert.include(during.degraded[0], "semantic search: ")
      assert.include(during.degraded[0], "nothing listens there")
      assert.strictEqual((yield* store.status).indexing, 100 + 3)

      server.isAway = false
      yield* steps(Pipeline.catchUp)
      assert.deepStrictEqual((yield* store.status).indexing, 0)
      assert.deepStrictEqual(yield* verify(index), {
        common: 121,
        missing: 0,
        orphans: 0,
        stale: 0,
        sampled: 32,
        found: 32
      })
      const after = yield* retriever.search(question("word55"))
      assert.deepStrictEqual([after.results[0]?.unit.id, after.degraded], [named(55), []])
    }).pipe(Effect.provide(whole)))

  it.effect("in the middle of a batch has it done again, once", () =>
    Effect.gen(function*() {
      server.isAway = false
      const index = yield* VectorIndex
      yield* write(units(0, 300))
      const first = yield* Pipeline.catchUp.pipe(
        Stream.tap((step) => Effect.sync(() => server.isAway = step._tag === "Indexed")),
        Stream.runCollect
      )
      assert.deepStrictEqual([...first].map(({ _tag }) => _tag), ["Compared", "Indexed", "Postponed"])
      server.isAway = false
      yield* steps(Pipeline.catchUp)
      assert.deepStrictEqual(yield* verify(index), {
        common: 300,
        missing: 0,
        orphans: 0,
        stale: 0,
        sampled: 32,
        found: 32
      })
    }).pipe(Effect.provide(whole)))
})

describe("an index in Qdrant", () => {
  it.effect("that lost its collections is filled again by itself", () =>
    Effect.gen(function*() {
      server.isAway = false
      const [index, qdrant] = [yield* VectorIndex, yield* Qdrant]
      yield* write(units(0, 30))
      yield* steps(Pipeline.catchUp)
      for (const name of yield* qdrant.collections) yield* qdrant.deleteCollection(name)
      assert.strictEqual(yield* index.count, 0)
      yield* steps(Pipeline.catchUp)
      assert.strictEqual(yield* index.count, 30)
    }).pipe(Effect.provide(whole)))

  it.effect("is brought in line when it lacks some and holds others too much", () =>
    Effect.gen(function*() {
      server.isAway = false
      const [index, qdrant, store] = [yield* VectorIndex, yield* Qdrant, yield* MemoryStore]
      yield* write(units(0, 30))
      yield* steps(Pipeline.catchUp)
      const [collection] = yield* qdrant.collections
      yield* qdrant.remove(collection!, units(3, 8).map(({ id }) => id))
      const [kept] = yield* qdrant.payloads(collection!, [named(9)])
      yield* qdrant.upsert(collection!, [
        { id: named(99), vectors: {}, payload: {} },
        { id: named(9), vectors: {}, payload: { ...kept!.payload, type: "archive" } },
        { id: named(10), vectors: {}, payload: {} }
      ])
      assert.deepInclude(yield* verify(index), { common: 25, missing: 5, orphans: 1, stale: 2 })
      yield* store.queue("reconcile", [index.name, "one more, for which the same comparison will do"])
      const repaired = yield* steps(Pipeline.catchUp)
      assert.deepInclude(repaired, { _tag: "Compared", missing: 5, orphans: 1, stale: 2 })
      assert.lengthOf(repaired.filter(({ _tag }) => _tag === "Compared"), 1)
      assert.deepInclude(yield* verify(index), { common: 30, missing: 0, orphans: 0, stale: 0 })
    }).pipe(Effect.provide(whole)))

  it.effect("is not another memory's on the same server", () =>
    Effect.gen(function*() {
      server.isAway = false
      const one = yield* MemoryStore
      const qdrant = yield* Qdrant
      yield* write(units(0, 3))
      yield* steps(Pipeline.catchUp)
      const other = Layer.provideMerge(
        Layer.merge(QdrantIndex.layer({ prefix: "test", shards: 1, replicas: 1 }), model),
        Layer.merge(testing.store, Layer.succeed(Qdrant, qdrant))
      )
      const count = yield* Effect.gen(function*() {
        yield* write(units(10, 14))
        yield* steps(Pipeline.catchUp)
        yield* Effect.flatMap(VectorIndex, ({ name }) =>
          Effect.flatMap(MemoryStore, ({ queue }) => queue("reconcile", [name])))
        yield* steps(Pipeline.catchUp)
        return yield* Effect.flatMap(VectorIndex, ({ count }) =>
          count)
      }).pipe(Effect.provide(Layer.provide(Layer.fresh(other), Layer.fresh(ResourceLedger.layer))))
      assert.strictEqual(count, 4)
      assert.strictEqual(yield* Effect.flatMap(VectorIndex, ({ count }) => count), 3)
      assert.lengthOf((yield* qdrant.collections).filter((name) => name.includes("test_")), 2)
      assert.lengthOf(yield* one.unitIds("", 10), 3)
    }).pipe(Effect.provide(whole)))

  it.effect("finds files by their ends, on any system", () =>
    Effect.sync(() => {
      assert.deepStrictEqual(QdrantIndex.endsOf("/a/b.ts"), ["/a/b.ts", "a/b.ts", "b.ts"])
      assert.deepStrictEqual(QdrantIndex.endsOf("C:\\a\\b.ts"), ["C:\\a\\b.ts", "a\\b.ts", "b.ts"])
      assert.deepStrictEqual(QdrantIndex.endsOf("b.ts"), ["b.ts"])
      assert.deepStrictEqual(QdrantIndex.endsOf("dir/"), ["dir/"])
    }))
})

describe("words and vectors in one request of Qdrant", () => {
  const withWords = QdrantIndex.layer({ prefix: "test", shards: 1, replicas: 1, words: true })
  const both = (index: typeof withWords) =>
    Retriever.layer.pipe(
      Layer.provideMerge(model),
      Layer.provideMerge(index),
      Layer.provideMerge(Layer.provide(interruptible, testing.qdrant)),
      Layer.provideMerge(testing.store),
      Layer.provideMerge(ResourceLedger.layer)
    )
  const search = (says: Partial<Parameters<Retriever["Type"]["search"]>[0]>) =>
    Effect.flatMap(Retriever, ({ search }) => search({ ...question(""), ...says }))

  it.effect("find what holds the words, tell which, and what is nearest by its vector", () =>
    Effect.gen(function*() {
      server.isAway = false
      const index = yield* VectorIndex
      yield* write([
        ...units(0, 40),
        unit(named(100), { content: "the migration of the ledger broke at midnight", projectId: "project-two" })
      ])
      yield* steps(Pipeline.catchUp)
      assert.isDefined(index.fused)
      for (const mode of ["hybrid", "keyword"] as const) {
        const { degraded, results } = yield* search({ text: "why did the ledger migration break?", mode })
        assert.isEmpty(degraded)
        assert.strictEqual(results[0]?.unit.id, named(100))
        assert.includeMembers([...results[0]!.why.matched], ["ledger", "migrat"])
        assert.isAbove(results[0]!.score, 0.5)
      }
      const none = yield* search({ text: "zebra quartz", mode: "keyword" })
      assert.isEmpty(none.results)
      const elsewhere = yield* search({ text: "ledger migration", projects: ["project-one"], mode: "keyword" })
      assert.isEmpty(elsewhere.results)
      assert.isEmpty((yield* search({ text: "ledger", projects: [] })).results)
      const byMeaning = yield* search({ text: "memory 7 is of word7 and other7", mode: "semantic" })
      assert.strictEqual(byMeaning.results[0]?.unit.id, named(7))
    }).pipe(Effect.provide(both(withWords))))

  it.effect("are the store's words when Qdrant is away", () =>
    Effect.gen(function*() {
      server.isAway = false
      yield* write(units(0, 5))
      yield* steps(Pipeline.catchUp)
      server.isAway = true
      const { degraded, results } = yield* search({ text: "word3" })
      server.isAway = false
      assert.strictEqual(results[0]?.unit.id, named(3))
      assert.lengthOf(degraded, 1)
      assert.include(degraded[0], "nothing listens there")
    }).pipe(Effect.provide(both(withWords))))

  it.effect("need an index that was built with words", () =>
    Effect.gen(function*() {
      server.isAway = false
      yield* write(units(0, 5))
      yield* steps(Pipeline.catchUp)
      const qdrant = yield* Qdrant
      const store = yield* MemoryStore
      const later = Layer.provide(
        Layer.provideMerge(withWords, model),
        Layer.mergeAll(Layer.succeed(Qdrant, qdrant), Layer.succeed(MemoryStore, store))
      )
      yield* Effect.gen(function*() {
        const [postponed] = yield* steps(Pipeline.catchUp)
        assert.include(postponed?._tag === "Postponed" ? postponed.error.message : "", "and words")
        yield* Stream.runDrain(reindex)
        yield* steps(Pipeline.catchUp)
        const index = yield* VectorIndex
        assert.strictEqual((yield* index.describe).model?.id, "hashed-lexemes-64 and words")
        assert.strictEqual(yield* index.count, 5)
      }).pipe(Effect.provide(Layer.provideMerge(later, Layer.succeed(MemoryStore, store))))
    }).pipe(Effect.provide(both(QdrantIndex.layer({ prefix: "test", shards: 1, replicas: 1 })))))
})

describe("a reindex in Qdrant", () => {
  const dimensions = (dimension: number) => testing.models(dimension)
  const build = (dimension: number) => Stream.provideSomeLayer(reindex, dimensions(dimension))
  const catchUp = (dimension: number) => steps(Stream.provideSomeLayer(Pipeline.catchUp, dimensions(dimension)))
  const verified = (dimension: number) => Effect.provide(Effect.flatMap(VectorIndex, verify), dimensions(dimension))

  slow(it.effect)(
    "from 1,536 to 4,096 dimensions: the old one serves until the new one is whole, and is kept",
    () =>
      Effect.gen(function*() {
        server.isAway = false
        const index = yield* VectorIndex
        yield* write(units(0, 300))
        yield* catchUp(1_536)
        const serving: Array<number | undefined> = []
        const seen = yield* build(4_096).pipe(
          Stream.tap(() =>
            Effect.map(index.describe, ({ model }) => {
              serving.push(model?.dimension)
            })
          ),
          Stream.runCollect
        )
        assert.deepStrictEqual([...seen].map(({ _tag }) => _tag), [
          "Begun",
          "Built",
          "Built",
          "Built",
          "Verified",
          "Switched"
        ])
        assert.deepStrictEqual(serving, [1_536, 1_536, 1_536, 1_536, 1_536, 4_096])
        assert.deepStrictEqual(
          (yield* index.versions).map(({ count, isActive, model }) => [model.dimension, count, isActive]),
          [
            [4_096, 300, true],
            [1_536, 300, false]
          ]
        )
        const [postponed] = yield* catchUp(1_536)
        assert.include(postponed?._tag === "Postponed" ? postponed.error.message : "", "claude-memory reindex")
        yield* catchUp(4_096)
        assert.deepInclude(yield* verified(4_096), { common: 300, missing: 0, orphans: 0, sampled: 32, found: 32 })
      }).pipe(Effect.provide(ground))
  )

  it.effect("goes on wherever it was cut off, and takes along what was written meanwhile", () =>
    Effect.gen(function*() {
      server.isAway = false
      const index = yield* VectorIndex
      yield* write(units(0, 400))
      yield* catchUp(16)
      let built = 0
      let serving = 16
      let rounds = 0
      for (let taken = 1; serving === 16; taken++) {
        yield* build(32).pipe(
          Stream.take(taken),
          Stream.runForEach((step) =>
            Effect.sync(() => {
              if (step._tag === "Built") built += step.units
              if (step._tag === "Switched") serving = 32
            })
          )
        )
        yield* compress(`new ${taken}`, ...units(1_000 + 10 * taken, 1_003 + 10 * taken))
        yield* catchUp(serving)
        assert.strictEqual((yield* index.describe).model?.dimension, serving)
        rounds++
      }
      assert.isAbove(rounds, 3)
      const all = 400 + 3 * rounds
      assert.deepInclude(yield* verified(32), { common: all, missing: 0, orphans: 0, sampled: 32, found: 32 })
      // Nothing was embedded twice.
      assert.isAtMost(built, all)
    }).pipe(Effect.provide(ground)))

  it.effect("that was switched and then cut off is compared once more by whoever comes next", () =>
    Effect.gen(function*() {
      server.isAway = false
      const store = yield* MemoryStore
      yield* write(units(0, 10))
      yield* catchUp(16)
      yield* build(32).pipe(
        // Writes units, and indexes them in the old version, after the new one was verified and before it serves.
        Stream.tap(({ _tag }) =>
          Effect.when(Effect.zipRight(write(units(20, 23)), catchUp(16)), () => _tag === "Verified")
        ),
        Stream.runDrain
      )
      assert.strictEqual((yield* store.status).indexing, 0)
      assert.deepInclude(yield* verified(32), { common: 10, missing: 3 })
      yield* catchUp(32)
      assert.deepInclude(yield* verified(32), { common: 13, missing: 0, orphans: 0 })
    }).pipe(Effect.provide(ground)))

  it.effect("to a model whose vectors find nothing does not switch", () =>
    Effect.gen(function*() {
      server.isAway = false
      const index = yield* VectorIndex
      yield* write(units(0, 100))
      yield* catchUp(16)
      let calls = 0
      const fickle = Layer.effect(
        ModelManager,
        Effect.map(ModelManager, (models) =>
          ModelManager.of({
            ...models,
            embed: (texts) =>
              models.embed(texts.map((text) => `${text} ${++calls} salt${calls} pepper${calls} `.repeat(3)))
          }))
      ).pipe(Layer.provide(dimensions(512)))
      const error = yield* Effect.flip(Stream.runDrain(Stream.provideSomeLayer(reindex, fickle)))
      assert.include(error.message, "not found by their own vectors")
      assert.include(error.message, "the old index still serves")
      assert.strictEqual((yield* index.describe).model?.dimension, 16)
    }).pipe(Effect.provide(ground)))
})

const isOdd = (id: string) => /[13579bdf]$/.test(id)

describe("differences of two lists", () => {
  it.effect.prop(
    "are those of the sets, whatever the page's size",
    [
      FastCheck.uniqueArray(FastCheck.hexaString({ minLength: 1, maxLength: 3 }), { maxLength: 40 }),
      FastCheck.uniqueArray(FastCheck.hexaString({ minLength: 1, maxLength: 3 }), { maxLength: 40 }),
      FastCheck.integer({ min: 1, max: 7 })
    ],
    ([units, points, size]) =>
      Effect.gen(function*() {
        const page = (all: ReadonlyArray<string>) => (after: string, limit: number) =>
          Effect.succeed(all.filter((id) => id > after).sort().slice(0, limit))
        const found = [
          ...yield* Stream.runCollect(differences(
            { unitIds: page(units) },
            { ids: page(points), stale: (ids) => Effect.succeed(ids.filter(isOdd)) },
            size
          ))
        ]
        const all = (key: "common" | "missing" | "orphans" | "stale") => found.flatMap((each) => each[key]).sort()
        assert.deepStrictEqual(all("missing"), units.filter((id) => !points.includes(id)).sort())
        assert.deepStrictEqual(all("orphans"), points.filter((id) => !units.includes(id)).sort())
        const common = units.filter((id) => points.includes(id)).sort()
        assert.deepStrictEqual(all("common"), common)
        assert.deepStrictEqual(all("stale"), common.filter(isOdd))
      })
  )
})
