/**
 * `Qdrant` on Maps, for tests: gives the answers and the refusals of a single server, with exact searches.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
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
  SCANNED,
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
const NAME = /^[^<>:"/\\|?*\0\u001f]{1,255}$/
/** Limits of strict mode, as QdrantClient.ts sets them. */
const MOST = { limit: 1_000, conditions: 64, indexes: 32 }

/** Status 400: impossible request. 404: unknown collection. 409: the name is taken. 422: a value is out of range. */
const refusal = (operation: string, status: 400 | 404 | 409 | 422, detail: string) =>
  new QdrantError({
    reason: status === 404 ? "NotFound" : "Rejected",
    operation,
    address: ADDRESS,
    detail,
    status,
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

/** Tests whether the field's index is of the kind that the condition needs; an empty `match` needs none. */
const isServed = (condition: Condition, index: PayloadIndex | undefined): boolean =>
  "match" in condition
    ? condition.match.any.length === 0 || index === "keyword" || index === "tenant"
    : index === "integer" || index === "principal"

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

/** Sorts by descending score, equal scores by id. */
const ranked = (points: ReadonlyArray<ScoredPoint>): ReadonlyArray<ScoredPoint> =>
  points.toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))

/** Weights each term by its IDF among the points that pass the filter: ln(1 + (N - n + 0.5) / (n + 0.5)). */
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

/** Returns the status and message for a vector that no collection accepts; undefined for a well-formed one. */
const malformed = (vector: Lane["vector"]): readonly [400 | 422, string] | undefined => {
  const numbers = isSparse(vector) ? [...vector.indices, ...vector.values] : vector
  if (!numbers.every(Number.isFinite)) return [400, "Format error in JSON body: invalid type: null, expected f32"]
  return isSparse(vector) &&
      (vector.indices.length !== vector.values.length || new Set(vector.indices).size < vector.indices.length)
    ? [422, "Validation error in JSON body: indices must be unique and as many as values"]
    : undefined
}

/** Returns the message for a vector that this collection does not accept; undefined when it fits. */
const misfit = ({ dense, sparse }: CollectionConfig, name: string, vector: Lane["vector"]): string | undefined => {
  if (isSparse(vector)) {
    return sparse.includes(name) ? undefined : `Wrong input: Not existing vector name error: ${name}`
  }
  const dimension = dense[name]
  return dimension === undefined
    ? `Wrong input: Not existing vector name error: ${name}`
    : vector.length === dimension
    ? undefined
    : `Wrong input: Vector dimension error: expected dim: ${dimension}, got ${vector.length}`
}

