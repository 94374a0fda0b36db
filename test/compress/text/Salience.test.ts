import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { choose, summarize } from "../../../src/compress/text/Salience.ts"
import { times } from "../../data.ts"
import { anyText } from "../../texts.ts"

const sentences = [
  "I had a look at the import.",
  "The import is slow because it writes one row at a time.",
  "The import is slow, since it writes only one row at a time.",
  "It ran on Tuesday.",
  "Batches of 500 rows bring it from 60 minutes down to 4.",
  "Shall I go on?"
]

const chosen = (count: number) => choose(sentences, { count, length: 400 }).map((i) => sentences[i])

describe("the sentences that stand for all", () => {
  it("give the cause and the outcome, and nothing twice", () => {
    assert.deepStrictEqual(chosen(2), [sentences[1], sentences[4]])
    const all = chosen(6)
    assert.isFalse(all.includes(sentences[1]) && all.includes(sentences[2]))
  })

  it("are about what was asked", () => {
    const parts = ["The parser takes 3 minutes of the hour.", "The writer takes 9 minutes of the hour."]
    assert.deepStrictEqual(choose(parts, { count: 1, length: 80, about: "How long does the parser take?" }), [0])
    assert.deepStrictEqual(choose(parts, { count: 1, length: 80, about: "And the writer? Is the writer slow?" }), [1])
  })

  it("may be Chinese", () => {
    const sentences = [
      "我看了一下导入任务。",
      "导入慢是因为每次只写一行。",
      "它在周二运行过。",
      "改成每批 500 行之后，从 60 分钟降到 4 分钟。"
    ]
    assert.deepStrictEqual(choose(sentences, { count: 2, length: 200 }), [1, 3])
    assert.strictEqual(
      summarize(sentences, { count: 2, length: 200 }),
      "导入慢是因为每次只写一行。改成每批 500 行之后，从 60 分钟降到 4 分钟。"
    )
  })

  it("are whole: one that is too long is left out", () => {
    assert.deepStrictEqual(choose(["word ".repeat(50), "Short one fits."], { count: 2, length: 100 }), [1])
    assert.strictEqual(summarize(["word ".repeat(50)], { count: 2, length: 100 }), "")
  })

  it.prop(
    "are in order, at most as many and as long as asked, and the same each time",
    [FastCheck.array(anyText, { maxLength: 12 }), FastCheck.nat(5), FastCheck.nat(400), anyText],
    ([sentences, count, length, about]) => {
      const choice = { count, length, about }
      const chosen = choose(sentences, choice)
      assert.deepStrictEqual(chosen, [...new Set(chosen)].sort((a, b) => a - b))
      assert.isAtMost(chosen.length, count)
      assert.isAtMost(chosen.map((i) => sentences[i]).join(" ").length, length)
      assert.deepStrictEqual(choose(sentences, choice), chosen)
      assert.isAtMost(summarize(sentences, choice).length, length + count)
    },
    { fastCheck: { numRuns: times(80) } }
  )
})
