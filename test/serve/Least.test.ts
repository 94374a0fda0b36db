/**
 * The memories that are worth least, over a store in memory.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { UnitType } from "../../src/domain/MemoryUnit.ts"
import { least } from "../../src/serve/Least.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { sharesOf, worthOf } from "../../src/store/Worth.ts"
import { storeInMemory } from "../contract/layers.ts"
import { project, unit } from "../contract/made.ts"
import { write } from "../contract/MemoryStoreContract.ts"

const DAY_MS = 86_400_000

/** Words that no other number has, so that no two memories say the same. */
const content = (n: number) => Array.from({ length: 8 }, (_, i) => `word${n}x${i}`).join(" ")

const idsOf = <E, R>(units: Effect.Effect<ReadonlyArray<{ readonly id: string }>, E, R>) =>
  Effect.map(units, (units) => units.map(({ id }) => id))

describe("the least", () => {
  it.scoped("come in the order of their worth, from all types but archives", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(400 * DAY_MS)
      const now = yield* Clock.currentTimeMillis
      const units = Array.from({ length: 60 }, (_, i) =>
        unit(`unit-${i}`, {
          content: content(i),
          type: UnitType.literals[i % UnitType.literals.length]!,
          quality: 0.5 + (i * 37 % 50) / 100,
          occurredAt: (i * 29 % 60) * 6 * DAY_MS
        }))
      yield* write(units)
      const expected = units.filter(({ type }) => type !== "archive")
        .sort((a, b) => worthOf(a, now) - worthOf(b, now)).map(({ id }) => id)
      assert.deepStrictEqual(yield* idsOf(least("all", 12)), expected.slice(0, 12))
      assert.deepStrictEqual(yield* idsOf(least([project("one").id], 100)), expected)
      assert.deepStrictEqual(yield* idsOf(least([project("two").id], 100)), [])
    }).pipe(Effect.provide(storeInMemory)))

  it("are worth the product of their shares, of a decision of the best quality made now", () => {
    const now = 400 * DAY_MS
    const best = worthOf(unit("best", { type: "decision", quality: 1, occurredAt: now }), now)
    const old = unit("old", { type: "conversation", quality: 0.3, occurredAt: 310 * DAY_MS })
    const { age, quality, type } = sharesOf(old, now)
    assert.closeTo(type, 0.5, 1e-9)
    assert.closeTo(quality, 0.3, 1e-9)
    assert.closeTo(age, 0.5, 1e-9)
    assert.closeTo(type * quality * age * (best % 1), worthOf(old, now) % 1, 1e-9)
    assert.deepStrictEqual(sharesOf(unit("new", { type: "decision", quality: 7, occurredAt: now + 1 }), now), {
      type: 1,
      quality: 1,
      age: 1
    })
  })

  it.scoped("are found behind any number of older ones that are not derived", () =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* write([unit("derived", { content: content(0), occurredAt: 9_000_000 })])
      yield* store.replace(
        "noted:many",
        Array.from({ length: 1_100 }, (_, i) =>
          unit(`noted-${i}`, { content: content(i + 1), origin: "noted:many", occurredAt: i }))
      )
      assert.deepStrictEqual(yield* idsOf(least("all", 5)), ["derived"])
    }).pipe(Effect.provide(storeInMemory)))
})
