import { assert, describe, it } from "@effect/vitest"
import { lexemes } from "../../src/domain/Tokenizer.ts"
import { marksOf, missingIn, typedIn } from "../../src/serve/Marks.ts"

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

describe("marks", () => {
  it("stand at the words of a text in either script of Chinese", () => {
    const marked = (text: string, query: string) =>
      marksOf(text, new Set(lexemes(query))).map(([from, to]) => text.slice(from, to))
    assert.deepStrictEqual(marked("連線池的逾時設定 in pool.ts", "连线 逾時 pool"), ["連線", "逾時", "pool"])
    assert.deepStrictEqual(marked("连线池的逾时设定", "連線 逾時"), ["连线", "逾时"])
  })
})

describe("words that nothing holds", () => {
  it("are whole words, also in Chinese", () => {
    const question = "为什么不用自定义 UnmarshalJSON 的分布式锁"
    const absent = missingIn(question, { absent: lexemes(question) })
    assert.includeMembers([...absent], ["unmarshaljson", "定义"])
    assert.includeMembers([...missingIn("資料庫的逾時設定", { absent: lexemes("資料庫的逾時設定") })], ["設定"])
    for (const piece of ["自", "么不", "用自", "义的", "的"]) assert.notInclude(absent, piece)
  })
})
