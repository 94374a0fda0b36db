import { afterEach, assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import { vi } from "vitest"
import * as Calendar from "../../src/domain/Calendar.ts"

const at = (iso: string) => Date.parse(iso)

const NOW = at("2026-11-30T10:00:00Z")
const parse = (text: string) => Calendar.parse(text, NOW)
const ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe"]

describe("Calendar", () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it("shows days and times of the clock", () => {
    vi.stubEnv("TZ", "Asia/Shanghai")
    const night = at("2026-11-29T23:30:00Z")
    assert.deepStrictEqual([Calendar.day(night), Calendar.minute(night)], ["2026-11-30", "2026-11-30 07:30"])
    assert.strictEqual(Calendar.daysBetween(at("2026-11-29T15:30:00Z"), night), 1)
    assert.strictEqual(Calendar.midnight(night), at("2026-11-29T16:00:00Z"))
    vi.stubEnv("TZ", "America/New_York")
    assert.deepStrictEqual([Calendar.day(night), Calendar.minute(night)], ["2026-11-29", "2026-11-29 18:30"])
  })

  it("counts the days of a night in which the clock is set back", () => {
    vi.stubEnv("TZ", "America/New_York")
    const [before, after] = [at("2026-11-01T04:30:00Z"), at("2026-11-02T04:30:00Z")]
    assert.strictEqual(Calendar.midnight(after), at("2026-11-01T04:00:00Z"))
    assert.strictEqual(Calendar.midnight(after, 1), at("2026-10-31T04:00:00Z"))
    assert.strictEqual(Calendar.daysBetween(before, after), 0)
    assert.deepStrictEqual(parse("2026-11-01"), {
      first: at("2026-11-01T04:00:00Z"),
      last: at("2026-11-02T05:00:00Z") - 1
    })
  })

  it("knows no day of a time that no transcript can have", () => {
    for (const time of [0, -1, Number.NaN, 1e15, 1e300, Number.POSITIVE_INFINITY]) {
      assert.deepStrictEqual([Calendar.day(time), Calendar.minute(time)], [undefined, undefined])
    }
  })

  it("parses a day as all of it, and a time as all of its last part", () => {
    vi.stubEnv("TZ", "Asia/Shanghai")
    const day = { first: at("2026-11-29T16:00:00Z"), last: at("2026-11-30T16:00:00Z") - 1 }
    for (const text of ["2026-11-30", "2026/11/30", " 2026-11-30 "]) assert.deepStrictEqual(parse(text), day)
    assert.strictEqual(parse("2026-1-3")?.first, at("2026-01-02T16:00:00Z"))
    const midnight = { first: day.first, last: day.first + 59_999 }
    for (const text of ["2026-11-30 00:00", "2026/11/30 0:00", "2026-11-29T16:00Z", "2026-11-30T01:30+0930"]) {
      assert.deepStrictEqual(parse(text), midnight, text)
    }
    assert.deepStrictEqual(parse("2026-11-30T00:00:00"), { first: day.first, last: day.first + 999 })
    assert.deepStrictEqual(parse("2026-11-30T00:00:00.5"), { first: day.first + 500, last: day.first + 500 })
  })

  it("parses a day by its distance from today", () => {
    vi.stubEnv("TZ", "Asia/Shanghai")
    for (
      const [day, ...names] of [
        ["2026-11-30", "today", "今天", "0 days ago"],
        ["2026-11-29", "Yesterday", "昨天", "1 day ago"],
        ["2026-11-28", "前天", "2天前", " 2 days ago "],
        ["2026-11-16", "2 weeks ago", "2 周前", "2週前"]
      ] as const
    ) for (const name of names) assert.deepStrictEqual(parse(name), parse(day), name)
  })

  it("refuses what is no time", () => {
    const wrong = [
      "",
      "tomorrow",
      "constructor",
      "days ago",
      "12345 days ago",
      "2026",
      "2026-11",
      "2026-13-01",
      "2026-02-30",
      "2026-11-30 24:00",
      "2026-11-30 7"
    ]
    for (const text of [...wrong, "2026-11/30", "30.11.2026", "0026-01-01", "2026-11-30Z", "2026-11-30 12:60"]) {
      assert.isUndefined(parse(text), text)
    }
  })

  it("parses what it shows, in every zone", () => {
    const times = FastCheck.integer({ min: at("1995-01-01T00:00:00Z"), max: at("2090-01-01T00:00:00Z") })
    FastCheck.assert(FastCheck.property(times, FastCheck.constantFrom(...ZONES), (time, zone) => {
      vi.stubEnv("TZ", zone)
      const day = parse(Calendar.day(time)!)!
      assert.isTrue(day.first <= time && time <= day.last)
      assert.strictEqual(day.first, Calendar.midnight(time))
      assert.strictEqual(Calendar.daysBetween(day.first, day.last), 0)
      assert.deepStrictEqual(parse(DateTime.formatIso(DateTime.unsafeMake(time))), { first: time, last: time })
    }))
  })
})
