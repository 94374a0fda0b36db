import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { differenceOf } from "../../src/serve/Differences.ts"
import { times } from "../data.ts"

const shown = (before: string, after: string) =>
  differenceOf(before, after).map(({ kind, text }) =>
    kind === "same" ? text : kind === "added" ? `{+${text}+}` : `[-${text}-]`
  ).join("")

describe("differences", () => {
  it("are words where little changed", () => {
    assert.strictEqual(
      shown("The pool has 20 connections. It stays.", "The pool has 40 connections. It stays."),
      "The pool has [-20-]{+40+} connections. It stays."
    )
  })

  it("are before and after where a sentence was written anew, and leave the others alone", () => {
    assert.strictEqual(
      shown(
        "We run the job at night. The report of the team is the cause of the load. Keep it.",
        "We run the job at night. A mail to the customers is sent by the cron of the shop. Keep it."
      ),
      "We run the job at night. [-The report of the team is the cause of the load. -]" +
        "{+A mail to the customers is sent by the cron of the shop. +}Keep it."
    )
    assert.strictEqual(shown("Use tabs.", "We chose spaces for YAML."), "[-Use tabs.-]{+We chose spaces for YAML.+}")
  })

  it("are the sentence that came or went", () => {
    assert.strictEqual(
      shown("One is here.\nTwo is there.", "One is here.\nA new one.\nTwo is there."),
      "One is here.\n{+A new one.\n+}Two is there."
    )
    assert.strictEqual(shown("先写测试。再改代码。", "先写测试。"), "先写测试。[-再改代码。-]")
  })

  const text = FastCheck.array(
    FastCheck.oneof(
      FastCheck.constantFrom("one ", "two ", "three. ", "four\n", "五。", "! ", "\n\n"),
      FastCheck.string({ maxLength: 3 })
    ),
    { maxLength: 20 }
  ).map((parts) => parts.join(""))
  it.prop(
    "have both texts in them",
    [text, text],
    ([before, after]) => {
      const parts = differenceOf(before, after)
      const without = (kind: string) => parts.filter((part) => part.kind !== kind).map(({ text }) => text).join("")
      assert.strictEqual(without("added"), before)
      assert.strictEqual(without("removed"), after)
      if (before === after) assert.isTrue(parts.every(({ kind }) => kind === "same"))
    },
    { fastCheck: { numRuns: times(300) } }
  )
})
