import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { firstSentence, gist, headline, pieces, salient } from "../../src/compress/Text.ts"
import { weightedLength } from "../../src/domain/MemoryUnit.ts"
import { anyText, hostile, millis } from "../texts.ts"

const solid = (text: string) => text.replace(/\s+/g, "")
const loneAt = (text: string) => text.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/)
/** No surrogate is lone that was not. */
const isWhole = (part: string, whole: string) => loneAt(part) < 0 || loneAt(whole) >= 0

const wellFormed = anyText.map((text) =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "")
)
const length = FastCheck.integer({ min: 1, max: 400 })

describe("pieces", () => {
  it.prop("lose nothing but white space, in order", [anyText, length], ([text, length]) => {
    const cut = pieces(text, length, () => true)
    assert.strictEqual(solid(cut.join("")), solid(text))
    for (const piece of cut) {
      assert.isTrue(text.includes(piece))
      assert.strictEqual(piece, piece.trim())
      assert.notStrictEqual(piece, "")
      assert.isAtMost(piece.length, Math.max(length, 2))
    }
  }, { fastCheck: { numRuns: 500 } })

  it.prop("split no character", [wellFormed, length], ([text, length]) => {
    for (const piece of pieces(text, length, (piece) => weightedLength(piece) <= length)) {
      assert.strictEqual(loneAt(piece), -1, JSON.stringify(piece))
    }
  }, { fastCheck: { numRuns: 500 } })

  it.prop("fit, or are one character", [anyText, length, length], ([text, length, weight]) => {
    for (const piece of pieces(text, length, (piece) => weightedLength(piece) <= weight)) {
      assert.isTrue(weightedLength(piece) <= weight || [...piece].length === 1, JSON.stringify(piece))
    }
    assert.strictEqual(solid(pieces(text.slice(0, 50), length, () => false).join("")), solid(text.slice(0, 50)))
  })

  it("are cut where a reader would", () => {
    assert.deepStrictEqual(pieces("One two. Three four. Five", 16, () => true), ["One two.", "Three four. Five"])
    assert.deepStrictEqual(pieces("first paragraph\n\nsecond one", 20, () => true), ["first paragraph", "second one"])
    assert.deepStrictEqual(pieces("连接池耗尽了。后来修好了。", 8, () => true), ["连接池耗尽了。", "后来修好了。"])
    assert.deepStrictEqual(pieces(" \n ", 8, () => true), [])
  })

  it("take linear time", () => {
    for (const text of hostile) assert.isBelow(millis(() => pieces(text, 1_000, () => true)), 1_500, text.slice(0, 20))
  }, 60_000)
})

describe("salient", () => {
  it.prop("is never longer than asked, and of the text's own lines", [anyText, length], ([text, length]) => {
    const kept = salient(text, length)
    assert.isAtMost(kept.length, Math.max(length, 0))
    assert.isTrue(isWhole(kept, text))
    const lines = new Set(text.split("\n"))
    if (kept !== "") {
      for (const line of kept.split("\n")) {
        assert.isTrue(lines.has(line) || (line.endsWith("…") && text.includes(line.slice(0, -1))), JSON.stringify(line))
      }
    }
  }, { fastCheck: { numRuns: 500 } })

  it("keeps the head, the tail, and what tells the outcome", () => {
    const noise = (name: string) => Array.from({ length: 200 }, (_, i) => `${name} ${i} all is well`)
    const text = ["$ pnpm test", ...noise("early"), "Error: pool exhausted", ...noise("late"), "exit code 1"].join("\n")
    const kept = salient(text, 600)
    assert.isTrue(kept.startsWith("$ pnpm test\nearly 0"))
    assert.isTrue(kept.endsWith("exit code 1"))
    assert.include(kept, "\nError: pool exhausted\n")
    assert.isAtMost(kept.length, 600)
    assert.strictEqual(salient("short\ntext", 600), "short\ntext")
    assert.strictEqual(salient(`a${"😀".repeat(400)}`, 600), `a${"😀".repeat(149)}…`)
  })

  it("takes linear time", () => {
    for (const text of hostile) assert.isBelow(millis(() => salient(text, 2_400)), 1_500, text.slice(0, 20))
  }, 60_000)
})

describe("headline", () => {
  it("is the line that says what went wrong", () => {
    assert.strictEqual(
      headline("Exit code 1\n> pnpm test\n  ValueError: invalid literal\nat x"),
      "ValueError: invalid literal"
    )
    assert.strictEqual(headline("--\n12\n  the first words\nmore"), "the first words")
    assert.strictEqual(headline("编译失败：类型不符"), "编译失败：类型不符")
    assert.strictEqual(headline("42"), "42")
  })

  it.prop("is of the text, and blank only where that is", [anyText], ([text]) => {
    assert.isTrue(text.includes(headline(text)))
    assert.strictEqual(headline(text).trim() === "", text.trim() === "")
  })

  it("takes linear time", () => {
    for (const text of hostile) assert.isBelow(millis(() => headline(text)), 1_500, text.slice(0, 20))
  })
})

describe("gist and firstSentence", () => {
  it.prop("are one line, never longer than asked, of whole characters", [wellFormed, length], ([text, length]) => {
    for (const line of [gist(text, length), firstSentence(text, length)]) {
      assert.isAtMost(line.length, length)
      assert.isFalse(/[\r\n]/.test(line))
      assert.strictEqual(loneAt(line), -1, JSON.stringify(line))
    }
    const line = text.replace(/\s+/g, " ").trim()
    if (line.length <= length) assert.strictEqual(gist(text, length), line)
  }, { fastCheck: { numRuns: 500 } })

  it("say the beginning", () => {
    assert.strictEqual(gist("  one\n two  ", 80), "one two")
    assert.strictEqual(gist("one two three four", 12), "one two thr…")
    assert.strictEqual(gist("one two three four", 15), "one two three…")
    assert.strictEqual(gist("连接池耗尽了", 4), "连接池…")
    assert.strictEqual(firstSentence("## **Decision**: keep 20. More follows.", 80), "Decision: keep 20.")
    assert.strictEqual(firstSentence("原因是连接没有释放。后来修好了。", 80), "原因是连接没有释放。")
    assert.strictEqual(firstSentence("see v1.2.3 here\nnext", 80), "see v1.2.3 here")
  })

  it("take linear time", () => {
    for (const text of hostile) {
      assert.isBelow(millis(() => gist(text, 80)), 1_000, text.slice(0, 20))
      assert.isBelow(millis(() => firstSentence(text, 80)), 1_000, text.slice(0, 20))
    }
  })
})
