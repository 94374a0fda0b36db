import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { UnitType } from "../../src/domain/MemoryUnit.ts"
import { savedBy } from "../../src/domain/SavedBy.ts"
import { isOfSession, worthOf } from "../../src/store/Worth.ts"

const SEGMENT = "63389835-33d3-5f31-a72c-0cda6d077af2"
const DAY_MS = 86_400_000
const NOW = 2_000 * DAY_MS

const unit = FastCheck.record({
  type: FastCheck.constantFrom(...UnitType.literals),
  quality: FastCheck.double({ min: 0, max: 1, noNaN: true }),
  occurredAt: FastCheck.integer({ min: 0, max: NOW + DAY_MS }),
  origin: FastCheck.constantFrom("saved:1", "noted:1", "/work/shop", SEGMENT, "s1"),
  sessionId: FastCheck.constant("s1"),
  active: FastCheck.boolean(),
  pinned: FastCheck.boolean(),
  kept: FastCheck.constantFrom(undefined, true),
  revision: FastCheck.constantFrom(undefined, 2)
})
type Unit = typeof unit extends FastCheck.Arbitrary<infer A> ? A : never

/** From what goes first to what never goes. */
const classOf = (each: Unit) =>
  each.pinned || each.kept === true
    ? 5
    : savedBy(each) === "person" || each.revision !== undefined
    ? 4
    : !isOfSession(each)
    ? 3
    : !each.active
    ? 0
    : each.type === "archive"
    ? 2
    : 1

describe("what a unit is worth", () => {
  it.prop(
    "goes by its class first: doubles, made ones, archives, noted ones, saved and edited ones, pinned and kept ones",
    { one: unit, other: unit },
    ({ one, other }) => {
      if (classOf(one) < classOf(other)) assert.isBelow(worthOf(one, NOW), worthOf(other, NOW))
      assert.strictEqual(worthOf(one, NOW) === Infinity, one.pinned || one.kept === true)
    }
  )

  it.prop("falls with its age and rises with its quality", {
    one: unit,
    older: FastCheck.nat(1_000 * DAY_MS),
    better: FastCheck.double({ min: 0, max: 1, noNaN: true })
  }, ({ better, older, one }) => {
    const worth = worthOf(one, NOW)
    assert.isAtMost(worthOf({ ...one, occurredAt: one.occurredAt - older }, NOW), worth)
    assert.isAtLeast(worthOf({ ...one, quality: Math.max(better, one.quality) }, NOW), worth)
    assert.isAtMost(worthOf(one, NOW + older), worth)
  })

  it("of a decision is more than that of a conversation as old", () => {
    const conversation = {
      type: "conversation",
      quality: 0.8,
      occurredAt: NOW,
      origin: SEGMENT,
      sessionId: "s1",
      active: true,
      pinned: false
    } as const
    assert.isAbove(worthOf({ ...conversation, type: "decision" }, NOW), worthOf(conversation, NOW))
  })
})
