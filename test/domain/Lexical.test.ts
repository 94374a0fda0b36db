import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { counterOf, sumOf } from "../../src/domain/Lexical.ts"
import { slow, times } from "../data.ts"

/** Lexemes hold letters, digits and "_" only, of any script; some of them are alike in length and first letter. */
const lexeme = FastCheck.oneof(
  FastCheck.constantFrom("cache", "catch", "cash", "a", "ab", "retry_count", "数据", "数据库", "ſaved"),
  FastCheck.stringMatching(/^[a-z0-9_]{1,80}$/)
)

describe("counting terms", () => {
  slow(it.effect.prop)(
    "in texts gives what counting in lists does",
    [FastCheck.array(FastCheck.array(lexeme, { maxLength: 20 }), { maxLength: 4 }), FastCheck.uniqueArray(lexeme)],
    ([fields, terms]) =>
      Effect.sync(() => {
        const termIndex = new Map(terms.map((term, i) => [term, i]))
        assert.deepStrictEqual(counterOf(termIndex)(fields.map((field) => field.join(" "))), sumOf(fields, termIndex))
      }),
    { fastCheck: { numRuns: times(300) } }
  )
})
