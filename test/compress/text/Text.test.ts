import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { errorLines, failureStrength, gist, pieces, salient, worstLine } from "../../../src/compress/text/Text.ts"
import { weightedLength } from "../../../src/domain/MemoryUnit.ts"
import { times } from "../../data.ts"
import { anyText, hostile, millis } from "../../texts.ts"

const solid = (text: string) => text.replace(/\s+/g, "")
const loneAt = (text: string) => text.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/)
/** The part has a lone surrogate only if the whole has one. */
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
  }, { fastCheck: { numRuns: times(100) } })

  it.prop("split no character", [wellFormed, length], ([text, length]) => {
    for (const piece of pieces(text, length, (piece) => weightedLength(piece) <= length)) {
      assert.strictEqual(loneAt(piece), -1, JSON.stringify(piece))
    }
  }, { fastCheck: { numRuns: times(100) } })

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
  }, { fastCheck: { numRuns: times(100) } })

  it("keeps the head, the tail, and the lines with the outcome", () => {
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

describe("errorLines", () => {
  it("are the lines that say what failed, the plainest first when there is no room, in their order and once each", () => {
    const text =
      "Exit code 1\n> pnpm test\n  ValueError: invalid literal\nat x\nFAIL a.test.ts\nFAIL a.test.ts\nall is well"
    assert.strictEqual(errorLines(text, 100), "ValueError: invalid literal\nFAIL a.test.ts")
    assert.strictEqual(errorLines(text, 30), "ValueError: invalid literal")
    assert.strictEqual(errorLines("编译失败：类型不符\n完成", 100), "编译失败：类型不符")
    const test = "--- FAIL: TestClaim (0.31s)\n    pg_test.go:58: event 17 claimed twice\nFAIL"
    assert.strictEqual(
      errorLines(test, 100),
      "--- FAIL: TestClaim (0.31s)\npg_test.go:58: event 17 claimed twice\nFAIL"
    )
    assert.strictEqual(errorLines("\u001b[31merror\u001b[0m: no space left\n━━━━", 100), "error: no space left")
  })

  it("are also those further in below them, without a stack and without the code at a place", () => {
    assert.strictEqual(
      errorLines("OrdersTest > totals FAILED\n    12 rows were left over\n    at Orders.kt:31\n  it took a while", 100),
      "OrdersTest > totals FAILED\n12 rows were left over"
    )
    assert.strictEqual(
      errorLines("PutTest > big files\n    HTTP/1.1 507 Insufficient Storage\nall in all 3", 100),
      "HTTP/1.1 507 Insufficient Storage"
    )
    assert.strictEqual(
      errorLines("main.go:7:2: not checked (lint)\n\treturn nil", 100),
      "main.go:7:2: not checked (lint)"
    )
  })

  it("are the last lines where none says so", () => {
    assert.strictEqual(
      errorLines("one word\ntwo words\nthree words\nfour words", 100),
      "two words\nthree words\nfour words"
    )
    assert.strictEqual(errorLines("--\n12\n", 100), "")
  })

  it.prop("are never longer than asked", [anyText, length], ([text, length]) => {
    assert.isAtMost(errorLines(text, length).length, length)
  }, { fastCheck: { numRuns: times(100) } })

  it("take linear time", () => {
    for (const text of hostile) {
      assert.isBelow(millis(() => errorLines(text, 400)), 1_500, text.slice(0, 20))
      assert.isBelow(millis(() => worstLine(text)), 1_500, text.slice(0, 20))
    }
  }, 60_000)
})

describe("failureStrength", () => {
  it("distinguishes a failure from a mention of one", () => {
    assert.strictEqual(failureStrength("src/a.ts(3,1): error TS2322: Type 'x'"), 3)
    assert.strictEqual(failureStrength("ls: no such file\nbash: No such file or directory"), 2)
    assert.strictEqual(failureStrength("2 tests failed"), 1)
    assert.strictEqual(failureStrength("all is well"), 0)
    assert.strictEqual(failureStrength(""), 0)
  })

  it("finds the line that says it best", () => {
    assert.strictEqual(
      worstLine("2 failed\nTypeError: x is not a function\nfatal: y"),
      "TypeError: x is not a function"
    )
    assert.strictEqual(worstLine("short\nthe longest of them"), "the longest of them")
    for (const remark of ["note: something", "Info: read 3 files", "warning: unused", "ok", "see the manual"]) {
      for (const place of ["a.py:3:", "a.c:3:7:"]) {
        const made = `${place} ${remark}\nmake: *** [all] Error 2`
        assert.strictEqual(worstLine(made), "make: *** [all] Error 2")
        assert.strictEqual(errorLines(made, 100), "make: *** [all] Error 2")
      }
    }
  })
})

describe("gist", () => {
  it.prop("is one line, never longer than asked, of whole characters", [wellFormed, length], ([text, length]) => {
    const short = gist(text, length)
    assert.isAtMost(short.length, length)
    assert.isFalse(/[\r\n]/.test(short))
    assert.strictEqual(loneAt(short), -1, JSON.stringify(short))
    const line = text.replace(/\s+/g, " ").trim()
    if (line.length <= length) assert.strictEqual(short, line)
  }, { fastCheck: { numRuns: times(100) } })

  it("says the beginning", () => {
    assert.strictEqual(gist("  one\n two  ", 80), "one two")
    assert.strictEqual(gist("one two three four", 12), "one two thr…")
    assert.strictEqual(gist("one two three four", 15), "one two three…")
    assert.strictEqual(gist("连接池耗尽了", 4), "连接池…")
  })

  it("takes linear time", () => {
    for (const text of hostile) assert.isBelow(millis(() => gist(text, 80)), 1_000, text.slice(0, 20))
  })
})
