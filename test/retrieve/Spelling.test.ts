import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import { respell, slipsOf, suspectsIn } from "../../src/retrieve/Spelling.ts"
import { times } from "../data.ts"

const letter = FastCheck.constantFrom(..."abcdefghijklmnopqrstuvwxyz")
const word = (minLength: number) => FastCheck.string({ unit: letter, minLength, maxLength: 24 })

/** Returns the questions' words that may be misspelt, where the memory contains none of them. */
const suspects = (text: string) => suspectsIn(text, new Set(Tokenizer.queryLexemes(text))).map(({ typed }) => typed)

describe("a slip", () => {
  it("is one letter too few, too many, another one, or two in the wrong order: it goes both ways", () => {
    FastCheck.assert(
      FastCheck.property(word(8), FastCheck.nat(), FastCheck.nat({ max: 3 }), letter, (word, place, kind, letter) => {
        const at = 1 + place % (word.length - 2)
        const [removed, put] = [[0, letter], [1, ""], [1, letter], [2, word[at + 1]! + word[at]!]][kind] as [
          number,
          string
        ]
        const typed = word.slice(0, at) + put + word.slice(at + removed)
        if (typed === word || typed.length < 8) return
        // What is one too many at the end is left.
        if (typed.slice(0, -1) !== word) assert.include(slipsOf(typed), word, typed)
        assert.notInclude(slipsOf(word), word)
      }),
      { numRuns: times(200) }
    )
  })

  it("replaces no letter of a short word, and takes none from the end: both make other words", () => {
    assert.notInclude(slipsOf("context"), "content")
    assert.notInclude(slipsOf("stripe"), "strip")
    assert.include(slipsOf("postgre"), "postgres")
    assert.include(slipsOf("retrun"), "return")
  })
})

describe("a word that may be misspelt", () => {
  it("is one of Latin letters by itself, neither short nor of everyday talk", () => {
    assert.deepStrictEqual(suspects("webhok of x"), ["webhok"])
    assert.deepStrictEqual(suspects("查一下 webhok 的超时"), ["webhok"])
    for (
      const text of [
        "the pool",
        "webhok_url",
        "src/webhok",
        "webhok.ts",
        "http://webhok",
        "perhaps",
        "缓存失笑",
        "wébhok",
        "webhok2"
      ]
    ) {
      assert.deepStrictEqual(suspects(text), [], text)
    }
    assert.deepStrictEqual(suspects("Is it the webhok."), ["webhok"])
  })

  it("is taken for the one that most memories contain, wherever it stands", () => {
    const text = "Contian the contian"
    const units = new Map([["contain", 2], ["contin", 5]])
    assert.deepStrictEqual(
      respell(text, suspectsIn(text, new Set(Tokenizer.queryLexemes(text))), (lexeme) => units.get(lexeme) ?? 0),
      {
        text: "contin the contin",
        words: [{ typed: "Contian", instead: "contin" }, { typed: "contian", instead: "contin" }]
      }
    )
    assert.isUndefined(respell(text, suspectsIn(text, new Set(["contian"])), () => 0))
  })

  it("is looked for in any text without an error, and nothing but it is replaced", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.string({ unit: FastCheck.constantFrom(..."webhok的 ./_-1\n"), maxLength: 60 }),
        (text) => {
          const found = respell(text, suspectsIn(text, new Set(Tokenizer.queryLexemes(text))), () => 1)
          if (found === undefined) return
          assert.notStrictEqual(found.text, text)
          assert.strictEqual(found.text.replace(/[a-z]+/g, ""), text.replace(/[a-z]+/g, ""))
        }
      ),
      { numRuns: times(200) }
    )
  })
})
