import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { matchesIn } from "../../src/domain/Matches.ts"
import { anyText } from "../texts.ts"

const PATTERNS = [/a|b+/g, /\b/g, /(?<=a)x*/g, /x*/gu, /\p{L}+|$/gu, /(\d)?\s/g, /^/gm]

const plain = (matches: Iterable<RegExpExecArray>) => Array.from(matches, (match) => ({ ...match }))

describe("the matches of an expression", () => {
  it.prop(
    "are those of String.matchAll",
    [
      FastCheck.oneof(anyText, FastCheck.string({ unit: FastCheck.constantFrom(..."abx1 \n😀\ud83d"), maxLength: 20 })),
      FastCheck.constantFrom(...PATTERNS)
    ],
    ([text, pattern]) => assert.deepStrictEqual(plain(matchesIn(text, pattern)), plain(text.matchAll(pattern)))
  )

  it("are all found where the same expression is used meanwhile, and where an earlier use broke off", () => {
    const word = /\w+/g
    for (const [first] of matchesIn("one two", word)) {
      assert.strictEqual(first, "one")
      break
    }
    const found = Array.from(
      matchesIn("ab cd", word),
      ([outer]) => Array.from(matchesIn(`${outer} x`, word), ([inner]) => `${outer}${word.test(inner)}`)
    )
    assert.deepStrictEqual(found, [["abtrue", "abtrue"], ["cdtrue", "cdtrue"]])
  })
})
