import { assert, describe, it } from "@effect/vitest"
import { resumptionIn, workNamedIn } from "../../src/domain/Resumption.ts"

describe("a prompt that asks to go on", () => {
  it.each([
    ["continue where we left off", []],
    ["ok back. what were we doing", []],
    ["where were we", []],
    ["what did we decide yesterday?", []],
    ["Where did we stop yesterday?", []],
    ["what's left to do", []],
    ["whats left", []],
    ["what’s left on the invoice export", ["invoic", "export"]],
    ["im back, lets pick up where we left off", []],
    ["catch me up please", []],
    ["继续上次的", []],
    ["接着昨天的做", []],
    ["上次做到哪了", []],
    ["繼續上次的", []],
    ["接著昨天的做", []],
    ["剛才我們做到哪裡了", []],
    ["早，我们上次做到哪了", []],
    ["咱们昨天干了啥", []],
    ["上回停在哪儿", []],
    ["从昨天停下的地方接着做", []],
    ["恢复上次的工作", []],
    ["恢复上次的会话", []],
    ["恢复我们的进度", []],
    ["之前的任务继续吧", []],
    ["帮我回忆一下上次做了什么", []],
    ["还有什么没做完", []],
    ["还有哪些没完成的任务", []],
    ["还有什么要做的吗", []],
    ["还有什么任务要做吗", []],
    ["继续上次的功能开发", []],
    ["接着上次的导出功能", ["导出"]],
    ["继续上次的会话管理", ["会话", "管理"]],
    ["继续昨天的事件总线", ["事件"]],
    ["继续上次的状态机重构", ["状态"]],
    ["还剩哪些任务没做", []],
    ["还有哪些功能没完成", []],
    ["还有什么没做的功能", []],
    ["上次的工作做到哪了", []],
    ["前回の続きをお願いします", []],
    ["前回の作業を続けて", []],
    ["昨日の作業を続けてください", []],
    ["还有哪些没完成的", []],
    ["おはよう、昨日はどこまでやった？", []],
    ["Wo waren wir?", []],
    ["Moin, mach da weiter wo wir gestern aufgehört haben", []],
    ["pick up the todo app where you stopped", ["app"]],
    ["continue with the invoice export from yesterday", ["invoic", "export"]],
    ["what were we doing on the SSE buffer", ["sse", "buffer"]]
  ])("is: %s", (prompt, subject) => {
    const resumption = resumptionIn(prompt)
    assert.strictEqual(resumption?.isBare, false)
    assert.includeMembers([...resumption!.subject], subject)
    if (subject.length === 0) assert.deepStrictEqual(resumption!.subject, [])
  })

  it.each([
    "continue",
    "Next",
    "what's next?",
    "what’s next",
    "whats next",
    "ok whats next?",
    "weiter geht's",
    "weiter gehts",
    "keep going",
    "继续",
    "继续吧",
    "下一步",
    "繼續",
    "接著做",
    "続きをお願いします",
    "下一步是什麼"
  ])(
    "may be: %s",
    (prompt) => assert.deepStrictEqual(resumptionIn(prompt), { isBare: true, subject: [] })
  )

  it.each([
    "",
    "yes",
    "continue to the next page in the loop and collect all rows",
    "the next button does nothing",
    "why does it continue after the error",
    "what did we decide about duplicate owners for the import",
    "ok what are we using for the job queue",
    "where are the migrations",
    "继续优化一下这个函数的命名",
    "繼續最佳化這個函式的命名",
    "之前的写法不对，改回来",
    "我们用什么库做表单",
    "还有什么办法",
    "恢复数据库的备份",
    "恢复之前的数据库备份",
    "恢复之前删掉的那个文件",
    "恢复我们的线上数据",
    "恢复昨天的备份到测试库",
    "还有哪些没完成的订单要处理",
    "weiter, wo liegt die Konfiguration?",
    "昨天的测试又挂了",
    "続きを読むボタンが動かない",
    "wo ist die Konfiguration",
    "weiter unten fehlt ein Komma",
    `continue where we left off ${"and so on ".repeat(40)}`
  ])("is not: %s", (prompt) => assert.isUndefined(resumptionIn(prompt)))
})

describe("a prompt that goes on with a work by its name", () => {
  it.each([
    ["go on with the ledger widget", ["ledger", "widget"]],
    ["ok, back to the ledger widget", ["ledger", "widget"]],
    ["let's finish the Android widget", ["android", "widget"]],
    ["carry on with the widget, but keep it small", ["widget"]],
    ["接着做账单对账", ["账单", "对账"]],
    ["继续缓存预热。先看一下日志", ["缓存", "预热"]],
    ["mach bitte weiter mit der Rechnungsprüfung", ["rechnungsprüfung"]],
    ["Weiter an den Webhooks von Stripe", ["stripe"]],
    ["請求書の続きをやって", ["请求"]],
    ["ウィジェットの続きから", ["ウィジェット"]]
  ])("names it: %s", (prompt, subject) => assert.includeMembers([...workNamedIn(prompt)], subject))

  it.each([
    "continue to the next page and collect rows",
    "finish",
    "继续",
    "why does it go on with the ledger import",
    "show the ledger",
    "weiter unten fehlt die Rechnungsprüfung",
    "記事の続きを読むボタンが動かない"
  ])(
    "does not: %s",
    (prompt) => assert.deepStrictEqual(workNamedIn(prompt), [])
  )
})