const make = (): Qdrant["Type"] => {
  const state: State = { collections: new Map(), aliases: new Map() }

  const run = <A>(operation: string, effect: Effect.Effect<A, QdrantError>) =>
    effect.pipe(Effect.withSpan(`Qdrant.${operation}`))

  /** Finds a collection by its name or an alias. */
  const held = (operation: string, name: string) =>
    Effect.suspend(() => {
      const found = state.collections.get(state.aliases.get(name) ?? name)
      return found === undefined
        ? Effect.fail(refusal(operation, 404, `Not found: Collection \`${name}\` doesn't exist!`))
        : Effect.succeed(found)
    })

  const ensureFits = (operation: string, { config }: Held, vectors: Iterable<readonly [string, Lane["vector"]]>) => {
    for (const [name, vector] of vectors) {
      const wrong = misfit(config, name, vector)
      if (wrong !== undefined) return Effect.fail(refusal(operation, 400, wrong))
    }
    return Effect.void
  }

  const ensureWellFormed = (operation: string, vectors: ReadonlyArray<Lane["vector"]>) => {
    const [wrong] = vectors.flatMap((vector) => {
      const wrong = malformed(vector)
      return wrong === undefined ? [] : [wrong]
    })
    return wrong === undefined ? Effect.void : Effect.fail(refusal(operation, ...wrong))
  }

  const ensurePositive = (operation: string, name: string, value: number) =>
    value >= 1
      ? Effect.void
      : Effect.fail(
        refusal(
          operation,
          422,
          `Validation error in JSON body: [${name}: value ${value} invalid, must be 1 or larger]`
        )
      )

  const ensureLimit = (operation: string, limit: number) =>
    limit <= MOST.limit
      ? Effect.void
      : Effect.fail(refusal(operation, 400, `Bad request: Limit exceeded ${limit} > ${MOST.limit} for "limit"`))

  const ensureIndexed = (operation: string, { indexed }: Held, filter: Filter) => {
    const without = filter.find((condition) => !isServed(condition, indexed.get(condition.key)))
    return without !== undefined
      ? Effect.fail(refusal(operation, 400, `Bad request: Index required but not found for "${without.key}"`))
      : filter.length > MOST.conditions
      ? Effect.fail(
        refusal(
          operation,
          400,
          `Bad request: Filter condition limit reached (${filter.length} > ${MOST.conditions})`
        )
      )
      : Effect.void
  }

  const asking = (operation: string, name: string, { filter, fusion, lanes, limit }: Query) =>
    Effect.gen(function*() {
      const fused = lanes.length === 1 ? [] : lanes.map((lane) => lane.limit)
      yield* Effect.forEach([limit, ...fused], (each) => ensurePositive(operation, "limit", each))
      yield* ensureWellFormed(operation, lanes.map(({ vector }) => vector))
      const collection = yield* held(operation, name)
      yield* Effect.forEach([limit, ...fused], (each) => ensureLimit(operation, each))
      yield* ensureIndexed(operation, collection, filter)
      if (lanes.length > 1 && fusion !== undefined && fusion.weights.length !== lanes.length) {
        return yield* refusal(
          operation,
          400,
          "Wrong input: Number of weights in RRF should match number of pre-fetches"
        )
      }
      yield* ensureFits(operation, collection, lanes.map(({ using, vector }) => [using, vector]))
      return collection
    })

  const ensureIds = (operation: string, ids: ReadonlyArray<string>) => {
    const wrong = ids.find((id) => !isPointId(id))
    return wrong === undefined
      ? Effect.void
      : Effect.fail(refusal(operation, 400, `Format error in JSON body: value ${wrong} is not a valid point ID`))
  }

  return Qdrant.of({
    address: ADDRESS,
    server: Effect.succeed({ version: "1.19.0", hasMemory: true }),
    collections: run("collections", Effect.sync(() => [...state.collections.keys()].sort())),
    collection: (name) =>
      run(
        "collection",
        held("collection", name).pipe(
          Effect.map(({ config, indexed, points }) =>
            Option.some<Collection>({
              points: points.size,
              scanned: SCANNED,
              isSettled: true,
              metadata: config.metadata,
              indexed: [...indexed.keys()]
            })
          ),
          Effect.catchAll(() => Effect.succeedNone)
        )
      ),
    createCollection: (name, config) =>
      run(
        "createCollection",
        Effect.gen(function*() {
          if (!NAME.test(name)) {
            return yield* refusal("createCollection", 422, "Validation error in path parameters: collection_name")
          }
          if (state.collections.has(name)) return false
          if (state.aliases.has(name)) {
            return yield* refusal(
              "createCollection",
              400,
              `Wrong input: Can't create collection with name ${name}. Alias with the same name already exists`
            )
          }
          state.collections.set(name, { config, indexed: new Map(), points: new Map() })
          return true
        })
      ),
    createPayloadIndex: (collection, field, type) =>
      run(
        "createPayloadIndex",
        Effect.gen(function*() {
          const { indexed } = yield* held("createPayloadIndex", collection)
          if (indexed.size >= MOST.indexes) {
            return yield* refusal(
              "createPayloadIndex",
              400,
              `Bad request: Collection already has the maximum number of payload indices (${MOST.indexes})`
            )
          }
          indexed.set(field, type)
        })
      ),
    // Compares all points anyway.
    scan: (name) => run("scan", Effect.asVoid(held("scan", name))),
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
        Effect.gen(function*() {
          if (!state.collections.has(collection)) {
            return yield* refusal("switchAlias", 404, `Not found: Collection \`${collection}\` doesn't exist!`)
          }
          if (state.collections.has(alias)) {
            return yield* refusal("switchAlias", 409, `Wrong input: Collection \`${alias}\` already exists!`)
          }
          state.aliases.set(alias, collection)
        })
      ),
    upsert: (collection, points) =>
      run(
        "upsert",
        Effect.gen(function*() {
          if (points.length === 0) return
          yield* ensureIds("upsert", points.map(({ id }) => id))
          yield* ensureWellFormed("upsert", points.flatMap(({ vectors }) => Object.values(vectors)))
          const into = yield* held("upsert", collection)
          yield* Effect.forEach(points, ({ vectors }) => ensureFits("upsert", into, Object.entries(vectors)))
          for (const point of points) into.points.set(point.id, structuredClone(point))
        })
      ),
    remove: (collection, ids) =>
      run(
        "remove",
        Effect.gen(function*() {
          if (ids.length === 0) return
          yield* ensureIds("remove", ids)
          const from = yield* held("remove", collection)
          for (const id of ids) from.points.delete(id)
        })
      ),
    query: (collection, query) =>
      run("query", Effect.map(asking("query", collection, query), (held) => found(held, query))),
    ids: (collection, from, limit) =>
      run(
        "ids",
        Effect.gen(function*() {
          yield* ensurePositive("ids", "limit", limit)
          if (from !== undefined) yield* ensureIds("ids", [from])
          const { points } = yield* held("ids", collection)
          yield* ensureLimit("ids", limit)
          return [...points.keys()].filter((id) => from === undefined || id >= from).sort().slice(0, limit)
        })
      ),
    payloads: (collection, ids) =>
      run(
        "payloads",
        Effect.gen(function*() {
          yield* ensureIds("payloads", ids)
          const { points } = yield* held("payloads", collection)
          return ids.flatMap((id) => {
            const point = points.get(id)
            return point === undefined ? [] : [{ id, payload: structuredClone(point.payload) }]
          })
        })
      ),
    count: (collection, filter) =>
      run(
        "count",
        Effect.gen(function*() {
          const among = yield* held("count", collection)
          yield* ensureIndexed("count", among, filter)
          return passing(among, filter).length
        })
      )
  })
}

export const layer: Layer.Layer<Qdrant> = Layer.sync(Qdrant, make)
