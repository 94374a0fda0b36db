/**
 * Builds the index anew for another model while the old one serves, and activates the new one when it is complete.
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

/** Result of comparing an index with the store. */
export interface Verification {
  /** Units that have a point. */
  readonly common: number
  readonly missing: number
  readonly orphans: number
  /** Units in the sample, and of these the ones that a search for their own vector found. */
  readonly sampled: number
  readonly found: number
}

export type ReindexStep =
  /** `done` of `total` units are in the new index already, from an earlier run that was interrupted. */
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
/** A unit must be among its `NEAREST` nearest; if all these score `SAME` or more, it passes as one of many duplicates. */
const NEAREST = 10
const SAME = 0.98

/** Takes at most `size` ids at equal distances, so that the sample covers the whole list. */
const spread = (ids: ReadonlyArray<string>, size: number): ReadonlyArray<string> =>
  ids.length <= size ? ids : Array.from({ length: size }, (_, i) => ids[Math.floor(i * ids.length / size)]!)

const byId = Order.mapInput(Order.string, ({ id }: { readonly id: string }) => id)

/** Counts the differences from the store, and searches for a sample of the units by their own vectors. */
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
    const foundBySample = yield* Effect.forEach(sampled, ({ unitId, vector }) =>
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
      found: foundBySample.filter((each) => each).length
    }
  })

/** Builds the missing points in batches, and removes the orphans. */
const fill = (vectors: Vectors): Stream.Stream<ReindexStep, Failure, MemoryStore | ModelManager> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* MemoryStore
    const models = yield* ModelManager
    const build = (ids: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const units = (yield* store.units(ids)).filter(({ active }) => active)
        yield* vectors.upsert(yield* pointsOf(models, units))
        // Lets the other fibers of the process run.
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
 * Reindexes for the embedding model of `ModelManager`. An interrupted run resumes from the points that the new version
 * already holds. Writes between the last comparison and the switch go to the old version, so a `reconcile` is queued
 * before the switch: the next worker compares the whole, even if this process has ended.
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
      // Up to a batch may differ, because units are written while the index is built.
      if (missing + orphans > BATCH) {
        return yield* failed(`${missing} memories are missing in the new index, ${orphans} too many`)
      }
      if (found < sampled) {
        return yield* failed(`${sampled - found} of ${sampled} memories are not found by their own vectors`)
      }
      return { _tag: "Verified" as const, verification }
    })
    const switchOver = Effect.zipRight(store.queue("reconcile", [index.name]), next.activate)
    return Stream.make(begun).pipe(
      Stream.concat(fill(next)),
      // The second pass adds units that were written during the first.
      Stream.concat(fill(next)),
      Stream.concat(Stream.fromEffect(finish)),
      Stream.concat(Stream.fromEffect(Effect.as(switchOver, { _tag: "Switched" as const })))
    )
  })
)
