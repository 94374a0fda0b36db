import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { MAX_CONTENT_LENGTH, MAX_CONTENT_TOKENS, weightedLength } from "../../src/domain/MemoryUnit.ts"
import { foldersFor, type Note, unitsOf } from "../../src/domain/Notes.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import { slow } from "../data.ts"
import { anyText, millis } from "../texts.ts"

const note = (text: string, name = "MEMORY.md"): Note => ({ path: `/notes/${name}`, name, text, modifiedAt: 7 })
const unitsAsText = (...notes: ReadonlyArray<Note>) =>
  unitsOf(notes, "/notes", "p", 9).map(({ content, title }) => `${title} | ${content}`)

describe("notes", () => {
  it("are a memory for each section, called by the headings that lead to it", () => {
    assert.deepStrictEqual(
      unitsAsText(
        note(
          "# Build\n\n- use make\n\n## Windows ##\n\nuse nmake\n\n```sh\n# no heading\n```\n\n# Empty\n\n# Deploy\nby hand"
        )
      ),
      [
        "MEMORY: Build | - use make",
        "MEMORY: Build: Windows | use nmake\n\n```sh\n# no heading\n```",
        "MEMORY: Deploy | by hand"
      ]
    )
    assert.deepStrictEqual(unitsAsText(note("# MEMORY\n\nuse make")), ["MEMORY | use make"])
    const [unit] = unitsOf([note("- [Rates](rates.md) — where they come from")], "/notes", "p", 9)
    assert.deepInclude(unit, {
      origin: "/notes",
      projectId: "p",
      type: "documentation",
      files: ["/notes/MEMORY.md"],
      occurredAt: 7,
      createdAt: 9,
      tokens: Tokens.estimate(unit!.content)
    })
  })

  it("of one fact are called by its name, and begin with what it is about", () => {
    assert.deepStrictEqual(
      unitsAsText(note(
        "---\r\nname: \"Exchange rates\"\r\ndescription: Where rates come from\r\nmetadata:\r\n  type: project\r\n---\r\nFrom the bank, daily.",
        "rates.md"
      )),
      ["Exchange rates | Where rates come from\n\nFrom the bank, daily."]
    )
    assert.deepStrictEqual(unitsAsText(note("---\nnot closed", "odd.md")), ["odd | ---\nnot closed"])
  })

  it("say the same twice only once, and have ids by what they say", () => {
    const ids = (text: string) => unitsOf([note(text)], "/notes", "p", 9).map(({ id }) => id)
    assert.strictEqual(ids("# A\nsame words\n# A\nsame words").length, 1)
    assert.deepStrictEqual(ids("# A\none\n# B\ntwo").slice(1), ids("# Changed\nthree\n# B\ntwo").slice(1))
  })

  const word = /[\p{L}\p{N}]/u
  it.prop("of any text fit a memory, and lose no character of a line that is no heading", [anyText], ([text]) => {
    const units = unitsOf([note(text)], "/notes", "p", 9)
    for (const { content, title, tokens } of units) {
      assert.isAtMost(weightedLength(content), MAX_CONTENT_LENGTH)
      assert.isAtMost(tokens, MAX_CONTENT_TOKENS)
      assert.isTrue(word.test(content))
      assert.isAtMost(title.length, 200)
    }
    assert.strictEqual(new Set(units.map(({ id }) => id)).size, units.length)
    const held = units.map(({ content, title }) => content + title).join(" ")
    for (const character of text) if (word.test(character)) assert.include(held, character)
    assert.deepStrictEqual(unitsOf([note(text)], "/notes", "p", 9), units)
  })

  slow(it)("of long lines and many take linear time", () => {
    const taken = millis(() => {
      unitsOf([note("数据".repeat(20_000)), note(`${"- a word\n".repeat(7_000)}`, "b.md")], "/notes", "p", 9)
      unitsOf([note("#".repeat(60_000)), note("---\n".repeat(15_000), "b.md")], "/notes", "p", 9)
    })
    assert.isBelow(taken, 5_000)
  })

  it.effect("lie beside the transcript, or under the name of the project's root", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* foldersFor("/home/mei/.claude/projects/-nowhere-shop-web/s1.jsonl", "/nowhere/shop_数 1"),
        [
          "/home/mei/.claude/projects/-nowhere-shop---1/memory",
          "/home/mei/.claude/projects/-nowhere-shop-web/memory"
        ]
      )
      const cut = "/home/mei/.claude/projects/-nowhere-a-1x2y3z"
      assert.deepStrictEqual(yield* foldersFor(`${cut}/s1.jsonl`, `/nowhere/${"a".repeat(250)}`), [`${cut}/memory`])
    }).pipe(Effect.provide(NodeContext.layer)))
})
