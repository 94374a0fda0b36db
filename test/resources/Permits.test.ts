import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Permits from "../../src/resources/Permits.ts"
import { times } from "../data.ts"

const turns = (n: number) => Effect.repeatN(Effect.yieldNow(), n)

describe("Permits", () => {
  it.effect("are given in the order of asking", () =>
    Effect.gen(function*() {
      const permit = Permits.make(1)
      const order: Array<number> = []
      const fibers = yield* Effect.forEach([0, 1, 2, 3, 4], (i) =>
        Effect.fork(permit(Effect.zipRight(turns(3), Effect.sync(() => order.push(i))))))
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(order, [0, 1, 2, 3, 4])
    }))

  it.effect.prop(
    "are never more than there are, and none is lost, whoever leaves and whenever",
    [
      FastCheck.integer({ min: 1, max: 4 }),
      FastCheck.array(
        FastCheck.record({
          comesAt: FastCheck.nat({ max: 20 }),
          takes: FastCheck.nat({ max: 8 }),
          leavesAt: FastCheck.option(FastCheck.nat({ max: 40 })),
          fails: FastCheck.boolean()
        }),
        { maxLength: 20 }
      ),
      FastCheck.integer({ min: 12, max: 200 })
    ],
    ([limit, callers, operations]) =>
      Effect.gen(function*() {
        const permit = Permits.make(limit)
        let running = 0
        let most = 0
        const run = (takes: number, fails: boolean) =>
          permit(Effect.acquireUseRelease(
            Effect.sync(() => most = Math.max(most, ++running)),
            () => Effect.zipRight(turns(takes), fails ? Effect.fail("no") : Effect.void),
            () => Effect.sync(() => running--)
          ))
        const fibers = yield* Effect.forEach(
          callers,
          ({ comesAt, fails, takes }) => Effect.fork(Effect.zipRight(turns(comesAt), run(takes, fails)))
        )
        const leaving = yield* Effect.forEach(callers, ({ leavesAt }, i) =>
          Effect.fork(
            leavesAt === null ? Effect.void : Effect.zipRight(turns(leavesAt), Fiber.interrupt(fibers[i]!))
          ))
        yield* Effect.forEach([...fibers, ...leaving], (fiber) => Fiber.await(fiber))
        assert.strictEqual(running, 0)
        assert.isAtMost(most, limit)
        // All permits are free again.
        most = 0
        const again = yield* Effect.forEach(Array.from({ length: limit }), () => Effect.fork(run(30, false)))
        yield* turns(15)
        assert.strictEqual(most, limit)
        yield* Effect.forEach(again, Fiber.join)
      }).pipe(Effect.withMaxOpsBeforeYield(operations)),
    { fastCheck: { numRuns: times(100) } }
  )

  it.effect("are not lost when their fiber is interrupted as it takes one", () =>
    Effect.gen(function*() {
      const permit = Permits.make(1)
      // The fiber yields every sixteen operations. It reaches the permit after `operations`, and is interrupted `left`
      // turns later.
      for (let operations = 0; operations <= 20; operations++) {
        for (let left = 0; left <= 8; left++) {
          const late = Effect.zipRight(Effect.repeatN(Effect.void, operations), permit(Effect.never))
          const fiber = yield* Effect.fork(Effect.withMaxOpsBeforeYield(late, 16))
          yield* Effect.repeatN(Effect.yieldNow(), left)
          yield* Fiber.interrupt(fiber)
          const isFree = yield* Effect.raceFirst(Effect.as(permit(Effect.void), true), Effect.as(turns(50), false))
          assert.isTrue(isFree, `after ${operations} operations and ${left} turns`)
        }
      }
    }))

  it("are at least one", () => {
    for (const limit of [0, -1, NaN]) assert.throws(() => Permits.make(limit), RangeError)
  })
})
