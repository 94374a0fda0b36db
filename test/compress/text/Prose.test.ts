import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  condense,
  isChatter,
  joined,
  linesOf,
  plain,
  quotable,
  sentencesOf,
  withFullStop
} from "../../../src/compress/text/Prose.ts"
import { leftOut } from "../../../src/domain/Conversation.ts"
import { times } from "../../data.ts"
import { anyText, millis } from "../../texts.ts"

const solid = (text: string) => text.replace(/\s+/g, "")

describe("sentences", () => {
  it.each<[string, ReadonlyArray<string>]>([
    ["It runs e.g. on Node 20. See v1.2.3 there.", ["It runs e.g. on Node 20.", "See v1.2.3 there."]],
    ["Mr. Smith left, cf. No. 5 there. Rust vs. Go stays.", ["Mr. Smith left, cf. No. 5 there.", "Rust vs. Go stays."]],
    ["Open https://a.io/x?y=1!z now. Then go on.", ["Open https://a.io/x?y=1!z now.", "Then go on."]],
    ["1. First do it. 2. Then that.", ["1. First do it.", "2. Then that."]],
    ["**Bold one.** Is it? Yes!", ["**Bold one.**", "Is it?", "Yes!"]],
    ["He said \"so.\" (It is.) Wait... what?", ["He said \"so.\"", "(It is.)", "Wait...", "what?"]],
    ["好的。先看 1.2.3 版本！再说？是；不是", ["好的。", "先看 1.2.3 版本！", "再说？", "是；", "不是"]],
    ["先改配置。`max_size` 调到 50。**重要。**“先备份。”`done`。", [
      "先改配置。",
      "`max_size` 调到 50。",
      "**重要。**",
      "“先备份。”",
      "`done`。"
    ]],
    ["好!那就这么定了?行 ok", ["好!", "那就这么定了?", "行 ok"]],
    ["用 a.ts 和 b.ts。“好。”他说。", ["用 a.ts 和 b.ts。", "“好。”", "他说。"]],
    ["升级到 v2.0. Then restart。完成", ["升级到 v2.0.", "Then restart。", "完成"]],
    ["Lock it: `SELECT … FOR UPDATE` waits. Or `a. B. Then stop.", [
      "Lock it: `SELECT … FOR UPDATE` waits.",
      "Or `a.",
      "B.",
      "Then stop."
    ]],
    ["", []]
  ])("of %j", (line, sentences) => assert.deepStrictEqual(sentencesOf(line), sentences))

  it.prop("are the line, but for white space", [anyText], ([text]) => {
    for (const line of text.split("\n")) assert.strictEqual(solid(sentencesOf(line).join("")), solid(line))
  }, { fastCheck: { numRuns: times(60) } })

  it("are found in linear time, in minified code too", () => {
    for (const part of ["!`x", "a?'b':", "x!\"y", "!`好", "!**a"]) {
      assert.isBelow(millis(() => sentencesOf(part.repeat(30_000))), 500, part)
    }
  })

  it("stand on a line as one would write them", () => {
    assert.strictEqual(joined(["One.", "Two…", "Three."]), "One. Two… Three.")
    assert.strictEqual(joined(["连接池耗尽了。", "后来修好了。", "It held."]), "连接池耗尽了。后来修好了。It held.")
    assert.deepStrictEqual(["One", "One.", "连接池", "“好。”", "why?", "`a`"].map(withFullStop), [
      "One.",
      "One.",
      "连接池。",
      "“好。”",
      "why?",
      "`a`."
    ])
  })
})

describe("lines", () => {
  it("are distinguished", () => {
    const text =
      "# Head\n**Bold head**\n**Bold words that say all.**\n- item\n2. item\n| a | b |\n```ts\nlet a = 1\n\n```\nwords"
    assert.deepStrictEqual(linesOf(text).map(({ kind }) => kind), [
      "heading",
      "heading",
      "prose",
      "item",
      "item",
      "table",
      "code",
      "code",
      "code",
      "code",
      "prose"
    ])
  })

  it("that were wrapped are one, and those that were not are many", () => {
    const wrapped =
      "The cache keeps every product for ten minutes, because prices\nseldom change.\nshort line\nnext line"
    assert.deepStrictEqual(linesOf(wrapped).map(({ text }) => text), [
      "The cache keeps every product for ten minutes, because prices\nseldom change.",
      "short line",
      "next line"
    ])
  })

  it.prop("lose nothing but white space", [anyText], ([text]) => {
    assert.strictEqual(solid(linesOf(text).map(({ text }) => text).join("\n")), solid(text))
  }, { fastCheck: { numRuns: times(60) } })
})

