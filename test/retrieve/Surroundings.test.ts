import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { RANKING } from "../../src/retrieve/Ranking.ts"
import { attainable, boost, endsWithQuestion } from "../../src/retrieve/Surroundings.ts"
import { unit } from "../contract/made.ts"

const day = (date: string) => Date.parse(`${date}T12:00:00Z`)
const short = { tokens: RANKING.shortTokens - 1 }
const long = { tokens: RANKING.shortTokens }
const scores = (fused: ReadonlyMap<string, number>, parts: Readonly<Record<string, ReadonlyArray<number>>> = {}) => ({
  fused,
  lexical: Object.entries(parts).map(([unitId, parts]) => ({
    unitId,
    parts,
    score: parts.reduce((sum, part) => sum + part, 0)
  }))
})

/** A session whose units have a score each, what two terms add to it, and a content. */
const session = FastCheck.array(
  FastCheck.record({
    tokens: FastCheck.integer({ min: 1, max: 400 }),
    // No score is so near to nothing that a part of it is lost.
    score: FastCheck.double({ min: 0, max: 1.25, noNaN: true }).map((score) => score < 1e-9 ? 0 : score),
    parts: FastCheck.tuple(FastCheck.constantFrom(0, 1, 3), FastCheck.constantFrom(0, 2)),
    content: FastCheck.constantFrom("The port is 8080.", "Which port?")
  }),
  { minLength: 1, maxLength: 8 }
).map((made) => {
  const units = made.map(({ content, tokens }, i) => unit(`u${i}`, { sessionId: "s", tokens, content }))
  const neighbours = units.flatMap(({ id }, i) =>
    [-1, 1, 2].flatMap((offset) => {
      const other = units[i + offset]
      return other === undefined ? [] : [[id, other.id, offset] as const]
    })
  )
  const fused = new Map(made.map(({ score }, i) => [`u${i}`, score]))
  return { units, neighbours, fused, parts: Object.fromEntries(made.map(({ parts }, i) => [`u${i}`, parts])) }
})

