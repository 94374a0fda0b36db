import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { simplified } from "../../src/domain/ChineseScripts.ts"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import { mostBitsOf } from "../../src/retrieve/Evidence.ts"
import { translationsIn } from "../../src/retrieve/Glossary.ts"
import { inChineseToo, isForeign, lexemesOf, matchesOf, termsOf } from "../../src/retrieve/Terms.ts"
import { times } from "../data.ts"
import { anyText } from "../texts.ts"

const wordsOf = (text: string) => translationsIn(text).map(({ word }) => word)

const chinese = FastCheck.string({
  unit: FastCheck.constantFrom(..."部署脚本为什么会超时重试连接池缓存失效的了在数据库迁移回滚 api.\n"),
  maxLength: 60
})

const japanese = FastCheck.string({
  unit: FastCheck.constantFrom(..."テストサーバーのキャッシュを削除して設定ファイルが読み込み失敗した原因は api.\n"),
  maxLength: 60
})

describe("the glossary", () => {
  it("knows the words of the field, the longest at each place", () => {
    assert.deepStrictEqual(wordsOf("缓存失效之后,连接池为什么超时"), ["缓存", "失效", "连接池", "超时"])
    assert.deepStrictEqual(wordsOf("線程 與 執行緒 和 伺服器"), ["线程", "执行绪", "伺服器"])
    assert.deepStrictEqual(translationsIn("死锁")[0]?.translations, ["deadlock"])
    assert.deepStrictEqual(wordsOf("测试跑不起来,改回来之后又挂了"), ["测试", "跑不起来", "改回来", "挂了"])
    assert.isEmpty(translationsIn("the pool, 풀"))
    assert.isEmpty(translationsIn(""))
  })

  it("knows Japanese words of kana, of Chinese characters and of both, but no endings", () => {
    assert.deepStrictEqual(
      wordsOf("設定ファイルの読み込みでエラーが出た原因は？フレームワークを削除した"),
      ["设定ファイル", "読み込み", "エラー", "原因", "フレームワーク", "削除"]
    )
    assert.deepStrictEqual(wordsOf("サーバとサーバー、キャッシュサーバー"), [
      "サーバ",
      "サーバー",
      "キャッシュ",
      "サーバー"
    ])
    assert.deepStrictEqual(translationsIn("環境変数が")[0]?.translations, ["environment", "variable", "env"])
    assert.isEmpty(translationsIn("これをどうしてそのようにしましたか"))
  })

  it("takes the end of an unknown word of katakana for no word, nor a Chinese character in a Japanese text", () => {
    assert.isEmpty(translationsIn("ブログ、コンテスト、サポート、レポート"))
    assert.deepStrictEqual(wordsOf("写真と切符のコピー"), ["写真", "コピー"])
    assert.deepStrictEqual(wordsOf("写测试"), ["写", "测试"])
    // Chinese writes these two characters, too: "don't".
    assert.deepStrictEqual(wordsOf("不要なコード"), ["不要", "コード"])
    assert.deepStrictEqual(wordsOf("不要删除"), ["删除"])
  })

  it.prop(
    "finds only what stands in the text, in its order, in English words",
    [FastCheck.oneof(chinese, japanese)],
    ([text]) => {
      let from = 0
      for (const { translations, word } of translationsIn(text)) {
        const at = simplified(text).indexOf(word, from)
        assert.isAtLeast(at, from)
        from = at + word.length
        assert.isTrue(translations.length >= 1 && translations.length <= 3)
        for (const each of translations) assert.match(each, /^[a-z0-9]+$/)
      }
    },
    { fastCheck: { numRuns: times(200) } }
  )
})

