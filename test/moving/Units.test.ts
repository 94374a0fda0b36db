import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { fitsUnit, MAX_TITLE } from "../../src/compress/Draft.ts"
import { UnitType } from "../../src/domain/MemoryUnit.ts"
import { listOf, shareOf, timeOf } from "../../src/moving/Fields.ts"
import type { ForeignRecord } from "../../src/moving/ForeignMemory.ts"
import { originOf, unitsOf } from "../../src/moving/Units.ts"

const NOW = Date.UTC(2026, 10, 29)

const sentence = FastCheck.array(
  FastCheck.oneof(
    FastCheck.stringMatching(/^[a-zA-Z]{1,12}$/),
    FastCheck.constantFrom("webhook", "retries.", "数据平台", "重试。", "User:", "\n", "- ", "😀", "src/a.ts;")
  ),
  { minLength: 1, maxLength: 400 }
).map((words) => words.join(" "))

const record: FastCheck.Arbitrary<ForeignRecord> = FastCheck.record({
  _tag: FastCheck.constant("Record" as const),
  key: FastCheck.string(),
  project: FastCheck.string(),
  session: FastCheck.string(),
  type: FastCheck.constantFrom(...UnitType.literals),
  title: FastCheck.oneof(FastCheck.constant(""), sentence, FastCheck.string({ unit: "binary" })),
  summary: FastCheck.string(),
  paragraphs: FastCheck.array(FastCheck.oneof(sentence, FastCheck.string({ unit: "binary" })), {
    minLength: 1,
    maxLength: 5
  }),
  keywords: FastCheck.array(FastCheck.string({ maxLength: 100 }), { maxLength: 30 }),
  files: FastCheck.array(FastCheck.string(), { maxLength: 30 }),
  occurredAt: FastCheck.option(FastCheck.integer({ min: 0, max: 2 * NOW }), { nil: undefined }),
  expiresAt: FastCheck.constant(null),
  quality: FastCheck.double({ min: 0, max: 1, noNaN: true }),
  cut: FastCheck.nat()
})

const made = (of: ForeignRecord) =>
  unitsOf(of, { source: "claude-mem", origin: originOf("claude-mem", of), projectId: "p", now: NOW })

const letters = (text: string) => text.match(/[\p{L}\p{N}]/gu)?.join("") ?? ""

describe("units of a foreign record", () => {
  it.prop("fit, and have distinct ids and the time of the record, or now", [record], ([of]) => {
    const { units } = made(of)
    assert.strictEqual(new Set(units.map(({ id }) => id)).size, units.length)
    for (const unit of units) {
      assert.isTrue(fitsUnit(unit.content))
      assert.notStrictEqual(unit.content, "")
      assert.isAtMost(unit.title.length, MAX_TITLE)
      assert.isAtMost(unit.occurredAt, NOW)
      assert.strictEqual(unit.occurredAt, Math.min(of.occurredAt ?? NOW, NOW))
      assert.isFalse(unit.pinned)
    }
  })

  it.prop("hold every letter of the paragraphs, in order", [record], ([of]) => {
    const { units } = made(of)
    const text = letters(units.map(({ content }) => content).join("\n"))
    assert.isTrue(text.endsWith(letters(of.paragraphs.join("\n"))))
  })

  it.prop("hold every letter of a title that is cut", [record], ([of]) => {
    const { units } = made(of)
    const all = letters(units.map(({ content, title }) => `${title} ${content}`).join(" "))
    if (units.length > 0) assert.include(all, letters(of.title))
  })

  it.prop("are the same for the same record", [record], ([of]) => {
    assert.deepStrictEqual(made(of), made({ ...of }))
  })

  it.prop("begin no line with the label of a speaker", [record], ([of]) => {
    for (const { content } of made(of).units) assert.notMatch(content, /^[ \t]*(?:User|Assistant|System)[ \t]*:/m)
  })

  it("differ for records with another key, and count what they leave out", () => {
    const one: ForeignRecord = {
      _tag: "Record",
      key: "1",
      project: "p",
      session: "s",
      type: "decision",
      title: "A title",
      summary: "",
      paragraphs: ["We keep the queue in PostgreSQL."],
      keywords: Array.from({ length: 20 }, (_, i) => `word ${i}`),
      files: ["a.ts", "a.ts", "x".repeat(2_000)],
      occurredAt: undefined,
      expiresAt: null,
      quality: 1,
      cut: 0
    }
    const [unit] = made(one).units
    const [other] = made({ ...one, key: "2" }).units
    assert.notStrictEqual(unit!.id, other!.id)
    assert.strictEqual(unit!.sessionId, other!.sessionId)
    assert.deepStrictEqual([unit!.keywords.length, unit!.files], [16, ["a.ts"]])
    assert.strictEqual(made(one).leftOut, 4 + 1)
  })
})

describe("fields of foreign records", () => {
  it("are lists in JSON, in lines or with commas", () => {
    assert.deepStrictEqual(listOf(`["a", " b ", "a", "", 3, {"c": 1}, null]`), ["a", "b", "3", `{"c":1}`])
    assert.deepStrictEqual(listOf("a, b,,a"), ["a", "b"])
    assert.deepStrictEqual(listOf("one, two\nthree"), ["one, two", "three"])
    assert.deepStrictEqual(listOf(`["torn`), [`["torn`])
    assert.deepStrictEqual(listOf(`"alone"`), ["alone"])
    assert.deepStrictEqual(listOf(null), [])
  })

  it("are dates in seconds, milliseconds, microseconds and words", () => {
    const may = Date.UTC(2026, 4, 4, 9)
    for (
      const date of [
        `${may}`,
        `${may / 1_000}`,
        `${may * 1_000}`,
        "2026-05-04T09:00:00.000Z",
        "2026-05-04 09:00:00",
        "2026-05-04T11:00:00+02:00"
      ]
    ) {
      assert.strictEqual(timeOf(date), may, date)
    }
    assert.strictEqual(timeOf("-5", "nonsense", null, "99999999999999999999", `${may}`), may)
    assert.isUndefined(timeOf("0", "1999-01-01", "Infinity", ""))
  })

  it.prop("are never a fault", [FastCheck.string({ unit: "binary" })], ([text]) => {
    assert.isArray(listOf(text))
    const time = timeOf(text)
    assert.isTrue(time === undefined || Number.isInteger(time))
    const share = shareOf(text, 1)
    assert.isTrue(share >= 0 && share <= 1)
  })
})
