/**
 * Builds `VectorIndex` from an adapter's operations on one version. The choice of the serving version, the checks and
 * the error messages are the same for all adapters.
 */
import * as Effect from "effect/Effect"
import type { SearchFilter } from "../domain/Search.ts"
import type { EmbeddingModel } from "../models/ModelManager.ts"
import {
  type FusedQuestion,
  type Hit,
  IndexError,
  type IndexVersion,
  type Point,
  VectorIndex,
  type Vectors
} from "./VectorIndex.ts"

/** `name` is that of no other version of this index, and what `drop` takes. */
export interface Version {
  readonly name: string
  readonly model: EmbeddingModel
}

/** An adapter; its failures become `IndexError`s. The vectors it receives have the version's dimension. */
export interface Versions<V extends Version, E> {
  /** The version that serves now; undefined before the first is activated. */
  readonly active: Effect.Effect<V | undefined, E>
  /** The active version for searches, which may see a switch a few seconds later. */
  readonly serving?: Effect.Effect<V | undefined, E>
  readonly all: Effect.Effect<ReadonlyArray<V>, E>
  /** Finds or creates the version for a model, and completes a creation that was interrupted. */
  readonly make: (model: EmbeddingModel) => Effect.Effect<V, E>
  readonly activate: (version: V) => Effect.Effect<void, E>
  readonly drop: (version: V) => Effect.Effect<void, E>
  readonly upsert: (version: V, points: ReadonlyArray<Point>) => Effect.Effect<void, E>
  readonly remove: (version: V, unitIds: ReadonlyArray<string>) => Effect.Effect<void, E>
  readonly search: (
    version: V,
    vector: Float32Array,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Hit>, E>
  readonly ids: (version: V, after: string, limit: number) => Effect.Effect<ReadonlyArray<string>, E>
  /** Present where points may differ from what they were made of. */
  readonly stale?: (version: V, unitIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, E>
  readonly count: (version: V) => Effect.Effect<number, E>
  /** Present where the index holds words too. */
  readonly fused?: (
    version: V,
    question: FusedQuestion,
    filter: SearchFilter,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Hit>, E>
  /** Returns a version's unique identity; present where a version can vanish or be replaced without notice. */
  readonly identity?: (version: V) => string
}

/** Properties of an adapter that are the same for all versions. */
export interface Storage<E> {
  readonly name: string
  readonly sharesStore: boolean
  /** Maps an adapter's failure to an error with a message for people. */
  readonly toError: (operation: string, cause: E) => IndexError
  /** Returns the model under which a version is recorded, where more than the model decides (such as words). */
  readonly builtFor?: (model: EmbeddingModel) => EmbeddingModel
  /** Runs the effect in a transaction, where the adapter has transactions. */
  readonly atomically?: <A>(effect: Effect.Effect<A, E | IndexError>) => Effect.Effect<A, E | IndexError>
}

const isSame = (a: EmbeddingModel, b: EmbeddingModel): boolean => a.id === b.id && a.dimension === b.dimension

/** Finds a version by the id and the dimension of its model; undefined without one. */
export const versionFor = <V extends Version>(versions: ReadonlyArray<V>, model: EmbeddingModel): V | undefined =>
  versions.find((version) => isSame(version.model, model))

const refused = (reason: IndexError["reason"], operation: string, detail: string) =>
  Effect.fail(new IndexError({ reason, operation, detail, cause: undefined }))

const nothingIndexed = (operation: string) =>
  refused("Unavailable", operation, "nothing is indexed yet; run `claude-memory import`")

const ensureModel = (operation: string, built: EmbeddingModel, wanted: EmbeddingModel) =>
  isSame(built, wanted) ? Effect.void : refused(
    "Mismatch",
    operation,
    `it was built with ${built.id} (${built.dimension} dimensions), the model in use is ${wanted.id} ` +
      `(${wanted.dimension}); run \`claude-memory reindex\`, or go back to that model`
  )

/** Refuses a vector of another dimension, or with NaN or infinity. */
const ensureVector = (operation: string, vector: Float32Array, dimension: number) =>
  vector.length !== dimension
    ? refused("Rejected", operation, `a vector has ${vector.length} dimensions, the index ${dimension}`)
    : vector.every(Number.isFinite)
    ? Effect.void
    : refused("Rejected", operation, "a vector holds a number that is not finite")

/** While no version is active, `upsert` fails with `Unavailable`, and searches find nothing. */
export const make = <V extends Version, E>(storage: Storage<E>, versions: Versions<V, E>): VectorIndex["Type"] => {
  const { atomically = (effect) => effect, builtFor = (model) => model, name, sharesStore, toError } = storage
  const { active, fused, serving = active } = versions

  const guard = <A>(operation: string, effect: Effect.Effect<A, E | IndexError>): Effect.Effect<A, IndexError> =>
    Effect.mapError(effect, (cause) => cause instanceof IndexError ? cause : toError(operation, cause)).pipe(
      Effect.withSpan(`VectorIndex.${operation}`)
    )

  /**
   * Operations on the version that `version` (for searches `found`) yields at each call. Without a version, `upsert`
   * fails and the others return `none`. Units are removed from all versions that `held` yields: what is forgotten is to
   * be in none that is kept.
   */
  const vectorsOf = (
    version: Effect.Effect<V | undefined, E>,
    found = version,
    held: Effect.Effect<ReadonlyArray<V>, E> = Effect.map(version, (version) => version === undefined ? [] : [version])
  ): Vectors => {
    const ask = <A>(
      operation: string,
      none: A,
      of: Effect.Effect<V | undefined, E>,
      answer: (version: V) => Effect.Effect<A, E | IndexError>
    ) =>
      guard(
        operation,
        Effect.flatMap(of, (version) => version === undefined ? Effect.succeed(none) : answer(version))
      )
    return {
      upsert: (points) =>
        points.length === 0 ? Effect.void : guard(
          "upsert",
          atomically(Effect.flatMap(version, (version): Effect.Effect<void, E | IndexError> =>
            version === undefined ? nothingIndexed("upsert") : Effect.zipRight(
              Effect.forEach(
                points,
                ({ vector }) =>
                  vector === null ? Effect.void : ensureVector("upsert", vector, version.model.dimension),
                { discard: true }
              ),
              versions.upsert(version, points)
            )))
        ),
      remove: (unitIds) =>
        unitIds.length === 0
          ? Effect.void
          : guard(
            "remove",
            Effect.flatMap(
              held,
              Effect.forEach((version) => versions.remove(version, unitIds), { discard: true })
            )
          ),
      search: (vector, filter, limit) =>
        ask<ReadonlyArray<Hit>>("search", [], found, (version) =>
          Effect.zipRight(
            ensureVector("search", vector, version.model.dimension),
            versions.search(version, vector, filter, limit)
          )),
      ids: (after, limit) =>
        ask<ReadonlyArray<string>>("ids", [], version, (version) => versions.ids(version, after, limit)),
      stale: (unitIds) =>
        versions.stale === undefined || unitIds.length === 0
          ? Effect.succeed([])
          : ask<ReadonlyArray<string>>("stale", [], version, (version) => versions.stale!(version, unitIds)),
      count: ask("count", 0, version, versions.count)
    }
  }

  const ensure = (model: EmbeddingModel) =>
    Effect.gen(function*() {
      const current = yield* active
      if (current !== undefined) {
        yield* ensureModel("ensure", current.model, builtFor(model))
        return vectorsOf(Effect.succeed(current))
      }
      const made = yield* versions.make(builtFor(model))
      yield* versions.activate(made)
      return vectorsOf(Effect.succeed(made))
    })

  const identity = Effect.map(
    active,
    (current) => current === undefined || versions.identity === undefined ? name : versions.identity(current)
  )

  const describe = Effect.gen(function*() {
    const current = yield* active
    return current === undefined
      ? { model: null, count: 0 }
      : { model: current.model, count: yield* versions.count(current) }
  })

  const described = Effect.gen(function*() {
    const current = yield* active
    const all = yield* Effect.forEach(
      yield* versions.all,
      (version) =>
        Effect.map(versions.count(version), (count): IndexVersion => ({
          name: version.name,
          model: version.model,
          count,
          isActive: version.name === current?.name
        }))
    )
    return all.sort((a, b) => Number(b.isActive) - Number(a.isActive))
  })

  const drop = (name: string) =>
    Effect.gen(function*() {
      const current = yield* active
      const version = (yield* versions.all).find((each) => each.name === name)
      if (version === undefined) return yield* refused("Rejected", "drop", `no version is called ${name}`)
      if (name === current?.name) {
        return yield* refused("Rejected", "drop", `${name} is the version that serves; reindex to another model first`)
      }
      yield* versions.drop(version)
    })

  return VectorIndex.of({
    ...vectorsOf(active, serving, versions.all),
    name,
    sharesStore,
    identity: guard("identity", identity),
    ensure: (model) => guard("ensure", atomically(ensure(model))),
    check: (model) =>
      guard(
        "check",
        Effect.flatMap(serving, (version): Effect.Effect<void, IndexError> =>
          version === undefined ? nothingIndexed("check") : ensureModel("check", version.model, builtFor(model)))
      ),
    describe: guard("describe", describe),
    versions: guard("versions", described),
    version: (model) =>
      guard(
        "version",
        Effect.map(atomically(versions.make(builtFor(model))), (version) => ({
          ...vectorsOf(Effect.succeed(version)),
          activate: guard("activate", atomically(versions.activate(version)))
        }))
      ),
    fused: fused && ((question, filter, limit) =>
      guard(
        "fused",
        Effect.gen(function*() {
          const version = yield* serving
          if (version === undefined) return []
          if (question.vector !== null) yield* ensureVector("fused", question.vector, version.model.dimension)
          return yield* fused(version, question, filter, limit)
        })
      )),
    drop: (name) => guard("drop", atomically(drop(name)))
  })
}
