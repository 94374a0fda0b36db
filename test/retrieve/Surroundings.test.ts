import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  boost,
  DATE_WEIGHTS,
  NEIGHBOUR_WEIGHTS,
  SESSION_WEIGHT,
  SHORT_FACTOR,
  SHORT_TOKENS
} from "../../src/retrieve/Surroundings.ts"
import { unit } from "../contract/made.ts"

const day = (date: string) => Date.parse(`${date}T12:00:00Z`)
const long = { tokens: SHORT_TOKENS }

describe("boost", () => {
  it.prop(
    "gives each unit once, best first, its score the sum of its reasons",
    [
      FastCheck.uniqueArray(
        FastCheck.record({
          id: FastCheck.hexaString({ minLength: 1, maxLength: 2 }),
          session: FastCheck.constantFrom("s1", "s2"),
          tokens: FastCheck.integer({ min: 1, max: 400 }),
          score: FastCheck.option(FastCheck.double({ min: 0, max: 1.25, noNaN: true }), { nil: undefined })
        }),
        { selector: ({ id }) => id, maxLength: 8 }
      )
    ],
    ([made]) => {
      const units = made.map(({ id, session, tokens }) => unit(id, { sessionId: session, tokens }))
      const fused = new Map(made.flatMap(({ id, score }) => score === undefined ? [] : [[id, score] as const]))
      const neighbours = made.slice(1).flatMap(({ id }, i) =>
        fused.has(made[i]!.id) ? [[made[i]!.id, id, 1] as const] : []
      )
      const boosted = boost(units, fused, neighbours, [])
      assert.deepStrictEqual(boosted.map(({ unit }) => unit.id).sort(), made.map(({ id }) => id).sort())
      boosted.forEach(({ boosts, neighbours, score, unit }, i) => {
        const sum = (fused.get(unit.id) ?? 0) + neighbours +
          Object.values(boosts).reduce((sum, boost) => sum + boost, 0)
        assert.closeTo(score, sum, 1e-12)
        assert.isTrue(Number.isFinite(score) && score >= 0 && score <= (boosted[i - 1]?.score ?? Infinity))
      })
      assert.deepStrictEqual(boost([...units].reverse(), fused, neighbours, []), boosted)
    }
  )

  it("lends neighbours a share, more to a short piece of conversation", () => {
    const units = [
      unit("a", long),
      unit("b", long),
      unit("c", { tokens: SHORT_TOKENS - 1 }),
      unit("d", { tokens: SHORT_TOKENS - 1, type: "decision" })
    ]
    const boosted = boost(units, new Map([["a", 0.5]]), [["a", "b", 1], ["a", "c", 1], ["a", "d", 1]], [])
    const gains = new Map(boosted.map(({ neighbours, unit }) => [unit.id, neighbours]))
    assert.strictEqual(gains.get("a"), 0)
    assert.strictEqual(gains.get("b"), 0.5 * NEIGHBOUR_WEIGHTS[1]!)
    assert.strictEqual(gains.get("c"), SHORT_FACTOR * gains.get("b")!)
    assert.strictEqual(gains.get("d"), gains.get("b"))
    assert.deepStrictEqual(boosted.find(({ unit }) => unit.id === "b")?.raisedBy, ["a"])
  })

  it("lifts the session that answers best", () => {
    const units = [unit("a", { sessionId: "s1" }), unit("b", { sessionId: "s2" }), unit("c", { sessionId: "s1" })]
    const boosted = boost(units, new Map([["a", 1], ["b", 0.4], ["c", 0.3]]), [], [])
    assert.deepStrictEqual(boosted.map(({ unit }) => unit.id), ["a", "c", "b"])
    const boosts = new Map(boosted.map(({ boosts, unit }) => [unit.id, boosts]))
    assert.deepStrictEqual(boosts.get("c"), { session: SESSION_WEIGHT })
    assert.deepStrictEqual(boosts.get("b"), { session: SESSION_WEIGHT * 0.4 })
  })

  it("lifts units of a date that is named, the more exactly it is", () => {
    const units = ["2023-05-07", "2023-05-08", "2023-06-01", "2022-01-01"].map((date) =>
      unit(date, { occurredAt: day(date) })
    )
    const dates = [{ month: 5, day: 7 }, { month: 5 }, { year: 2023 }]
    const found = boost(units, new Map(), [], dates).map(({ boosts, unit }) => [unit.id, boosts])
    assert.deepStrictEqual(found, [
      ["2023-05-07", { date: DATE_WEIGHTS.day }],
      ["2023-05-08", { date: DATE_WEIGHTS.month }],
      ["2023-06-01", { date: DATE_WEIGHTS.year }],
      ["2022-01-01", {}]
    ])
  })
})
