import { assert, describe, it } from "@effect/vitest"
import { resumptionIn } from "../../src/inject/Resumption.ts"

describe("a prompt that asks to go on", () => {
  it.each([
    ["continue where we left off", []],
    ["ok back. what were we doing", []],
    ["where were we", []],
    ["Where did we stop yesterday?", []],
    ["what's left to do", []],
    ["catch me up please", []],
    ["继续上次的", []],
    ["接着昨天的做", []],
    ["上次做到哪了", []],
    ["pick up the todo app where you stopped", ["app"]],
    ["continue with the invoice export from yesterday", ["invoic", "export"]],
    ["what were we doing on the SSE buffer", ["sse", "buffer"]]
  ])("is: %s", (prompt, subject) => {
    const resumption = resumptionIn(prompt)
    assert.strictEqual(resumption?.isBare, false)
    assert.includeMembers([...resumption!.subject], subject)
    if (subject.length === 0) assert.deepStrictEqual(resumption!.subject, [])
  })

  it.each(["continue", "Next", "what's next?", "keep going", "继续", "继续吧", "下一步"])(
    "may be: %s",
    (prompt) => assert.deepStrictEqual(resumptionIn(prompt), { isBare: true, subject: [] })
  )

  it.each([
    "",
    "yes",
    "continue to the next page in the loop and collect all rows",
    "the next button does nothing",
    "why does it continue after the error",
    "where are the migrations",
    "继续优化一下这个函数的命名",
    `continue where we left off ${"and so on ".repeat(40)}`
  ])("is not: %s", (prompt) => assert.isUndefined(resumptionIn(prompt)))
})
