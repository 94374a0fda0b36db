import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { inBothScripts, simplified } from "../../src/domain/ChineseScripts.ts"
import { anyText } from "../texts.ts"
import { traditional } from "../traditional.ts"

const chinese = FastCheck.string({
  unit: FastCheck.constantFrom(..."数据库连接池为什么会超时我们决定改用这个测试没过后来发现接着跑api.\n"),
  maxLength: 60
})

describe("Traditional characters", () => {
  it("become Simplified ones", () => {
    assert.strictEqual(
      simplified("資料庫連線為什麼會逾時？我們決定改用這個，接著跑，後來發現是隻讀。"),
      "资料库连线为什么会逾时？我们决定改用这个，接着跑，后来发现是只读。"
    )
    // Of Hong Kong, and rare variants.
    assert.strictEqual(simplified("説明 綫程 衆 啓用 祕密"), "说明 线程 众 启用 秘密")
    assert.strictEqual(simplified("甚麼 甚么 甚至 瞭解 妳的"), "什么 什么 甚至 了解 你的")
    // Simplified and Japanese characters, rare ones of two UTF-16 units, and what is no Chinese.
    assert.strictEqual(simplified("检索 検索 𠮷野 テスト 테스트 café"), "检索 検索 𠮷野 テスト 테스트 café")
  })

  it.prop("take no other place in a text, whatever it holds", [anyText], ([text]) => {
    assert.strictEqual(simplified(text).length, text.length)
    assert.strictEqual(simplified(simplified(text)), simplified(text))
  })

  it.prop("are those of the same words", [chinese], ([text]) => {
    assert.strictEqual(simplified(traditional(text)), simplified(text))
  })
})

describe("an expression in both scripts", () => {
  const expression = inBothScripts(/(?<not>[不没])(?:应该|决定)[^\]发[点\\]?\p{L}*|\[为\]/giu)

  it("matches at the same places in both", () => {
    for (const text of ["我们没决定用它", "不应该发", "[为]", "是[為]的", "沒決定點", "的"]) {
      const places = (each: string) => [...each.matchAll(expression)].map((found) => [found.index, found[0].length])
      assert.deepStrictEqual(places(traditional(text)), places(simplified(text)), text)
    }
    assert.strictEqual(expression.exec("我們沒決定用它")?.groups?.["not"], "沒")
    assert.strictEqual(expression.flags, "giu")
    for (const text of ["什么", "什麼", "甚麼"]) assert.isTrue(inBothScripts(/^什么/u).test(text), text)
  })

  it("is as it was without characters that differ", () => {
    assert.strictEqual(
      inBothScripts(/^[\u4e00-\u9fff]+\b(?:不行|no)$/u).source,
      /^[\u4e00-\u9fff]+\b(?:不行|no)$/u.source
    )
  })
})
