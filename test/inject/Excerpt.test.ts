import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Tokens from "../../src/domain/Tokens.ts"
import { excerpt } from "../../src/inject/Excerpt.ts"
import { byLexeme, termsOf } from "../../src/retrieve/Terms.ts"
import { unit } from "../contract/made.ts"
import { times } from "../data.ts"
import { anyText, millis } from "../texts.ts"

const of = (content: string) => ({ ...unit("u", { content }), tokens: Tokens.estimate(content) })
const asking = (prompt: string) => byLexeme(termsOf(prompt).map((term) => ({ ...term, bits: 5 })))
const excerptOf = (content: string, prompt: string, tokens: number) => excerpt(of(content), asking(prompt), tokens)

const fillers = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `nothing of it in ${name}${i}x, only other words`)

describe("an excerpt", () => {
  it("is all of an item that has room", () => {
    const long = fillers("n", 20).join("\n")
    assert.strictEqual(excerptOf(long, "unrelated", Tokens.estimate(long)), long)
    assert.notStrictEqual(excerptOf(long, "unrelated", Tokens.estimate(long) - 1), long)
  })

  it("is the run of sentences that holds most of the prompt's words, and marks what is left out on each side", () => {
    const content = [
      ...fillers("a", 12),
      "the limit is set elsewhere",
      ...fillers("b", 12),
      "the pool was exhausted because of a leak",
      "so the limit is 20",
      ...fillers("c", 12)
    ].join("\n")
    const words = excerptOf(content, "pool limit?", 60)
    assert.include(words, "the pool was exhausted because of a leak\nso the limit is 20")
    assert.isTrue(words.startsWith("… ") && words.endsWith(" …"))
    assert.include(content, words.slice(2, -2))
    assert.strictEqual(words.match(/…/g)?.length, 2)
  })

  it("prefers what came of a session to what else was asked in it", () => {
    const content = [
      "Aim: tidy the exports",
      ...Array.from({ length: 6 }, (_, i) => `Also asked: does the ledger round the totals of export ${i}?`),
      `Outcome: ${fillers("a", 3).join("\n")}`,
      "the ledger rounds half to even, in `Money.round`",
      ...fillers("b", 6)
    ].join("\n")
    const words = excerptOf(content, "does the ledger round totals?", 60)
    assert.include(words, "the ledger rounds half to even")
    assert.notInclude(words, "Also asked")
  })

  it("begins with Claude's answer where what a person pasted before it takes most of the room", () => {
    const pasted = Array.from(
      { length: 8 },
      (_, i) => `${i}. The pool has a limit of 20, the review says in its part ${i}.`
    )
    const answer =
      "Claude: The limit stays at 20. The review is wrong about that, since the nightly report opens one client for each query that it makes."
    const content = `Claude had said: done.\nUser: the review:\n${pasted.join("\n")}\n${answer}`
    const cut = (kind: "text" | "tool_use", asked = content) => {
      const from = asked.indexOf("3. The pool")
      const passages = from < 0 ? [] : [{ uuid: "m", kind, from, to: from + 10 }]
      return excerpt({ ...of(asked), passages }, asking("pool limit review?"), 120)
    }
    assert.strictEqual(cut("text"), `… ${answer}`)
    // What Claude gave a tool, and what a person typed in a few lines, is part of what is looked at.
    assert.include(cut("tool_use"), "the review says")
    assert.include(
      cut("text", content.replaceAll("part 1.\n", "part 1. ").replace(/\n(?=[2-7]\.)/g, " ")),
      "the review says"
    )
  })

  it("ends neither with the bold number of an item that is left out nor with what introduces one", () => {
    const long = "only other words ".repeat(30)
    for (
      const next of [`**3. ${long}`, `**What differs here:**\n${long}`, `差别在于：\n${long}`, `Why:\n  …\n${long}`]
    ) {
      const content = `${fillers("a", 12).join("\n")}\nThe pool waits for its limit, which is 20 connections.\n${next}`
      const words = excerptOf(content, "pool limit", 24)
      assert.match(words, /^… (?:.*\n)*The pool waits for its limit, which is 20 connections\. …$/)
    }
  })

  it("takes no sentence's end for one within code", () => {
    const content = [...fillers("a", 12), "Since `fix: true. ` is set, the rule took it away.", ...fillers("b", 12)]
      .join("\n")
    assert.include(excerptOf(content, "fix rule", 24), "Since `fix: true. ` is set, the rule took it away.")
  })

  it("prefers the word of more bits, and of equal runs the longest", () => {
    const content = ["common common2", ...fillers("a", 12), "rare", ...fillers("b", 12)].join("\n")
    const bits = [["common", 1], ["common2", 1], ["rare", 3]] as const
    const words = excerpt(of(content), new Map(bits.map(([lexeme, bits]) => [lexeme, { lexeme, bits }])), 40)
    assert.include(words, "rare")
    assert.notInclude(words, "common")
    assert.isAbove(Tokens.estimate(words), 25)
  })

  it("prefers, of runs that hold the same words, the one that names files, numbers or code", () => {
    const content = [
      "The pool was the subject of much talk.",
      "Nothing came of that talk at all.",
      ...Array.from({ length: 12 }, () => "Other words stand here, and they are many."),
      "We looked at the pool.",
      "It opens in src/pool.ts.",
      ...Array.from({ length: 12 }, () => "Other words stand here, and they are many.")
    ].join("\n")
    assert.include(excerptOf(content, "pool?", 40), "src/pool.ts")
    // But a word of the prompt says more than many names.
    assert.include(excerptOf(`${content}\nThe limit of the pool.`, "pool limit?", 40), "limit")
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
    assert.match(words, /^… \S.*\. …$/)
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
    assert.match(words, /^… pool limit is 20 and .* …$/)
    assert.isAtMost(Tokens.estimate(words), 120)
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
      const run = words.replace(/^… /, "").replace(/ ?…$/, "")
      assert.include(content, run)
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
