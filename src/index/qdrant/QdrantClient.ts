/**
 * `Qdrant` over REST, with the vendor's client. All sockets are in one pool of the ledger, interruption aborts a
 * request, and the server's identity and version are checked before its first use.
 */
import type { Schemas } from "@qdrant/js-client-rest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as HttpPool from "../../resources/HttpPool.ts"
import * as Lazy from "../../resources/Lazy.ts"
import * as Owner from "../../resources/Owner.ts"
import * as QdrantApi from "../../resources/QdrantApi.ts"
import * as Retry from "../../resources/Retry.ts"
import { isPrivate, origin, type QdrantAddress, show } from "../QdrantAddress.ts"
import {
  type CollectionConfig,
  type Filter,
  type Lane,
  NEWEST,
  OLDEST,
  type PayloadIndex,
  Qdrant,
  QdrantError,
  type QdrantPoint,
  type Query,
  SCANNED,
  type Server
} from "./Qdrant.ts"
import { dispatcherOf } from "./QdrantDispatcher.ts"
import { toFailure } from "./QdrantFailures.ts"

/** Connects to one server by at most 8 sockets; further requests wait for one. */
export interface QdrantOptions {
  readonly address: QdrantAddress
  readonly apiKey: Option.Option<Redacted.Redacted>
  /** Timeout of one attempt. */
  readonly within: Duration.DurationInput
  /** Attempts after the first, for transient failures. */
  readonly retries: number
  /** Longest wait before a retry; a request fails when the server's `Retry-After` is longer. */
  readonly maxDelay: Duration.DurationInput
  /**
   * Time at which the server's version and the key are checked. "required": as the layer is built, which fails with the
   * check. "tolerant": likewise, but a failure that may pass, such as an unreachable server, is only logged.
   * "deferred": at the first request.
   */
  readonly handshake: "required" | "tolerant" | "deferred"
}

/** Sockets of the pool; further requests wait for one. */
const CONNECTIONS = 8
/** Less than the 5 seconds after which the server closes an idle socket without notice. */
const KEEP_ALIVE_MS = 3_000
const CONNECT_MS = 3_000
/** Size to which an upsert is limited; Qdrant accepts 32 MB. */
const REQUEST_BYTES = 16_000_000
/** Greatest length of a vector's number in JSON, in characters. */
const NUMBER_BYTES = 22
const UPSERT_MOST = 256

/** Header values that are sent unchanged (RFC 9110, section 5.5): printable ASCII without outer spaces. */
const HEADER = /^(?! )[\x20-\x7e]*(?<! )$/

const Names = Schema.Struct({ collections: Schema.Array(Schema.Struct({ name: Schema.String })) })
const Aliases = Schema.Struct({
  aliases: Schema.Array(Schema.Struct({ alias_name: Schema.String, collection_name: Schema.String }))
})
const Value = Schema.Union(Schema.String, Schema.Number, Schema.Boolean, Schema.Array(Schema.String))
const Info = Schema.Struct({
  status: Schema.String,
  points_count: Schema.optional(Schema.NullOr(Schema.Number)),
  config: Schema.Struct({
    params: Schema.Struct({
      vectors: Schema.Record({ key: Schema.String, value: Schema.Struct({ size: Schema.Number }) })
    }),
    hnsw_config: Schema.Struct({ full_scan_threshold: Schema.Number }),
    metadata: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Value })))
  }),
  payload_schema: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})
const Written = Schema.Struct({ status: Schema.String })
const Id = Schema.Struct({ id: Schema.String })
const Scored = Schema.Struct({ id: Schema.String, score: Schema.Number })
const Found = Schema.Struct({ points: Schema.Array(Scored) })
const Page = Schema.Struct({ points: Schema.Array(Id) })
const Stored = Schema.Array(Schema.Struct({
  id: Schema.String,
  payload: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Value })))
}))
const Counted = Schema.Struct({ count: Schema.Number })
const Root = Schema.Struct({ title: Schema.String, version: Schema.String })

