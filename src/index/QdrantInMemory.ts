/**
 * `Qdrant` on Maps, for tests: the same answers, and the same refusals, of one server whose searches are exact.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { make as makeInFlight } from "../resources/InFlight.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import {
  type Collection,
  type CollectionConfig,
  type Condition,
  type Filter,
  isPointId,
  type Lane,
  type PayloadIndex,
  Qdrant,
  QdrantError,
  type QdrantPoint,
  type Query,
  type ScoredPoint,
  type SparseVector
} from "./Qdrant.ts"

interface Held {
  readonly config: CollectionConfig
  readonly indexed: Map<string, PayloadIndex>
  readonly points: Map<string, QdrantPoint>
}

interface State {
  readonly collections: Map<string, Held>
  readonly aliases: Map<string, string>
}

const ADDRESS = "memory"
/** As in strict mode (QdrantClient.ts). */
const MAX_LIMIT = 1_000

const refusal = (operation: string, reason: "Rejected" | "NotFound", detail: string) =>
  new QdrantError({
    reason,
    operation,
    address: ADDRESS,
    detail,
    status: reason === "NotFound" ? 404 : 400,
    cause: undefined
  })

const isSparse = (vector: Lane["vector"]): vector is SparseVector => "indices" in vector

const holds = (point: QdrantPoint, condition: Condition): boolean => {
  const value = point.payload[condition.key]
  if (value === undefined) return false
  if ("match" in condition) {
    const wanted = new Set<unknown>(condition.match.any)
    return Array.isArray(value) ? value.some((each) => wanted.has(each)) : wanted.has(value)
  }
  const { gte = -Infinity, lte = Infinity } = condition.range
  return typeof value === "number" && value >= gte && value <= lte
}

const passing = ({ points }: Held, filter: Filter): ReadonlyArray<QdrantPoint> =>
  [...points.values()].filter((point) => filter.every((condition) => holds(point, condition)))

const cosine = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  let [dot, left, right] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!
    left += a[i]! * a[i]!
    right += b[i]! * b[i]!
  }
  return dot / (Math.sqrt(left * right) || 1)
}

/** The better first; equal ones by id. */
const ranked = (points: ReadonlyArray<ScoredPoint>): ReadonlyArray<ScoredPoint> =>
  points.toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))

/** Weighted by ln(1 + (N - n + 0.5) / (n + 0.5)), of the points that pass the filter. */
const sparseScores = (among: ReadonlyArray<QdrantPoint>, using: string, asked: SparseVector) => {
  const vectors = among.flatMap(({ id, vectors }) => {
    const vector = vectors[using]
    return vector !== undefined && isSparse(vector)
      ? [[id, new Map(vector.indices.map((n, i) => [n, vector.values[i]!]))] as const]
      : []
  })
  const weights = asked.indices.map((term) => {
    const holding = vectors.filter(([, values]) => values.has(term)).length
    return Math.log(1 + (vectors.length - holding + 0.5) / (holding + 0.5))
  })
  return vectors.flatMap(([id, values]) => {
    const score = asked.indices.reduce(
      (sum, term, i) => sum + weights[i]! * asked.values[i]! * (values.get(term) ?? 0),
      0
    )
    return asked.indices.some((term) => values.has(term)) ? [{ id, score }] : []
  })
}

const laneOf = (among: ReadonlyArray<QdrantPoint>, { using, vector }: Lane): ReadonlyArray<ScoredPoint> =>
  ranked(
    isSparse(vector) ? sparseScores(among, using, vector) : among.flatMap(({ id, vectors }) => {
      const held = vectors[using]
      return held === undefined || isSparse(held) ? [] : [{ id, score: cosine(held, vector) }]
    })
  )

