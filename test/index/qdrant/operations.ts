/**
 * Carries out the operations of the REST interface that we use, with `QdrantInMemory`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  type CollectionConfig,
  type Condition,
  type Filter,
  type Lane,
  type PayloadIndex,
  type Qdrant,
  QdrantError,
  type QdrantPoint,
  type Query,
  type ScoredPoint
} from "../../../src/index/qdrant/Qdrant.ts"

type Json = { readonly [key: string]: unknown }
type Vector = Lane["vector"]

export interface Asked {
  readonly operation: string
  readonly names: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
}

/** Operations that change the server's state. */
export const WRITES = new Set([
  "create_collection",
  "update_collection",
  "delete_collection",
  "create_field_index",
  "update_aliases",
  "upsert_points",
  "delete_points"
])

interface Create {
  readonly vectors?: Readonly<Record<string, { readonly size: number }>>
  readonly sparse_vectors?: Readonly<Record<string, Json>>
  readonly metadata?: CollectionConfig["metadata"]
  readonly shard_number?: number
  readonly replication_factor?: number
  readonly write_consistency_factor?: number
  readonly hnsw_config?: Json
  readonly strict_mode_config?: Json
}

interface Must {
  readonly must?: ReadonlyArray<Condition>
}

interface Nearest {
  readonly query: { readonly nearest: Vector }
  readonly using: string
  readonly filter?: Must
  readonly limit: number
}

interface Fused {
  readonly prefetch: readonly [Nearest, ...ReadonlyArray<Nearest>]
  readonly query: { readonly rrf: { readonly k?: number; readonly weights?: ReadonlyArray<number> } }
  readonly limit: number
}

interface Index {
  readonly field_name: string
  readonly field_schema: { readonly type: string; readonly is_tenant?: boolean; readonly is_principal?: boolean }
}

/** Error for a described operation that the stand-in lacks; a test must not use it. */
const unknown = (what: string) =>
  new QdrantError({
    reason: "Failed",
    operation: "stand-in",
    address: "stand-in",
    detail: `the stand-in does not play ${what}`,
    status: 501,
    cause: undefined
  })

const filterOf = ({ must = [] }: Must = {}): Filter => must

const laneOf = ({ limit, query, using }: Nearest): Lane => ({ using, vector: query.nearest, limit })

const queryOf = (body: Nearest | Fused): Query => {
  if (!("prefetch" in body)) return { lanes: [laneOf(body)], filter: filterOf(body.filter), limit: body.limit }
  const [first, ...rest] = body.prefetch
  const { k = 2, weights = body.prefetch.map(() => 1) } = body.query.rrf
  return {
    lanes: [laneOf(first), ...rest.map(laneOf)],
    filter: filterOf(first.filter),
    limit: body.limit,
    fusion: { k, weights }
  }
}

const indexOf = ({ field_schema: { is_principal, is_tenant, type } }: Index): PayloadIndex | undefined =>
  type === "keyword"
    ? is_tenant === true ? "tenant" : "keyword"
    : type === "integer"
    ? is_principal === true ? "principal" : "integer"
    : undefined

/** `version`, the number of the point's last write, is always 0: the client does not read it. */
const scored = ({ id, score }: ScoredPoint) => ({ id, version: 0, score })
const written = { operation_id: 0, status: "completed" }

const infoOf = (
  { hnsw_config, metadata, replication_factor, shard_number, sparse_vectors, strict_mode_config, vectors }: Create,
  points: number,
  indexes: ReadonlyMap<string, PayloadIndex>
) => ({
  status: "green",
  optimizer_status: "ok",
  points_count: points,
  segments_count: 1,
  config: {
    params: { vectors, sparse_vectors, shard_number, replication_factor, write_consistency_factor: 1 },
    hnsw_config: { ef_construct: 100, full_scan_threshold: 10_000, m: 16, ...hnsw_config },
    optimizer_config: { default_segment_number: 0, flush_interval_sec: 5 },
    strict_mode_config,
    metadata
  },
  payload_schema: Object.fromEntries(
    [...indexes].map(([field, index]) => [field, {
      data_type: index === "keyword" || index === "tenant" ? "keyword" : "integer",
      points
    }])
  )
})

