import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { excerpt } from "../../src/inject/Excerpt.ts"
import { unit } from "../contract/made.ts"
import { times } from "../data.ts"
import { anyText, millis } from "../texts.ts"

const of = (content: string) => ({ ...unit("u", { content }), tokens: Tokens.estimate(content) })
const asking = (prompt: string) => new Set(Tokenizer.queryLexemes(prompt))
const excerptOf = (content: string, prompt: string, tokens: number) => excerpt(of(content), asking(prompt), tokens)

const fillers = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `nothing of it in ${name}${i}x, only other words`)

describe("an excerpt", () => {
  it("is all of an item that has room", () => {
    const long = fillers("n", 20).join("\n")
    assert.strictEqual(excerptOf(long, "unrelated", Tokens.estimate(long)), long)
    assert.notStrictEqual(excerptOf(long, "unrelated", Tokens.estimate(long) - 1), long)
  })

  it("keeps the lines that hold the prompt's words and those beside them, in order, and marks what is left out", () => {
    const content = [
      "Beginning of it",
      ...fillers("a", 12),
      "the pool was exhausted",
      "because of a leak",
      ...fillers("b", 12),
      "so the pool's limit is 20",
      ...fillers("c", 12)
    ].join("\n")
    const lines = excerptOf(content, "pool limit?", 60).split("\n")
    const at = (line: string) => lines.indexOf(line)
    assert.isAtLeast(at("the pool was exhausted"), 0)
    assert.isAbove(at("so the pool's limit is 20"), at("the pool was exhausted"))
    // Lines keep their order, with one mark for each stretch that is left out.
    const source = content.split("\n")
    const places = lines.filter((line) => line !== "…").map((line) => source.indexOf(line))
    assert.deepStrictEqual(places, [...places].sort((a, b) => a - b))
    lines.forEach((line, i) => {
      if (line === "…") assert.notStrictEqual(lines[i + 1], "…")
      else if (i > 0 && lines[i - 1] !== "…") {
        assert.strictEqual(source.indexOf(line), source.indexOf(lines[i - 1]!) + 1)
      }
    })
    assert.strictEqual(lines[0] === source[0] || lines[0] === "…", true)
    assert.strictEqual(lines.at(-1), "…")
  })

  it("takes the beginning of the item when its lines are equally good", () => {
    const content = fillers("a", 40).join("\n")
    const lines = excerptOf(content, "unrelated", 60).split("\n")
    assert.strictEqual(lines[0], content.split("\n")[0])
  })

  it("takes a long line apart after its sentences", () => {
    const paragraph = [...fillers("a", 30), "The pool's limit is 20.", ...fillers("b", 30)].map((s) =>
      s.replace(/[^.]$/, "$&.")
    ).join(" ")
    const words = excerptOf(paragraph, "pool limit?", 60)
    assert.include(words, "The pool's limit is 20.")
    assert.isTrue(words.startsWith("…\n") || words.startsWith("nothing of it in a0x"))
    const chinese = `${"这里没有什么。".repeat(40)}数据库连接池的上限是二十。${"其他的话也没有。".repeat(40)}`
    assert.include(excerptOf(chinese, "连接池上限", 80), "数据库连接池的上限是二十。")
  })

  it("is the beginning of a line that does not fit", () => {
    const line = "pool ".repeat(600)
    const words = excerptOf(line, "pool", 60)
    assert.match(words, /^(pool ){20,}…$/)
    assert.isAtMost(Tokens.estimate(words), 60)
  })

  it("takes the beginning of the best line before shorter ones that say nothing", () => {
    const content = [...fillers("a", 20), `pool limit ${"is 20 and ".repeat(100)}`, ...fillers("b", 20)].join("\n")
    const words = excerptOf(content, "pool limit", 120)
    assert.match(words, /\npool limit is 20 and .* …\n/)
    assert.isAtMost(Tokens.estimate(words), 120)
  })

  it("leaves nothing of a line of blanks", () => {
    assert.strictEqual(excerptOf(`${"\ufeff".repeat(12)}\nword …👩‍👩‍👧`, "", 20).split("\n")[0], "…")
  })

  it.prop(
    "is within its tokens, and made of the item's words only",
    [
      FastCheck.array(anyText, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("\n")),
      FastCheck.oneof(anyText, FastCheck.constantFrom("word snake_case", "数据平台")),
      FastCheck.integer({ min: 20, max: 200 })
    ],
    ([content, prompt, tokens]) => {
      const words = excerptOf(content, prompt, tokens)
      if (words === content) return
      assert.isAtMost(Tokens.estimate(words), tokens)
      assert.include(words, "…")
      let at = 0
      for (const line of words.split("\n")) {
        if (line === "…") continue
        const part = line.endsWith(" …") && !content.includes(line) ? line.slice(0, -2) : line
        const found = content.indexOf(part, at)
        assert.isAtLeast(found, 0, part)
        at = found + part.length
      }
    },
    { fastCheck: { numRuns: times(60) } }
  )

  it("takes little time of the longest content, whatever it is", () => {
    for (const piece of ["\n", "a\n", "needle. ", "。", "! ", "a. b! c? "]) {
      const unit = { ...of(piece.repeat(Math.ceil(1_320 / piece.length))), tokens: 400 }
      assert.isBelow(millis(() => excerpt(unit, asking("needle"), 120)), 500, JSON.stringify(piece))
    }
  })
})
