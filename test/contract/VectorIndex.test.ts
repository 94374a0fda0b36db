import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"
import { Qdrant } from "../../src/index/qdrant/Qdrant.ts"
import * as QdrantIndex from "../../src/index/qdrant/QdrantIndex.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import * as testing from "../../src/testing.ts"
import { qdrant } from "../data.ts"
import { client } from "../index/qdrant/client.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { base, sqliteFile, storeInMemory } from "./layers.ts"
import { everything, unit } from "./made.ts"
import { write } from "./MemoryStoreContract.ts"
import { suite, vector } from "./VectorIndexContract.ts"

const embedded = Layer.merge(EmbeddedIndex.layer, SqliteStore.layer).pipe(
  Layer.provide(sqliteFile),
  Layer.provide(base)
)
const qdrantInMemory = QdrantIndex.layer({ prefix: "test", shards: 1, replicas: 1 }).pipe(
  Layer.provide(testing.qdrant),
  Layer.provideMerge(storeInMemory),
  Layer.provide(base)
)
/** The server may be shared: the tests use only collections with a random prefix, and delete them at the end. */
const overHttp = (url: string, apiKey?: string) =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const prefix = `claude-memory-test-${randomBytes(6).toString("hex")}`
    const { collections, deleteCollection } = yield* Qdrant
    yield* Effect.addFinalizer(() =>
      Effect.orDie(Effect.flatMap(collections, (names) =>
        Effect.forEach(
          names.filter((name) => name.startsWith(prefix)),
          deleteCollection,
          { discard: true }
        )))
    )
    return QdrantIndex.layer({ prefix, shards: 1, replicas: 1 })
  })).pipe(
    Layer.provide(client(url, { apiKey, within: "30 seconds" })),
    Layer.provideMerge(storeInMemory),
    Layer.provide(base)
  )
const onStandIn = Layer.unwrapScoped(Effect.map(StandIn.make(), ({ origin }) => overHttp(origin)))
const inMemory = testing.index.pipe(Layer.provideMerge(storeInMemory), Layer.provide(base))

suite("EmbeddedIndex", embedded)
suite("EmbeddedIndex in memory", inMemory)
suite("QdrantIndex over Qdrant in memory", qdrantInMemory)
suite("QdrantIndex over HTTP, on the stand-in", onStandIn)

// Runs only with a configured server; without one, no skipped suite is reported.
if (qdrant.url !== undefined) {
  suite(`QdrantIndex over HTTP, on ${qdrant.url}`, overHttp(qdrant.url, qdrant.apiKey))
}

describe("EmbeddedIndex", () => {
  it.scoped("is written and undone together with the store", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const index = yield* VectorIndex
      assert.isTrue(index.sharesStore)
      yield* write([unit("a")])
      yield* index.ensure({ id: "test@1", dimension: 2 })
      const items = yield* store.claim("index", 10)
      const written = Effect.zipRight(index.upsert([{ unitId: "a", vector: vector(1, 0) }]), store.done(items))
      yield* Effect.ignore(store.transaction(Effect.zipRight(written, Effect.fail("no"))))
      assert.strictEqual((yield* index.describe).count, 0)
      assert.strictEqual((yield* store.status).pending, 2 + 1)
      yield* store.transaction(written)
      assert.strictEqual((yield* index.describe).count, 1)
      assert.strictEqual((yield* index.search(vector(1, 0), everything, 1)).length, 1)
      yield* Effect.ignore(store.transaction(Effect.zipRight(index.remove(["a"]), Effect.fail("no"))))
      assert.strictEqual((yield* index.describe).count, 1)
    }).pipe(Effect.provide(embedded)))
})
