/**
 * Fills a store and an index with given units.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { idOf } from "../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import type { Project } from "../../src/domain/Project.ts"
import { VectorIndex } from "../../src/index/VectorIndex.ts"
import { ModelManager } from "../../src/models/ModelManager.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { batch, cursor, message, project } from "../contract/made.ts"

/** Writes units into the store, as if they came from one segment. */
export const store = (units: ReadonlyArray<MemoryUnit>, of: Project = project("one")) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const uuid = `prompt of ${of.id}`
    yield* store.append(batch([message(uuid, { isPrompt: true })], { project: of, cursor: cursor(`/t/${of.id}`, 1) }))
    const items = yield* store.claim("segment", 10)
    const origin = idOf("segment", uuid)
    yield* store.commit(items, units.map((unit) => ({ ...unit, origin })))
  })

/** Writes the units' vectors into the index. */
export const index = (units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const [models, vectors] = [yield* ModelManager, yield* VectorIndex]
    yield* vectors.ensure(yield* models.embedding)
    const embeddings = yield* models.embed(units.map(({ content }) => content))
    yield* vectors.upsert(units.flatMap(({ id }, i) => {
      const vector = embeddings[i] ?? Option.none()
      return Option.isSome(vector) ? [{ unitId: id, vector: vector.value }] : []
    }))
  })
