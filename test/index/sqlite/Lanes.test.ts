import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import type { SearchFilter } from "../../../src/domain/Search.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import { VectorIndex } from "../../../src/index/VectorIndex.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { base } from "../../contract/layers.ts"
import { batch, cursor, everything, project, unit } from "../../contract/made.ts"
import { write } from "../../contract/MemoryStoreContract.ts"
import { vector } from "../../contract/VectorIndexContract.ts"
import { slow, times } from "../../data.ts"

const MODEL = { id: "test@1", dimension: 4 }

/** One process that writes and one that only reads, over the same file. */
const two = <E>(
  body: (reading: VectorIndex["Type"]) => Effect.Effect<void, E, MemoryStore | VectorIndex | SqliteFile>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-lanes-" })
    const over = (readOnly: boolean) =>
      Layer.merge(SqliteStore.layer, EmbeddedIndex.layer).pipe(
        Layer.provideMerge(
          SqliteFile.layer({
            folder,
            readOnly,
            busyTimeoutMs: 5_000,
            skipGarbageCollection: true,
            name: readOnly ? "reader" : "writer"
          })
        )
      )
    yield* Effect.gen(function*() {
      yield* Effect.flatMap(VectorIndex, (index) => index.ensure(MODEL))
      yield* Effect.scoped(
        Effect.flatMap(Layer.build(over(true)), (reading) => body(Context.get(reading, VectorIndex)))
      )
    }).pipe(Effect.provide(over(false)))
  }).pipe(Effect.provide(base))

/** What a search should find: all vectors of the table beside their units, compared one by one. */
const compared = (question: Float32Array, { projects }: SearchFilter) =>
  Effect.gen(function*() {
    const { writer } = yield* SqliteFile
    const rows = yield* writer<{ id: string; project: string; vector: Uint8Array }>`
      SELECT id, units.project_id AS project, vector FROM units JOIN vectors ON unit_row = row WHERE length(vector) > 0`
    return rows.filter(({ project }) => projects === "all" || projects.includes(project)).map(
      ({ id, vector: bytes }) => {
        const kept = vector(...new Int8Array(bytes.slice().buffer))
        return { id, score: kept.reduce((sum, value, i) => sum + value * question[i]!, 0) }
      }
    ).sort((a, b) => b.score - a.score)
  })

const direction = FastCheck.tuple(
  ...Array.from({ length: MODEL.dimension }, () => FastCheck.integer({ min: -9, max: 9 }))
).filter((values) => Math.hypot(...values) > 3).map((values) => vector(...values))

/** A change of units by their number, of which each is in one of two projects. */
const change = FastCheck.oneof(
  FastCheck.record({
    what: FastCheck.constant("write" as const),
    points: FastCheck.array(FastCheck.tuple(FastCheck.nat({ max: 11 }), FastCheck.option(direction)), {
      minLength: 1,
      maxLength: 4
    })
  }),
  FastCheck.record({
    what: FastCheck.constantFrom("remove" as const, "forget" as const),
    i: FastCheck.nat({ max: 11 })
  }),
  FastCheck.record({ what: FastCheck.constant("merge" as const) })
)

