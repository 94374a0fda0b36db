/**
 * `VectorIndex` on a Map: every vector is compared, as floats. Which units there are, and which pass a filter, the store says.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Order from "effect/Order"
import { passes, type SearchFilter } from "../domain/Search.ts"
import type { EmbeddingModel } from "../models/ModelManager.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { ensureModel, ensureVector, nothingIndexed } from "./Refusals.ts"
import { type Hit, IndexError, type Point, VectorIndex } from "./VectorIndex.ts"

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1)

const nearest = Order.combine(
  Order.mapInput(Order.number, ({ score }: Hit) => -score),
  Order.mapInput(Order.string, ({ unitId }: Hit) => unitId)
)

interface Holder {
  model: EmbeddingModel | null
  readonly vectors: Map<string, Float32Array>
}

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const ledger = yield* ResourceLedger
  const inFlight = yield* makeInFlight("VectorIndex")
  const held = yield* Effect.orDie(ledger.acquire({
    kind: "store",
    name: "VectorIndex in memory",
    open: Effect.sync((): Holder => ({ model: null, vectors: new Map() })),
    close: ({ vectors }) => Effect.sync(() => vectors.clear()),
    within: "1 second"
  }))

  const guard = <A>(operation: string, effect: Effect.Effect<A, IndexError | StoreError>) =>
    inFlight(Effect.mapError(effect, (cause) =>
      cause._tag === "IndexError"
        ? cause
        : new IndexError({ reason: "Unavailable", operation, detail: cause.message, cause }))).pipe(
        Effect.withSpan(`VectorIndex.${operation}`)
      )

  const ensure = (model: EmbeddingModel) => Effect.suspend(() => ensureModel(held.model ??= model, model))

  const upsert = (points: ReadonlyArray<Point>) =>
    Effect.gen(function*() {
      if (points.length === 0) return
      const { model } = held
      if (model === null) return yield* nothingIndexed("upsert")
      yield* Effect.forEach(points, ({ vector }) => ensureVector("upsert", vector, model.dimension), { discard: true })
      const known = new Set((yield* store.units(points.map(({ unitId }) => unitId))).map(({ id }) => id))
      for (const { unitId, vector } of points) if (known.has(unitId)) held.vectors.set(unitId, vector.slice())
    })

  /** Those that have a vector and are still in the store. */
  const indexed = Effect.suspend(() => store.units([...held.vectors.keys()]))

  const search = (vector: Float32Array, filter: SearchFilter, limit: number) =>
    Effect.gen(function*() {
      if (held.model === null) return []
      yield* ensureVector("search", vector, held.model.dimension)
      return (yield* indexed).filter((unit) => passes(unit, filter))
        .flatMap(({ id }) => {
          const known = held.vectors.get(id)
          return known === undefined ? [] : [{ unitId: id, score: cosine(known, vector) }]
        })
        .sort(nearest)
        .slice(0, limit)
    })

  return VectorIndex.of({
    sharesStore: false,
    ensure: (model) => guard("ensure", ensure(model)),
    upsert: (points) => guard("upsert", upsert(points)),
    remove: (unitIds) => guard("remove", Effect.sync(() => unitIds.forEach((unitId) => held.vectors.delete(unitId)))),
    search: (vector, filter, limit) => guard("search", search(vector, filter, limit)),
    describe: guard("describe", Effect.map(indexed, ({ length }) => ({ model: held.model, count: length })))
  })
})

export const layer: Layer.Layer<VectorIndex, never, MemoryStore | ResourceLedger> = Layer.scoped(VectorIndex, make)