const conditions = (filter: Filter): Schemas["Filter"] => ({
  must: filter.map((condition) =>
    "match" in condition
      ? { key: condition.key, match: { any: [...new Set(condition.match.any)] } }
      : { key: condition.key, range: condition.range }
  )
})

const vectorOf = (vector: Lane["vector"]): Array<number> | Schemas["SparseVector"] =>
  "indices" in vector ? { indices: [...vector.indices], values: [...vector.values] } : [...vector]

/** Takes twice the limit by the quantized vectors, and ranks these by the exact ones. */
const QUANTIZED = { quantization: { rescore: true, oversampling: 2 } } as const
/** Follows links through points that don't pass the filter too, where those that do are too many to compare all. */
const ACORN = { acorn: { enable: true } } as const

/** Bytes of a number of a vector; the server counts thousands of 1,024 bytes. */
const FLOAT_BYTES = 4
const kilobytesOf = (dimension: number) => Math.ceil(SCANNED * dimension * FLOAT_BYTES / 1_024)
const scannedBy = (kilobytes: number, dimension: number) => Math.floor(kilobytes * 1_024 / (dimension * FLOAT_BYTES))
const largest = (dimensions: ReadonlyArray<number>) => Math.max(1, ...dimensions)

const laneOf = ({ using, vector }: Lane, filter: Filter, { hasMemory }: Server) => ({
  query: { nearest: vectorOf(vector) },
  using,
  filter: conditions(filter),
  // Document frequencies are counted among the points that pass the filter, not in all projects.
  ...("indices" in vector
    ? hasMemory && { params: { idf: { corpus: conditions(filter) } } }
    : { params: { ...QUANTIZED, ...(filter.length > 0 && ACORN) } })
})

const asked = ({ filter, fusion, lanes, limit }: Query, server: Server) =>
  lanes.length === 1
    ? { ...laneOf(lanes[0], filter, server), limit }
    : {
      prefetch: lanes.map((lane) => ({ ...laneOf(lane, filter, server), limit: lane.limit })),
      query: { rrf: { k: fusion?.k ?? 2, ...(fusion !== undefined && { weights: [...fusion.weights] }) } },
      limit
    }

/** Servers before 1.19 have `always_ram` and `on_disk` in the place of `memory`. */
const created = ({ dense, metadata, replicas, shards, sparse }: CollectionConfig, { hasMemory }: Server) => ({
  vectors: Object.fromEntries(
    Object.entries(dense).map(([name, size]) => [name, {
      size,
      distance: "Cosine" as const,
      ...(hasMemory ? { memory: "cold" as const } : { on_disk: true }),
      quantization_config: {
        scalar: {
          type: "int8" as const,
          quantile: 0.99,
          ...(hasMemory ? { memory: "pinned" as const } : { always_ram: true })
        }
      }
    }])
  ),
  sparse_vectors: Object.fromEntries(sparse.map((name) => [name, { modifier: "idf" as const }])),
  // `payload_m` links the points within each project, so that a search filtered by project reaches them.
  hnsw_config: { m: 16, payload_m: 16, full_scan_threshold: kilobytesOf(largest(Object.values(dense))) },
  ...(hasMemory ? { payload: { memory: "cold" as const } } : { on_disk_payload: true }),
  strict_mode_config: {
    enabled: true,
    unindexed_filtering_retrieve: false,
    unindexed_filtering_update: false,
    max_query_limit: 1_000,
    upsert_max_batchsize: UPSERT_MOST,
    search_max_hnsw_ef: 1_024,
    search_max_oversampling: 4,
    filter_max_conditions: 64,
    max_payload_index_count: 32
  },
  shard_number: shards,
  replication_factor: replicas,
  // A write succeeds with one replica; another that was away catches up from it.
  write_consistency_factor: 1,
  metadata: { ...metadata }
})

