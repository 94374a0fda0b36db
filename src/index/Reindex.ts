/**
 * Builds the index anew for another model while the old one serves, and has the new one serve when it is whole.
 */
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Stream from "effect/Stream"
import type { EmbeddingModel, ModelError } from "../models/ModelManager.ts"
import { ModelManager } from "../models/ModelManager.ts"
import { MemoryStore, type StoreError } from "../store/MemoryStore.ts"
import { differences } from "./Differences.ts"
import { pointsOf } from "./Points.ts"
import { IndexError, VectorIndex, type Vectors } from "./VectorIndex.ts"

/** How an index stands to the store. */
export interface Verification {
  /** Units and points that belong together. */
  readonly common: number
  readonly missing: number
  readonly orphans: number
  /** Units whose own vectors were searched for, and those of them that were found by these. */
  readonly sampled: number
  readonly found: number
}

export type ReindexStep =
  /** `done` of `total` units are there already: it was begun before. */
  | {
    readonly _tag: "Begun"
    readonly from: EmbeddingModel | null
    readonly to: EmbeddingModel
    readonly done: number
    readonly total: number
  }
  | { readonly _tag: "Built"; readonly units: number }
  | { readonly _tag: "Verified"; readonly verification: Verification }
  | { readonly _tag: "Switched" }

type Failure = StoreError | IndexError | ModelError

const BATCH = 128
const SAMPLE = 32
/** Among so many a unit is to be found by its own vector; where they are all as near as that, it is one of many of its like. */
const NEAREST = 10
const SAME = 0.98

/** Every so many ids, so that a sample is of the whole. */
const spread = (ids: ReadonlyArray<string>, size: number): ReadonlyArray<string> =>
  ids.length <= size ? ids : Array.from({ length: size }, (_, i) => ids[Math.floor(i * ids.length / size)]!)

const byId = Order.mapInput(Order.string, ({ id }: { readonly id: string }) => id)

/** Counts, and looks for a sample of the units by their own vectors. */
export const verify = (
  vectors: Pick<Vectors, "ids" | "search">
): Effect.Effect<Verification, Failure, MemoryStore | ModelManager> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const models = yield* ModelManager
    const counts = yield* Stream.runFold(
      differences(store, vectors),
      { common: 0, missing: 0, orphans: 0, sample: [] as ReadonlyArray<string> },
      (sum, { common, missing, orphans }) => ({
        common: sum.common + common.length,
        missing: sum.missing + missing.length,
        orphans: sum.orphans + orphans.length,
        sample: spread([...sum.sample, ...spread(common, SAMPLE)], 4 * SAMPLE)
      })
    )
    const units = [...yield* store.units(spread(counts.sample, SAMPLE))].sort(byId)
    const points = yield* pointsOf(models, units)
    const projectOf = new Map(units.map(({ id, projectId }) => [id, projectId]))
    const sampled = points.flatMap(({ unitId, vector }) => vector === null ? [] : [{ unitId, vector }])
    const isFound = yield* Effect.forEach(sampled, ({ unitId, vector }) =>
      Effect.map(vectors.search(vector, { projects: [projectOf.get(unitId)!] }, NEAREST), (hits) =>
        hits.some((hit) =>
          hit.unitId === unitId && hit.score >= SAME
        ) ||
        hits.length === NEAREST && hits.every(({ score }) =>
            score >= SAME
          )))
    return {
      common: counts.common,
      missing: counts.missing,
      orphans: counts.orphans,
      sampled: sampled.length,
      found: isFound.filter((each) => each).length
    }
  })

/** What is missing is built, batch by batch, and what is too much removed. */
const fill = (vectors: Vectors): Stream.Stream<ReindexStep, Failure, MemoryStore | ModelManager> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* MemoryStore
    const models = yield* ModelManager
    const build = (ids: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const units = (yield* store.units(ids)).filter(({ active }) => active)
        yield* vectors.upsert(yield* pointsOf(models, units))
        // The rest of the process has its turn.
        yield* Effect.sleep(0)
        return { _tag: "Built" as const, units: units.length }
      })
    return Stream.flatMap(differences(store, vectors), ({ missing, orphans }) =>
      Stream.fromIterable(missing).pipe(
        Stream.grouped(BATCH),
        Stream.mapEffect((chunk) => build([...chunk])),
        Stream.concat(Stream.execute(vectors.remove(orphans)))
      ))
  }))

const failed = (detail: string) =>
  new IndexError({
    reason: "Unavailable",
    operation: "reindex",
    detail: `${detail}; the old index still serves. Run it again, or \`claude-memory index drop\` and begin anew`,
    cause: undefined
  })

/**
 * For the embedding model of `ModelManager`. Whatever is cut off is gone on with the next time: what the new version has already is
 * seen in itself. What is written between the last look and the switch goes to the old one: the whole is compared once more by
 * whoever works off the queue next, also when this process is gone by then.
 */
export const reindex: Stream.Stream<ReindexStep, Failure, MemoryStore | VectorIndex | ModelManager> = Stream.unwrap(
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const index = yield* VectorIndex
    const to = yield* Effect.flatMap(ModelManager, ({ embedding }) => embedding)
    const { model: from } = yield* index.describe
    const next = yield* index.version(to)
    const begun: ReindexStep = {
      _tag: "Begun",
      from,
      to,
      done: yield* next.count,
      total: (yield* store.status).units.total
    }
    const finish = Effect.gen(function*() {
      const verification = yield* verify(next)
      const { found, missing, orphans, sampled } = verification
      // What was written meanwhile is no fault of the build.
      if (missing + orphans > BATCH) {
        return yield* failed(`${missing} memories are missing in the new index, ${orphans} too many`)
      }
      if (found < sampled) {
        return yield* failed(`${sampled - found} of ${sampled} memories are not found by their own vectors`)
      }
      return { _tag: "Verified" as const, verification }
    })
    const turn = Effect.zipRight(store.queue("reconcile", [index.name]), next.activate)
    return Stream.make(begun).pipe(
      Stream.concat(fill(next)),
      // What came while that was built.
      Stream.concat(fill(next)),
      Stream.concat(Stream.fromEffect(finish)),
      Stream.concat(Stream.fromEffect(Effect.as(turn, { _tag: "Switched" as const })))
    )
  })
)