const found = (held: Held, { filter, fusion, lanes, limit }: Query): ReadonlyArray<ScoredPoint> => {
  const among = passing(held, filter)
  if (lanes.length === 1) return laneOf(among, lanes[0]).slice(0, limit)
  const scores = new Map<string, number>()
  lanes.forEach((lane, l) => {
    laneOf(among, lane).slice(0, lane.limit).forEach(({ id }, i) => {
      const weight = fusion?.weights[l] ?? 1
      scores.set(id, (scores.get(id) ?? 0) + 1 / ((i + 1) / weight + (fusion?.k ?? 2) - 1))
    })
  })
  return ranked([...scores].map(([id, score]) => ({ id, score }))).slice(0, limit)
}

/** What is wrong with a vector for this collection. */
const misfit = ({ dense, sparse }: CollectionConfig, name: string, vector: Lane["vector"]): string | undefined => {
  if (isSparse(vector)) {
    return !sparse.includes(name)
      ? `Wrong input: Not existing vector name error: ${name}`
      : vector.indices.length !== vector.values.length || new Set(vector.indices).size < vector.indices.length
      ? "Validation error: must be unique and of the same length"
      : undefined
  }
  const dimension = dense[name]
  return dimension === undefined
    ? `Wrong input: Not existing vector name error: ${name}`
    : vector.length === dimension
    ? undefined
    : `Wrong input: Vector dimension error: expected dim: ${dimension}, got ${vector.length}`
}

