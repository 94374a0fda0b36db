import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { lexemes, queryLexemes, withoutQuestionWords } from "../../src/domain/Tokenizer.ts"
import { slow, times } from "../data.ts"
import { anyText, hostile, long, millis } from "../texts.ts"

/** The lexemes without repeats, as one line. */
const line = (text: string) => [...new Set(lexemes(text))].join(" ")

describe("lexemes", () => {
  const table: ReadonlyArray<readonly [text: string, lexemes: string]> = [
    ["camelCase", "camelcase camel case"],
    ["getUserById", "getuserbyid get user id"],
    ["snake_case", "snake_case snake case"],
    ["MAX_RETRIES", "max_retries max retri"],
    ["HTMLParser", "htmlparser html parser"],
    ["utf8Decode", "utf8decode utf decod"],
    ["__memcpy_chk", "__memcpy_chk memcpi chk"],
    ["v1.56.0", "v1 56 0"],
    ["i18n k8s x86_64 E1042", "i18n k8s x86_64 e1042 1042"],
    ["30s 20MB 5s", "30s 30 20mb 20 mb 5s"],
    ["iOS one io", "ios os one io"],
    ["src/db/pool.ts:42", "src db pool ts 42"],
    ["running runs ran", "run ran"],
    ["Connections connected", "connect"],
    ["the of and", ""],
    ["Don't isn't", ""],
    ["café", "café"],
    ["gelöscht", "gelöscht"],
    ["größeÄndern", "größeändern größe ändern"],
    ["___", ""],
    ["", ""],
    ["数据平台", "数据 据平 平台"],
    ["数据库", "数据库 数据 据库"],
    ["資料庫", "资料 料库"],
    ["數據庫", "数据 据库"],
    ["我们的测试", "们的 的测 测试"],
    ["用TypeScript写的解析器", "typescript type script 写的 的解 解析 析器"],
    ["修复bug后", "修复 bug 修 复"],
    ["データベース・テスト", "データベース デー ータ タベ ベー ース テスト テス スト"],
    ["연결이 닫혔다", "연결이 연결 결이 닫혔다 닫혔 혔다"],
    ["İstanbul", "istanbul"]
  ]
  for (const [text, expected] of table) {
    it(JSON.stringify(text), () => {
      const found = new Set(lexemes(text))
      for (const lexeme of expected.split(" ").filter((each) => each !== "")) {
        // Words of Intl.Segmenter differ between versions of Node; bigrams and Latin words do not.
        if (/^[\x00-\x7f]|^..$/.test(lexeme)) assert.isTrue(found.has(lexeme), `${lexeme} in ${line(text)}`)
      }
      if (expected === "" || /^[\x00-\x7f]*$/.test(text)) assert.strictEqual(line(text), expected)
    })
  }

  it("of Japanese leaves out particles, and bigrams with their letters", () => {
    const found = lexemes("フレームワークのテストに失敗して設定を消す")
    for (const lexeme of ["テス", "失败", "设定"]) assert.include(found, lexeme)
    for (const lexeme of ["の", "に", "を", "クの", "のテ", "トに", "敗し"]) assert.notInclude(found, lexeme)
  })

  it("keeps order and repeats", () => {
    assert.deepStrictEqual(lexemes("pool error pool"), ["pool", "error", "pool"])
  })

  it("finds Chinese beside Latin letters as it does alone", () => {
    const alone = lexemes("解析器")
    for (const text of ["parser解析器", "解析器parser", "v2解析器_x", "写parser解析器"]) {
      for (const lexeme of alone) assert.isTrue(lexemes(text).includes(lexeme), `${lexeme} in ${text}`)
    }
  })

  it("of a question are no two characters of which one belongs to a word that says nothing", () => {
    assert.includeMembers(lexemes("方案怎么定的"), ["方案", "么定"])
    const asked = queryLexemes("方案怎么定的")
    assert.include(asked, "方案")
    for (const across of ["案怎", "么定", "定的"]) assert.notInclude(asked, across)
    for (const across of ["值不", "不识"]) assert.notInclude(queryLexemes("色值不识别"), across)
  })

  it("of a question are words that Intl.Segmenter takes for two", () => {
    const words = "在线 还款 就诊 问诊 问卷 在途 在库 在职 请购 请款 应还 并表 并查集 及格线 被保人 我司 对账 上架 主从"
      .split(" ")
    for (const word of words) {
      assert.sameMembers([...queryLexemes(`${word}怎么处理的`)], [...new Set(lexemes(word)), "处理"], word)
    }
  })

  it("have one script of Chinese", () => {
    assert.deepStrictEqual(lexemes("這個測試為什麼沒通過"), lexemes("这个测试为什么没通过"))
  })

  it("have one width", () => {
    assert.deepStrictEqual(lexemes("Ｎｅｘｕｓ Ｅ１０４２，完"), lexemes("Nexus E1042，完"))
  })

  it.prop("are those of the text with letters and marks apart", [anyText], ([text]) => {
    for (const each of ["r\u00e9sum\u00e9.pdf", "\u30d7\u30ed\u30b0\u30e9\u30e0", text.normalize("NFC")]) {
      assert.deepStrictEqual(lexemes(each.normalize("NFD")), lexemes(each))
      assert.deepStrictEqual(queryLexemes(each.normalize("NFD")), queryLexemes(each))
    }
  })

  it.prop("hold only letters, digits and _", [anyText], ([text]) => {
    for (const lexeme of lexemes(text)) assert.match(lexeme, /^[\p{L}\p{N}_]+$/u)
  }, { fastCheck: { numRuns: times(100) } })

  it.prop("are lower case", [anyText], ([text]) => {
    for (const lexeme of lexemes(text)) assert.strictEqual(lexeme, lexeme.toLowerCase().replace(/\p{M}/gu, ""))
  })

  it("of a long run are those of its beginning", () => {
    assert.deepStrictEqual(lexemes("x".repeat(5_000)).map(({ length }) => length), [64])
    assert.strictEqual(lexemes(`a${"𝒜".repeat(100)}`)[0], `a${"𝒜".repeat(31)}`)
  })

  slow(it)("take linear time", () => {
    for (const text of ["数据平台", "連", "데ー"].map(long)) {
      assert.isBelow(millis(() => lexemes(text)), 8_000, text.slice(0, 20))
    }
    for (const text of hostile) assert.isBelow(millis(() => lexemes(text.slice(0, 300_000))), 3_000, text.slice(0, 20))
  }, 60_000)
})

