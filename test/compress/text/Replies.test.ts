import { assert, describe, it } from "@effect/vitest"
import { isAcceptance, optionIn, saidInstead } from "../../../src/compress/text/Replies.ts"

describe("a reply to a proposal", () => {
  it("takes it", () => {
    for (
      const text of [
        "yes please",
        "ok, do it",
        "A",
        "B please",
        "option 2.",
        "the second one, it is simpler",
        "second",
        "Exactly.",
        "both",
        "好的",
        "第二个",
        "用第一个",
        "行吧",
        "可以的，就这么办",
        "就按这个改",
        "嗯嗯",
        "听你的",
        "沒問題",
        "登录那个，A 吧",
        "选 1。另外那个参数要不要加？",
        "for the login, B because it needs no server"
      ]
    ) assert.isTrue(isAcceptance(text), text)
  })

  it("does not take it where it asks, puts it off, or only begins so", () => {
    for (
      const text of [
        "1 more question first: what does it cost per seat?",
        "A few tests are red on main right now, can you check these",
        "Exactly the question I had yesterday. Let me ask the team first.",
        "ok but hold on, don't merge that yet",
        "First, check the logs of the worker",
        "yes, but is it fast enough?",
        "可以，但先等等，我问一下同事",
        "好的吗？",
        "对了，发票那边怎么样了",
        "行数太多了",
        "是不是少了一列",
        "no"
      ]
    ) assert.isFalse(isAcceptance(text), text)
  })

  it("names an option", () => {
    const options = ["A", "Option 2", "方案 2", "登录那个，A 吧", "i'd take c."].map(optionIn)
    assert.deepStrictEqual(options, ["A", "2", "2", "A", "c"])
    for (const text of ["1 more question", "a few tests are red", "4 files changed", "Add it"]) {
      assert.isUndefined(optionIn(text), text)
    }
  })

  it("says what is to be instead", () => {
    assert.strictEqual(saidInstead("no, take date-fns, the other repo has it"), "take date-fns, the other repo has it")
    assert.strictEqual(saidInstead("No. We have no Redis in production."), "We have no Redis in production.")
    assert.strictEqual(saidInstead("不，用 date-fns，另一个仓库已经有了"), "用 date-fns，另一个仓库已经有了")
    for (
      const text of ["no problem, go on", "No errors now", "no", "nothing else", "no, what does it cost?", "不错，继续"]
    ) {
      assert.isUndefined(saidInstead(text), text)
    }
  })
})
