import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { readFileSync } from "node:fs"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import { parse } from "../../src/models/StaticEmbeddings.ts"
import { isKnown } from "../../src/retrieve/KnownWords.ts"
import { suspectsIn, WORD } from "../../src/retrieve/Spelling.ts"
import { packageFile } from "../../src/settings/Settings.ts"

describe("known words", () => {
  it("are all that have vectors and may be taken for misspelt, and few others", () => {
    const { size, starts, words } = Either.getOrThrow(parse(readFileSync(packageFile("assets/static-embeddings.bin"))))
    const decoder = new TextDecoder()
    const all = Array.from({ length: size }, (_, k) => decoder.decode(words.subarray(starts[k], starts[k + 1])))
      .filter((word) => word.match(WORD)?.[0] === word)
      .map(Tokenizer.queryLexemes).filter(({ length }) => length === 1)
    assert.isAbove(all.length, 20_000)
    assert.deepStrictEqual(all.filter(([lexeme]) => !isKnown(lexeme!)), [])
    const letter = FastCheck.constantFrom(..."abcdefghijklmnopqrstuvwxyz")
    const others = FastCheck.sample(FastCheck.string({ unit: letter, minLength: 8, maxLength: 16 }), {
      numRuns: 5_000,
      seed: 1
    })
    const known = others.filter((other) => Tokenizer.queryLexemes(other).every(isKnown)).length
    assert.isBelow(known / others.length, 0.035)
  })

  it("are not taken for misspelt", () => {
    const typed = (text: string) => suspectsIn(text, new Set(Tokenizer.queryLexemes(text))).map(({ typed }) => typed)
    assert.deepStrictEqual(typed("plain compaction of stories"), [])
    assert.deepStrictEqual(typed("plain compactoin of webhok"), ["compactoin", "webhok"])
  })
})