const INDEXES = {
  keyword: { type: "keyword" },
  tenant: { type: "keyword", is_tenant: true },
  integer: { type: "integer", lookup: false, range: true },
  principal: { type: "integer", lookup: false, range: true, is_principal: true }
} as const satisfies Readonly<Record<PayloadIndex, Schemas["PayloadSchemaParams"]>>

const pointOf = ({ id, payload, vectors }: QdrantPoint): Schemas["PointStruct"] => ({
  id,
  payload: { ...payload },
  vector: Object.fromEntries(Object.entries(vectors).map(([name, vector]) => [name, vectorOf(vector)]))
})

/** Splits points into requests of at most `UPSERT_MOST` points and about `REQUEST_BYTES`. */
const chunksOf = (points: ReadonlyArray<QdrantPoint>): ReadonlyArray<ReadonlyArray<QdrantPoint>> => {
  const numbers = (point: QdrantPoint) =>
    Object.values(point.vectors).reduce(
      (sum, vector) => sum + ("indices" in vector ? 2 * vector.indices.length : vector.length),
      0
    )
  const largest = points.reduce((most, point) => Math.max(most, numbers(point)), 1)
  const size = Math.max(1, Math.min(UPSERT_MOST, Math.floor(REQUEST_BYTES / (largest * NUMBER_BYTES))))
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => points.slice(i * size, (i + 1) * size))
}

const older = (version: ReadonlyArray<number>, than: readonly [number, number]) =>
  version[0]! < than[0] || version[0] === than[0] && version[1]! < than[1]

