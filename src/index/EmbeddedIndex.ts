/**
 * `VectorIndex` in the store's SQLite file: int8 vectors, scanned by sqlite-vec, filtered by SQL. Writes go through the
 * store's own connection, so that units and vectors are one transaction; searches have a read-only connection of their own.
 */
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SearchFilter } from "../domain/Search.ts"
import type { EmbeddingModel } from "../models/ModelManager.ts"
import { make as makeInFlight } from "../resources/InFlight.ts"
import * as Lazy from "../resources/Lazy.ts"
import { ResourceLedger } from "../resources/ResourceLedger.ts"
import { open, transaction } from "../resources/Sqlite.ts"
import { SqliteFile } from "../store/SqliteFile.ts"
import { conditions } from "../store/SqliteFilter.ts"
import { ensureModel, ensureVector, nothingIndexed } from "./Refusals.ts"
import { IndexError, type Point, VectorIndex } from "./VectorIndex.ts"

interface IndexRow {
  readonly id: number
  readonly model: string
  readonly dimension: number
}

/** Unit length at int8: 127 stands for 1. Against float it loses nothing measurable. */
const quantize = (vector: Float32Array, into: Int8Array, at: number): void => {
  for (let i = 0; i < vector.length; i++) into[at + i] = Math.max(-127, Math.min(127, Math.round(vector[i]! * 127)))
}

const bytesOf = (vectors: ReadonlyArray<Float32Array>, dimension: number): Uint8Array => {
  const all = new Int8Array(vectors.length * dimension)
  vectors.forEach((vector, i) => quantize(vector, all, i * dimension))
  return new Uint8Array(all.buffer)
}

const make = Effect.gen(function*() {
  const { busyTimeoutMs, file, reader, writer } = yield* SqliteFile
  const ledger = yield* ResourceLedger
  const vectorReader = yield* Lazy.make(
    open({ name: "Sqlite vector reader", path: file, readOnly: true, vectors: true, busyTimeoutMs }).pipe(
      Effect.provideService(ResourceLedger, ledger)
    )
  )
  const inFlight = yield* makeInFlight("VectorIndex")

  const guard = <A, E, R>(operation: string, effect: Effect.Effect<A, E | SqlError | IndexError, R>) =>
    inFlight(Effect.mapError(effect, (cause) =>
      cause instanceof IndexError
        ? cause
        : new IndexError({
          reason: "Unavailable",
          operation,
          detail: cause instanceof SqlError
            ? "the memory's file can't be used"
            : String((cause as { message?: string }).message),
          cause
        }))).pipe(Effect.withSpan(`VectorIndex.${operation}`))

  const active = Effect.map(
    reader<IndexRow>`SELECT id, model, dimension FROM vector_indexes WHERE active = 1`,
    (rows) => rows[0]
  )

  const ensure = (model: EmbeddingModel) =>
    Effect.gen(function*() {
      const current = yield* active
      if (current === undefined) {
        yield* writer`INSERT INTO vector_indexes (model, dimension, active) VALUES (${model.id}, ${model.dimension}, 1)`
        return
      }
      yield* ensureModel({ id: current.model, dimension: current.dimension }, model)
    })

  const required = (operation: string) =>
    Effect.flatMap(active, (row) =>
      row === undefined
        ? Effect.fail(nothingIndexed(operation))
        : Effect.succeed(row))

  const upsert = (points: ReadonlyArray<Point>) =>
    Effect.gen(function*() {
      if (points.length === 0) return
      const index = yield* required("upsert")
      yield* Effect.forEach(points, ({ vector }) => ensureVector("upsert", vector, index.dimension), { discard: true })
      const rows = yield* writer<{ row: number; id: string }>`SELECT row, id FROM units
        WHERE id IN (SELECT value FROM json_each(${JSON.stringify(points.map(({ unitId }) => unitId))}))`
      const vectorOf = new Map(points.map(({ unitId, vector }) => [unitId, vector]))
      const bytes = bytesOf(rows.map(({ id }) => vectorOf.get(id)!), index.dimension)
      yield* writer`INSERT INTO vectors
        SELECT ${index.id}, value, substr(${bytes}, key * ${index.dimension} + 1, ${index.dimension})
        FROM json_each(${JSON.stringify(rows.map(({ row }) => row))}) WHERE true
        ON CONFLICT (index_id, unit_row) DO UPDATE SET vector = excluded.vector`
    })

  const search = (vector: Float32Array, filter: SearchFilter, limit: number) =>
    Effect.gen(function*() {
      const index = yield* active
      if (index === undefined) return []
      yield* ensureVector("search", vector, index.dimension)
      const sql = yield* vectorReader
      return yield* sql<{ unitId: string; score: number }>`
        SELECT units.id AS unitId, 1 - vec_distance_cosine(vec_int8(vectors.vector), vec_int8(${
        bytesOf([vector], index.dimension)
      })) AS score
        FROM units CROSS JOIN vectors ON vectors.index_id = ${index.id} AND vectors.unit_row = units.row
        WHERE ${conditions(sql, filter)}
        ORDER BY score DESC, units.id LIMIT ${limit}`
    })

  return VectorIndex.of({
    sharesStore: true,
    ensure: (model) => guard("ensure", transaction(writer, ensure(model))),
    upsert: (points) => guard("upsert", transaction(writer, upsert(points))),
    remove: (unitIds) =>
      unitIds.length === 0 ? Effect.void : guard(
        "remove",
        Effect.asVoid(writer`DELETE FROM vectors WHERE index_id IN (SELECT id FROM vector_indexes) AND unit_row IN (
          SELECT row FROM units WHERE id IN (SELECT value FROM json_each(${JSON.stringify(unitIds)})))`)
      ),
    search: (vector, filter, limit) => guard("search", search(vector, filter, limit)),
    describe: guard(
      "describe",
      Effect.gen(function*() {
        const index = yield* active
        if (index === undefined) return { model: null, count: 0 }
        const rows = yield* reader<{ n: number }>`SELECT count(*) AS n FROM vectors WHERE index_id = ${index.id}`
        return { model: { id: index.model, dimension: index.dimension }, count: rows[0]?.n ?? 0 }
      })
    )
  })
})

export const layer = Layer.scoped(VectorIndex, make)
