/**
 * `VectorIndex` in Qdrant: each version is a collection, and an alias points to the serving one. Their names contain
 * the store's identity, so that memories that share a server do not share an index.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createHash, randomUUID } from "node:crypto"
import { matchesIn } from "../../domain/Matches.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { EmbeddingModel } from "../../models/ModelManager.ts"
import { MemoryStore, type StoreError } from "../../store/MemoryStore.ts"
import { embedded, isCurrent } from "../Points.ts"
import { type FusedQuestion, type Hit, IndexError, VectorIndex } from "../VectorIndex.ts"
import * as Versions from "../Versions.ts"
import { type Condition, isPointId, type Payload, type PayloadIndex, Qdrant, QdrantError, SCANNED } from "./Qdrant.ts"
import * as SparseVectors from "./SparseVectors.ts"

/** The alias is called PREFIX_STORE and a collection PREFIX_STORE_NUMBER, with the identity of the store. */
export interface QdrantIndexOptions {
  /** First part of the names of the collections and the alias. */
  readonly prefix: string
  /** Shards and replicas of a new collection; more than one of either needs a cluster. */
  readonly shards: number
  readonly replicas: number
  /** Indexes words too and searches both lanes in one request: for a store too large for its own lexical lane. */
  readonly words?: boolean
}

const DENSE = "dense"
const WORDS = "bm25"
/**
 * Reciprocal rank fusion (`Query` in Qdrant.ts) of the words' lane and the dense lane, in this order. The weights have
 * the ratio of retrieve/Fusion.ts; k = 61 is the paper's 60.
 */
const FUSION = { k: 61, weights: [1, 0.25] }
/** Points that each lane contributes to the fusion. */
const LANE_LIMIT = 300
/** Payload fields that a filter may use, and their indexes. */
export const FIELDS: Readonly<Record<string, PayloadIndex>> = {
  project: "tenant",
  type: "keyword",
  at: "principal",
  files: "keyword",
  session: "keyword"
}
/** Time for which searches use the serving version without a look at the alias. */
const SERVING_CACHE_MS = 5_000
/** Files of a unit that the payload lists; a filter does not find further ones. */
const MAX_FILES = 64

/** Returns the path and its endings after each separator: a filter may name a file by any of them. */
export const endsOf = (file: string): ReadonlyArray<string> => [
  file,
  ...[...matchesIn(file, /[/\\]/g)].map(({ index }) => file.slice(index + 1)).filter((end) => end !== "")
]

/** Returns a point's payload. `made` is a digest of what its vectors are made of, which no filter asks for. */
const payloadOf = (unit: MemoryUnit, { id, dimension }: EmbeddingModel): Payload => ({
  made: createHash("sha256").update(JSON.stringify([embedded(unit), id, dimension])).digest("hex").slice(0, 32),
  project: unit.projectId,
  session: unit.sessionId,
  type: unit.type,
  at: unit.occurredAt,
  files: [...new Set(unit.files.slice(0, MAX_FILES).flatMap(endsOf))]
})

/** Tests whether a stored payload is the same, whatever the order of its fields. */
const isSame = (a: Payload, b: Payload): boolean =>
  [a, b].map((each) => JSON.stringify(Object.entries(each).sort(([x], [y]) => x < y ? -1 : 1)))
    .every((text, _, [first]) => text === first)

const conditions = ({ files, projects, sessions, since, types, until }: SearchFilter): ReadonlyArray<Condition> => [
  ...(projects === "all" ? [] : [{ key: "project", match: { any: projects } }]),
  ...(sessions === undefined ? [] : [{ key: "session", match: { any: sessions } }]),
  ...(types === undefined ? [] : [{ key: "type", match: { any: types } }]),
  ...(since === undefined && until === undefined
    ? []
    : [{
      key: "at",
      range: { ...(since !== undefined && { gte: since }), ...(until !== undefined && { lte: until }) }
    }]),
  ...(files === undefined || files.length === 0 ? [] : [{ key: "files", match: { any: files } }])
]

/** Tests whether no unit can match: Qdrant would refuse such a query. */
const isNothing = ({ projects, sessions, types }: SearchFilter, limit: number) =>
  limit < 1 || projects.length === 0 || sessions?.length === 0 || types?.length === 0

