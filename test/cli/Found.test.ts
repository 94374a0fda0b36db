import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { resultText } from "../../src/cli/Found.ts"
import { queryLexemes } from "../../src/domain/Tokenizer.ts"
import { unit } from "../contract/made.ts"
import { slow } from "../data.ts"
import { hostile } from "../texts.ts"

const MARKS = /[\ufdd0\ufdd1]/g
const now = 86_400_000 * 20_000

const shown = (question: string, content: string, matched = queryLexemes(question)) =>
  resultText({
    question,
    result: {
      unit: unit("found", { title: "T", content, tokens: 10, occurredAt: now - 86_400_000 }),
      score: 1,
      why: { keyword: { rank: 1, score: 2 }, semantic: null, rerank: null, neighbours: 0, boosts: {}, matched }
    },
    rank: 1,
    projectName: "shop",
    now
  })

const markedIn = (text: string) => [...text.matchAll(/\ufdd0([^\ufdd1]*)\ufdd1/g)].map(([, word]) => word)

describe("what a search found", () => {
  it("is told with whole words, and how long ago it was", () => {
    const text = shown("nightly deadlocks of pools", "The pool deadlocked at night: a Deadlock of the nightly pooling.")
    assert.include(text, "yesterday, ")
    assert.include(text, "keyword #1 (nightly, deadlocks, pools)")
    assert.deepStrictEqual(markedIn(text), ["pool", "deadlocked", "Deadlock", "nightly", "pooling"])
  })

  it("is told with the part of a name that matched", () => {
    assert.include(shown("what of reserveStock2", "The stock is low.", ["stock"]), "keyword #1 (stock)")
    assert.include(shown("what of reserveStock", "reserveStock", queryLexemes("reserveStock")), "(reserveStock)")
  })

  it("is told with what stands together in Chinese", () => {
    const text = shown("银行对账差几分钱", "财务反馈银行对账每天都差几分钱。")
    assert.include(text, "(银行对账差几分钱)")
    assert.deepStrictEqual(markedIn(text), ["银行对账", "差几分钱"])
  })

  it("is told with what the words of the question mean in another language, from the part that has it", () => {
    const filler = "The deployment waits for its probe. ".repeat(30)
    const text = shown("连接池为什么超时", `${filler}\nThe pool had a timeout of 30 s.\n${filler}`, ["连接池", "超时"])
    assert.include(text, "(连接池, 超时)")
    assert.deepStrictEqual(markedIn(text), ["pool", "timeout"])
    assert.deepStrictEqual(markedIn(shown("why the timeout", "连接池等了 30 秒才超时。", ["timeout"])), ["超时"])
  })

  slow(it)("keeps every word of the part that is shown, in lines of at most 120 columns", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.constantFrom(...hostile), { maxLength: 12 }), (parts) => {
        const content = parts.join(" ").replace(MARKS, "").slice(0, 300)
        const lines = shown(parts[0] ?? "", content).replace(MARKS, "").split("\n").slice(3)
        const kept = lines.map((line) => line.replace(/^ {3}│ /, "")).join("").replace(/\s+/gu, "")
        assert.strictEqual(kept, content.replace(/\s+/gu, ""))
      })
    )
    const long = "word ".repeat(60) + "字".repeat(80)
    const lines = shown("none", long).replace(MARKS, "").split("\n").slice(3)
    for (const line of lines) {
      assert.isAtMost([...line].reduce((sum, character) => sum + (character === "字" ? 2 : 1), 0), 120)
    }
  })
})
