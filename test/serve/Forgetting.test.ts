/**
 * A process that is killed right after a forgetting has left no answer of a model that tells what was forgotten.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Extractive from "../../src/compress/extractive/Extractive.ts"
import { idOf } from "../../src/domain/Ids.ts"
import { keyOf, ModelCache } from "../../src/models/ModelCache.ts"
import { ModelsFile } from "../../src/models/sqlite/ModelsFile.ts"
import * as SqliteModelCache from "../../src/models/sqlite/SqliteModelCache.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { forget } from "../../src/serve/Remembering.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { unit } from "../contract/made.ts"
import { compress } from "../contract/MemoryStoreContract.ts"

const services = Layer.mergeAll(
  testing.store,
  testing.index,
  testing.models(),
  Extractive.layer,
  Layer.provide(SqliteModelCache.layer(), ModelsFile.layerMemory)
).pipe(Layer.provide(ResourceLedger.layer))

it.effect("the answers of models are forgotten before and after what they may tell", () =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const cache = yield* ModelCache
    const key = keyOf("background", "model", "of a lighthouse")
    const gone = unit(idOf("unit", "lighthouse"), { content: "The lighthouse door is green." })
    yield* compress("lighthouse", gone)
    yield* cache.put([[key, new TextEncoder().encode("It is green.")]])
    const killed = { ...store, forget: () => Effect.interrupt }
    assert.isTrue(Exit.isInterrupted(yield* Effect.exit(Effect.provideService(forget([gone.id]), MemoryStore, killed))))
    assert.deepStrictEqual(yield* cache.get([key]), [Option.none()])
  }).pipe(Effect.provide(services)))
