import { assert, describe, it } from "@effect/vitest"
import { ago } from "../../src/cli/When.ts"

describe("how long ago a day was", () => {
  const now = Date.UTC(2026, 10, 28, 0, 10)
  const daysAgo = (days: number, locale = "en") => ago(now - days * 86_400_000, now, locale)

  it.each([
    [0, "today"],
    [1, "yesterday"],
    [6, "6 days ago"],
    [7, "last week"],
    [13, "last week"],
    [14, "2 weeks ago"],
    [29, "4 weeks ago"],
    [30, "last month"],
    [364, "12 months ago"],
    [365, "last year"],
    [800, "2 years ago"],
    [-1, "tomorrow"]
  ])("%s days: %s", (days, text) => assert.strictEqual(daysAgo(days), text))

  it("is said in Chinese, counts days in UTC, and knows no unknown one", () => {
    assert.strictEqual(daysAgo(1, "zh-CN"), "昨天")
    assert.strictEqual(daysAgo(9, "zh-CN"), "上周")
    assert.strictEqual(ago(now - 11 * 60_000, now, "en"), "yesterday")
    assert.strictEqual(ago(0, now, "en"), "")
  })
})
