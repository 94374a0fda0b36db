/**
 * `VectorIndex` in the store's SQLite file: vectors of 8-bit integers, of which a search compares all of the projects that
 * it is about. Writes use the store's connection, so that units and vectors share one transaction. A unit without a vector
 * has a row with an empty blob.
 */
import { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { YieldWrap } from "effect/Utils"
import type { Scored } from "../../domain/Best.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import * as Owner from "../../resources/Owner.ts"
import { transaction } from "../../resources/Sqlite.ts"
import { EMBEDDED } from "../../store/MemoryStore.ts"
import type { SqlEffect, UnitBody } from "../../store/sql/Dialect.ts"
import { SqliteFile } from "../../store/sqlite/SqliteFile.ts"
import { conditions, rowsThatPass } from "../../store/sqlite/SqliteFilter.ts"
import { unitOf } from "../../store/sqlite/SqliteReads.ts"
import { isCurrent } from "../Points.ts"
import { type Hit, IndexError, type Point, VectorIndex } from "../VectorIndex.ts"
import * as Versions from "../Versions.ts"
import * as Lanes from "./Lanes.ts"
import { quantize } from "./VectorSpace.ts"

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

const bytesOf = (vectors: ReadonlyArray<Float32Array>, dimension: number): Uint8Array => {
  const all = new Int8Array(vectors.length * dimension)
  vectors.forEach((vector, i) => quantize(vector, all, i * dimension))
  return new Uint8Array(all.buffer)
}

/** More than asked for, among which those that are equally near are ordered by id. */
const TIES = 64

const make = Effect.gen(function*() {
  const { reader, writer } = yield* SqliteFile
  const lanes = yield* Lanes.make(reader)

  const all = Effect.map(
    reader<IndexRow>`SELECT id, model, dimension, active FROM vector_indexes ORDER BY id`,
    (rows) => rows.map(versionOf)
  )
  const active = Effect.map(all, (versions) => versions.find(({ isActive }) => isActive))

  const upsert = ({ id, model: { dimension } }: EmbeddedVersion, points: ReadonlyArray<Point>) =>
    Effect.gen(function*() {
      const units = yield* writer<UnitBody & { row: number; id: string; project: string }>`
        SELECT row, id, project_id AS project, body FROM units
        WHERE active = 1 AND id IN (SELECT value FROM json_each(${JSON.stringify(points.map(({ unitId }) => unitId))}))
        ORDER BY row`
      const pointOf = new Map(points.map((point) => [point.unitId, point]))
      const rows = units.flatMap(({ body, id, project, row }) => {
        const point = pointOf.get(id)!
        return isCurrent(point, unitOf({ body })) ? [{ project, row, vector: point.vector }] : []
      })
      const [without, having] = Arr.partition(rows, ({ vector }) => vector !== null)
      const bytes = bytesOf(having.map(({ vector }) => vector!), dimension)
      const rowsOf = (some: typeof rows) => JSON.stringify(some.map(({ project, row }) => [project, row]))
      yield* writer`INSERT INTO vectors
        SELECT ${id}, value->>0, value->>1, substr(${bytes}, key * ${dimension} + 1, ${dimension})
        FROM json_each(${rowsOf(having)})
        WHERE true ON CONFLICT (index_id, project_id, unit_row) DO UPDATE SET vector = excluded.vector`
      if (without.length === 0) return
      yield* writer`INSERT INTO vectors SELECT ${id}, value->>0, value->>1, x'' FROM json_each(${rowsOf(without)})
        WHERE true ON CONFLICT (index_id, project_id, unit_row) DO UPDATE SET vector = excluded.vector`
    })

  /** Reads the units of what was found, as far as they pass the filter: as one row, which takes a third of the time. */
  const passing = (found: ReadonlyArray<Scored>, filter: SearchFilter) =>
    Effect.gen(function*() {
      const [units] = yield* reader<{ ids: string; places: string }>`SELECT
          json_group_array(units.id) AS ids, json_group_array(found.key) AS places
        FROM json_each(${JSON.stringify(found.map(({ row }) => row))}) AS found
          CROSS JOIN units INDEXED BY units_by_row ON units.row = found.value
        WHERE ${conditions(reader, filter)}`
      const places: ReadonlyArray<number> = JSON.parse(units!.places)
      const ids: ReadonlyArray<string> = JSON.parse(units!.ids)
      return ids.map((unitId, i): Hit => ({ unitId, score: found[places[i]!]!.score }))
        .sort((a, b) => b.score - a.score || (a.unitId < b.unitId ? -1 : 1))
    })

  const search = (
    { id, model: { dimension } }: EmbeddedVersion,
    vector: Float32Array,
    filter: SearchFilter,
    limit: number
  ) =>
    Effect.gen(function*() {
      const searched = { id, dimension, projects: filter.projects }
      const quantized = new Int8Array(dimension)
      quantize(vector, quantized, 0)
      const found = yield* lanes.nearest(searched, quantized, limit + TIES)
      const hits = yield* passing(found, filter)
      if (hits.length >= limit || found.length < limit + TIES) return hits.slice(0, limit)
      // Some don't pass: the nearest of those that do.
      const rows = yield* Effect.gen(() => rowsThatPass<YieldWrap<SqlEffect<unknown>>, Fragment>(reader, filter))
      const among = yield* lanes.nearest({ ...searched, rows }, quantized, limit + TIES)
      return (yield* passing(among, filter)).slice(0, limit)
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
    // What is known of its vectors stays, and says that they are others: the next index may get the same number.
    drop: ({ id }) =>
      Effect.zipRight(
        writer`DELETE FROM vectors WHERE index_id = ${id}`,
        Effect.asVoid(writer`DELETE FROM vector_indexes WHERE id = ${id}`)
      ),
    upsert,
    remove: ({ id }, unitIds) =>
      Effect.asVoid(writer`DELETE FROM vectors WHERE (index_id, project_id, unit_row) IN (SELECT ${id}, project_id, row
        FROM units WHERE id IN (SELECT value FROM json_each(${JSON.stringify(unitIds)})))`),
    search,
    ids: ({ id }, after, limit) =>
      Effect.map(
        reader<{ id: string }>`SELECT units.id FROM units CROSS JOIN vectors ON vectors.index_id = ${id}
          AND vectors.project_id = units.project_id AND vectors.unit_row = units.row WHERE units.id > ${after} ORDER BY units.id LIMIT ${limit}`,
        (rows) => rows.map((row) => row.id)
      ),
    count: ({ id }) =>
      Effect.map(
        reader<{ n: number }>`SELECT count(*) AS n FROM vectors WHERE index_id = ${id}`,
        (rows) => rows[0]?.n ?? 0
      )
  })
})

/**
 * Keeps its vectors in the `SqliteFile` of the store, as integers of 8 bits, and writes them in the store's own
 * transactions.
 */
export const layer = Owner.layer(VectorIndex, make)
