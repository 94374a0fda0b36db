import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { lettersOf, withoutRepeats } from "../../src/inject/Repeats.ts"

const POOL = "The pool keeps 20 connections since the importer needs them."

describe("what two items of a text say", () => {
  it("is told once, whatever the case, the blanks, the punctuation and the Markdown", () => {
    assert.deepStrictEqual(
      withoutRepeats([
        `Why: it blocked. ${POOL}`,
        "User: why so many?\n- **the pool** keeps `20` connections,  since the importer needs them\nIt was 5 before, which was too few."
      ]),
      [`Why: it blocked. ${POOL}`, "User: why so many?\n…\nIt was 5 before, which was too few."]
    )
    assert.deepStrictEqual(
      withoutRepeats(["连接池保留二十个连接，因为导入需要它们。", "连接池保留二十个连接,因为导入需要它们"]),
      [
        "连接池保留二十个连接，因为导入需要它们。",
        undefined
      ]
    )
  })

  it("is told by the longer sentence where one contains the other, and chains are told once", () => {
    const longer = "As decided in May, the pool keeps 20 connections since the importer needs them, on every host."
    assert.deepStrictEqual(withoutRepeats([`${POOL} It was five before, which was too few.`, longer, POOL]), [
      "… It was five before, which was too few.",
      longer,
      undefined
    ])
  })

  it("leaves no label of somebody who says nothing else", () => {
    assert.deepStrictEqual(
      withoutRepeats([POOL, `User: why so many?\nClaude: ${POOL}`, `User: ${POOL}\nClaude: It was 5 before.\n`]),
      [POOL, "User: why so many?", "Claude: It was 5 before.\n"]
    )
  })

  it("leaves no line that introduces nothing but what is told elsewhere", () => {
    const said = (introduction: string) => `Claude: It was 5 before.\n${introduction}\n- ${POOL}`
    for (const introduction of ["The key difference:", "**Why:**", "  原因在于："]) {
      assert.deepStrictEqual(withoutRepeats([POOL, `${said(introduction)}\nIt stays.`, said(introduction)]), [
        POOL,
        "Claude: It was 5 before.\n…\nIt stays.",
        "Claude: It was 5 before.\n…"
      ])
    }
    assert.deepStrictEqual(withoutRepeats([POOL, `User: why?\nClaude: ${POOL}\nThe difference:\n- ${POOL}`]), [
      POOL,
      "User: why?"
    ])
    assert.deepStrictEqual(withoutRepeats([POOL, `${said("Why:")} It is full.`]), [
      POOL,
      "Claude: It was 5 before.\nWhy:\n… It is full."
    ])
  })

  it("leaves the label of somebody who says more in the lines below", () => {
    const said =
      `User: Let me ask the team first.\nClaude proposed: ${POOL}\nDelete the Redis container from production.`
    assert.deepStrictEqual(withoutRepeats([POOL, said]), [
      POOL,
      "User: Let me ask the team first.\nClaude proposed: …\nDelete the Redis container from production."
    ])
  })

  it("stays where it is short, in code, or twice in one item", () => {
    const code = "Set it so:\n```ts\nconst pool = makeTheConnectionPool({ connections: 20 })\n```"
    for (const texts of [["All tests pass.", "All tests pass."], [code, code], [`${POOL} ${POOL}`], []]) {
      assert.deepStrictEqual(withoutRepeats(texts), texts)
    }
  })
})

describe("the letters of a text", () => {
  it("are those that Unicode calls letters and numbers, in lower case", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(FastCheck.string({ unit: "binary" }), FastCheck.string()),
        (text) => assert.strictEqual(lettersOf(text), text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ""))
      )
    )
    for (let code = 0; code < 0xd800; code++) {
      const character = String.fromCharCode(code)
      assert.strictEqual(lettersOf(character), character.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ""), character)
    }
  })
})
