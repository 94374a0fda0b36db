/**
 * Builds the index anew for another model while the old one serves, and activates the new one when it is complete.
 */
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Stream from "effect/Stream"
import type { EmbeddingModel, ModelError } from "../models/ModelManager.ts"
import { ModelManager } from "../models/ModelManager.ts"
import * as EventLoop from "../resources/EventLoop.ts"
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
  /** Units whose point was made of something else, or was changed. */
  readonly stale: number
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
  vectors: Pick<Vectors, "ids" | "search" | "stale">
): Effect.Effect<Verification, Failure, MemoryStore | ModelManager> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const models = yield* ModelManager

    /** Searches for units, and returns the ids of all that have a vector and of those that were not found. */
    const searchFor = (ids: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const units = [...yield* store.units(ids)].sort(byId)
        const points = yield* pointsOf(models, units)
        const projectOf = new Map(units.map(({ id, projectId }) => [id, projectId]))
        const sampled = points.flatMap(({ unitId, vector }) => vector === null ? [] : [{ unitId, vector }])
        const notFound: Array<string> = []
        for (const { unitId, vector } of sampled) {
          const hits = yield* vectors.search(vector, { projects: [projectOf.get(unitId)!] }, NEAREST)
          const isFound = hits.some((hit) => hit.unitId === unitId && hit.score >= SAME) ||
            hits.length === NEAREST && hits.every(({ score }) => score >= SAME)
          if (!isFound) notFound.push(unitId)
        }
        return { sampled: sampled.length, notFound }
      })

    /** Returns which of these units have a point of what they are now. */
    const upToDate = (ids: ReadonlyArray<string>) =>
      Stream.runFold(differences(store, vectors), [] as ReadonlyArray<string>, (sum, { common, stale }) => {
        const current = new Set(common)
        for (const id of stale) current.delete(id)
        return [...sum, ...ids.filter((id) => current.has(id))]
      })

    const counts = yield* Stream.runFold(
      differences(store, vectors),
      { common: 0, missing: 0, orphans: 0, stale: 0, sample: [] as ReadonlyArray<string> },
      (sum, { common, missing, orphans, stale }) => ({
        common: sum.common + common.length,
        missing: sum.missing + missing.length,
        orphans: sum.orphans + orphans.length,
        stale: sum.stale + stale.length,
        sample: spread([...sum.sample, ...spread(common, SAMPLE)], 4 * SAMPLE)
      })
    )
    const { notFound, sampled } = yield* searchFor(spread(counts.sample, SAMPLE))
    // What was written anew since the comparison has a point of what it was, or none yet: only what has its own is judged.
    const again = notFound.length === 0 ? { sampled: 0, notFound } : yield* searchFor(yield* upToDate(notFound))
    const found = sampled - notFound.length
    return {
      common: counts.common,
      missing: counts.missing,
      orphans: counts.orphans,
      stale: counts.stale,
      sampled: found + again.sampled,
      found: found + again.sampled - again.notFound.length
    }
  })

/** Builds the missing and the stale points in batches, and removes the orphans. */
const fill = (vectors: Vectors): Stream.Stream<ReindexStep, Failure, MemoryStore | ModelManager> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* MemoryStore
    const models = yield* ModelManager
    const build = (ids: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const units = (yield* store.units(ids)).filter(({ active }) => active)
        // What changes while the model is asked gets no point: the next pass makes it.
        yield* vectors.upsert(yield* pointsOf(models, units))
        // Lets the other fibers of the process run.
        yield* EventLoop.turn
        return { _tag: "Built" as const, units: units.length }
      })
    return Stream.flatMap(
      differences(store, vectors),
      ({ missing, orphans, stale }) =>
        Stream.fromIterable([...missing, ...stale]).pipe(
          Stream.grouped(BATCH),
          Stream.mapEffect((chunk) => build([...chunk])),
          Stream.concat(Stream.execute(vectors.remove(orphans)))
        )
    )
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
      const { found, missing, orphans, sampled, stale } = verification
      // Up to a batch may differ, because units are written while the index is built.
      if (missing + orphans + stale > BATCH) {
        return yield* failed(
          `${missing} memories are missing in the new index, ${orphans} too many, ${stale} not as they are now`
        )
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