describe("a question", () => {
  it("loses its question words", () => {
    assert.deepStrictEqual(queryLexemes("What did we decide about the connection pool?"), ["decid", "connect", "pool"])
    assert.isFalse(queryLexemes("为什么连接池耗尽了？").some((lexeme) => lexeme === "为什么" || lexeme === "什么"))
  })

  it("keeps them when there is nothing else", () => {
    assert.deepStrictEqual(queryLexemes("what why"), ["what", "why"])
    assert.deepStrictEqual(queryLexemes(""), [])
    assert.deepStrictEqual(queryLexemes("???"), [])
  })

  it("keeps identifiers that hold such words", () => {
    assert.deepStrictEqual(queryLexemes("what is is_valid"), ["is_valid", "valid"])
    assert.deepStrictEqual(queryLexemes("how_to_do.md"), lexemes("how_to_do.md"))
    assert.strictEqual(withoutQuestionWords("where is is_valid?"), "    is_valid?")
  })

  it.prop("has lexemes of its text only, each once", [anyText], ([text]) => {
    const all = new Set(lexemes(text))
    const asked = queryLexemes(text)
    assert.strictEqual(new Set(asked).size, asked.length)
    for (const lexeme of asked) assert.isTrue(all.has(lexeme), lexeme)
    if (all.size > 0) assert.isAbove(asked.length, 0)
  }, { fastCheck: { numRuns: times(100) } })

  it.prop(
    "asks for every word of the memory that it repeats",
    [FastCheck.array(FastCheck.constantFrom("pool", "exhausted", "is_valid", "连接池", "HTMLParser", "v2"), {
      minLength: 1
    })],
    ([words]) => assert.deepStrictEqual(new Set(queryLexemes(words.join(" "))), new Set(lexemes(words.join(" "))))
  )

  it("takes linear time", () => {
    for (const text of hostile) {
      assert.isBelow(millis(() => queryLexemes(text.slice(0, 100_000))), 2_000, text.slice(0, 20))
      assert.isBelow(millis(() => withoutQuestionWords(text)), 2_000, text.slice(0, 20))
    }
  }, 60_000)
})
