import { afterEach, assert, beforeEach, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { open } from "../../src/resources/Sqlite.ts"
import * as SqliteDriver from "../../src/resources/SqliteDriver.ts"
import { owned } from "./owned.ts"

let prepared = 0

/** A driver that counts the statements that it prepares. */
const counting = (): SqliteDriver.Driver => {
  const driver = load()
  const DatabaseSync = class extends driver.DatabaseSync {
    override prepare(sql: string) {
      prepared++
      return super.prepare(sql)
    }
  }
  return { ...driver, DatabaseSync }
}

const { load } = SqliteDriver
beforeEach(() => void vi.spyOn(SqliteDriver, "load").mockImplementation(counting))
afterEach(() => void vi.restoreAllMocks())

it.effect("a connection keeps its statements prepared, but no more than two hundred", () =>
  Effect.gen(function*() {
    const sql = yield* owned(
      open({ name: "test", path: ":memory:", readOnly: false, busyTimeoutMs: 0 })
    )
    const preparedBy = (run: Effect.Effect<unknown, unknown>) =>
      Effect.gen(function*() {
        const before = prepared
        yield* run
        return prepared - before
      })
    const select = (n: number) => sql.unsafe(`SELECT ${n}`)
    const selects = (from: number, to: number) =>
      Effect.forEach(Array.from({ length: to - from }, (_, i) => from + i), select, { discard: true })

    assert.strictEqual(yield* preparedBy(select(0)), 1)
    assert.strictEqual(yield* preparedBy(Effect.repeatN(select(0), 50)), 0)
    assert.strictEqual(yield* preparedBy(selects(1, 200)), 199)
    assert.strictEqual(yield* preparedBy(selects(0, 200)), 0)
    assert.strictEqual(yield* preparedBy(select(200)), 1)
    assert.strictEqual(yield* preparedBy(select(0)), 1)
    assert.strictEqual(yield* preparedBy(Effect.repeatN(sql.unsafe("SELECT ?", [1]), 50)), 1)
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))