const nearest = (a: Hit, b: Hit) => b.score - a.score || (a.unitId < b.unitId ? -1 : 1)

/**
 * Versions are numbered by the seconds since then (2026-01-01): other processes remember by its name which model a
 * version is of, so that no name is used again once its version was dropped.
 */
const NUMBERED_SINCE = 1_767_225_600_000

interface Made extends Versions.Version {
  readonly number: number
  readonly identity: string
}

const make = ({ prefix, replicas, shards, words = false }: QdrantIndexOptions) =>
  Effect.gen(function*() {
    const qdrant = yield* Qdrant
    const store = yield* MemoryStore

    const alias = Effect.map(store.identity, (identity) => `${prefix}_${identity}`)

    /** Versions by collection, cached because a collection keeps its model; foreign collections have no entry. */
    const made = new Map<string, Made>()
    const versionsIn = (alias: string, collection: string) =>
      Effect.gen(function*() {
        const held = made.get(collection)
        if (held !== undefined) return [held]
        const rest = collection.startsWith(`${alias}_`) ? collection.slice(alias.length + 1) : ""
        if (!/^[1-9]\d{0,8}$/.test(rest)) return []
        const { dimension, identity, model } = Option.match(yield* qdrant.collection(collection), {
          onNone: (): Payload => ({}),
          onSome: ({ metadata }) => metadata
        })
        if (typeof model !== "string" || typeof dimension !== "number") return []
        const version = {
          name: collection,
          model: { id: model, dimension },
          number: Number(rest),
          identity: String(identity)
        }
        made.set(collection, version)
        return [version]
      })

    /** Newest first. */
    const all = Effect.gen(function*() {
      const name = yield* alias
      const versions = yield* Effect.forEach(yield* qdrant.collections, (collection) => versionsIn(name, collection))
      return versions.flat().sort((a, b) => b.number - a.number)
    })

    const active = Effect.gen(function*() {
      const name = yield* alias
      const found = (yield* qdrant.aliases).find((each) => each.alias === name)
      // Another process deleted the version, and the next collection may reuse its name.
      if (found === undefined) made.clear()
      return found && (yield* versionsIn(name, found.collection))[0]
    })

    let known: { readonly version: Made; readonly until: number } | undefined
    const serving = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (known !== undefined && now < known.until) return known.version
      const version = yield* active
      known = version && { version, until: now + SERVING_CACHE_MS }
      return version
    })

    const build = (model: EmbeddingModel) =>
      Effect.gen(function*() {
        const versions = yield* all
        const same = Versions.versionFor(versions, model)
        const number = same?.number ??
          Math.max(
            (versions[0]?.number ?? 0) + 1,
            Math.floor(((yield* Clock.currentTimeMillis) - NUMBERED_SINCE) / 1_000)
          )
        const version = same ?? { name: `${yield* alias}_${number}`, model, number, identity: randomUUID() }
        if (same === undefined) {
          const isNew = yield* qdrant.createCollection(version.name, {
            dense: { [DENSE]: model.dimension },
            sparse: words ? [WORDS] : [],
            metadata: { model: model.id, dimension: model.dimension, identity: version.identity },
            shards,
            replicas
          })
          // Another process created the collection first, perhaps for another model: the retry looks again.
          if (!isNew) return yield* taken(version.name)
        }
        const held = same === undefined ? Option.none() : yield* qdrant.collection(same.name)
        if (Option.exists(held, ({ scanned }) => scanned < SCANNED)) yield* qdrant.scan(version.name, model.dimension)
        // Indexes are created before there is data, so that points are indexed as they arrive. An existing collection
        // gets them again, since its creation may have been interrupted.
        yield* Effect.forEach(
          Object.entries(FIELDS),
          ([field, type]) => qdrant.createPayloadIndex(version.name, field, type),
          { discard: true }
        )
        return version
      })

    return Versions.make({
      name: `Qdrant at ${qdrant.address}, ${prefix}`,
      sharesStore: false,
      builtFor: (model) => words ? { ...model, id: `${model.id} and words` } : model,
      toError: (operation, cause: QdrantError | StoreError) =>
        new IndexError({
          reason: cause instanceof QdrantError && cause.reason === "Rejected" ? "Rejected" : "Unavailable",
          operation,
          detail: cause.message,
          cause
        })
    }, {
      active,
      serving,
      all,
      make: (model) => Effect.retry(build(model), { times: 3, while: isTaken }),
      activate: ({ name }) => Effect.flatMap(alias, (alias) => qdrant.switchAlias(alias, name)),
      drop: ({ name }) => Effect.zipRight(qdrant.deleteCollection(name), Effect.sync(() => void made.delete(name))),
      upsert: ({ model, name }, points) =>
        Effect.gen(function*() {
          const units = yield* store.units(points.map(({ unitId }) => unitId))
          const pointOf = new Map(points.map((point) => [point.unitId, point]))
          yield* qdrant.upsert(
            name,
            units.filter((unit) => unit.active && isCurrent(pointOf.get(unit.id)!, unit)).map((unit) => {
              const { vector } = pointOf.get(unit.id)!
              return {
                id: unit.id,
                vectors: {
                  ...(vector === null ? {} : { [DENSE]: Array.from(vector) }),
                  ...(words && { [WORDS]: SparseVectors.ofUnit(unit) })
                },
                payload: payloadOf(unit, model)
              }
            })
          )
        }),
      remove: ({ name }, unitIds) => qdrant.remove(name, unitIds.filter(isPointId)),
      search: ({ name }, vector, filter, limit) =>
        isNothing(filter, limit) ? Effect.succeed([]) : Effect.map(
          qdrant.query(name, {
            lanes: [{ using: DENSE, vector: Array.from(vector), limit }],
            filter: conditions(filter),
            limit
          }),
          (found) => found.map(({ id, score }) => ({ unitId: id, score })).sort(nearest)
        ),
      ...(words && {
        fused: ({ name }: Made, { terms, vector }: FusedQuestion, filter: SearchFilter, limit: number) => {
          const lanes = [
            ...(terms.length === 0
              ? []
              : [{
                using: WORDS,
                vector: SparseVectors.ofTerms(terms),
                limit: LANE_LIMIT,
                weight: FUSION.weights[0]!
              }]),
            ...(vector === null
              ? []
              : [{ using: DENSE, vector: Array.from(vector), limit: LANE_LIMIT, weight: FUSION.weights[1]! }])
          ]
          return !Arr.isNonEmptyReadonlyArray(lanes) || isNothing(filter, limit)
            ? Effect.succeed([])
            : Effect.map(
              qdrant.query(name, {
                lanes,
                filter: conditions(filter),
                limit,
                fusion: { k: FUSION.k, weights: lanes.map(({ weight }) => weight) }
              }),
              (found) => found.map(({ id, score }) => ({ unitId: id, score })).sort(nearest)
            )
        }
      }),
      // Requests one id more, because Qdrant's page begins with `after` itself.
      ids: ({ name }, after, limit) =>
        Effect.map(
          qdrant.ids(name, after === "" ? undefined : after, limit + 1),
          (found) => found.filter((id) => id > after).slice(0, limit)
        ),
      stale: ({ model, name }, unitIds) =>
        Effect.gen(function*() {
          const payloads = new Map(
            (yield* qdrant.payloads(name, unitIds.filter(isPointId))).map(({ id, payload }) => [id, payload])
          )
          return (yield* store.units(unitIds)).flatMap((unit) => {
            const payload = payloads.get(unit.id)
            return payload === undefined || isSame(payload, payloadOf(unit, model)) ? [] : [unit.id]
          })
        }),
      count: ({ name }) => qdrant.count(name, []),
      identity: ({ identity }) => identity
    })
  })

/** Fails because another process has created the collection of this name; `make` retries. */
const taken = (name: string) =>
  Effect.fail(
    new QdrantError({
      reason: "Rejected",
      operation: "createCollection",
      address: name,
      detail: "the collection is there, and was made by something else",
      status: 409,
      cause: undefined
    })
  )
const isTaken = (error: QdrantError | StoreError) => error instanceof QdrantError && error.status === 409

/**
 * Takes the units, which its points carry for filters, from `MemoryStore`. The server is asked at the first
 * operation.
 */
export const layer = (options: QdrantIndexOptions) => Layer.effect(VectorIndex, make(options))