describe("vectors that a process has read", () => {
  slow(it.scoped.prop)(
    "are searched as they are now, whatever another has written, removed, forgotten or moved since",
    [FastCheck.array(change, { minLength: 1, maxLength: 8 }), direction],
    ([changes, question]) =>
      two((reading) =>
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const own = yield* VectorIndex
          const names = Array.from({ length: 12 }, (_, i) => `u${String(i).padStart(2, "0")}`)
          const filters = ["all", ["project-one"], ["project-two"]] as const
          yield* store.append(batch([], { project: project("two"), cursor: cursor("/two", 1) }))
          yield* write(names.map((name, i) => unit(name, { projectId: i % 2 === 0 ? "project-one" : "project-two" })))
          for (const each of changes) {
            if (each.what === "write") {
              yield* own.upsert(each.points.map(([i, vector]) => ({ unitId: names[i]!, vector })))
            } else if (each.what === "merge") yield* store.mergeProjects(project("two"), project("one"))
            else if (each.what === "remove") yield* own.remove([names[each.i]!])
            else yield* store.forget([names[each.i]!])
            for (const projects of filters) {
              const wanted = yield* compared(question, { projects })
              for (const index of [own, reading]) {
                const hits = yield* index.search(question, { projects }, 20)
                assert.deepStrictEqual(hits.map(({ unitId }) => unitId).sort(), wanted.map(({ id }) => id).sort())
                hits.forEach(({ score }, i) => assert.closeTo(score, wanted[i]!.score, 0.03))
              }
            }
          }
        })
      ),
    { fastCheck: { numRuns: times(20) } }
  )

  it.scoped("are given back when nobody has searched for a minute, and read again by the next search", () =>
    two((reading) =>
      Effect.gen(function*() {
        const own = yield* VectorIndex
        const { writer } = yield* SqliteFile
        yield* write([unit("a")])
        yield* own.upsert([{ unitId: "a", vector: vector(1, 0, 0, 0) }])
        const score = Effect.map(reading.search(vector(1, 0, 0, 0), everything, 1), ([hit]) => hit!.score)
        assert.closeTo(yield* score, 1, 0.01)
        // Changed behind the back of those who read.
        yield* writer`DROP TRIGGER vectors_changed`
        yield* writer`UPDATE vectors SET vector = ${Uint8Array.of(0, 127, 0, 0)}`
        yield* TestClock.adjust("59 seconds")
        assert.closeTo(yield* score, 1, 0.01)
        yield* TestClock.adjust("90 seconds")
        assert.closeTo(yield* score, 0, 0.01)
      })
    ))

  it.scoped("are those of the index that serves, though it has the number of one that is gone", () =>
    two((reading) =>
      Effect.gen(function*() {
        const own = yield* VectorIndex
        yield* write([unit("a")])
        const serve = (id: string, dimension: number, ...numbers: ReadonlyArray<number>) =>
          Effect.gen(function*() {
            const version = yield* own.version({ id, dimension })
            yield* version.upsert([{ unitId: "a", vector: vector(...numbers) }])
            yield* version.activate
          })
        const score = (...numbers: ReadonlyArray<number>) =>
          Effect.map(reading.search(vector(...numbers), everything, 1), ([hit]) => hit!.score)
        yield* serve("second@1", 4, 1, 0, 0, 0)
        assert.closeTo(yield* score(1, 0, 0, 0), 1, 0.01)
        for (const [model, dimension] of [["third@1", 4], ["fourth@1", 2]] as const) {
          const served = (yield* own.versions).find(({ isActive }) => isActive)!.name
          yield* serve(MODEL.id, 4, 1, 0, 0, 0)
          yield* own.drop(served)
          const question = dimension === 4 ? [1, 0, 0, 0] : [1, 0]
          yield* serve(model, dimension, ...question.map((value) => 1 - value))
          assert.strictEqual((yield* own.versions).find(({ isActive }) => isActive)!.name, served)
          assert.closeTo(yield* score(...question), 0, 0.01)
        }
      })
    ))

  it.scoped("are those that pass the filter, also when the nearest do not", () =>
    two((reading) =>
      Effect.gen(function*() {
        const own = yield* VectorIndex
        const units = Array.from({ length: 400 }, (_, i) =>
          unit(`u${String(i).padStart(3, "0")}`, { type: i < 390 ? "archive" : "decision" }))
        yield* write(units)
        yield* own.upsert(units.map(({ id }, i) => ({ unitId: id, vector: vector(400 - i, i, 0, 0) })))
        const hits = yield* reading.search(vector(1, 0, 0, 0), { projects: "all", types: ["decision"] }, 5)
        assert.deepStrictEqual(
          hits.map(({ unitId }) =>
            unitId
          ),
          units.slice(390, 395).map(({ id }) => id)
        )
      })
    ))
})