describe("boost", () => {
  it.prop(
    "gives each unit once, best first, its score the sum of its reasons",
    [session],
    ([{ fused, neighbours, parts, units }]) => {
      const boosted = boost(units, scores(fused, parts), neighbours, [])
      assert.deepStrictEqual(boosted.map(({ unit }) => unit.id).sort(), units.map(({ id }) => id).sort())
      boosted.forEach(({ boosts, neighbours, score, unit }, i) => {
        const sum = fused.get(unit.id)! + neighbours + Object.values(boosts).reduce((sum, boost) => sum + boost, 0)
        assert.closeTo(score, sum, 1e-12)
        assert.isTrue(Number.isFinite(score) && score >= 0 && score <= (boosted[i - 1]?.score ?? Infinity))
      })
      assert.deepStrictEqual(boost([...units].reverse(), scores(fused, parts), neighbours, []), boosted)
    }
  )

  it.prop("gives no unit more than it can attain", [session], ([{ fused, neighbours, parts, units }]) => {
    const most = attainable(scores(fused, parts), neighbours)
    for (const { score, unit } of boost(units, scores(fused, parts), neighbours, [])) {
      assert.isAtMost(score, most(unit.id) + 1e-12)
    }
  })

  it.prop("borrows no word that a unit has, and none beyond its share", [session], ([{ neighbours, parts, units }]) => {
    const lexical = scores(new Map(), parts)
    const best = Math.max(...lexical.lexical.map(({ score }) => score), Number.MIN_VALUE)
    for (const { neighbours: borrowed, unit } of boost(units, lexical, neighbours, [])) {
      const lacking = [3, 2].filter((_, term) => parts[unit.id]![term] === 0)
      const most = lacking.reduce((sum, part) => sum + part, 0)
      assert.isTrue(borrowed >= 0 && borrowed <= Math.max(...Object.values(RANKING.borrowed)) * most / best + 1e-12)
    }
  })

  it("lends neighbours a share of its score", () => {
    const units = ["a", "b", "c", "d"].map((id) => unit(id, long))
    const boosted = boost(units, scores(new Map([["b", 0.5]])), [["b", "a", -1], ["b", "c", 1], ["b", "d", 2]], [])
    const gains = new Map(boosted.map(({ neighbours, unit }) => [unit.id, neighbours]))
    assert.strictEqual(gains.get("a"), 0.5 * RANKING.lent[-1]!)
    assert.strictEqual(gains.get("b"), 0)
    assert.strictEqual(gains.get("c"), 0.5 * RANKING.lent[1]!)
    assert.strictEqual(gains.get("d"), 0.5 * RANKING.lent[2]!)
    assert.deepStrictEqual(boosted.find(({ unit }) => unit.id === "c")?.raisedBy, ["b"])
  })

  it("counts a word that stands next door, where it is said loudest, less in a long unit", () => {
    const parts = { a: [4, 0], b: [0, 2], c: [1, 0], d: [0, 2] }
    const units = [unit("a", short), unit("b", short), unit("c", short), unit("d", long)]
    const boosted = boost(units, scores(new Map(), parts), [["a", "b", 1], ["c", "b", -1], ["a", "d", 1]], [])
    const gains = new Map(boosted.map(({ neighbours, unit }) => [unit.id, neighbours]))
    assert.closeTo(gains.get("b")!, RANKING.borrowed[1]!, 1e-12)
    assert.closeTo(gains.get("d")!, RANKING.long * RANKING.borrowed[1]!, 1e-12)
  })

  it("prefers the answer to a short question to the question", () => {
    const question = { content: "User: where do the logs go?" }
    const units = [unit("a", { ...short, ...question }), unit("b"), unit("c", { ...long, ...question }), unit("d")]
    const boosted = boost(units, scores(new Map([["a", 1], ["c", 1]])), [["a", "b", 1], ["c", "d", 1]], [])
    const of = (id: string) => boosted.find(({ unit }) => unit.id === id)!
    assert.strictEqual(of("a").boosts.question, -RANKING.asking)
    assert.strictEqual(of("b").neighbours, RANKING.answer)
    assert.isUndefined(of("c").boosts.question)
    assert.strictEqual(of("d").neighbours, RANKING.lent[1])
  })

  it("lifts the session that answers best", () => {
    const units = [unit("a", { sessionId: "s1" }), unit("b", { sessionId: "s2" }), unit("c", { sessionId: "s1" })]
    const boosted = boost(units, scores(new Map([["a", 1], ["b", 0.4], ["c", 0.3]])), [], [])
    assert.deepStrictEqual(boosted.map(({ unit }) => unit.id), ["a", "c", "b"])
    const boosts = new Map(boosted.map(({ boosts, unit }) => [unit.id, boosts]))
    assert.deepStrictEqual(boosts.get("c"), { session: RANKING.session })
    assert.deepStrictEqual(boosts.get("b"), { session: RANKING.session * 0.4 })
  })

  it("lifts units of a date that is named, the more exactly it is", () => {
    const units = ["2023-05-07", "2023-05-08", "2023-06-01", "2022-01-01"].map((date) =>
      unit(date, { occurredAt: day(date) })
    )
    const dates = [{ month: 5, day: 7 }, { month: 5 }, { year: 2023 }]
    const found = boost(units, scores(new Map()), [], dates).map(({ boosts, unit }) => [unit.id, boosts])
    assert.deepStrictEqual(found, [
      ["2023-05-07", { date: RANKING.date.day }],
      ["2023-05-08", { date: RANKING.date.month }],
      ["2023-06-01", { date: RANKING.date.year }],
      ["2022-01-01", {}]
    ])
  })
})

describe("a text's last sentence", () => {
  const asks = [
    "Which port?",
    "It failed. Why?",
    "“Why?”",
    "端口是多少？",
    "你喜欢哪一部？😊",
    "And you?😊",
    "Which one? [a photo of two dogs]",
    "Was it a.ts?"
  ]
  const tells = [
    "",
    "Why? Because.",
    "为什么？因为太慢。",
    "See https://example.org/?page=2",
    "It failed",
    "Really? No!"
  ]
  for (const text of asks) it(`asks in ${JSON.stringify(text)}`, () => assert.isTrue(endsWithQuestion(text)))
  for (const text of tells) it(`does not in ${JSON.stringify(text)}`, () => assert.isFalse(endsWithQuestion(text)))
})
