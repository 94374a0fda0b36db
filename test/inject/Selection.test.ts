import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { UnitType } from "../../src/domain/MemoryUnit.ts"
import type { SearchResult } from "../../src/domain/Search.ts"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import { select } from "../../src/inject/Selection.ts"
import { unit } from "../contract/made.ts"
import { anyText } from "../texts.ts"

const result = (id: string, overrides: Parameters<typeof unit>[1] = {}): SearchResult => ({
  unit: unit(id, { content: `words that only ${id}${id} holds`, sessionId: `session of ${id}`, ...overrides }),
  score: 1,
  why: { keyword: null, semantic: null, rerank: null, neighbours: 0, boosts: {}, matched: [] }
})

const ids = (...results: ReadonlyArray<SearchResult>) => select(results).map(({ unit }) => unit.id)

describe("what is selected", () => {
  it("is in the order of the results", () => {
    assert.deepStrictEqual(ids(), [])
    assert.deepStrictEqual(ids(result("c"), result("a"), result("b")), ["c", "a", "b"])
  })

  it("is nothing that another has superseded", () => {
    assert.deepStrictEqual(ids(result("a", { supersededBy: "b", active: false }), result("b")), ["b"])
  })

  it("is of two that nearly say the same both where the person saved or pinned them", () => {
    const limited = (id: string, requests: number, overrides: Parameters<typeof unit>[1]) =>
      result(id, { content: `The gateway for partner tokens allows ${requests} requests a minute`, ...overrides })
    const [saved, pinned] = [{ origin: "saved:1", occurredAt: 2 }, { origin: "saved:2", pinned: true, occurredAt: 1 }]
    assert.deepStrictEqual(ids(limited("a", 500, pinned), limited("b", 100, saved)), ["a", "b"])
    assert.deepStrictEqual(ids(limited("b", 100, saved), limited("a", 500, pinned)), ["b", "a"])
    assert.deepStrictEqual(ids(limited("a", 500, pinned), limited("b", 100, {})), ["a"])
    assert.deepStrictEqual(ids(limited("a", 500, pinned), limited("b", 500, saved)), ["a"])
    const titled = { title: "Rate limit of the gateway", type: "decision" } as const
    const both = [limited("a", 500, { ...pinned, ...titled }), limited("b", 100, { ...saved, ...titled })] as const
    assert.deepStrictEqual(ids(...both), ["a", "b"])
  })

  it("is of what is decided, fails or comes to an end the newest of one subject", () => {
    const about = (id: string, type: UnitType, occurredAt: number, overrides: Parameters<typeof unit>[1] = {}) =>
      result(id, { type, occurredAt, title: "Limit of the connection pool", ...overrides })
    for (const type of ["decision", "error_log", "archive"] as const) {
      assert.deepStrictEqual(ids(about("a", type, 1), about("b", type, 3), about("c", type, 2)), ["b"], type)
      // Neither of two units of the same time is newer.
      assert.deepStrictEqual(ids(about("a", type, 1), about("b", type, 1)), ["a", "b"], type)
      assert.deepStrictEqual(ids(about("a", type, 1), about("b", type, 2, { projectId: "project-two" })), ["a", "b"])
      assert.deepStrictEqual(ids(about("a", type, 1), about("b", type, 2, { title: "Name of the new table" })), [
        "a",
        "b"
      ])
      // Too few words to recognize a subject.
      const pool = { title: "Connection pool" }
      assert.deepStrictEqual(ids(about("a", type, 1, pool), about("b", type, 2, pool)), ["a", "b"])
    }
    for (const type of ["conversation", "code_snippet", "documentation"] as const) {
      assert.deepStrictEqual(ids(about("a", type, 1), about("b", type, 2)), ["a", "b"], type)
    }
    assert.deepStrictEqual(ids(about("a", "decision", 1), about("b", "error_log", 2)), ["a", "b"])
    const longer = about("b", "decision", 2, { title: "New limit of the connection pool, after the outage" })
    assert.deepStrictEqual(ids(about("a", "decision", 1), longer), ["b"])
  })

  it("is what was saved or pinned, also where a session decides something on it later", () => {
    const about = (id: string, occurredAt: number, overrides: Parameters<typeof unit>[1] = {}) =>
      result(id, { type: "decision", occurredAt, title: "Limit of the connection pool", ...overrides })
    const [saved, noted] = [{ origin: "saved:1" }, { origin: "noted:1" }]
    for (const early of [saved, noted, { pinned: true }]) {
      assert.deepStrictEqual(ids(about("a", 1, early), about("b", 2)), ["a", "b"])
    }
    assert.deepStrictEqual(ids(about("a", 1, saved), about("b", 2, { origin: "saved:2" })), ["b"])
    assert.deepStrictEqual(ids(about("a", 1), about("b", 2, noted)), ["b"])
  })

  it("is each of two rules for two things", () => {
    const pairs = [
      ["Never log the customer's email address", "Never log the customer's phone number"],
      ["Use Postgres 16 for the analytics database", "Use Postgres 14 for the billing database"],
      ["日志里不要打印用户的手机号", "日志里不要打印用户的身份证号"]
    ]
    for (const titles of pairs) {
      const both = titles.map((title, i) =>
        result(`${i}`, { type: "decision", occurredAt: i + 1, title, content: title })
      )
      assert.deepStrictEqual(ids(...both), ["0", "1"], titles[0])
    }
  })

  it("is no newer one in place of one that has a word more of what was asked", () => {
    const about = (id: string, where: string, occurredAt: number) =>
      result(id, {
        type: "decision",
        occurredAt,
        title: `Port of the ${where} database`,
        content: `The ${where} database of the shop listens on port ${occurredAt}`
      })
    const both = [about("a", "production", 6543), about("b", "staging", 7000)]
    const asked = (text: string) => select(both, undefined, new Set(Tokenizer.lexemes(text))).map(({ unit }) => unit.id)
    assert.deepStrictEqual(asked("which port has the production database?"), ["a", "b"])
    assert.deepStrictEqual(asked("which port has the database?"), ["b"])
  })

  it("is a session's archive like any other", () => {
    const archive = result("archive", {
      type: "archive",
      sessionId: "s1",
      content: "it was left staged, not committed yet"
    })
    const specific = result("specific", { sessionId: "s1" })
    assert.deepStrictEqual(ids(specific, archive), ["specific", "archive"])
    assert.deepStrictEqual(ids(archive, specific), ["archive", "specific"])
  })

  it("is nothing whose words are covered already, unless it adds enough of its own", () => {
    const pool = "the pool leaks because every query opens another client and nobody ever closes those afterwards"
    const leak = result("leak", { content: pool })
    assert.deepStrictEqual(ids(leak, result("same", { content: pool })), ["leak"])
    assert.deepStrictEqual(ids(leak, result("part", { content: "every query opens another client; nobody closes" })), [
      "leak"
    ])
    const more = `${pool} restart fixes symptoms quickly but raising limits hides causes`
    assert.deepStrictEqual(ids(leak, result("more", { content: more })), ["leak", "more"])
    // Words that two units together contain count as covered.
    const [a, b] = [
      result("a", { content: "alpha bravo charlie delta" }),
      result("b", { content: "echo foxtrot golf hotel" })
    ]
    assert.deepStrictEqual(ids(a, b, result("both", { content: "hotel delta alpha echo" })), ["a", "b"])
    assert.deepStrictEqual(ids(a, result("none", { content: "?! --" }), result("none too", { content: "" })), ["a"])
    assert.deepStrictEqual(ids(result("none", { content: "?!" })), ["none"])
  })

  const any = FastCheck.array(
    FastCheck.record({
      content: FastCheck.oneof(anyText, FastCheck.constantFrom("alpha bravo charlie", "charlie bravo alpha", "", "!")),
      title: FastCheck.oneof(anyText, FastCheck.constantFrom("limit connection pool", "connection pool limit raised")),
      type: FastCheck.constantFrom("decision" as const, "archive" as const, "conversation" as const),
      sessionId: FastCheck.constantFrom("s1", "s2", "s3"),
      occurredAt: FastCheck.nat(5)
    }),
    { maxLength: 12 }
  )

  it.prop("is some of the results in their order, of which no two say the same", [any], ([made]) => {
    const results = made.map((says, i) => result(`u${i}`, says))
    const kept = select(results)
    assert.deepStrictEqual(kept, results.filter((each) => kept.includes(each)))
    assert.strictEqual(kept.length > 0, results.length > 0)
    const lexemes = kept.map(({ unit }) => [...new Set(Tokenizer.lexemes(unit.content))].sort().join(" "))
    assert.strictEqual(new Set(lexemes).size, lexemes.length)
    // Selecting again leaves nothing out.
    assert.deepStrictEqual(select(kept), kept)
  })
})
