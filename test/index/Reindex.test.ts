import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { idOf } from "../../src/domain/Ids.ts"
import { pointsOf } from "../../src/index/Points.ts"
import * as QdrantIndex from "../../src/index/qdrant/QdrantIndex.ts"
import { reindex, verify } from "../../src/index/Reindex.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import * as Pipeline from "../../src/Pipeline.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import type { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { unit } from "../contract/made.ts"
import { compress } from "../contract/MemoryStoreContract.ts"

const qdrant = QdrantIndex.layer({ prefix: "test", shards: 1, replicas: 1 }).pipe(
  Layer.provideMerge(testing.qdrant),
  Layer.provideMerge(testing.store)
)
const grounds = {
  embedded: Layer.provideMerge(Layer.merge(testing.index, testing.store), ResourceLedger.layer),
  Qdrant: Layer.provideMerge(qdrant, ResourceLedger.layer)
}

/** Memories of one segment; their texts change from round to round, as when a segment grows. */
const units = (round: number) =>
  Array.from(
    { length: 20 },
    (_, i) =>
      unit(idOf("unit", String(i)), { content: `round${round} says word${i}of${round} beside other${i}of${round}` })
  )

/** A model; at the call of this number the memories change while it is asked. */
const growing = (at: number) =>
  Effect.map(Effect.context<MemoryStore>(), (context) => {
    let calls = 0
    return Layer.effect(
      ModelManager,
      Effect.map(ModelManager, (models) =>
        ModelManager.of({
          ...models,
          embed: (texts) =>
            Effect.zipLeft(
              models.embed(texts),
              ++calls === at ? Effect.orDie(Effect.provide(compress("grown", ...units(1)), context)) : Effect.void
            )
        }))
    ).pipe(Layer.provide(testing.models(64)))
  })

const CALLS = { "its vector is built": 1, "the new index is verified": 2 }

describe.each(Object.entries(grounds))("a reindex, %s", (_, ground) => {
  it.effect.each(Object.entries(CALLS))(
    "leaves no vector of a text that changed while %s",
    ([, call]) =>
      Effect.gen(function*() {
        const index = yield* VectorIndex
        yield* compress("grown", ...units(0))
        yield* Stream.runDrain(Stream.provideSomeLayer(Pipeline.catchUp, testing.models(16)))
        yield* Stream.runDrain(Stream.provideSomeLayer(reindex, yield* growing(call)))
        yield* Stream.runDrain(Stream.provideSomeLayer(Pipeline.catchUp, testing.models(64)))
        assert.deepStrictEqual(yield* Effect.provide(verify(index), testing.models(64)), {
          common: 20,
          missing: 0,
          orphans: 0,
          stale: 0,
          sampled: 20,
          found: 20
        })
      }).pipe(Effect.provide(ground))
  )

  it.effect("takes no vector of a text that a memory no longer has, and says so", () =>
    Effect.gen(function*() {
      const index = yield* VectorIndex
      const models = yield* ModelManager
      yield* compress("grown", ...units(0))
      yield* Stream.runDrain(Pipeline.catchUp)
      const points = yield* pointsOf(models, units(0))
      yield* compress("grown", ...units(1))
      yield* index.upsert(points)
      const { found, missing, sampled, stale } = yield* verify(index)
      assert.deepStrictEqual([missing + stale, found], [20, sampled])
    }).pipe(Effect.provide(Layer.merge(testing.models(16), ground))))

  it.effect("does not judge a memory that changed between the comparison and the search", () =>
    Effect.gen(function*() {
      const index = yield* VectorIndex
      const context = yield* Effect.context<MemoryStore>()
      yield* compress("grown", ...units(0))
      yield* Stream.runDrain(Pipeline.catchUp)
      let round = 0
      const change = Effect.suspend(() => ++round === 1 ? Effect.orDie(compress("grown", ...units(1))) : Effect.void)
      const { found, sampled } = yield* verify({
        ids: index.ids,
        search: index.search,
        stale: (ids) => Effect.zipLeft(index.stale(ids), Effect.provide(change, context))
      })
      assert.strictEqual(found, sampled)
    }).pipe(Effect.provide(Layer.merge(testing.models(16), ground))))
})