describe("chatter", () => {
  it.each([
    "Let me check the tests.",
    "I'll look at the file now.",
    "Now I'll update the config.",
    "Perfect! Now let me run the tests:",
    "Now let me add the type to the port:",
    "Let me commit this.",
    "You're absolutely right!",
    "Great question!",
    "Good choice.",
    "Great, that works.",
    "I apologize for the confusion.",
    "Sorry about that.",
    "Let me know if you need anything else.",
    "Here's the summary:",
    "Done.",
    "All done!",
    "Pushed.",
    "Thanks!",
    "Understood.",
    "Sure!",
    "✅",
    "API Error: 529 Overloaded",
    "好的，让我看看。",
    "让我先检查一下测试。",
    "我来修改这个文件。",
    "接下来我会更新配置。",
    "现在运行测试：",
    "明白了，我马上处理。",
    "先看看日志。",
    "抱歉，我弄错了。",
    "很抱歉造成困扰。",
    "好问题！",
    "太好了！",
    "没问题。",
    "完成！",
    "搞定了。",
    "谢谢！",
    "如果你还有问题，请告诉我。",
    "You're very welcome! Enjoy the new build.",
    "You’re welcome.",
    "不用客气！",
    "辛苦了，注意防暑。",
    "祝玩得愉快！",
    "晚安。",
    "好，已提交。",
    "改好了。",
    "已經 commit。",
    "知道了。",
    "好的，再见！",
    "收工。",
    "thx bye",
    "Good night!"
  ])("is %j", (sentence) => assert.isTrue(isChatter(sentence)))

  it.each([
    "The client is released twice.",
    "All 13 tests pass now.",
    "I'll use SQLite because no server is needed.",
    "Let me use `pg_advisory_lock` to keep two importers from running at once.",
    "I'll keep the old table until 1 May.",
    "Let me explain: the lock is taken before the read, so two readers wait.",
    "Sorry, the earlier number was wrong: it is 480 ms, not 48.",
    "Fixed in 1f2e3d4.",
    "Fixed-width columns are 80 wide.",
    "Sure enough, the lock was held by pid 4711.",
    "Ready state is kept in Redis.",
    "Right now the cache is empty.",
    "Good indexes make this fast.",
    "Now the import takes 4 minutes.",
    "Run `pnpm check` first.",
    "Add `--limit` to the command.",
    "Redis stays.",
    "连接被释放了两次。",
    "收到 3 条重复的消息。",
    "已提交到 `release/2.4`。",
    "测试全部通过，共 13 个。",
    "我改用 SQLite，因为不需要服务器。",
    "抱歉，之前的数字错了：是 480 毫秒。",
    "现在的默认端口是 8080。",
    "好的缓存键应该包含货币。",
    "没问题的用户可以跳过迁移。",
    "再次运行会跳过已导入的行。",
    "我需要的不是锁而是队列。",
    "来自客户的请求会排队。",
    "再见到这个错误就重启服务。",
    "下班后的批处理在两点跑。",
    "知道了原因：连接池太小。"
  ])("is not %j", (sentence) => assert.isFalse(isChatter(sentence)))
})

describe("a condensed text", () => {
  it.each<[string, string]>([
    ["You're right! The lock is stale. Let me fix it:", "The lock is stale."],
    ["好的。连接被释放了两次。让我修改一下：", "连接被释放了两次。"],
    ["# Plan\n\nOk.\n\n## Steps\n\nThe lock is stale.", "# Plan\n## Steps\nThe lock is stale."],
    ["- Great!\n- The lock is stale.\n```\nOk.\n```\nLet me know!", "- The lock is stale.\n```\nOk.\n```"],
    ["**Done! The lock is gone.**", "The lock is gone."],
    ["It is faster.\n\n**Total: 480 ms**", "It is faster.\n**Total: 480 ms**"],
    ["It is faster.\n\n## Next steps\n\nLet me know!", "It is faster."],
    ["| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"],
    ["I apologize. Let me check.", ""]
  ])("%j", (text, condensed) => assert.strictEqual(condense(text), condensed))

  it.prop("has no other sentences, in their order, and none that is not chatter is gone", [anyText], ([text]) => {
    const condensed = condense(text)
    const whole = solid(text)
    for (const line of condensed.split("\n")) {
      for (const sentence of sentencesOf(line)) assert.isTrue(whole.includes(solid(sentence)), JSON.stringify(sentence))
    }
    for (const sentence of quotable(text)) {
      const bare = solid(sentence).replace(/^\*\*|\*\*$/g, "")
      const isKept = solid(condensed).includes(bare)
      assert.isTrue(isKept || isChatter(sentence) || /[:：][*_]*$/.test(sentence), JSON.stringify(sentence))
    }
  }, { fastCheck: { numRuns: times(60) } })

  it.prop("is condensed", [
    FastCheck.array(FastCheck.constantFrom("Ok. ", "It is 5. ", "\n", "让我看看。", "**a b** ", "# h\n"))
  ], ([parts]) => {
    const once = condense(parts.join(""))
    assert.strictEqual(condense(once), once)
  })
})

describe("plain words", () => {
  it.each<[string, string]>([
    ["- [x] **Fixed**: the `pool`", "Fixed: the `pool`"],
    ["## ✅ All of it", "All of it"],
    ["2. See [the page](https://a.io/x) for more", "See the page for more"],
    ["> 引用的话", "引用的话"],
    ["a\n  b", "a b"],
    ["__init__ and **bold**", "__init__ and bold"],
    ["set ENV to `__PROD__`, never to prod", "set ENV to `__PROD__`, never to prod"],
    ["move it from app/__init__.py to __main__.py", "move it from app/__init__.py to __main__.py"],
    ["**kwargs and **args are passed on", "**kwargs and **args are passed on"],
    ["src/**/*.ts and test/**/*.ts", "src/**/*.ts and test/**/*.ts"],
    ["2**8 is 256", "2**8 is 256"],
    ["this is __very much__ so, and **this**: **that one.**", "this is very much so, and this: that one."],
    ["这是**重点**内容", "这是重点内容"],
    ["**Important: ports are taken.", "Important: ports are taken."],
    ["the second half.**", "the second half."],
    ["🎯 **Perfect! All is fixed", "Perfect! All is fixed"],
    ["SSE Parsing** - done", "SSE Parsing - done"]
  ])("of %j", (text, words) => assert.strictEqual(plain(text), words))
})

describe("what capture left out", () => {
  it("is no line of a text", () => {
    assert.deepStrictEqual(
      linesOf(`The pool is exhausted\n${leftOut(8_622)}\nThe port is taken.`).map(({ text }) => text),
      ["The pool is exhausted", "The port is taken."]
    )
  })
})