const make = (options: QdrantOptions) =>
  Effect.gen(function*() {
    const { address, retries, maxDelay, within } = options
    const place = show(address)
    const key = Option.match(options.apiKey, { onNone: () => "", onSome: Redacted.value })
    const failed = (reason: QdrantError["reason"], operation: string, detail: string) =>
      new QdrantError({ reason, operation, address: place, detail, cause: undefined })

    if (!HEADER.test(key)) {
      return yield* failed(
        "Unauthorized",
        "version",
        "the API key has a character that can't be sent; set QDRANT_API_KEY"
      )
    }
    if (key !== "" && !isPrivate(address)) {
      yield* Effect.logWarning(`the key of Qdrant goes over the network as it is: ${place} is not https`)
    }
    const pool = yield* HttpPool.open({
      name: `Qdrant client of ${place}`,
      origin: origin(address),
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_MS },
      headersTimeout: 0,
      bodyTimeout: 0
    })
    const api = QdrantApi.make({ ...address, headers: key === "" ? {} : { "api-key": key } })

    /** Retries are safe: points are replaced by id, and creating or deleting a thing twice is no error. */
    const send = (
      operation: string,
      request: (api: QdrantApi.QdrantApi, init: RequestInit) => Promise<{ readonly data: unknown }>
    ) =>
      Retry.retry(
        Effect.suspend(() => {
          let header = ""
          return Effect.tryPromise({
            // Three versions of undici declare different types for the same objects.
            try: (signal) => {
              const dispatcher = dispatcherOf(pool, signal, (retryAfter) => header = retryAfter)
              return request(api, { dispatcher, redirect: "error" } as unknown as RequestInit)
            },
            catch: toFailure(address, operation, key)
          }).pipe(
            Effect.timeoutFail({
              duration: within,
              onTimeout: () => ({
                error: failed(
                  "TimedOut",
                  operation,
                  `no answer within ${Duration.format(within)}; see what keeps it busy`
                ),
                isTransient: true
              })
            }),
            Effect.catchAll((failure) =>
              Effect.flatMap(
                Clock.currentTimeMillis,
                (now) => Effect.fail({ ...failure, retryAfter: Retry.parseRetryAfter(header, now) })
              )
            )
          )
        }),
        { retries, maxDelay, firstDelay: "100 millis" }
      )

    const read = <A, I>(operation: string, schema: Schema.Schema<A, I>, data: unknown) =>
      Effect.mapError(
        Schema.decodeUnknown(schema)(data),
        () => failed("Damaged", operation, "its answer is not one of Qdrant's; is Qdrant at that address?")
      )

    const isOurs = (title: string) => /^qdrant/i.test(title)

    const handshake = Effect.gen(function*() {
      const { data } = yield* Effect.catchIf(
        send("version", (api, init) => api.root({}, init)),
        ({ reason }) => reason === "NotFound" || reason === "Rejected" || reason === "Damaged",
        ({ detail, status }) =>
          Effect.fail(
            failed(
              "NotQdrant",
              "version",
              `no Qdrant is there (${status ?? detail}); correct its URL, the path in it too`
            )
          )
      )
      const root = Schema.decodeUnknownOption(Root)(data)
      if (Option.isNone(root) || !isOurs(root.value.title)) {
        return yield* failed(
          "NotQdrant",
          "version",
          "something else is at that address; correct its URL, the port and the path in it too"
        )
      }
      const { version } = root.value
      const numbers = version.split(/[.+-]/).slice(0, 2).map(Number)
      if (
        numbers.length < 2 || !numbers.every(Number.isInteger) || numbers[0] !== NEWEST[0] || older(numbers, OLDEST)
      ) {
        const isNewer = numbers[0]! > NEWEST[0]
        return yield* failed(
          "Incompatible",
          "version",
          `it is ${version}, and ${OLDEST.join(".")} to ${NEWEST.join(".")} are spoken to; ` +
            (isNewer
              ? "upgrade claude-memory, or run one of these"
              : "upgrade Qdrant (one minor version at a time), it keeps its data")
        )
      }
      if (older([...NEWEST], [numbers[0], numbers[1]!])) {
        yield* Effect.logWarning(
          `Qdrant at ${place} is ${version}, newer than ${NEWEST.join(".")}, the newest that is known`
        )
      }
      // The version needs no key; this request checks the key.
      yield* send("collections", (api, init) => api.getCollections({}, init))
      return { version, hasMemory: !older(numbers, [1, 19]) }
    })
    const server = yield* Lazy.make(handshake)
    if (options.handshake !== "deferred") {
      yield* Effect.catchIf(
        server,
        ({ reason }) =>
          options.handshake === "tolerant" &&
          ["Away", "TimedOut", "RateLimited", "Failed", "Proxy", "Full"].includes(reason),
        (error) => Effect.logWarning(error.message)
      )
    }

    const use = <A, I>(
      operation: string,
      schema: Schema.Schema<A, I>,
      request: (api: QdrantApi.QdrantApi, init: RequestInit, server: Server) => Promise<{ readonly data: unknown }>
    ): Effect.Effect<A, QdrantError> =>
      server.pipe(
        Effect.flatMap((server) => send(operation, (api, init) => request(api, init, server))),
        Effect.flatMap(({ data }) => read(operation, Schema.Struct({ result: schema }), data)),
        Effect.map(({ result }) => result),
        Effect.withSpan(`Qdrant.${operation}`)
      )

    const write = (
      operation: string,
      request: (api: QdrantApi.QdrantApi, init: RequestInit) => Promise<{ readonly data: unknown }>
    ): Effect.Effect<void, QdrantError> =>
      Effect.flatMap(use(operation, Written, request), ({ status }) =>
        status === "completed"
          ? Effect.void
          : Effect.fail(failed("TimedOut", operation, `it has not finished writing yet (${status})`)))

    return Qdrant.of({
      address: place,
      server,
      collections: Effect.map(
        use("collections", Names, (api, init) => api.getCollections({}, init)),
        ({ collections }) => collections.map(({ name }) => name)
      ),
      collection: (name) =>
        use("collection", Info, (api, init) => api.getCollection({ collection_name: name }, init)).pipe(
          Effect.map(({ config, payload_schema, points_count, status }) =>
            Option.some({
              points: points_count ?? 0,
              isSettled: status === "green",
              metadata: config.metadata ?? {},
              scanned: scannedBy(
                config.hnsw_config.full_scan_threshold,
                largest(Object.values(config.params.vectors).map(({ size }) => size))
              ),
              indexed: Object.keys(payload_schema)
            })
          ),
          Effect.catchIf(({ reason }) => reason === "NotFound", () => Effect.succeedNone)
        ),
      createCollection: (name, config) =>
        use(
          "createCollection",
          Schema.Boolean,
          (api, init, server) => api.createCollection({ collection_name: name, ...created(config, server) }, init)
        ).pipe(
          Effect.catchIf(({ status }) => status === 409, () => Effect.succeed(false))
        ),
      createPayloadIndex: (collection, field, type) =>
        write("createPayloadIndex", (api, init) =>
          api.createFieldIndex({
            collection_name: collection,
            field_name: field,
            field_schema: INDEXES[type],
            wait: true
          }, init)),
      scan: (name, dimension) =>
        Effect.asVoid(use("scan", Schema.Boolean, (api, init) =>
          api.updateCollection({
            collection_name: name,
            hnsw_config: { full_scan_threshold: kilobytesOf(dimension) }
          }, init))),
      deleteCollection: (name) =>
        Effect.asVoid(
          use("deleteCollection", Schema.Boolean, (api, init) => api.deleteCollection({ collection_name: name }, init))
        ),
      aliases: Effect.map(
        use("aliases", Aliases, (api, init) => api.getCollectionsAliases({}, init)),
        ({ aliases }) =>
          aliases.map(({ alias_name, collection_name }) => ({ alias: alias_name, collection: collection_name }))
      ),
      switchAlias: (alias, collection) =>
        // `create_alias` replaces an existing alias. The server applies actions one by one and keeps the first when the
        // second fails, so deleting the alias first could lose it.
        Effect.asVoid(use("switchAlias", Schema.Boolean, (api, init) =>
          api.updateAliases({
            actions: [{ create_alias: { alias_name: alias, collection_name: collection } }]
          }, init))),
      upsert: (collection, points) =>
        Effect.forEach(
          chunksOf(points),
          (chunk) =>
            write(
              "upsert",
              (api, init) =>
                api.upsertPoints({ collection_name: collection, points: chunk.map(pointOf), wait: true }, init)
            ),
          {
            discard: true
          }
        ),
      remove: (collection, ids) =>
        ids.length === 0 ?
          Effect.void :
          write(
            "remove",
            (api, init) => api.deletePoints({ collection_name: collection, points: [...ids], wait: true }, init)
          ),
      query: (collection, query) =>
        Effect.map(
          use(
            "query",
            Found,
            (api, init, server) => api.queryPoints({ collection_name: collection, ...asked(query, server) }, init)
          ),
          ({ points }) => points
        ),
      ids: (collection, from, limit) =>
        Effect.map(
          use("ids", Page, (api, init) =>
            api.scrollPoints({
              collection_name: collection,
              limit,
              ...(from !== undefined && { offset: from }),
              with_payload: false,
              with_vector: false
            }, init)),
          ({ points }) => points.map(({ id }) => id)
        ),
      payloads: (collection, ids) =>
        ids.length === 0 ? Effect.succeed([]) : Effect.map(
          use(
            "payloads",
            Stored,
            (api, init) =>
              api.getPoints(
                { collection_name: collection, ids: [...ids], with_payload: true, with_vector: false },
                init
              )
          ),
          (points) => points.map(({ id, payload }) => ({ id, payload: payload ?? {} }))
        ),
      count: (collection, filter) =>
        Effect.map(
          use(
            "count",
            Counted,
            (api, init) =>
              api.countPoints({ collection_name: collection, filter: conditions(filter), exact: true }, init)
          ),
          ({ count }) => count
        )
    })
  })

/** Fails as `handshake` demands; afterwards each request fails on its own. */
export const layer = (options: QdrantOptions) => Owner.layer(Qdrant, make(options))
