/**
 * What other processes do to the index while a batch waits for its model: on the embedded index and on Qdrant's stand-in.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { idOf } from "../../src/domain/Ids.ts"
import * as QdrantIndex from "../../src/index/qdrant/QdrantIndex.ts"
import { reindex, verify } from "../../src/index/Reindex.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import * as Pipeline from "../../src/Pipeline.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { unit } from "../contract/made.ts"
import { compress } from "../contract/MemoryStoreContract.ts"

const DIMENSION = 16
const ON_QDRANT = { prefix: "test", shards: 1, replicas: 1 }
const GROUNDS = {
  embedded: Layer.provideMerge(Layer.merge(testing.index, testing.store), ResourceLedger.layer),
  Qdrant: QdrantIndex.layer(ON_QDRANT).pipe(
    Layer.provideMerge(testing.qdrant),
    Layer.provideMerge(testing.store),
    Layer.provideMerge(ResourceLedger.layer)
  )
}

const models = testing.models(DIMENSION)

/** Another model of the same dimension. */
const other = Layer.effect(
  ModelManager,
  Effect.map(ModelManager, (models) =>
    ModelManager.of({
      ...models,
      embedding: Effect.succeed({ id: "other@1", dimension: DIMENSION }),
      embed: (texts, purpose) =>
        Effect.map(
          models.embed(texts, purpose),
          (vectors) =>
            vectors.map(Option.map((vector) => vector.map((_, i) => (i % 2 - 0.5) * vector[(i + 5) % DIMENSION]! * 2)))
        )
    }))
).pipe(Layer.provide(models))

/** Models during whose first call something else happens. */
const during = (meanwhile: Effect.Effect<unknown, unknown>) =>
  Layer.effect(
    ModelManager,
    Effect.map(ModelManager, (models) => {
      let calls = 0
      return ModelManager.of({
        ...models,
        embed: (texts, purpose) =>
          Effect.zipLeft(
            models.embed(texts, purpose),
            Effect.suspend(() => ++calls === 1 ? Effect.orDie(meanwhile) : Effect.void)
          )
      })
    })
  ).pipe(Layer.provide(models))

const caughtUp = (models: Layer.Layer<ModelManager>) => Effect.provide(Stream.runDrain(Pipeline.catchUp), models)

const saying = (about: string, count: number) =>
  Array.from(
    { length: count },
    (_, i) => unit(idOf("unit", String(i)), { content: `${about} says word${i}of${about} beside other${i}of${about}` })
  )

describe.each(Object.entries(GROUNDS))("while a batch waits for its model, the index %s", (_, ground) => {
  it.effect("that serves another model by then gets no vector of this one", () =>
    Effect.gen(function*() {
      const index = yield* VectorIndex
      const context = yield* Effect.context<MemoryStore | VectorIndex>()
      yield* compress("grown", ...saying("before", 20))
      yield* caughtUp(models)
      yield* compress("grown", ...saying("after", 20))
      const switched = Effect.provide(Stream.runDrain(Stream.provideSomeLayer(reindex, other)), context)
      yield* caughtUp(during(switched))
      yield* caughtUp(other)
      const { common, found, missing, sampled, stale } = yield* Effect.provide(verify(index), other)
      assert.deepStrictEqual({ common, missing, stale, found }, { common: 20, missing: 0, stale: 0, found: sampled })
    }).pipe(Effect.provide(ground)))

  it.effect("keeps the point of what came back after the lease of the batch", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const index = yield* VectorIndex
      const context = yield* Effect.context<MemoryStore | VectorIndex>()
      const [gone, stays] = saying("both", 2)
      yield* compress("gone", gone!)
      yield* compress("stays", stays!)
      yield* caughtUp(models)
      yield* store.forget([gone!.id])
      yield* store.queue("index", [stays!.id])
      const asleep = { ...store, renew: () => Effect.void }
      const comesBack = Effect.gen(function*() {
        yield* TestClock.adjust("61 seconds")
        yield* store.undo()
        yield* caughtUp(models)
        assert.lengthOf(yield* index.ids("", 10), 2)
      }).pipe(Effect.provide(context))
      yield* Effect.provideService(caughtUp(during(comesBack)), MemoryStore, asleep)
      yield* caughtUp(models)
      assert.sameMembers([...(yield* index.ids("", 10))], [gone!.id, stays!.id])
      assert.strictEqual((yield* store.status).indexing, 0)
    }).pipe(Effect.provide(ground)))
})

describe("while a batch waits for its model, another index", () => {
  it.scoped("that is set by another process gets all that is queued for it", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const elsewhere = yield* Layer.build(
        QdrantIndex.layer(ON_QDRANT).pipe(
          Layer.provide(Layer.merge(testing.qdrant, Layer.succeed(MemoryStore, store)))
        )
      )
      const memory = yield* Effect.context<MemoryStore>()
      yield* compress("many", ...saying("many", 300))
      const attached = Stream.runDrain(Stream.takeUntil(Pipeline.catchUp, ({ _tag }) => _tag === "Indexed")).pipe(
        Effect.provide(models),
        Effect.provide(elsewhere),
        Effect.provide(memory)
      )
      yield* caughtUp(during(attached))
      yield* Effect.provide(caughtUp(models), elsewhere)
      assert.strictEqual(yield* Effect.provide(Effect.flatMap(VectorIndex, ({ count }) => count), elsewhere), 300)
    }).pipe(Effect.provide(GROUNDS.embedded)))
})
