import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { memoizedByWord } from "../../src/domain/Memoized.ts"
import { times } from "../data.ts"

describe("a function that is memoized by words", () => {
  it.prop("gives what it gives of each word, long or short, again or anew", {
    words: FastCheck.array(FastCheck.string({ unit: "binary", maxLength: 40 }), { maxLength: 40 })
  }, ({ words }) => {
    const made: Array<string> = []
    const lengthOf = memoizedByWord(
      (word) => {
        made.push(word)
        return [word.length, word]
      },
      24,
      8
    )
    for (const word of [...words, ...words]) assert.deepStrictEqual(lengthOf(word), [word.length, word])
    // A word that is kept is asked about once, as long as there are few.
    const few = new Set(words.slice(0, 8).filter(({ length }) => length <= 24))
    made.length = 0
    const again = memoizedByWord((word) => made.push(word), 24, 8)
    for (const word of [...few, ...few]) again(word)
    assert.strictEqual(made.length, few.size)
  }, { fastCheck: { numRuns: times(100) } })

  it("keeps no word for which there is nothing", () => {
    const asked: Array<string> = []
    const ofWords = memoizedByWord(
      (word) => {
        asked.push(word)
        return word === "secret" ? undefined : word
      },
      24,
      8
    )
    for (const word of ["secret", "open", "secret", "open"]) ofWords(word)
    assert.deepStrictEqual(asked, ["secret", "open", "secret"])
  })
})
