import { assert, describe, it } from "@effect/vitest"
import { changedIn } from "../../../src/compress/text/Changed.ts"

describe("what is amiss", () => {
  const amiss = "The banner in `theme.css` still has the old colour."
  const changed = (prompt: string, next: string, answer: ReadonlyArray<string> = [amiss]) => [
    ...changedIn(answer, [prompt], [next])
  ]

  it.each([
    ["give the banner the new colour", "Replaced it in one rule."],
    ["do that now", "Pushed."],
    ["I changed the banner myself", "Good."],
    ["the colour of the banner is the new one since noon", "Then nothing is left."]
  ])("is changed where the person reports it, or asks for it and Claude reports it: %s", (prompt, next) => {
    assert.deepStrictEqual(changed(prompt, next), [amiss])
  })

  it.each([
    ["is the banner in the style guide?", "It was added in May."],
    ["leave the banner, marketing wants both", "Fine, I added a note."],
    ["I'll change the banner with the designers", "I committed the rest."],
    ["rename the footer", "Renamed."],
    ["give the banner the new colour", "That doesn't work, the rule is overridden."]
  ])("stays where it is not: %s", (prompt, next) => {
    assert.isEmpty(changed(prompt, next))
  })

  it("takes with it what goes on about it, and neither a reason nor others", () => {
    const answer = [
      "Two pages have no title: `/a` and `/b`.",
      "Both are in the index.",
      "The other four still have one."
    ]
    assert.deepStrictEqual(changed("fix those", "Fixed and pushed.", answer), answer.slice(0, 2))
    assert.isEmpty(changed("fix that", "Fixed.", ["The page has no title because `head.ts` is still loaded late."]))
    assert.deepStrictEqual(changed("两个都改了吧", "改好了，已提交。", ["还有两个页面缺标题。"]), [
      "还有两个页面缺标题。"
    ])
  })
})
