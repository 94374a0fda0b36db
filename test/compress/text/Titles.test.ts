import { assert, describe, it } from "@effect/vitest"
import { answerTitle, isSelfContained, promptTitle, titleFrom } from "../../../src/compress/text/Titles.ts"
import { times } from "../../data.ts"
import { anyText } from "../../texts.ts"

describe("the title of a prompt", () => {
  it.each<[string, string | undefined]>([
    ["Can you please fix the flaky login test in `auth.spec.ts`?", "Fix the flaky login test in `auth.spec.ts`"],
    ["please add a dark mode toggle to the settings page", "Add a dark mode toggle to the settings page"],
    ["Hi Claude, I want you to rename `getUser` to `loadUser` everywhere", "Rename `getUser` to `loadUser` everywhere"],
    ["I think we should move the sessions into Redis", "Move the sessions into Redis"],
    ["ok now do the same for the orders page", "Do the same for the orders page"],
    ["Why does `pnpm build` run out of memory on CI?", "Why does `pnpm build` run out of memory on CI?"],
    ["can we throw away the old invoices?", "Can we throw away the old invoices?"],
    ["ok, could we ship without the migration?", "Could we ship without the migration?"],
    ["could we please ship the migration on its own?", "Ship the migration on its own"],
    ["can we push?", undefined],
    ["sounds good. the invoices of May come next", "The invoices of May come next"],
    ["2 and 3, not 1 because of the auditors", undefined],
    ["back to the invoices", undefined],
    ["能不能帮我看看旧发票为什么少了", "看看旧发票为什么少了"],
    ["帮我把登录页改成中文", "把登录页改成中文"],
    ["请你能不能看一下为什么导出很慢？", "看一下为什么导出很慢"],
    ["麻烦帮我加一个搜索框", "加一个搜索框"],
    ["行,老看板会坏吗", "老看板会坏吗"],
    ["exporter 跑几天就被 kill", "exporter 跑几天就被 kill"],
    ["就按这个改", undefined],
    ["那就只改这个", undefined],
    ["剩下的明天弄", undefined],
    ["再跑一遍", undefined],
    ["改用 pnpm", "改用 pnpm"],
    ["我想让你把 README 翻译成英文", "把 README 翻译成英文"],
    ["为什么 CI 上 pnpm build 会 out of memory？", "为什么 CI 上 pnpm build 会 out of memory？"],
    // A clause that only leads up to the request is left out.
    [
      "In the conflict resolution, the branch of the search box lost its debounce, can you bring it back",
      "The branch of the search box lost its debounce, can you bring it back"
    ],
    [
      "When the import runs at night and the network is slow, and the service does not answer in time, the job dies silently",
      "The job dies silently"
    ],
    // A rule that begins with its place or time is the rule, not its reason.
    [
      "From now on always run exports with the read replica, because the primary is too busy at night.",
      "From now on always run exports with the read replica"
    ],
    [
      "From now on, run every export of the customers' data against the read replica, because the primary is busy",
      "Run every export of the customers' data against the read replica"
    ],
    [
      "In tests never use new Date() without fake timers, because the CI clock is not the clock on our machines.",
      "In tests never use new Date() without fake timers"
    ],
    [
      "In tests never use the real clock, it made the nightly build fail every other day for a whole month",
      "In tests never use the real clock"
    ],
    [
      "For tests use testcontainers instead of mocks, because the mocks hid two broken migrations of ours",
      "For tests use testcontainers instead of mocks"
    ],
    [
      "From now on write commit messages in English, since the auditors in Dublin read each of them",
      "From now on write commit messages in English"
    ],
    [
      "At the boundary every amount becomes a whole number of cents, so that no sum of the ledger drifts",
      "At the boundary every amount becomes a whole number of cents"
    ],
    [
      "With a remote cache the build takes four minutes at most, which is what the release train allows",
      "With a remote cache the build takes four minutes at most"
    ],
    // The cut is at the end of a clause, without its comma.
    [
      "Keep the old API, add the new one beside it, and remove the old one in June once everyone has moved over",
      "Keep the old API, add the new one beside it"
    ],
    ["The colors are off, ", "The colors are off"],
    // The plan's own name says more than the request to implement a plan.
    [
      `Implement the following plan:\n\n# Move the store to SQLite\n\n${"Rows move in batches. ".repeat(20)}`,
      "Move the store to SQLite"
    ],
    ["Thanks!\nNow translate the settings page into French", "Translate the settings page into French"],
    ["yes", undefined],
    ["push", undefined],
    ["commit and push", undefined],
    ["fix it", undefined],
    ["address all of them", undefined],
    ["continue", undefined],
    ["Implement the following plan:", undefined],
    ["好的", undefined],
    ["继续", undefined],
    ["第一个", undefined],
    ["用方案二", undefined]
  ])("%j", (prompt, title) => {
    assert.strictEqual(promptTitle(prompt), title)
    if (title === undefined) assert.isFalse(isSelfContained(prompt))
  })

  it.each([
    "Use `a very long piece of code that is in backticks and goes on and on and on until it is past the eighty` please",
    "Please run the script with its options `--limit 5000 --since 2024-01-01 --until 2024-12-31 --verbose` once"
  ])("is not cut inside of code: %j", (prompt) => {
    const title = titleFrom(prompt)
    assert.isAtMost(title.length, 80)
    assert.strictEqual((title.match(/`/g)?.length ?? 0) % 2, 0, title)
  })

  it("ends in \"…\" only where no clause ends", () => {
    const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(" ")
    assert.isTrue(titleFrom(words).endsWith("…"))
    assert.strictEqual(
      titleFrom(`Move the sessions of all customers into Redis, because ${words}`),
      "Move the sessions of all customers into Redis"
    )
  })

  it.prop("is one line of at most 80 characters, and none only where nothing is said", [anyText], ([text]) => {
    for (const title of [promptTitle(text), answerTitle(text), titleFrom(text)]) {
      assert.isAtMost(title?.length ?? 0, 80)
      assert.notMatch(title ?? "", /[\r\n]/)
      assert.notStrictEqual(promptTitle(text), "")
    }
  }, { fastCheck: { numRuns: times(60) } })
})

describe("the title of what was said", () => {
  it.each<[string, string | undefined]>([
    ["## How the cache works\n\nIt keeps products.", "How the cache works"],
    ["# Summary\n\nThe cache keeps products for ten minutes.", "The cache keeps products for ten minutes"],
    ["You're right! Let me look.\n\nThe lock is held by a job that died.", "The lock is held by a job that died"],
    ["**The fix**: release once.\n\nMore of it here.", "The fix: release once"],
    ["好的，我来看看。\n\n连接被释放了两次，所以计数变成了负数。", "连接被释放了两次，所以计数变成了负数"],
    ["I decided to store amounts as cents, because floats drift.", "Store amounts as cents, because floats drift"],
    ["Done.", undefined]
  ])("%j", (text, title) => assert.strictEqual(answerTitle(text), title))
})
