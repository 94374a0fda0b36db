import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { inverseDocumentFrequency } from "../../src/domain/Lexical.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { certainty, confidenceIn } from "../../src/retrieve/Confidence.ts"
import { bm25 } from "../../src/retrieve/Fusion.ts"
import { termsOf } from "../../src/retrieve/Terms.ts"
import { unit } from "../contract/made.ts"

describe("certainty", () => {
  const documents = FastCheck.integer({ min: 1, max: 100_000 })
  const question = documents.chain((documents) =>
    FastCheck.record({
      documents: FastCheck.constant(documents),
      idf: FastCheck.array(
        FastCheck.integer({ min: 0, max: documents }).map((n) => inverseDocumentFrequency(documents, n)),
        { minLength: 1, maxLength: 12 }
      )
    })
  )
  const score = FastCheck.double({ min: 0, max: 200, noNaN: true })

  it.prop("is from 0 to 1, and nothing for no score", [question, score], ([{ documents, idf }, score]) => {
    const result = certainty(score, idf, documents)
    assert.isTrue(result >= 0 && result <= 1)
    assert.strictEqual(certainty(0, idf, documents), 0)
  })

  it.prop("grows with the score", [question, score, score], ([{ documents, idf }, a, b]) => {
    const [less, more] = [Math.min(a, b), Math.max(a, b)]
    assert.isAtMost(certainty(less, idf, documents), certainty(more, idf, documents))
  })

  it.prop("is 1 when all words of a question match fully, as many as they are", [question], ([{ documents, idf }]) => {
    assert.strictEqual(certainty(idf.reduce((sum, value) => sum + value, 0), idf, documents), 1)
    const [one] = idf
    assert.strictEqual(certainty(one!, [one!], documents), 1)
    assert.closeTo(certainty(one! / 2, [one!], documents), 0.5 / 0.7, 1e-12)
  })

  it.prop(
    "falls with each word that no unit holds, until enough others would answer",
    [question, score, FastCheck.integer({ min: 1, max: 20 })],
    ([{ documents, idf }, score, unknown]) => {
      const rarest = inverseDocumentFrequency(Math.max(documents, 200), 0)
      const all = [...idf, ...Array.from({ length: unknown }, () => rarest)]
      assert.isAtMost(certainty(score, all, documents), certainty(score, idf, documents))
      assert.strictEqual(certainty(3 * rarest, all, documents), 1)
      // A match that is all of a one-word question is little of a longer one.
      const single = certainty(idf[0]!, [idf[0]!, rarest], documents)
      assert.isBelow(single, 1)
      assert.isAtMost(single, 0.5 / 0.7 + 1e-12)
    }
  )

  it.prop("does not depend on the order of the words", [question, score], ([{ documents, idf }, score]) => {
    assert.closeTo(certainty(score, [...idf].reverse(), documents), certainty(score, idf, documents), 1e-9)
  })

  it("is enough where all that is remembered is of the question's subject, in a small memory alone", () => {
    /** Five words of the question match, each in `holding` units, and four are unknown. */
    const of = (documents: number, holding: number) => {
      const matched = Array.from({ length: 5 }, () => inverseDocumentFrequency(documents, holding))
      const unknown = Array.from({ length: 4 }, () => inverseDocumentFrequency(documents, 0))
      return certainty(matched.reduce((sum, value) => sum + value, 0), [...matched, ...unknown], documents)
    }
    assert.isAbove(of(6, 5), 0.5)
    assert.isAbove(of(500, 5), 0.5)
    assert.isBelow(of(500, 450), 0.1)
  })

  it("is nothing of a question without words and of a memory without units", () => {
    assert.strictEqual(certainty(0, [], 0), 0)
    assert.strictEqual(certainty(0, [0, 0], 10), 0)
    assert.strictEqual(certainty(0, [inverseDocumentFrequency(0, 0)], 0), 0)
  })

  it.prop("of bm25's scores is 1 for a question of one word where it occurs often in few words", [documents], ([n]) => {
    const [scored] = bm25({
      documents: n,
      averageLength: 20,
      documentFrequencies: [1],
      candidates: [{ unitId: "a", lengths: [0, 20, 0, 0], frequencies: [[0, 1, 0, 0]] }]
    })
    assert.closeTo(certainty(scored!.score, [inverseDocumentFrequency(n, 1)], n), 1, 1e-12)
  })
})

