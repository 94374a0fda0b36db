import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { format, parse } from "../../src/cli/EditorText.ts"
import { UnitType } from "../../src/domain/MemoryUnit.ts"

const line = FastCheck.string().map((text) => text.replace(/\s+/g, " ").trim())

describe("a memory in an editor", () => {
  it.prop(
    "is read as it was written, whatever it says",
    {
      title: line,
      type: FastCheck.constantFrom(...UnitType.literals),
      content: FastCheck.array(line, { maxLength: 6 }).map((lines) => lines.join("\n").trim())
    },
    (unit) => {
      assert.deepStrictEqual(parse(format(unit)), Either.right(unit))
      assert.deepStrictEqual(parse(`\ufeff${format(unit).replaceAll("\n", "\r\n")}`), Either.right(unit))
    }
  )

  it("is refused when the lines at the top are not there, or are others", () => {
    for (
      const [text, error] of [
        ["title: A\n\nB", /"type: …" is missing/],
        ["type: decision\n\nB", /"title: …" is missing/],
        ["The lines are gone.", /neither a title nor a type/],
        ["title: A\ntype: decision\nB", /^"B" is neither/],
        ["", /"title: …" is missing/]
      ] as const
    ) assert.match(Either.getOrThrow(Either.flip(parse(text))), error)
  })

  it("may have no content, and any blank lines", () => {
    assert.deepStrictEqual(
      parse("title: A\ntype: archive"),
      Either.right({ title: "A", type: "archive", content: "" })
    )
    assert.deepStrictEqual(
      parse("# advice\ntitle:A\ntype:  decision \n  \n\nB\n\n# C\n"),
      Either.right({ title: "A", type: "decision", content: "B\n\n# C" })
    )
  })
})
