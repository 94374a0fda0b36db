/**
 * `VectorIndex` in the store's SQLite file: int8 vectors, scanned by sqlite-vec, filtered by SQL. Writes use the
 * store's connection, so that units and vectors share one transaction; searches use a read-only one of their own.
 * A unit without a vector has a row with an empty blob.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import * as Lazy from "../../resources/Lazy.ts"
import * as Owner from "../../resources/Owner.ts"
import { transaction } from "../../resources/Sqlite.ts"
import { EMBEDDED } from "../../store/MemoryStore.ts"
import { SqliteFile } from "../../store/sqlite/SqliteFile.ts"
import { conditions } from "../../store/sqlite/SqliteFilter.ts"
import { isCurrent } from "../Points.ts"
import { IndexError, type Point, VectorIndex } from "../VectorIndex.ts"
import * as Versions from "../Versions.ts"

interface IndexRow {
  readonly id: number
  readonly model: string
  readonly dimension: number
  readonly active: number
}

interface EmbeddedVersion extends Versions.Version {
  readonly id: number
  readonly isActive: boolean
}

const versionOf = ({ active, dimension, id, model }: IndexRow): EmbeddedVersion => ({
  id,
  name: String(id),
  model: { id: model, dimension },
  isActive: active === 1
})

/**
 * Scales each vector so that its greatest number becomes 127, which the cosine does not see. At unit length the numbers
 * of a vector of 4,096 dimensions are so small that most of their precision would be rounded off.
 */
const quantize = (vector: Float32Array, into: Int8Array, at: number): void => {
  const greatest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const scale = greatest > 0 ? 127 / greatest : 0
  for (let i = 0; i < vector.length; i++) into[at + i] = Math.round(vector[i]! * scale)
}

const bytesOf = (vectors: ReadonlyArray<Float32Array>, dimension: number): Uint8Array => {
  const all = new Int8Array(vectors.length * dimension)
  vectors.forEach((vector, i) => quantize(vector, all, i * dimension))
  return new Uint8Array(all.buffer)
}

const make = Effect.gen(function*() {
  const { reader, vectorReader: openVectorReader, writer } = yield* SqliteFile
  const vectorReader = yield* Lazy.make(openVectorReader)

  const all = Effect.map(
    reader<IndexRow>`SELECT id, model, dimension, active FROM vector_indexes ORDER BY id`,
    (rows) => rows.map(versionOf)
  )
  const active = Effect.map(all, (versions) => versions.find(({ isActive }) => isActive))

  const upsert = ({ id, model: { dimension } }: EmbeddedVersion, points: ReadonlyArray<Point>) =>
    Effect.gen(function*() {
      const units = yield* writer<{ row: number; id: string; body: string }>`SELECT row, id, body FROM units
        WHERE active = 1 AND id IN (SELECT value FROM json_each(${JSON.stringify(points.map(({ unitId }) => unitId))}))`
      const pointOf = new Map(points.map((point) => [point.unitId, point]))
      const rows = units.flatMap(({ body, id, row }) => {
        const point = pointOf.get(id)!
        return isCurrent(point, JSON.parse(body) as MemoryUnit) ? [{ row, vector: point.vector }] : []
      })
      const [without, having] = Arr.partition(rows, ({ vector }) => vector !== null)
      const bytes = bytesOf(having.map(({ vector }) => vector!), dimension)
      const rowsOf = (some: typeof rows) => JSON.stringify(some.map(({ row }) => row))
      yield* writer`INSERT INTO vectors
        SELECT ${id}, value, substr(${bytes}, key * ${dimension} + 1, ${dimension}) FROM json_each(${rowsOf(having)})
        WHERE true ON CONFLICT (index_id, unit_row) DO UPDATE SET vector = excluded.vector`
      if (without.length === 0) return
      yield* writer`INSERT INTO vectors SELECT ${id}, value, x'' FROM json_each(${rowsOf(without)})
        WHERE true ON CONFLICT (index_id, unit_row) DO UPDATE SET vector = excluded.vector`
    })

  const search = (
    { id, model: { dimension } }: EmbeddedVersion,
    vector: Float32Array,
    filter: SearchFilter,
    limit: number
  ) =>
    Effect.gen(function*() {
      const sql = yield* vectorReader
      return yield* sql<{ unitId: string; score: number }>`
        SELECT units.id AS unitId, 1 - vec_distance_cosine(vec_int8(vectors.vector), vec_int8(${
        bytesOf([vector], dimension)
      })) AS score
        FROM units CROSS JOIN vectors ON vectors.index_id = ${id} AND vectors.unit_row = units.row
          AND length(vectors.vector) > 0
        WHERE ${conditions(sql, filter)}
        ORDER BY score DESC, units.id LIMIT ${limit}`
    })

  return Versions.make({
    name: EMBEDDED,
    sharesStore: true,
    toError: (operation, cause: SqlError | { readonly message: string }) =>
      new IndexError({
        reason: "Unavailable",
        operation,
        detail: cause instanceof SqlError ? "the memory's file can't be used" : cause.message,
        cause
      }),
    atomically: (effect) => transaction(writer, effect)
  }, {
    active,
    all,
    make: (model) =>
      Effect.gen(function*() {
        const known = Versions.versionFor(yield* all, model)
        if (known !== undefined) return known
        const rows = yield* writer<IndexRow>`INSERT INTO vector_indexes (model, dimension, active)
          VALUES (${model.id}, ${model.dimension}, 0) RETURNING id, model, dimension, active`
        return versionOf(rows[0]!)
      }),
    activate: ({ id }) => Effect.asVoid(writer`UPDATE vector_indexes SET active = (id = ${id})`),
    drop: ({ id }) =>
      Effect.zipRight(
        writer`DELETE FROM vectors WHERE index_id = ${id}`,
        Effect.asVoid(writer`DELETE FROM vector_indexes WHERE id = ${id}`)
      ),
    upsert,
    remove: ({ id }, unitIds) =>
      Effect.asVoid(writer`DELETE FROM vectors WHERE index_id = ${id} AND unit_row IN (
        SELECT row FROM units WHERE id IN (SELECT value FROM json_each(${JSON.stringify(unitIds)})))`),
    search,
    ids: ({ id }, after, limit) =>
      Effect.map(
        reader<{ id: string }>`SELECT units.id FROM units CROSS JOIN vectors ON vectors.index_id = ${id}
          AND vectors.unit_row = units.row WHERE units.id > ${after} ORDER BY units.id LIMIT ${limit}`,
        (rows) => rows.map((row) => row.id)
      ),
    count: ({ id }) =>
      Effect.map(
        reader<{ n: number }>`SELECT count(*) AS n FROM vectors WHERE index_id = ${id}`,
        (rows) => rows[0]?.n ?? 0
      )
  })
})

export const layer = Owner.layer(VectorIndex, make)
