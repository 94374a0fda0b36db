import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { blocksOf, partsOf, runsOf } from "../../src/web/parts/Markdown.ts"
import { times } from "../data.ts"
import { millis } from "../texts.ts"

/** Shows a text with the tags that its runs stand for. */
const shown = (text: string) =>
  runsOf(text).map(({ from, isCode, isStressed, isStrong, to }) => {
    const inner = text.slice(from, to)
    const code = isCode ? `<c>${inner}</c>` : inner
    const em = isStressed ? `<i>${code}</i>` : code
    return isStrong ? `<b>${em}</b>` : em
  }).join("")

describe("runs", () => {
  const TABLE: ReadonlyArray<readonly [text: string, shown: string]> = [
    ["the *art* of `git rebase`", "the <i>art</i> of <c>git rebase</c>"],
    ["**Cause: `x` is *not* y.** Then", "<b>Cause: </b><b><c>x</c></b><b> is </b><b><i>not</i></b><b> y.</b> Then"],
    ["**`sub`**: (**two**), “**three**”.", "<b><c>sub</c></b>: (<b>two</b>), “<b>three</b>”."],
    ["这是**重点**，*强调*的", "这是<b>重点</b>，<i>强调</i>的"],
    ["## Fix it\n# And this\nClaude: ## Or this", "Fix it\nAnd this\nClaude: Or this"],
    ["``a ` b``", "<c>a ` b</c>"],
    ["`**/*.ts` and `*a*`", "<c>**/*.ts</c> and <c>*a*</c>"]
  ]
  it.each(TABLE)("%s", (text, expected) => assert.strictEqual(shown(text), expected))

  /** What looks a little like Markdown, and is none. */
  const PLAIN = [
    "\"!**/node_modules/**/*\"",
    "src/**/*.ts, lib/**/*.js",
    "**/*.ts and **/*.js",
    "*.ts, *.js",
    "rm *.o *.a",
    "2 * 3 * 4, 2*3*4, x**2 + y**2",
    "f(*args, **kwargs) and g(*args, **kwargs)",
    "char *a, *b; int **p, **q;",
    "(*p)->x = (*q)->y",
    "SELECT count(*), sum(*) FROM t",
    "/* a comment */ and /** another **/",
    "a ** b ** c",
    "* one",
    "__init__ and snake_case_name and _x_",
    "#include <stdio.h>\n#!/bin/sh\n#17",
    "a ` lonely backtick",
    "**not closed",
    "not opened**",
    "**/a/**, *, **"
  ]
  it.each(PLAIN)("leave as it is: %s", (text) => assert.strictEqual(shown(text), text))

  const anyMarkdown = FastCheck.array(
    FastCheck.oneof(
      FastCheck.constantFrom("*", "**", "`", "``", "#", "# ", "/", ".", " ", "\n", "(", ")", "重点", "a", "word", "- "),
      FastCheck.string({ unit: "binary", maxLength: 3 })
    ),
    { maxLength: 40 }
  ).map((parts) => parts.join(""))

  it.prop(
    "show all of a text but the marks, in its order",
    [anyMarkdown],
    ([text]) => {
      let end = 0
      for (const { from, to } of [...runsOf(text), { from: text.length, to: text.length }]) {
        assert.isAtLeast(from, end)
        assert.match(text.slice(end, from), /^(?:\*{1,2}|`+| {0,3}#{1,6} +)*$/)
        end = to
      }
      // Of a mark that opens, one closes: what is left out is even, but for headings.
      const left = runsOf(text).map(({ from, to }) => text.slice(from, to)).join("")
      const count = (of: string) => (of.match(/[*`]/g) ?? []).length
      assert.strictEqual((count(text) - count(left)) % 2, 0)
    },
    { fastCheck: { numRuns: times(500) } }
  )

  it.prop(
    "show code to the letter",
    [anyMarkdown.map((text) => text.replace(/[`\n]/g, "")).filter((text) => text !== "")],
    ([code]) =>
      assert.deepStrictEqual(runsOf(`\`${code}\``).map(({ from, isCode, to }) => [from, to, isCode]), [
        [1, 1 + code.length, true]
      ]),
    { fastCheck: { numRuns: times(200) } }
  )

  it.prop(
    "leave a text without asterisks, backticks and headings as it is",
    [anyMarkdown.map((text) => text.replace(/[*`#]/g, ""))],
    ([text]) => assert.strictEqual(shown(text), text),
    { fastCheck: { numRuns: times(200) } }
  )

  it("take a long text of marks in no time", () => {
    for (const part of ["*a ", "**a ", "`a ", "``` a` ", "*", "**a* "]) {
      assert.isBelow(millis(() => runsOf(part.repeat(4_000))), 1_000, part)
    }
  })
})

describe("blocks", () => {
  const labelOf = (line: string) => /^(?:User|Claude): /.exec(line)?.[0]

  it("are paragraphs, headings, items and fenced lines, with their labels", () => {
    const text =
      "User: why?\nand how?\nClaude: ## Because\n- one\n  of two\n  1. deep\nText.\n```ts\nconst a = \"*x*\"\n\n# no\n```\nEnd"
    assert.deepStrictEqual(blocksOf(text, labelOf).map(({ kind, label, mark, text }) => [kind, label, mark, text]), [
      ["text", "User: ", "", "why?\nand how?"],
      ["heading", "Claude: ", "## ", "Because"],
      ["item", undefined, "- ", "one\n  of two"],
      ["item", undefined, "  1. ", "deep"],
      ["text", undefined, "", "Text."],
      ["code", undefined, "\n", "const a = \"*x*\"\n\n# no"],
      ["text", undefined, "", "End"]
    ])
  })

  const line = FastCheck.oneof(
    FastCheck.constantFrom(
      "",
      "- a",
      "* b",
      "1. c",
      "  - d",
      "## e",
      "#f",
      "User: g",
      "Claude: - h",
      "  i",
      "`j`",
      "***"
    ),
    FastCheck.string({ maxLength: 6 })
  )
  it.prop(
    "hold every line of a text without fences, but blank ones",
    [FastCheck.array(line, { maxLength: 12 }).map((lines) => lines.filter((each) => !/^\s*(?:```|~~~)/.test(each)))],
    ([lines]) => {
      const held = blocksOf(lines.join("\n"), labelOf).map(({ label = "", mark, text }) => label + mark + text)
      assert.strictEqual(held.join("\n"), lines.filter((each) => each.trim() !== "").join("\n"))
    },
    { fastCheck: { numRuns: times(300) } }
  )

  it.prop(
    "hold what is in a fence to the letter",
    [FastCheck.array(line, { maxLength: 6 }).map((lines) => lines.filter((each) => !/^\s*(?:```|~~~)/.test(each)))],
    ([lines]) =>
      assert.deepStrictEqual(
        blocksOf(`\`\`\`\n${lines.join("\n")}\n\`\`\``).map(({ text }) => text),
        [lines.join("\n")]
      ),
    { fastCheck: { numRuns: times(200) } }
  )
})

describe("parts of an excerpt's line", () => {
  const shownOf = (line: string) => {
    const { between, parts } = partsOf(line)
    return parts.map(({ from, to }) => line.slice(from, to)).join(between)
  }
  const TABLE: ReadonlyArray<readonly [line: string, shown: string]> = [
    ["```bash…", ""],
    ["… ```", ""],
    ["~~~", ""],
    ["| --- | :-: |", ""],
    ["---", ""],
    ["| name | what it does |", "name · what it does"],
    ["… does | 17 | yes |", "… does · 17 · yes"],
    ["| name | what it…", "name · what it…"],
    ["… ## Next steps", "… Next steps"],
    ["Then **fix it…", "Then fix it…"],
    ["… the cause** is **this** one", "… the cause is **this** one"],
    ["… the `a**` cause** is", "… the `a**` cause is"]
  ]
  it.each(TABLE)("%s", (line, expected) => assert.strictEqual(shownOf(line), expected))

  it.each([
    "cat a.txt | grep b | wc -l",
    "if (a || b ||",
    "f(*args, **kwargs)…",
    "… src/**/*.ts and lib/**",
    "-- a comment of SQL",
    "**not closed, and not cut",
    "#17 is open",
    "## A heading, whose marks its runs leave out",
    ""
  ])("leave as it is: %s", (line) => assert.strictEqual(shownOf(line), line))

  it.prop(
    "are in their order, within the line",
    [
      FastCheck.array(FastCheck.constantFrom("|", "**", "… ", "…", "# ", "a", " ", "`", "-", "/")).map((all) =>
        all.join("")
      )
    ],
    ([line]) => {
      let end = 0
      for (const { from, to } of partsOf(line).parts) {
        assert.isAtLeast(from, end)
        assert.isAbove(to, from)
        end = to
      }
      assert.isAtMost(end, line.length)
    },
    { fastCheck: { numRuns: times(200) } }
  )
})
