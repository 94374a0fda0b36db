/**
 * Keywords are words that a person would name.
 */
import { assert, describe, it } from "@effect/vitest"
import { keywordsOf } from "../../src/domain/Keywords.ts"

describe("keywords", () => {
  it("are whole words of Chinese and Japanese, and no pieces of two", () => {
    assert.deepStrictEqual(keywordsOf("新建个后台登录模块，用 JWT，登录失败要限流"), [
      "登录",
      "jwt",
      "后台",
      "失败",
      "新建"
    ])
    assert.deepStrictEqual(keywordsOf("東京の倉庫で在庫を確認する"), ["东京", "仓库", "确认"])
  })

  it("are the words of Latin letters as first written, in lower case", () => {
    assert.deepStrictEqual(keywordsOf("Stripe webhooks: the stripe-key of StripeHandler"), [
      "stripe",
      "stripe-key",
      "stripehandler",
      "webhooks"
    ])
  })
})
