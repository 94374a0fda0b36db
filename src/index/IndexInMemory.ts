/**
 * `VectorIndex` on a Map: every vector is compared, as floats. Which units there are, and which pass a filter, the store says.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Order from "effect/Order"
import { randomUUID } from "node:crypto"
import { passes } from "../domain/Search.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { type Hit, IndexError, VectorIndex } from "./VectorIndex.ts"
import * as Versions from "./Versions.ts"

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1)

const nearest = Order.combine(
  Order.mapInput(Order.number, ({ score }: Hit) => -score),
  Order.mapInput(Order.string, ({ unitId }: Hit) => unitId)
)

interface VersionInMemory extends Versions.Version {
  readonly vectors: Map<string, Float32Array | null>
}

interface Holder {
  readonly versions: Map<string, VersionInMemory>
  active: VersionInMemory | undefined
}

const make = Effect.gen(function*() {
  const store = yield* MemoryStore
  const ledger = yield* ResourceLedger
  const held = yield* ledger.acquire({
    kind: "store",
    name: "VectorIndex in memory",
    open: Effect.sync((): Holder => ({ versions: new Map(), active: undefined })),
    close: (held) =>
      Effect.sync(() => {
        held.versions.clear()
        held.active = undefined
      }),
    within: "1 second"
  })
  const own = yield* Effect.sync(() => randomUUID())
  let made = 0

  return Versions.make({
    name: "memory",
    sharesStore: false,
    toError: (operation, cause: StoreError) =>
      new IndexError({ reason: "Unavailable", operation, detail: cause.message, cause })
  }, {
    active: Effect.sync(() => held.active),
    all: Effect.sync(() => [...held.versions.values()]),
    make: (model) =>
      Effect.sync(() => {
        const known = Versions.versionFor([...held.versions.values()], model)
        const version = known ?? { name: String(++made), model, vectors: new Map() }
        held.versions.set(version.name, version)
        return version
      }),
    activate: (version) => Effect.sync(() => void (held.active = version)),
    drop: ({ name }) => Effect.sync(() => void held.versions.delete(name)),
    upsert: ({ vectors }, points) =>
      Effect.map(store.units(points.map(({ unitId }) => unitId)), (units) => {
        const known = new Set(units.filter(({ active }) => active).map(({ id }) => id))
        for (const { unitId, vector } of points) if (known.has(unitId)) vectors.set(unitId, vector?.slice() ?? null)
      }),
    remove: ({ vectors }, unitIds) => Effect.sync(() => unitIds.forEach((id) => vectors.delete(id))),
    search: ({ vectors }, vector, filter, limit) =>
      Effect.map(store.units([...vectors.keys()]), (units) =>
        units.filter((unit) => passes(unit, filter))
          .flatMap(({ id }) => {
            const known = vectors.get(id) ?? null
            return known === null ? [] : [{ unitId: id, score: cosine(known, vector) }]
          })
          .sort(nearest)
          .slice(0, limit)),
    ids: ({ vectors }, after, limit) =>
      Effect.sync(() => [...vectors.keys()].filter((id) => id > after).sort().slice(0, limit)),
    count: ({ vectors }) => Effect.sync(() => vectors.size),
    identity: ({ name }) => `${own} ${name}`
  })
})

export const layer: Layer.Layer<VectorIndex, never, MemoryStore | ResourceLedger> = Layer.scoped(VectorIndex, make)
