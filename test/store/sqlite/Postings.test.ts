import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { BM25F, saturation, scoreOf } from "../../../src/domain/Lexical.ts"
import { noTurn, runAtOnce } from "../../../src/domain/Steps.ts"
import { ROWS_AT_ONCE } from "../../../src/store/sqlite/Doclists.ts"
import { heaviest, lengthsIn, type Posting, selectRows, type SizedCount } from "../../../src/store/sqlite/Postings.ts"

const AVERAGE = 40
const IDF = [3, 1.5, 0.25]

const fields = FastCheck.array(FastCheck.nat(3), { minLength: 4, maxLength: 4 })
/** Units with the frequencies of three terms. */
const memory: FastCheck.Arbitrary<ReadonlyArray<SizedCount>> = FastCheck.uniqueArray(
  FastCheck.record({
    row: FastCheck.integer({ min: 1, max: 500 }),
    frequencies: FastCheck.array(fields, { minLength: 3, maxLength: 3 }),
    lengths: FastCheck.array(FastCheck.nat(300), { minLength: 4, maxLength: 4 })
  }),
  { selector: ({ row }) => row, minLength: 1, maxLength: 60 }
).map((units) => units.toSorted((a, b) => a.row - b.row))

/** The counts of four fields, 8 bits each. */
const packedCounts = (counts: ReadonlyArray<number>): number =>
  counts.reduce((all, count, field) => (all | count << 8 * field) >>> 0, 0)

const postingsOf = (units: ReadonlyArray<SizedCount>): ReadonlyArray<Posting> =>
  IDF.map((weight, term) => {
    const holding = units.filter(({ frequencies }) => frequencies[term]!.some((n) => n > 0))
    return {
      term,
      weight,
      rows: Uint32Array.from(holding, ({ row }) => row),
      counts: Uint32Array.from(holding, ({ frequencies }) => packedCounts(frequencies[term]!))
    }
  })

describe("units ranked by the places of terms", () => {
  it.prop("have the scores that their texts would give", [memory, FastCheck.integer({ min: 1, max: 70 })], (
    [units, limit]
  ) => {
    const expected = units.toSorted((a, b) => scoreOf(IDF, AVERAGE, b) - scoreOf(IDF, AVERAGE, a) || b.row - a.row)
    assert.deepStrictEqual(heaviest(postingsOf(units), units, IDF.length, AVERAGE, limit), expected.slice(0, limit))
  })

  it.prop(
    "are selected by the score of units of average length, of equal ones the newest",
    [memory, FastCheck.integer({ min: 1, max: 70 }), FastCheck.func(FastCheck.boolean())],
    ([units, limit, isAccepted]) => {
      const scoreOfRow = new Map(units.map(({ frequencies, row }) => [
        row,
        IDF.reduce((sum, weight, term) => {
          const frequency = frequencies[term]!.reduce((n, each, field) => n + each * BM25F.fieldWeights[field]!, 0)
          return sum + weight * saturation(frequency, 1)
        }, 0)
      ]))
      const accepted = Uint8Array.from({ length: 501 }, (_, row) => isAccepted(row) ? 1 : 0)
      for (const mask of [undefined, accepted]) {
        const left = units.map(({ row }) => row)
          .filter((row) => scoreOfRow.get(row)! > 0 && (mask === undefined || mask[row] === 1))
        const selected = runAtOnce(selectRows(postingsOf(units), limit, noTurn, mask))
        assert.lengthOf(new Set(selected), selected.length)
        assert.isTrue(selected.every((row) => left.includes(row)))
        assert.lengthOf(selected, Math.min(limit, left.length))
        // Scores are told apart by 4,096 steps.
        const step = Math.max(...scoreOfRow.values()) / 4_095
        const least = Math.min(...selected.map((row) => scoreOfRow.get(row)!))
        for (const row of left.filter((row) => !selected.includes(row))) {
          assert.isAtMost(scoreOfRow.get(row)!, least + step)
        }
      }
    }
  )

  it("are selected with a turn after lists of many rows", () => {
    const list = (length: number): Omit<Posting, "term" | "weight"> => ({
      rows: Uint32Array.from({ length }, (_, i) => i + 1),
      counts: new Uint32Array(length).fill(1)
    })
    const postings = [ROWS_AT_ONCE / 2, ROWS_AT_ONCE / 2, 1_000, 2 * ROWS_AT_ONCE].map((length, term) => ({
      ...list(length),
      term,
      weight: 1
    }))
    const steps = selectRows(postings, 10, ["turn"])
    for (let turns = 0; turns < 3; turns++) assert.deepStrictEqual(steps.next(), { done: false, value: "turn" })
    const last = steps.next()
    assert.isTrue(last.done)
    assert.sameMembers([...last.value as ReadonlyArray<number>], [991, 992, 993, 994, 995, 996, 997, 998, 999, 1_000])
  })

  it("have lengths as FTS5 writes them", () => {
    assert.deepStrictEqual(lengthsIn("03008100ff7f"), [3, 0, 128, 16_383])
    assert.deepStrictEqual(lengthsIn("818000"), [16_384])
    assert.deepStrictEqual(lengthsIn(""), [])
  })
})
