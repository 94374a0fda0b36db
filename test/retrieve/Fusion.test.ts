import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { inverseDocumentFrequency } from "../../src/domain/Lexical.ts"
import { bm25, fuse, minMax, type Scored } from "../../src/retrieve/Fusion.ts"
import { RANKING } from "../../src/retrieve/Ranking.ts"
import type { Candidate, LexicalMatches } from "../../src/store/MemoryStore.ts"

const count = FastCheck.integer({ min: 0, max: 20 })
const fields = FastCheck.array(count, { minLength: 4, maxLength: 4 })

/** Matches of a store for some terms, consistent in that no term occurs in more documents than there are. */
const matches: FastCheck.Arbitrary<LexicalMatches> = FastCheck.integer({ min: 1, max: 5 }).chain((terms) =>
  FastCheck.record({
    documents: FastCheck.integer({ min: 100, max: 10_000 }),
    averageLength: FastCheck.integer({ min: 0, max: 300 }),
    documentFrequencies: FastCheck.array(FastCheck.integer({ min: 0, max: 100 }), {
      minLength: terms,
      maxLength: terms
    }),
    candidates: FastCheck.uniqueArray(
      FastCheck.record({
        unitId: FastCheck.hexaString({ minLength: 1, maxLength: 3 }),
        lengths: fields,
        frequencies: FastCheck.array(fields, { minLength: terms, maxLength: terms })
      }),
      { selector: ({ unitId }) => unitId, minLength: 1, maxLength: 8 }
    )
  })
)

const scoresOf = (found: LexicalMatches) => new Map(bm25(found).map(({ score, unitId }) => [unitId, score]))
const changed = (found: LexicalMatches, change: (candidate: Candidate) => Candidate): LexicalMatches => ({
  ...found,
  candidates: found.candidates.map((candidate, i) => i === 0 ? change(candidate) : candidate)
})

describe("bm25", () => {
  it.prop("gives finite scores, best first, equal ones by id", [matches], ([found]) => {
    const scored = bm25(found)
    assert.strictEqual(scored.length, found.candidates.length)
    scored.forEach(({ score, unitId }, i) => {
      assert.isTrue(Number.isFinite(score) && score >= 0)
      const before = scored[i - 1]
      if (before !== undefined) {
        assert.isTrue(before.score > score || (before.score === score && before.unitId < unitId))
      }
    })
  })

  it.prop(
    "grows with how often a term occurs, more where it is said than printed",
    [matches, count, count],
    ([found, term, field]) => {
      const at = term % found.documentFrequencies.length
      const add = (where: number) =>
        scoresOf(changed(found, (candidate) => ({
          ...candidate,
          frequencies: candidate.frequencies.map((fields, t) =>
            fields.map((n, f) => t === at && f === where ? n + 1 : n)
          )
        }))).get(found.candidates[0]!.unitId)!
      const before = scoresOf(found).get(found.candidates[0]!.unitId)!
      assert.isAbove(add(field % 4), before)
      assert.isAbove(add(1), add(2))
      assert.isAbove(add(2), add(3))
      assert.isAbove(add(3), add(0))
    }
  )

  it.prop("falls with the unit's length", [matches], ([found]) => {
    const longer = changed(found, (candidate) => ({ ...candidate, lengths: candidate.lengths.map((n) => n + 10) }))
    const id = found.candidates[0]!.unitId
    assert.isAtMost(scoresOf(longer).get(id)!, scoresOf(found).get(id)!)
  })

  it.prop("grows with how rare a term is", [matches], ([found]) => {
    const rarer = { ...found, documentFrequencies: found.documentFrequencies.map((n) => Math.floor(n / 2)) }
    for (const [id, score] of scoresOf(rarer)) assert.isAtLeast(score, scoresOf(found).get(id)!)
  })

  it.prop("does not depend on the order of candidates and terms", [matches], ([found]) => {
    assert.deepStrictEqual(bm25({ ...found, candidates: [...found.candidates].reverse() }), bm25(found))
    const reversed = {
      ...found,
      documentFrequencies: [...found.documentFrequencies].reverse(),
      candidates: found.candidates.map((candidate) => ({
        ...candidate,
        frequencies: [...candidate.frequencies].reverse()
      }))
    }
    for (const [id, score] of scoresOf(reversed)) assert.closeTo(score, scoresOf(found).get(id)!, 1e-9)
  })

  it.prop("says what each term adds, nothing for one that a unit lacks", [matches], ([found]) => {
    for (const { parts, score, unitId } of bm25(found)) {
      const candidate = found.candidates.find((each) => each.unitId === unitId)
      assert.deepStrictEqual(
        parts.map((part) => part > 0),
        candidate?.frequencies.map((fields) => fields.some((n) => n > 0))
      )
      assert.closeTo(parts.reduce((sum, part) => sum + part, 0), score, 1e-12)
    }
  })

  it("orders equal scores by id", () => {
    const candidates = ["c", "a", "b"].map((unitId): Candidate => ({
      unitId,
      lengths: [0, 9, 0, 0],
      frequencies: [[0, 1, 0, 0]]
    }))
    const scored = bm25({ documents: 9, averageLength: 9, documentFrequencies: [3], candidates })
    assert.deepStrictEqual(scored.map(({ unitId }) => unitId), ["a", "b", "c"])
  })

  it("is the formula", () => {
    const [scored] = bm25({
      documents: 10,
      averageLength: 20,
      documentFrequencies: [3],
      candidates: [{ unitId: "a", lengths: [2, 20, 4, 4], frequencies: [[1, 2, 0, 1]] }]
    })
    const [idf, frequency, norm] = [Math.log(1 + (50 + 7.5) / 3.5), 0.3 + 2 + 0.5, 1 - 0.4 + 0.4 * (30 / 20)]
    assert.closeTo(scored!.score, idf * frequency * 2.2 / (frequency + 1.2 * norm), 1e-12)
  })
})