describe("the terms of a question", () => {
  it("are its lexemes, and a Chinese word with its translations is one", () => {
    assert.deepStrictEqual(termsOf("why did the pool leak").map(({ lexeme }) => lexeme), ["pool", "leak"])
    const membersOf = (word: string) => [...termsOf(word).find(({ lexeme }) => lexeme === word)!.members.keys()]
    assert.deepStrictEqual(membersOf("死锁"), ["死锁", "deadlock"])
    assert.deepStrictEqual(membersOf("连接池"), ["连接池", "连接", "接池", "connect", "pool"])
    assert.deepStrictEqual(membersOf("エラー"), ["エラー", "エラ", "ラー", "error"])
  })

  it("stand for the same identifier with its parts marked otherwise", () => {
    const membersOf = (question: string) => termsOf(question).map(({ members }) => [...members.keys()])
    assert.deepStrictEqual(membersOf("stripehandler"), [["stripehandl", "stripehandler"]])
    assert.deepStrictEqual(membersOf("STRIPEHANDLER"), [["stripehandl", "stripehandler"]])
    assert.deepStrictEqual(membersOf("StripeHandler"), [["stripehandler", "stripehandl"], ["stripe"], ["handler"]])
    assert.deepStrictEqual(membersOf("handler"), [["handler"]])
  })

  it.each(
    [
      ["why does parser.ts read cli.spec.ts twice?", ["ts"]],
      ["列出所有 .py 文件", ["py"]],
      ["convert config.json to JSON with comments", []],
      ["why did we choose Next.js", []],
      ["what does config.env() return, and user.log.level?", []]
    ] as const
  )("tell the extensions of files from other words: %s", (question, extensions) => {
    const found = termsOf(question).filter(({ isExtension }) => isExtension === true)
    assert.deepStrictEqual(found.map(({ lexeme }) => lexeme), [...extensions])
    assert.strictEqual(mostBitsOf(found), 0)
  })

  it("stand for Chinese words of the same sense where these are wanted", () => {
    const membersOf = (question: string) =>
      inChineseToo(termsOf(question)).map(({ members }) =>
        [...members].filter(([, weight]) => weight > 0).map(([m]) => m)
      )
    assert.deepStrictEqual(membersOf("llamas"), [["llama"]])
    assert.includeMembers(membersOf("deadlocks")[0]!, ["deadlock", "死锁"])
    assert.includeMembers(membersOf("why did it deadlock in the cache?").flat(), ["死锁", "缓存"])
  })

  it("of one written word know of one another, also with Chinese words of the same sense", () => {
    const terms = inChineseToo(termsOf("why does src/pool.ts cache connections, src is slow"))
    const within = new Map(terms.map(({ lexeme, within }) => [lexeme, within]))
    assert.strictEqual(within.get("pool"), within.get("ts"))
    assert.isDefined(within.get("pool"))
    // What also stands alone, and what is one word.
    assert.isUndefined(within.get("src"))
    assert.isUndefined(within.get("connect"))
  })

  it("of a long Chinese prompt hold its technical words, wherever they stand", () => {
    const chat =
      "昨天下午我们几个同事坐在楼下咖啡店里聊了很久关于周末去哪里玩以及晚饭吃什么的问题后来大家决定先回家休息第二天早上又约好开车去郊外爬山野餐拍照放风筝傍晚沿着河边散步回到城里看电影"
    for (const text of [`分库迁移的副本延迟怎么解决的？${chat}`, `${chat}。分库迁移的副本延迟怎么解决的？`]) {
      const words = termsOf(text).map(({ lexeme }) => lexeme)
      assert.lengthOf(words, 64)
      assert.includeMembers(words, ["迁移", "副本", "延迟"])
    }
  })

  it.prop(
    "hold each lexeme once, and at most 64 terms",
    [FastCheck.oneof(chinese, japanese, anyText), FastCheck.boolean()],
    ([text, isChineseToo]) => {
      const terms = isChineseToo ? inChineseToo(termsOf(text)) : termsOf(text)
      const lexemes = lexemesOf(terms)
      assert.strictEqual(new Set(lexemes).size, lexemes.length)
      assert.isAtMost(terms.length, 64)
      if (terms.length < 64) assert.includeMembers([...lexemes], [...Tokenizer.queryLexemes(text)])
    },
    { fastCheck: { numRuns: times(200) } }
  )

  it("are foreign in a memory of Chinese only where two words meet", () => {
    assert.deepStrictEqual(
      termsOf("灯塔油漆").map((term) => [term.lexeme, isForeign(term, true), isForeign(term, false)]),
      [["灯塔", false, true], ["塔油", true, true], ["油漆", false, true]]
    )
  })

  it("occur as often as their lexemes together, in no more units than there are", () => {
    const terms = [...termsOf("死锁").filter(({ lexeme }) => lexeme === "死锁"), ...termsOf("pool")]
    const { candidates, documentFrequencies } = matchesOf(terms, {
      documents: 100,
      averageLength: 10,
      documentFrequencies: [10, 50, 7],
      candidates: [{
        unitId: "u",
        lengths: [5, 5],
        frequencies: [[1, 0], [0, 2], [3, 0]]
      }]
    })
    assert.deepStrictEqual(candidates[0]!.frequencies, [[1, 2], [3, 0]])
    assert.closeTo(documentFrequencies[0]!, 55, 1e-9)
    assert.strictEqual(documentFrequencies[1], 7)
  })
})