describe("confidence", () => {
  const passages = [{ uuid: "m", kind: "text", from: 0, to: 1 }] as const
  const units = ["a", "b", "c"].map((id) => unit(id, { passages, sessionId: "s" }))

  /** Rates the first unit when each has once the terms that `held` lists of it. */
  const rated = (
    question: string,
    held: ReadonlyArray<ReadonlyArray<string>>,
    { found = units, holdsChinese = false, isImplied = () => false }: {
      readonly found?: ReadonlyArray<MemoryUnit>
      readonly holdsChinese?: boolean
      readonly isImplied?: (term: { readonly lexeme: string }) => boolean
    } = {}
  ) => {
    const terms = termsOf(question)
    const candidates = found.map(({ id, position, sessionId }, i) => ({
      unitId: id,
      sessionId,
      position,
      lengths: [0, 20, 0, 0],
      frequencies: terms.map(({ lexeme }) => [0, held[i]?.includes(lexeme) === true ? 1 : 0, 0, 0])
    }))
    const documentFrequencies = terms.map((_, term) =>
      candidates.filter(({ frequencies }) => frequencies[term]!.some((count) => count > 0)).length
    )
    const first = { unit: found[0]!, score: 1, neighbours: 0, boosts: {}, raisedBy: [] }
    const matches = { documents: 300, averageLength: 20, documentFrequencies, candidates }
    return confidenceIn(first, found, terms, matches, isImplied, holdsChinese)
  }

  it("is greater where other units of the session speak of the question, too", () => {
    const question = "ledger rounding invoice tax export"
    const alone = rated(question, [["ledger"]])
    assert.isTrue(alone > 0 && alone < 0.5)
    assert.isAbove(rated(question, [["ledger"], ["ledger"]]), alone)
    const elsewhere = units.map((each, i) => i === 1 ? { ...each, sessionId: "another" } : each)
    assert.isBelow(rated(question, [["ledger"], ["ledger"]], { found: elsewhere }), alone * 1.3)
  })

  it("is high where one unit alone has all words", () => {
    assert.isAbove(rated("ledger", [["ledger"]]), 0.9)
    assert.isAbove(rated("ledger invoice", [["ledger", "invoic"]]), 0.9)
  })

  it("is that of the unit alone when it was saved on purpose", () => {
    const saved = units.map((each) => ({ ...each, passages: [] }))
    const question = "ledger rounding invoice tax export"
    assert.isAbove(rated(question, [["ledger", "invoic"]], { found: saved }), rated(question, [["ledger", "invoic"]]))
  })

  it("falls less with a missing word of everyday work than with another", () => {
    const [everyday, other] = [rated("ledger review", [["ledger"]]), rated("ledger hexagon", [["ledger"]])]
    assert.isAbove(everyday, other)
    assert.isBelow(everyday, rated("ledger", [["ledger"]]))
  })

  it("falls with a Chinese word that a memory of Chinese lacks as with an English one", () => {
    const [chinese, english] = [
      rated("ledger 灯塔", [["ledger"]], { holdsChinese: true }),
      rated("ledger hexagon", [["ledger"]])
    ]
    assert.closeTo(chinese, english, 1e-9)
    assert.isAbove(rated("ledger 灯塔", [["ledger"]]), chinese)
  })

  it("falls a little with Chinese words that no unit contains", () => {
    const [none, some, many] = ["", "对账的差额", "对账的差额是怎么算出来的呢又在哪里写着"].map((words) =>
      rated(`ledger invoice tax ${words}`, [["ledger"]])
    )
    assert.isAbove(none!, some!)
    assert.isAbove(some!, many!)
    assert.isAbove(many!, none! / 2)
  })

  it("leaves out the terms that are implied", () => {
    const isImplied = ({ lexeme }: { readonly lexeme: string }) => lexeme === "hexagon"
    assert.strictEqual(rated("ledger hexagon", [["ledger"]], { isImplied }), rated("ledger", [["ledger"]]))
  })
})
