import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as Deadlines from "../../src/resources/Deadlines.ts"
import { slow } from "../data.ts"

describe("Deadlines", () => {
  it.scoped("an earlier deadline that comes later is met, at once after its predecessor or while that is waited for", () =>
    Effect.gen(function*() {
      const after = yield* Deadlines.make
      const met: Array<string> = []
      after(1_000, () => met.push("late"))
      after(10, () => met.push("early"))
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(met, ["early"])
      after(20, () => met.push("middle"))
      yield* TestClock.adjust("20 millis")
      assert.deepStrictEqual(met, ["early", "middle"])
      yield* TestClock.adjust("970 millis")
      assert.deepStrictEqual(met, ["early", "middle", "late"])
    }))

  it.effect("none is met after the scope has closed", () =>
    Effect.gen(function*() {
      let met = 0
      yield* Effect.scoped(Effect.map(Deadlines.make, (after) => after(10, () => met++)))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(met, 0)
    }))

  slow(it.effect.prop)(
    "each is met once in its time unless it is cancelled before",
    [
      FastCheck.array(
        FastCheck.record({
          at: FastCheck.nat(10),
          lasts: FastCheck.nat(10),
          cancelledAfter: FastCheck.option(FastCheck.nat(10), { nil: Number.POSITIVE_INFINITY })
        }),
        { maxLength: 20 }
      )
    ],
    ([waits]) =>
      Effect.scoped(Effect.gen(function*() {
        const after = yield* Deadlines.make
        const met = waits.map(() => [] as Array<number>)
        const cancels = waits.map(() => () => {})
        for (let time = 0; time <= 22; time++) {
          for (const [i, { at, cancelledAfter, lasts }] of waits.entries()) {
            if (at === time) {
              cancels[i] = after(lasts, () => {
                met[i]!.push(time)
              })
            }
            if (at + cancelledAfter === time) cancels[i]!()
          }
          yield* TestClock.adjust("1 millis")
        }
        for (const [i, { cancelledAfter, lasts }] of waits.entries()) {
          if (cancelledAfter < lasts) assert.deepStrictEqual(met[i], [])
          else if (cancelledAfter > lasts) assert.lengthOf(met[i]!, 1)
        }
      })),
    { fastCheck: { numRuns: 15 } }
  )
})
