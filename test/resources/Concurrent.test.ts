import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { forEach } from "../../src/resources/Concurrent.ts"
import { times } from "../data.ts"

const turns = (n: number) => Effect.repeatN(Effect.yieldNow(), n)

describe("Concurrent.forEach", () => {
  it.effect("of nothing is nothing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* forEach([], 3, () => Effect.dieMessage("asked")), [])
    }))

  it.effect.prop(
    "gives what each came to, in order, no more than the limit at a time; or the failure of one, with none left running",
    [
      FastCheck.array(
        FastCheck.record({ takes: FastCheck.nat({ max: 9 }), fails: FastCheck.integer({ min: 0, max: 9 }) })
      ),
      FastCheck.integer({ min: 1, max: 5 }),
      FastCheck.option(FastCheck.nat({ max: 30 })),
      FastCheck.integer({ min: 12, max: 200 })
    ],
    ([items, limit, leavesAt, operations]) =>
      Effect.gen(function*() {
        let running = 0
        let most = 0
        const work = forEach(items.map((item, i) => ({ ...item, i })), limit, ({ fails, i, takes }) =>
          Effect.acquireUseRelease(
            Effect.sync(() =>
              most = Math.max(most, ++running)
            ),
            () => Effect.zipRight(turns(takes), fails === 0 ? Effect.fail(`item ${i}`) : Effect.succeed(i)),
            () => Effect.sync(() => running--)
          ))
        const fiber = yield* Effect.fork(work)
        if (leavesAt !== null) {
          // `leavesAt` may be 0: interrupted before the first step.
          yield* turns(leavesAt)
          yield* Fiber.interrupt(fiber)
        }
        const exit = yield* Fiber.await(fiber)
        assert.strictEqual(running, 0)
        assert.isAtMost(most, limit)
        if (Exit.isSuccess(exit)) {
          assert.deepStrictEqual(
            exit.value,
            items.map((_, i) =>
              i
            )
          )
          assert.isTrue(items.every(({ fails }) => fails !== 0))
        } else if (!Cause.isInterruptedOnly(exit.cause)) {
          const told = [...Cause.failures(exit.cause)]
          assert.isAtLeast(told.length, 1)
          assert.isTrue(told.every((each) => items[Number(each.split(" ")[1])]!.fails === 0))
        } else {
          assert.isNotNull(leavesAt)
        }
      }).pipe(Effect.withMaxOpsBeforeYield(operations)),
    { fastCheck: { numRuns: times(100) } }
  )

  it.effect("a limit that lets nothing through is a defect", () =>
    Effect.forEach(
      [0, -1, NaN],
      (limit) =>
        Effect.map(Effect.exit(forEach([1, 2], limit, Effect.succeed)), (exit) =>
          assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause)))
    ))
})
