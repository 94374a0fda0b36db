/**
 * The table of docs/qdrant-faults.md, row by row.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { faults } from "../qdrant/faults.ts"
import { outcomeOf } from "../qdrant/outcomes.ts"
import * as StandIn from "../qdrant/StandIn.ts"

describe.concurrent("a fault of Qdrant", () => {
  it.scopedLive.each(faults)("$name", (fault) =>
    Effect.gen(function*() {
      const other = yield* StandIn.make()
      const { wrong } = yield* outcomeOf(fault, other)
      assert.deepStrictEqual(wrong, [])
    }))
})
