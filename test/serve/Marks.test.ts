import { assert, describe, it } from "@effect/vitest"
import { lexemes } from "../../src/domain/Tokenizer.ts"
import { missingIn, typedIn } from "../../src/serve/Marks.ts"

describe("words as they were typed", () => {
  it("are all those that a lexeme stands for, and the lexeme where none does", () => {
    const typed = typedIn("Why is it flaky? The FLAKY tests, testing getUserById 数据库")
    const [flaky = "", test = ""] = lexemes("flaky test")
    assert.notStrictEqual(flaky, "flaky")
    assert.deepStrictEqual(typed(flaky), ["flaky", "FLAKY"].filter((word) => lexemes(word)[0] === flaky))
    assert.deepStrictEqual(typed(test), ["tests", "testing"])
    assert.deepStrictEqual(typed("getuserbyid"), ["getuserbyid"])
    assert.deepStrictEqual(typed("数据库"), ["数据库"])
  })
})

describe("words that nothing holds", () => {
  it("are whole words, also in Chinese", () => {
    const question = "为什么不用自定义 UnmarshalJSON 的分布式锁"
    const absent = missingIn(question, lexemes(question))
    assert.includeMembers([...absent], ["unmarshaljson", "定义"])
    for (const piece of ["自", "么不", "用自", "义的", "的"]) assert.notInclude(absent, piece)
  })
})
