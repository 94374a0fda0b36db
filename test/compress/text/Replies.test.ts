import { assert, describe, it } from "@effect/vitest"
import { isAcceptance, saidInstead } from "../../../src/compress/text/Replies.ts"

const OFFER = "I recommend one table a month, because deletes take hours. Want me to split it?"

describe("a reply to a proposal", () => {
  it.each([
    "yes please",
    "ok, do it",
    "Exactly.",
    "both",
    "好的",
    "行吧",
    "可以的，就这么办",
    "就按这个改",
    "嗯嗯",
    "听你的",
    "沒問題",
    "sure, no problem",
    "ok and keep the old one as a view",
    "yes, deletes are what hurts",
    "right. perfect. go",
    "好，改吧"
  ])("takes it: %j", (text) => assert.isTrue(isAcceptance(text, OFFER)))

  it.each([
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
    "no",
    "ok no",
    "yeah nah",
    "ok, commit what we have",
    "sure, show me the schema",
    "ok i'll do it myself",
    "right, that explains the timeouts",
    "yes and it has been like that for years",
    "嗯，我知道了",
    "对，之前就是这样写的"
  ])(
    "does not take it where it asks, puts it off, only begins so, or goes on to something else: %j",
    (text) => assert.isFalse(isAcceptance(text, OFFER))
  )

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