describe("the inverse document frequency", () => {
  it.prop("is positive, and falls", [FastCheck.nat(10_000), FastCheck.nat(10_000)], ([documents, frequency]) => {
    if (frequency >= documents) return
    const idf = inverseDocumentFrequency(documents, frequency)
    assert.isAbove(idf, 0)
    assert.isBelow(inverseDocumentFrequency(documents, frequency + 1), idf)
  })
})

const scores = FastCheck.uniqueArray(
  FastCheck.record({
    unitId: FastCheck.hexaString({ minLength: 1, maxLength: 2 }),
    score: FastCheck.double({ min: 0, max: 50, noNaN: true })
  }),
  { selector: ({ unitId }) => unitId, maxLength: 10 }
)
const cosines = scores.map((list) => list.map(({ score, unitId }) => ({ unitId, score: score / 25 - 1 })))

describe("minMax", () => {
  it.prop("maps to 0 to 1 and keeps the order", [cosines], ([list]) => {
    const mapped = minMax(list)
    assert.strictEqual(mapped.size, list.length)
    for (const a of list) {
      assert.isTrue(mapped.get(a.unitId)! >= 0 && mapped.get(a.unitId)! <= 1)
      for (const b of list) if (a.score <= b.score) assert.isAtMost(mapped.get(a.unitId)!, mapped.get(b.unitId)!)
    }
    if (list.length > 0) assert.strictEqual(Math.max(...mapped.values()), 1)
  })

  it("of equals is all ones, of nothing nothing", () => {
    assert.deepStrictEqual([...minMax([{ unitId: "a", score: 0 }, { unitId: "b", score: 0 }]).values()], [1, 1])
    assert.strictEqual(minMax([]).size, 0)
  })
})

describe("fuse", () => {
  it.prop(
    "scores each unit of either list, within bounds, whatever their order",
    [scores, cosines],
    ([lexical, dense]) => {
      const fused = fuse(lexical, dense)
      assert.deepStrictEqual(
        new Set(fused.keys()),
        new Set([...lexical, ...dense].map(({ unitId }) => unitId))
      )
      for (const score of fused.values()) assert.isTrue(score >= 0 && score <= 1 + RANKING.dense + 1e-12)
      assert.deepStrictEqual(
        new Map([...fuse([...lexical].reverse(), [...dense].reverse())].sort()),
        new Map([...fused].sort())
      )
    }
  )

  it.prop(
    "keeps the order of a list that is alone, its best at 1",
    [scores.filter(({ length }) => length > 0)],
    ([list]) => {
      const order = (fused: ReadonlyMap<string, number>) => (a: Scored, b: Scored) =>
        Math.sign(fused.get(a.unitId)! - fused.get(b.unitId)!)
      for (const fused of [fuse(list, []), fuse([], list)]) {
        for (const a of list) {
          for (const b of list) if (a.score > b.score) assert.isAtLeast(order(fused)(a, b), 0)
        }
        if (list.some(({ score }) => score > 0)) assert.strictEqual(Math.max(...fused.values()), 1)
      }
    }
  )

  it("lets the dense list add a quarter", () => {
    const lexical = [{ unitId: "a", score: 8 }, { unitId: "b", score: 4 }]
    const dense = [{ unitId: "b", score: 0.9 }, { unitId: "c", score: 0.5 }]
    assert.deepStrictEqual([...fuse(lexical, dense)], [["a", 1], ["b", 0.5 + RANKING.dense], ["c", 0]])
    assert.deepStrictEqual([...fuse([], dense)], [["b", 1], ["c", 0]])
  })
})
