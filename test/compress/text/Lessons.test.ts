import { assert, describe, it } from "@effect/vitest"
import {
  isChoice,
  isFact,
  isFinding,
  isLesson,
  isReason,
  isStatus,
  isWish,
  standsAlone
} from "../../../src/compress/text/Lessons.ts"

const each = (is: (sentence: string) => boolean, yes: ReadonlyArray<string>, no: ReadonlyArray<string>) => {
  for (const sentence of yes) assert.isTrue(is(sentence), sentence)
  for (const sentence of no) assert.isFalse(is(sentence), sentence)
}

describe("sentences worth remembering", () => {
  it("are reasons and alternatives that were weighed", () => {
    each(isReason, [
      "The log is synced because a crash must not lose a page.",
      "The retries live in the client, so that each service can set its own.",
      "`index.js` loads its modules lazily, so the first click is lost when the cache is cold.",
      "So one insert makes forty small parts, and the merges can't keep up.",
      "That's the point: the consumer leaves as one insert takes six minutes.",
      "We store cents rather than floats.",
      "连接池耗尽了，因为每个请求都开了一个新连接。",
      "offset 提前提交，所以会丢消息。",
      "Removing the testing library import since it's just for demonstration:"
    ], [
      "I renamed the three flags, so I ran the tests again.",
      "Three rows are left so far, the rest is written.",
      "The import now writes rows in batches.",
      "Let me check why it fails.",
      "Is it slow because of the index?"
    ])
    each(isChoice, ["A custom `UnmarshalJSON` is overkill — a simpler approach is to normalize after load."], [
      "Use `cpID.Path()` instead of `paths.CheckpointPath(checkpointID)`"
    ])
  })

  it("are limits, and what was left for later", () => {
    each(isLesson, [
      "The package does not support Windows paths.",
      "Backpressure handling is deferred to a later pull request.",
      "这个库不支持流式写入，需要自己分块处理大文件。",
      "还剩限流没做，明天再弄。"
    ], ["✅ All quality checks pass", "I've updated the file with the new name."])
  })

  it("are a person's rules, choices and preferences", () => {
    each(isWish, ["Always run the linter first", "let's use SQLite instead", "别用 any", "we do container-first"], [
      "fix the failing test",
      "what does io.Discard do?"
    ])
  })

  it("are causes that are certain, and neither guesses nor proposals", () => {
    each(isFinding, [
      "The issue is that the proxy closes idle connections after a minute.",
      "`npm ci` fails in the image because `node_modules` is mounted from the host."
    ], [
      "The issue might be that the proxy closes idle connections.",
      "The simplest fix is to rename `store` to `cache`, since it has three callers.",
      "All builds of `main` should pass because the flaky test is gone.",
      "It fails because of that.",
      "All 41 rows of `invoices` are in `NOK`, so no conversion is involved."
    ])
  })

  it("are statements that name something", () => {
    each(isFact, ["The rebase brought 22 commits from main.", "The layout lives in `src/layout.ts` now."], [
      "The layout lives in another file now.",
      "✅ **Build succeeds** with zero warnings"
    ])
  })
})

describe("sentences soon out of date", () => {
  it("say that the work goes well, and nothing else", () => {
    each(isStatus, [
      "All tests pass.",
      "The file looks correct.",
      "Now I have a complete picture of the project.",
      "构建通过了。",
      "已提交，全绿。"
    ], [
      "All tests pass because the clock is fixed.",
      "Pushed as `1a2b3c4`.",
      "The rebase succeeded with 22 commits."
    ])
  })
})

describe("sentences that stand alone", () => {
  it("name their subject", () => {
    each(standsAlone, ["The server bans a client that retries at once, so that each wait must be twice the last."], [
      "This is simpler because it needs no timer of its own, and the tests are shorter.",
      "So it is the same problem as in the other file, because of the import.",
      "It broke."
    ])
  })
})