const make = Effect.gen(function*() {
  const ledger = yield* ResourceLedger
  const inFlight = yield* makeInFlight("Qdrant")
  const state = yield* Effect.orDie(ledger.acquire({
    kind: "store",
    name: "Qdrant in memory",
    open: Effect.sync((): State => ({ collections: new Map(), aliases: new Map() })),
    close: ({ aliases, collections }) =>
      Effect.sync(() => {
        aliases.clear()
        collections.clear()
      }),
    within: "1 second"
  }))

  const run = <A>(operation: string, effect: Effect.Effect<A, QdrantError>) =>
    inFlight(effect).pipe(Effect.withSpan(`Qdrant.${operation}`))

  /** By its own name or an alias. */
  const held = (operation: string, name: string) =>
    Effect.suspend(() => {
      const found = state.collections.get(state.aliases.get(name) ?? name)
      return found === undefined
        ? Effect.fail(refusal(operation, "NotFound", `Not found: Collection \`${name}\` doesn't exist!`))
        : Effect.succeed(found)
    })

  const ensureFits = (operation: string, { config }: Held, vectors: Iterable<readonly [string, Lane["vector"]]>) => {
    for (const [name, vector] of vectors) {
      const wrong = misfit(config, name, vector)
      if (wrong !== undefined) return Effect.fail(refusal(operation, "Rejected", wrong))
    }
    return Effect.void
  }

  const ensureIndexed = (operation: string, { indexed }: Held, fields: ReadonlyArray<string>) => {
    const without = fields.find((field) => !indexed.has(field))
    return without === undefined ? Effect.void : Effect.fail(
      refusal(
        operation,
        "Rejected",
        `Bad request: Index required but not found for "${without}" of one of the following types`
      )
    )
  }

  const ensureLimit = (operation: string, limit: number) =>
    limit >= 1 && limit <= MAX_LIMIT
      ? Effect.void
      : Effect.fail(refusal(operation, "Rejected", `limit: value ${limit} invalid, must be 1 to ${MAX_LIMIT}`))

  const asking = (operation: string, name: string, { filter, lanes, limit }: Query) =>
    Effect.gen(function*() {
      const collection = yield* held(operation, name)
      yield* Effect.forEach([limit, ...lanes.map((lane) => lane.limit)], (each) => ensureLimit(operation, each))
      yield* ensureIndexed(operation, collection, filter.map(({ key }) => key))
      yield* ensureFits(operation, collection, lanes.map(({ using, vector }) => [using, vector]))
      return collection
    })

  const ensureIds = (operation: string, ids: ReadonlyArray<string>) => {
    const wrong = ids.find((id) => !isPointId(id))
    return wrong === undefined
      ? Effect.void
      : Effect.fail(refusal(operation, "Rejected", `Format error in JSON body: value ${wrong} is not a valid point ID`))
  }

  return Qdrant.of({
    address: ADDRESS,
    server: Effect.succeed({ version: "1.19.0", hasMemory: true }),
    collections: run("collections", Effect.sync(() => [...state.collections.keys()])),
    collection: (name) =>
      run(
        "collection",
        held("collection", name).pipe(
          Effect.map(({ config, indexed, points }) =>
            Option.some<Collection>({ points: points.size, metadata: config.metadata, indexed: [...indexed.keys()] })
          ),
          Effect.catchAll(() => Effect.succeedNone)
        )
      ),
    createCollection: (name, config) =>
      run(
        "createCollection",
        Effect.sync(() => {
          if (state.collections.has(name)) return false
          state.collections.set(name, { config, indexed: new Map(), points: new Map() })
          return true
        })
      ),
    createPayloadIndex: (collection, field, type) =>
      run(
        "createPayloadIndex",
        Effect.map(held("createPayloadIndex", collection), ({ indexed }) => void indexed.set(field, type))
      ),
    deleteCollection: (name) =>
      run(
        "deleteCollection",
        Effect.sync(() => {
          state.collections.delete(name)
          for (const [alias, collection] of state.aliases) if (collection === name) state.aliases.delete(alias)
        })
      ),
    aliases: run(
      "aliases",
      Effect.sync(() => [...state.aliases].map(([alias, collection]) => ({ alias, collection })))
    ),
    switchAlias: (alias, collection) =>
      run(
        "switchAlias",
        Effect.map(held("switchAlias", collection), () => void state.aliases.set(alias, collection))
      ),
    upsert: (collection, points) =>
      run(
        "upsert",
        Effect.gen(function*() {
          const into = yield* held("upsert", collection)
          yield* ensureIds("upsert", points.map(({ id }) => id))
          yield* Effect.forEach(points, ({ vectors }) => ensureFits("upsert", into, Object.entries(vectors)))
          for (const point of points) into.points.set(point.id, structuredClone(point))
        })
      ),
    remove: (collection, ids) =>
      run(
        "remove",
        Effect.gen(function*() {
          const from = yield* held("remove", collection)
          yield* ensureIds("remove", ids)
          for (const id of ids) from.points.delete(id)
        })
      ),
    query: (collection, query) =>
      run("query", Effect.map(asking("query", collection, query), (held) => found(held, query))),
    queryGroups: (collection, query) =>
      run(
        "queryGroups",
        Effect.gen(function*() {
          const among = yield* asking("queryGroups", collection, query)
          yield* ensureIndexed("queryGroups", among, [query.by])
          const groups = new Map<string, Array<ScoredPoint>>()
          for (const point of found(among, { ...query, limit: Infinity })) {
            const values = among.points.get(point.id)!.payload[query.by]
            for (const value of Array.isArray(values) ? values : values === undefined ? [] : [values]) {
              const group = groups.get(String(value)) ?? []
              groups.set(String(value), group)
              if (group.length < query.size) group.push(point)
            }
          }
          return [...groups].slice(0, query.limit).map(([key, points]) => ({ key, points }))
        })
      ),
    ids: (collection, from, limit) =>
      run(
        "ids",
        Effect.gen(function*() {
          yield* ensureLimit("ids", limit)
          const { points } = yield* held("ids", collection)
          return [...points.keys()].filter((id) => from === undefined || id >= from).sort().slice(0, limit)
        })
      ),
    count: (collection, filter) =>
      run(
        "count",
        Effect.gen(function*() {
          const among = yield* held("count", collection)
          yield* ensureIndexed("count", among, filter.map(({ key }) => key))
          return passing(among, filter).length
        })
      )
  })
})

export const layer: Layer.Layer<Qdrant, never, ResourceLedger> = Layer.scoped(Qdrant, make)