/** Returns the function that carries out an operation and returns the answer's `result`. */
export const make = (qdrant: Qdrant["Type"]) => {
  const created = new Map<string, { readonly body: Create; readonly indexes: Map<string, PayloadIndex> }>()

  const own = (name: string) =>
    Effect.map(
      qdrant.aliases,
      (aliases) => aliases.find(({ alias }) => alias === name)?.collection ?? name
    )

  return ({ body, names: { collection_name = "" }, operation }: Asked): Effect.Effect<unknown, QdrantError> => {
    const name = collection_name
    switch (operation) {
      case "get_collections":
        return Effect.map(qdrant.collections, (names) => ({ collections: names.map((name) => ({ name })) }))
      case "get_collection":
        return Effect.flatMap(Effect.all([own(name), qdrant.collection(name)]), ([real, found]) =>
          Option.match(found, {
            // `count` fails with the server's own "not found".
            onNone: () => Effect.flatMap(qdrant.count(name, []), () => Effect.fail(unknown(name))),
            onSome: ({ points }) => Effect.succeed(infoOf(created.get(real)!.body, points, created.get(real)!.indexes))
          }))
      case "create_collection": {
        const create = body as Create
        return Effect.flatMap(
          qdrant.createCollection(name, {
            dense: Object.fromEntries(Object.entries(create.vectors ?? {}).map(([name, { size }]) => [name, size])),
            sparse: Object.keys(create.sparse_vectors ?? {}),
            metadata: create.metadata ?? {},
            shards: create.shard_number ?? 1,
            replicas: create.replication_factor ?? 1
          }),
          (isNew) => {
            if (isNew) created.set(name, { body: create, indexes: new Map() })
            return isNew ? Effect.succeed(true) : Effect.fail(
              new QdrantError({
                reason: "Rejected",
                operation,
                address: "stand-in",
                detail: `Wrong input: Collection \`${name}\` already exists!`,
                status: 409,
                cause: undefined
              })
            )
          }
        )
      }
      case "update_collection":
        return Effect.map(Effect.zipRight(qdrant.scan(name, 1), own(name)), (real) => {
          const { body: before, indexes } = created.get(real)!
          const { hnsw_config } = body as Pick<Create, "hnsw_config">
          created.set(real, { body: { ...before, hnsw_config: { ...before.hnsw_config, ...hnsw_config } }, indexes })
          return true
        })
      case "delete_collection":
        return Effect.as(
          Effect.zipRight(qdrant.deleteCollection(name), Effect.sync(() => created.delete(name))),
          true
        )
      case "create_field_index": {
        const index = body as Index
        const type = indexOf(index)
        return type === undefined
          ? Effect.fail(unknown(`an index of type ${index.field_schema.type}`))
          : qdrant.createPayloadIndex(name, index.field_name, type).pipe(
            Effect.zipRight(own(name)),
            Effect.map((real) => created.get(real)?.indexes.set(index.field_name, type)),
            Effect.as(written)
          )
      }
      case "get_collections_aliases":
        return Effect.map(qdrant.aliases, (aliases) => ({
          aliases: aliases.map(({ alias, collection }) => ({ alias_name: alias, collection_name: collection }))
        }))
      case "update_aliases": {
        const { actions } = body as {
          readonly actions: ReadonlyArray<
            { readonly create_alias?: { readonly alias_name: string; readonly collection_name: string } }
          >
        }
        return Effect.as(
          Effect.forEach(actions, ({ create_alias }) =>
            create_alias === undefined
              ? Effect.fail(unknown("actions on aliases other than create_alias"))
              : qdrant.switchAlias(create_alias.alias_name, create_alias.collection_name)),
          true
        )
      }
      case "upsert_points": {
        const { points } = body as {
          readonly points: ReadonlyArray<Omit<QdrantPoint, "vectors"> & { readonly vector: QdrantPoint["vectors"] }>
        }
        return Effect.as(
          qdrant.upsert(name, points.map(({ id, payload, vector }) => ({ id, payload, vectors: vector }))),
          written
        )
      }
      case "delete_points":
        return Effect.as(qdrant.remove(name, (body as { readonly points: ReadonlyArray<string> }).points), written)
      case "query_points":
        return Effect.map(
          qdrant.query(name, queryOf(body as Nearest | Fused)),
          (points) => ({ points: points.map(scored) })
        )
      case "scroll_points": {
        const { limit, offset } = body as { readonly limit: number; readonly offset?: string }
        return Effect.gen(function*() {
          const ids = yield* qdrant.ids(name, offset, limit)
          const last = ids.at(-1)
          const [, next = null] = last === undefined ? [] : yield* qdrant.ids(name, last, 2)
          return { points: ids.map((id) => ({ id })), next_page_offset: next }
        })
      }
      case "get_points":
        return Effect.map(
          qdrant.payloads(name, (body as { readonly ids: ReadonlyArray<string> }).ids),
          (points) => points.map(({ id, payload }) => ({ id, payload }))
        )
      case "count_points":
        return Effect.map(
          qdrant.count(name, filterOf((body as { readonly filter?: Must }).filter)),
          (count) => ({ count })
        )
      default:
        return Effect.fail(unknown(operation))
    }
  }
}
