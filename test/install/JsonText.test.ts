/**
 * Edits of JSON texts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { find, parse, positionOf, remove, set, valueOf } from "../../src/install/JsonText.ts"
import { times } from "../data.ts"
import { anyText } from "../texts.ts"
import { render, settings, style, text } from "./jsons.ts"

const json = (text: string) => Either.getOrThrow(parse(text))

describe("parse", () => {
  it.each([
    ["{\"a\": 1,\n}", 2, 1, /property name/],
    ["{\n  // why\n}", 2, 3, /comment/],
    ["{\r\n\t\"a\" 1}", 2, 6, /colon/],
    ["[1,", 1, 4, /value/],
    ["{'a': 1}", 1, 2, /symbol/],
    ["{\"a\": \"\u0001\"}", 1, 7, /character/],
    ["", 1, 1, /value/],
    ["[".repeat(100_000), 1, 1, /not JSON/]
  ])("says where %j is none", (text, line, column, detail) => {
    const flaw = Either.getOrThrow(Either.flip(parse(text)))
    assert.match(flaw.detail, detail)
    assert.deepStrictEqual(positionOf(text, flaw.offset), { line, column })
  })

  it.prop(
    "takes what JSON.parse takes, and nothing else",
    [FastCheck.oneof(anyText, text, FastCheck.json())],
    ([text]) => {
      const expected = Either.try((): unknown => JSON.parse(text))
      const found = Either.map(parse(text), ({ root }) => valueOf(root))
      assert.strictEqual(Either.isRight(found), Either.isRight(expected))
      if (Either.isRight(found) && Either.isRight(expected)) {
        assert.deepStrictEqual(JSON.parse(JSON.stringify(found.right)), JSON.parse(JSON.stringify(expected.right)))
      }
    },
    { fastCheck: { numRuns: times(25) } }
  )
})

describe("set and remove", () => {
  const NAME = "claude-memory"

  it.prop(
    "add to any object what the text then says, and leave the rest of it as it was",
    [settings, style],
    ([value, style]) => {
      const before = style.margin + render(value, style) + style.end
      const added = { type: "stdio", args: ["/a b/记忆.js", 1], nothing: {}, none: [] }
      const after = set(json(before), ["z", NAME], added)
      assert.deepStrictEqual(JSON.parse(after.text), { ...value, z: { [NAME]: added } })
      assert.deepStrictEqual(Object.keys(JSON.parse(after.text)).at(-1), "z")
      assert.strictEqual(remove(after, ["z"]).text, before)
    },
    { fastCheck: { numRuns: times(25) } }
  )

  it.prop(
    "of a list do the same",
    [FastCheck.array(FastCheck.jsonValue(), { maxLength: 3 }), style],
    ([list, style]) => {
      const before = render({ list }, style)
      const after = set(json(before), ["list", list.length], { hooks: [] })
      assert.deepStrictEqual(JSON.parse(after.text), JSON.parse(render({ list: [...list, { hooks: [] }] }, style)))
      assert.strictEqual(remove(after, ["list", list.length]).text, before)
    },
    { fastCheck: { numRuns: times(25) } }
  )

  it("write as the rest is written", () => {
    const added = { type: "command", args: ["x"] }
    assert.strictEqual(
      set(json("{\r\n\t\"a\": {\r\n\t\t\"b\": 1\r\n\t}\r\n}"), ["a", "c"], added).text,
      "{\r\n\t\"a\": {\r\n\t\t\"b\": 1,\r\n\t\t\"c\": {\r\n\t\t\t\"type\": \"command\",\r\n\t\t\t\"args\": [\r\n\t\t\t\t\"x\"\r\n\t\t\t]\r\n\t\t}\r\n\t}\r\n}"
    )
    assert.strictEqual(
      set(json("{\"a\":[1,2]}"), ["a", 2], added).text,
      "{\"a\":[1,2,{\"type\":\"command\",\"args\":[\"x\"]}]}"
    )
    assert.strictEqual(set(json("{\"a\": {}}"), ["a", "b"], [1, 2]).text, "{\"a\": {\"b\": [1, 2]}}")
    assert.strictEqual(set(json("{}"), ["a"], [1]).text, "{\n  \"a\": [\n    1\n  ]\n}")
    assert.strictEqual(set(json("{\n  \"a\": {}\n}\n"), ["a", "b"], 1).text, "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n")
    assert.strictEqual(set(json("{\n  \"a\": [\n    1\n  ]\n}\n"), ["a"], [2]).text, "{\n  \"a\": [\n    2\n  ]\n}\n")
  })

  it("take the last of two properties of one name, as JSON.parse does", () => {
    const twice = json("{\"a\": 1, \"a\": [2]}")
    assert.deepStrictEqual(valueOf(find(twice, ["a"])!), [2])
    assert.strictEqual(set(twice, ["a", 1], 3).text, "{\"a\": 1, \"a\": [2, 3]}")
  })

  it("remove the first, a middle and the only one with its comma", () => {
    assert.strictEqual(remove(json("{\"a\": 1, \"b\": 2}"), ["a"]).text, "{\"b\": 2}")
    assert.strictEqual(remove(json("[1, 2, 3]"), [1]).text, "[1, 3]")
    assert.strictEqual(remove(json("{\n  \"a\": 1\n}"), ["a"]).text, "{}")
  })
})
