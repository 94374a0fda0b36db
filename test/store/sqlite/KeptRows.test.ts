import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { lazily, runAtOnce, type Steps } from "../../../src/domain/Steps.ts"
import { load } from "../../../src/resources/SqliteDriver.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import * as KeptRows from "../../../src/store/sqlite/KeptRows.ts"
import { make as makeSql, type Part } from "../../../src/store/sqlite/SqlAtOnce.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { base } from "../../contract/layers.ts"
import { everything, unit } from "../../contract/made.ts"
import { write } from "../../contract/MemoryStoreContract.ts"
import { slow, times } from "../../data.ts"

const WORDS = ["pool", "cache", "retry"]

const change = FastCheck.oneof(
  FastCheck.record({
    what: FastCheck.constant("write" as const),
    i: FastCheck.nat({ max: 7 }),
    words: FastCheck.subarray(WORDS),
    project: FastCheck.constantFrom("project-one", "project-two")
  }),
  FastCheck.record({ what: FastCheck.constant("forget" as const), i: FastCheck.nat({ max: 7 }) })
)

const store = (folder: string, name: "writer" | "reader" | "fresh") =>
  SqliteStore.layer.pipe(
    Layer.provide(
      SqliteFile.layer({
        folder,
        readOnly: name !== "writer",
        busyTimeoutMs: 5_000,
        skipGarbageCollection: true,
        name
      })
    )
  )

describe("rows kept between searches", () => {
  slow(it.effect.prop)(
    "are those of the memory as it is, after each change by another process",
    { changes: FastCheck.array(change, { minLength: 1, maxLength: 8 }) },
    ({ changes }) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-kept-" })
        const storeIn = (name: "writer" | "reader" | "fresh") =>
          Effect.map(Layer.build(store(folder, name)), (context) => Context.get(context, MemoryStore))
        const writing = yield* storeIn("writer")
        const reading = yield* storeIn("reader")
        const answers = (store: MemoryStore["Type"]) =>
          Effect.forEach(
            [everything, { projects: ["project-one"] }, { projects: ["project-two"], since: 2 }],
            (filter) => store.lexical([...WORDS, "unheard"], filter, 20)
          )
        yield* answers(reading)
        for (const each of changes) {
          const id = `u${each.i}`
          yield* each.what === "write"
            ? write([unit(id, { content: each.words.join(" "), projectId: each.project, occurredAt: each.i })]).pipe(
              Effect.provideService(MemoryStore, writing)
            )
            : writing.forget([id])
          const fresh = yield* Effect.scoped(Effect.flatMap(storeIn("fresh"), answers))
          assert.deepStrictEqual(yield* answers(reading), fresh)
          assert.deepStrictEqual(yield* answers(reading), fresh)
        }
      }).pipe(Effect.scoped, Effect.provide(base)),
    { fastCheck: { numRuns: times(15) } }
  )

  it("are read once, the least used of many again, and all after a change", () => {
    const database = new (load().DatabaseSync)(":memory:")
    database.exec("CREATE TABLE t (x)")
    const kept = KeptRows.make<never, Part, Uint8Array>(makeSql(database))
    let reads = 0
    const asked = (key: string, length: number) =>
      runAtOnce(kept.get(key, function*(): Steps<never, Uint8Array> {
        return yield* lazily(() => {
          reads++
          return new Uint8Array(4 * length)
        })
      }))
    runAtOnce(kept.refresh())
    for (const key of ["a", "b", "a"]) asked(key, KeptRows.MAX_BYTES / 16)
    assert.strictEqual(reads, 2)
    // Three quarters more than fit: "b" was not used for the longest time.
    asked("c", 3 * KeptRows.MAX_BYTES / 16)
    assert.strictEqual(reads, 3)
    asked("a", 1)
    assert.strictEqual(reads, 3)
    asked("b", 1)
    assert.strictEqual(reads, 4)
    database.exec("INSERT INTO t VALUES (1)")
    runAtOnce(kept.refresh())
    asked("a", 1)
    assert.strictEqual(reads, 5)
    database.close()
  })
})
