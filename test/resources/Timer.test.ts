import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Timer from "../../src/resources/Timer.ts"
import { slow } from "../data.ts"
import { NO_DRIFT, observed } from "./observed.ts"
import { owned } from "./owned.ts"

describe("Timer", () => {
  it.live("calls while its scope is open, and the ledger has it", () =>
    Effect.gen(function*() {
      let calls = 0
      const ticking = Timer.open({ name: "ticks", every: "5 millis", run: () => calls++ })
      const seen = yield* observed(ticking, () => Effect.repeat(Effect.sleep("5 millis"), { until: () => calls > 2 }))
      assert.deepStrictEqual(seen, { changes: ["timer ticks", "closed"], drift: NO_DRIFT, left: NO_DRIFT })
      const before = calls
      yield* Effect.sleep("50 millis")
      assert.strictEqual(calls, before)
    }))

  slow(it.live)("whose clearing does nothing is not gone, and is told", () =>
    Effect.gen(function*() {
      const original = globalThis.clearInterval
      let timer: NodeJS.Timeout | undefined
      const stuck = Effect.scoped(owned(Timer.open({ name: "stuck", every: "1 hour", run: () => {} }))).pipe(
        Effect.provide(ResourceLedger.layer)
      )
      globalThis.clearInterval = (each) => void (timer ??= each as NodeJS.Timeout)
      const cause = yield* Effect.flip(Effect.sandbox(stuck)).pipe(
        Effect.ensuring(Effect.sync(() => globalThis.clearInterval = original))
      )
      clearInterval(timer)
      assert.include(String(cause), "still open at the end: timer stuck")
    }))

  it.live("that is to call later than Node's timers can does not call at once", () =>
    Effect.gen(function*() {
      let calls = 0
      for (const every of ["30 days", Infinity] as const) {
        yield* Timer.open({ name: `each ${every}`, every, run: () => calls++ }).pipe(
          owned,
          Effect.zipRight(Effect.sleep("30 millis")),
          Effect.scoped,
          Effect.provide(ResourceLedger.layer)
        )
      }
      assert.strictEqual(calls, 0)
    }))
})
