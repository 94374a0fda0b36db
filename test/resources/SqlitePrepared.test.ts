import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { open } from "../../src/resources/Sqlite.ts"
import { owned } from "./owned.ts"

const prepared = vi.hoisted((): Array<string> => [])

type Module = { readonly DatabaseSync: new(path: string) => { readonly prepare: (sql: string) => unknown } }

/** The driver, which records each statement that it prepares. */
const counting = (load: () => Promise<Module>) => async () => {
  const { DatabaseSync } = await load()
  return {
    DatabaseSync: class extends DatabaseSync {
      override prepare = (sql: string) => {
        prepared.push(sql)
        return super.prepare(sql)
      }
    }
  }
}
vi.mock("node:sqlite", (load) => counting(load as () => Promise<Module>)())
vi.mock("@photostructure/sqlite", (load) => counting(load as () => Promise<Module>)())

it.effect("a connection keeps its statements prepared, but no more than two hundred", () =>
  Effect.gen(function*() {
    const sql = yield* owned(
      open({ name: "test", path: ":memory:", readOnly: false, vectors: false, busyTimeoutMs: 0 })
    )
    const preparedBy = (run: Effect.Effect<unknown, unknown>) =>
      Effect.gen(function*() {
        const before = prepared.length
        yield* run
        return prepared.length - before
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
