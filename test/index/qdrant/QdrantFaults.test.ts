/**
 * Tests the table of docs/qdrant-faults.md, row by row.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { faults } from "./faults.ts"
import { outcomeOf } from "./outcomes.ts"
import * as StandIn from "./StandIn.ts"

describe.concurrent("a fault of Qdrant", () => {
  it.scopedLive.each(faults)("$name", (fault) =>
    Effect.gen(function*() {
      const other = yield* StandIn.make()
      const { wrong } = yield* outcomeOf(fault, other)
      assert.deepStrictEqual(wrong, [])
    }))
})
