import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import { asksOnlyWhen, datesIn, isOn, type NamedDate, spanOf } from "../../src/retrieve/Dates.ts"
import { anyText, hostile, millis } from "../texts.ts"

describe("the dates of a question", () => {
  const table: ReadonlyArray<readonly [question: string, ...ReadonlyArray<NamedDate>]> = [
    ["what broke on 2023-05-07?", { year: 2023, month: 5, day: 7 }],
    ["what broke on 2023/5/7?", { year: 2023, month: 5, day: 7 }],
    ["what broke in 2023-05?", { year: 2023, month: 5 }],
    ["what did Joanna watch on 1 May, 2022?", { year: 2022, month: 5, day: 1 }],
    ["what was shown on October 13, 2023?", { year: 2023, month: 10, day: 13 }],
    ["the 3rd of June", { month: 6, day: 3 }],
    ["sept. 2 or Dec 24th", { month: 9, day: 2 }, { month: 12, day: 24 }],
    ["in May 2023", { year: 2023, month: 5 }],
    ["in the beginning of November 2022", { year: 2022, month: 11 }],
    ["what did we decide in march", { month: 3 }],
    ["summer 2021", { year: 2021 }],
    ["我在5月7日做了什么", { month: 5, day: 7 }],
    ["2023年5月的决定", { year: 2023, month: 5 }],
    ["2023 年 12 月 31 号", { year: 2023, month: 12, day: 31 }],
    ["2023 年 12 月 31 號", { year: 2023, month: 12, day: 31 }],
    ["五月二十七号和十月", { month: 5, day: 27 }, { month: 10 }],
    ["2022年的事", { year: 2022 }],
    ["it may take 5 seconds, option 1 may fail"],
    ["pending march of 5 users"],
    ["花了5个月"],
    ["version 2023.5.7, port 2023, 13月40日"],
    ["2023-05-07T10:00:00Z ERROR and 2023-05-07 10:00:00 ERROR"],
    ["2023-01-01 2023-01-02 2023-01-03 2023-01-04 in a changelog"]
  ]
  for (const [question, ...dates] of table) {
    it(question, () => assert.deepStrictEqual(datesIn(question).dates, dates))
  }

  it("are taken out of the rest", () => {
    assert.strictEqual(datesIn("who won on May 7, 2023 at chess?").rest, "who won on   at chess?")
    assert.strictEqual(datesIn("who won?").rest, "who won?")
  })

  it.prop("are possible ones, and few", [anyText], ([text]) => {
    const { dates } = datesIn(text)
    assert.isAtMost(dates.length, 3)
    for (const { day = 1, month = 1 } of dates) assert.isTrue(month >= 1 && month <= 12 && day >= 1 && day <= 31)
  })

  it("take linear time", () => {
    for (const text of [...hostile, "做了".repeat(20_000) + "x", "what did ".repeat(20_000) + "x"]) {
      assert.isBelow(millis(() => asksOnlyWhen(datesIn(text).rest)), 500, text.slice(0, 20))
    }
  })
})

describe("a question about a day", () => {
  const rest = (text: string) => datesIn(text).rest

  it("asks for nothing but the day, or for more", () => {
    for (
      const text of [
        "11月25日做了什么",
        "11月25日我们做了什么？",
        "我11月25号干了啥",
        "what did we do on Nov 25",
        "What happened on 2026-11-25?",
        "list everything from November 25",
        "8月的工作总结"
      ]
    ) assert.isTrue(asksOnlyWhen(rest(text)), text)
    for (
      const text of [
        "what did we decide on Nov 25",
        "11月25日的部署为什么失败",
        "billing on 2026-11-25",
        "when is the 2026-11-25 release?"
      ]
    ) assert.isFalse(asksOnlyWhen(rest(text)), text)
  })

  it("means all of it, and the latest without a year", () => {
    const now = Date.parse("2026-11-30T07:00:00Z")
    const span = (date: Parameters<typeof spanOf>[0]) => {
      const { since, until } = spanOf(date, now)
      return [since, until + 1].map((time) => DateTime.formatIso(DateTime.unsafeMake(time)).slice(0, 16))
    }
    assert.deepStrictEqual(span({ month: 11, day: 25 }), ["2026-11-25T00:00", "2026-11-26T00:00"])
    assert.deepStrictEqual(span({ month: 12, day: 31 }), ["2025-12-31T00:00", "2026-01-01T00:00"])
    assert.deepStrictEqual(span({ month: 11, day: 30 }), ["2026-11-30T00:00", "2026-12-01T00:00"])
    assert.deepStrictEqual(span({ year: 2024, month: 12 }), ["2024-12-01T00:00", "2025-01-01T00:00"])
    assert.deepStrictEqual(span({ year: 2025 }), ["2025-01-01T00:00", "2026-01-01T00:00"])
  })
})

describe("a time", () => {
  it.prop(
    "is on its own day, month and year, of whatever year",
    [FastCheck.integer({ min: 0, max: 4_102_444_800_000 })],
    ([millis]) => {
      const { day, month, year } = DateTime.toPartsUtc(DateTime.unsafeMake(millis))
      for (const named of [{ year, month, day }, { month, day }, { year, month }, { month }, { year }]) {
        assert.isTrue(isOn(millis, named))
      }
      assert.isFalse(isOn(millis, { year: year + 1, month, day }))
      assert.isFalse(isOn(millis, { month: month % 12 + 1 }))
    }
  )

  it("that is no date is on none", () => assert.isFalse(isOn(Number.MAX_SAFE_INTEGER, { year: 1970 })))
})
