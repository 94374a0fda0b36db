import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { PostgresPool } from "../../src/store/postgres/PostgresPool.ts"
import * as PostgresStore from "../../src/store/postgres/PostgresStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { base, sqliteFile } from "../contract/layers.ts"
import { everything, unit } from "../contract/made.ts"
import { compress, words } from "../contract/MemoryStoreContract.ts"
import { address, postgresPool } from "../postgres.ts"

/** Lexemes of an earlier version, which kept the characters of the text, by those of this one. */
const EARLIER = [["数据", "數據"], ["认证", "認證"]] as const

const OTHERS = "UPDATE units SET lexeme_count = lexeme_count + 3 WHERE id <> 'd'"
const TOTALS = "UPDATE totals SET lexemes = lexemes + 9"
const SKETCHES = "DELETE FROM sketches"

const earlierInSqlite = Effect.flatMap(SqliteFile, ({ writer }) =>
  Effect.forEach([
    ...EARLIER.flatMap(([now, before]) =>
      ["title", "text"].map((field) => `UPDATE lexemes SET ${field} = replace(${field}, '${now}', '${before}')`)
    ),
    OTHERS,
    TOTALS,
    SKETCHES
  ], (statement) => writer.unsafe(statement)))

const earlierInPostgres = Effect.flatMap(PostgresPool, ({ sql, transaction }) =>
  transaction(Effect.forEach([
    ...EARLIER.map(([now, before]) => `UPDATE lexemes SET lexemes = array_replace(lexemes, '${now}', '${before}')`),
    OTHERS,
    TOTALS,
    SKETCHES
  ], (statement) => sql.unsafe(statement))))

const found = Effect.flatMap(
  MemoryStore,
  (store) =>
    Effect.map(store.lexical(["数据", "认证", "接口"], everything, 10), ({ candidates, ...matches }) => ({
      ...matches,
      candidates: candidates.toSorted((a, b) => a.unitId < b.unitId ? -1 : 1)
    }))
)

const indexed = Effect.flatMap(MemoryStore, (store) =>
  Effect.gen(function*() {
    const items = yield* store.claim("index", 10)
    yield* store.done(items)
    return items.map(({ key }) => key).sort()
  }))

const decided = (id: string, occurredAt: number) =>
  unit(id, { content: `資料庫裡的數據需要交易一致性，${words(9)}`, occurredAt })

const suite = <R, E, E2>(
  name: string,
  layer: Layer.Layer<MemoryStore | R, E>,
  earlier: Effect.Effect<unknown, E2, NoInfer<R>>
) =>
  it.scoped(`${name} finds what an earlier version wrote in Traditional characters, once it is looked through`, () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* compress(
        "s1",
        decided("a", 1),
        unit("b", { content: "认证接口限流" }),
        unit("c", { title: "認証の設定", content: "トークンの有効期限は三十分とする" }),
        unit("d", { content: "接口限流" })
      )
      yield* store.edit("b", { content: "認證接口限流" }, "person")
      yield* indexed
      const now = yield* found
      assert.deepStrictEqual(now.documentFrequencies, [1, 2, 2])
      yield* earlier
      assert.deepStrictEqual((yield* found).documentFrequencies, [0, 0, 2])
      const isMore = [yield* store.respell(3)]
      assert.deepStrictEqual((yield* found).documentFrequencies, [1, 1, 2])
      isMore.push(yield* store.respell(3), yield* store.respell(3))
      assert.deepStrictEqual(yield* found, now)
      assert.deepStrictEqual(isMore, [true, false, false])
      assert.deepStrictEqual(yield* indexed, ["a", "b", "c"])
      // They are known to say the same as what is remembered now.
      yield* compress("s2", decided("e", 2))
      const [first] = yield* store.units(["a"])
      assert.strictEqual(first?.supersededBy, "e")
      // What was looked through is not looked through again.
      yield* earlier
      assert.isFalse(yield* store.respell(3))
      assert.deepStrictEqual((yield* found).documentFrequencies, [0, 0, 2])
    }).pipe(Effect.provide(layer)))

suite("SqliteStore", SqliteStore.layer.pipe(Layer.provideMerge(sqliteFile), Layer.provide(base)), earlierInSqlite)
describe.skipIf(address === undefined)("Postgres", () => {
  suite(
    "PostgresStore",
    PostgresStore.layer.pipe(Layer.provideMerge(postgresPool), Layer.provide(base)),
    earlierInPostgres
  )
})
