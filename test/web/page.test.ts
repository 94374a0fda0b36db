/**
 * The page in a real browser, against a real server: by keyboard and by role, in both languages.
 */
import axe from "axe-core"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { isQuick, slow } from "../data.ts"
import { browserPath, launch, see, serve, type Served } from "./browser.ts"
import { failReviews } from "./failing.ts"

/** What a person must be able to see that is in no language. */
const QUESTION = "stripe webhook twice"

/** A text that would do harm if any of it were taken for markup. */
const HOSTILE =
  "<img src=x onerror=\"window.harm=1\"><script>window.harm=2</script> ]]> {{7*7}} javascript:alert(1) `</pre>`"

const EN = {
  ask: "Search your memory",
  sessions: "Sessions",
  edit: "Edit",
  title: "Title",
  undo: "Undo",
  palette: "Command palette",
  forget: "Forget",
  forgotten: /^Forgotten: “/,
  holdsAgain: /What it replaced holds again: “/,
  again: /^Remembered again: “/,
  prompt: "Prompt",
  oneLetter: /^1 line could not be understood: /,
  failedWork: "Failed work",
  fiveTimes: "failed 5 times",
  givenUp: "given up",
  tryAgainAt: "tried again at",
  tryIt: "Try it again",
  tryAll: "Try all again",
  oneQueued: "1 piece of work is queued again."
}
const ZH: typeof EN = {
  ask: "搜索记忆",
  sessions: "会话",
  edit: "编辑",
  title: "标题",
  undo: "撤销",
  palette: "命令面板",
  forget: "忘记",
  forgotten: /^已忘记：“/,
  holdsAgain: /被它取代的记忆恢复有效：“/,
  again: /^已重新记住：“/,
  prompt: "提示",
  oneLetter: /^1 行无法解析：/,
  failedWork: "失败的任务",
  fiveTimes: "失败 5 次",
  givenUp: "已放弃",
  tryAgainAt: "下次尝试",
  tryIt: "重试",
  tryAll: "全部重试",
  oneQueued: "1 项任务已重新排队。"
}
const LANGUAGES = [["en-GB", EN], ["zh-CN", ZH]] as const

/** Milliseconds after a letter in which a key that changes something is taken for the next one of a word. */
const WORD_MS = 700

/** What axe finds in the page that is serious or critical. */
const faultsOf = (page: Page) =>
  page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run()
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(", ")}`)
  })

/** A transcript of so many prompts and answers, some of them long. */
const transcriptOf = (sessionId: string, length: number): string =>
  Array.from({ length }, (_, i) => {
    const isPrompt = i % 2 === 0
    return JSON.stringify({
      type: isPrompt ? "user" : "assistant",
      uuid: `${sessionId.slice(0, -6)}${String(100_000 + i)}`,
      parentUuid: i === 0 ? null : `${sessionId.slice(0, -6)}${String(99_999 + i)}`,
      sessionId,
      cwd: "/home/mei/work/one",
      timestamp: new Date(Date.UTC(2026, 10, 1, 9, i)).toISOString(),
      message: isPrompt
        ? { role: "user", content: `How does step ${i} of the migration go?` }
        : {
          role: "assistant",
          content: [{ type: "text", text: `Step ${i} moves the ledger of month ${i}.${"\n\nIt waits.".repeat(i % 8)}` }]
        }
    })
  }).join("\n") + "\n"

const queryOf = (page: Page) => new URL(page.url()).searchParams

describe.skipIf(browserPath === undefined)(
  browserPath === undefined ? "the page: no Chromium is installed" : "the page",
  () => {
    let browser: Browser
    let served: Served
    beforeAll(async () => {
      served = await serve()
      browser = await launch()
    }, 60_000)
    afterAll(async () => {
      await browser.close()
      await served.stop()
    })

    it.each(LANGUAGES.slice(0, isQuick ? 1 : 2))("is used by keyboard alone (%s)", async (locale, t) => {
      const { close, faults, page } = await see(browser, served, "/app/", { locale })
      const box = page.getByRole("searchbox", { name: t.ask })
      await box.waitFor()
      assert.strictEqual(await page.locator("html").getAttribute("lang"), locale === "zh-CN" ? "zh-CN" : "en")
      assert.isTrue(await box.evaluate((element) => element === document.activeElement))
      await page.keyboard.type(QUESTION)
      await page.waitForURL((url) => url.searchParams.get("q") === QUESTION)
      await page.locator(`[data-answers="${QUESTION}"] mark`, { hasText: "webhook" }).first().waitFor()

      // Into the list, down, and back up; the memory beside it follows.
      await page.keyboard.press("Enter")
      const items = page.locator("[data-item]")
      const second = await items.nth(1).getAttribute("href")
      await page.keyboard.press("j")
      assert.strictEqual(`/app/memories/${queryOf(page).get("m")}`, second)
      await page.keyboard.press("k")

      // Edited, with another title; then undone.
      await page.keyboard.press("j")
      await page.getByRole("article").locator(`a[href="${second}"]`).waitFor()
      await page.keyboard.press("e")
      const title = page.getByRole("textbox", { name: t.title })
      await title.waitFor()
      const before = await title.inputValue()
      await title.fill(`${before} (${locale})`)
      await page.keyboard.press("Control+Enter")
      await page.getByRole("heading", { name: `${before} (${locale})` }).waitFor()
      await page.getByRole("button", { name: t.undo, exact: true }).press("Enter")
      await page.getByRole("heading", { name: before, exact: true }).waitFor()

      // Forgotten, and remembered again.
      const question = page.getByRole("dialog").getByRole("button", { name: t.forget })
      await page.locator("[data-item]").nth(1).focus()
      await page.keyboard.press("x")
      await question.waitFor()
      await page.keyboard.press("Enter")
      await page.getByText(t.forgotten).waitFor()
      await page.getByRole("button", { name: t.undo, exact: true }).last().press("Enter")
      await page.getByText(t.again).waitFor()

      // The palette goes to the sessions, and the way back leads to the search as it was.
      await page.keyboard.press("Control+k")
      await page.getByRole("combobox", { name: t.palette }).waitFor()
      await page.keyboard.type(t.sessions)
      await page.keyboard.press("Enter")
      await page.getByRole("heading", { name: t.sessions, level: 1 }).waitFor()
      assert.strictEqual(new URL(page.url()).pathname, "/app/sessions")
      await page.goBack()
      await page.locator("mark", { hasText: "webhook" }).first().waitFor()
      assert.strictEqual(await page.getByRole("searchbox", { name: t.ask }).inputValue(), QUESTION)

      await page.keyboard.press("Escape")
      await page.keyboard.press("?")
      await page.getByRole("dialog").waitFor()
      await page.keyboard.press("Escape")
      await page.getByRole("dialog").waitFor({ state: "detached" })
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("changes by a key only what has the focus, and nothing in the middle of a word", async () => {
      const { close, faults, page } = await see(browser, served)
      const operations = async () => {
        const response = await fetch(`${served.url}/v1/changes`, {
          headers: { authorization: `Bearer ${served.token}` }
        })
        return ((await response.json()) as { readonly changes: ReadonlyArray<unknown> }).changes.length
      }
      const before = await operations()
      const asks = page.locator("dialog, form")
      const items = page.locator("[data-item]")
      await page.getByRole("article").waitFor()
      const leave = () =>
        page.evaluate(() => {
          if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
        })
      // Nothing has the focus: a word and each key alone do nothing.
      await leave()
      await page.keyboard.type("express pry")
      for (const key of ["e", "p", "r", "x", "y"]) await page.keyboard.press(key)
      // A memory has it: a word that begins with no key is still one.
      await items.first().focus()
      await page.keyboard.type("nexxt")
      await page.goto(`${served.url}/app/least`)
      await items.first().waitFor()
      await page.keyboard.type("xyxy")
      await page.keyboard.type("just fix your proxy")
      await leave()
      await page.keyboard.type("kyoto")
      await page.waitForTimeout(300)
      assert.strictEqual(await asks.count(), 0)
      assert.strictEqual(await page.getByRole("button", { name: "Undo" }).count(), 0)
      assert.strictEqual(await operations(), before)

      // Its row has the focus, or a button in it does.
      await page.goto(`${served.url}/app/`)
      await page.getByRole("article").waitFor()
      await items.nth(1).focus()
      await page.keyboard.press("p")
      await page.getByText("Pinned: Claude is told it").first().waitFor()
      await page.getByRole("button", { name: "Undo", exact: true }).press("Enter")
      await page.getByRole("status").getByText("No longer pinned.").waitFor()
      await page.getByRole("article").getByRole("button", { name: "Copy", exact: true }).focus()
      await page.keyboard.press("x")
      await page.getByRole("dialog").waitFor()
      await page.keyboard.press("Escape")
      await page.getByRole("dialog").waitFor({ state: "detached" })
      // A key is not lost while its memory is still asked for.
      await page.route("**/v1/units/*", async (route) => {
        await setTimeout(700)
        await route.continue()
      })
      await items.nth(3).focus()
      await page.keyboard.press("x")
      await page.getByRole("dialog").waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("throws away nothing that was typed into an edit without a question", async () => {
      const { close, faults, page } = await see(browser, served)
      await page.getByRole("article").waitFor()
      const items = page.locator("[data-item]")
      const form = page.getByRole("form", { name: "Edit" })
      const text = form.getByRole("textbox", { name: "Text" })
      await items.nth(1).focus()
      await page.keyboard.press("e")
      await text.waitFor()
      await page.keyboard.press("Escape")
      await form.waitFor({ state: "detached" })
      await items.nth(1).focus()
      await page.keyboard.press("e")
      await text.press("End")
      await page.keyboard.type(" and more")
      const typed = await text.inputValue()
      const question = page.getByRole("dialog", { name: "Throw away what you changed?" })
      await page.keyboard.press("Escape")
      await question.waitFor()
      await page.keyboard.press("Escape")
      await question.waitFor({ state: "detached" })
      assert.strictEqual(await text.inputValue(), typed)
      // Another memory, and back: the list keeps the focus, and the edit is as it was.
      await items.nth(2).click()
      await page.getByText("is not saved yet. You find it").waitFor()
      await form.waitFor({ state: "detached" })
      await page.keyboard.press("k")
      await text.waitFor()
      assert.strictEqual(await text.inputValue(), typed)
      assert.isTrue(await items.nth(1).evaluate((item) => item === document.activeElement))
      await page.keyboard.press("e")
      assert.isTrue(await text.evaluate((box) => box === document.activeElement))
      await form.getByRole("button", { name: "Cancel" }).click()
      const goOn = question.getByRole("button", { name: "Go on editing" })
      assert.isTrue(await goOn.evaluate((button) => button === document.activeElement))
      await question.getByRole("button", { name: "Throw away" }).click()
      await form.waitFor({ state: "detached" })
      // The list has the focus again.
      assert.isTrue(await items.nth(1).evaluate((item) => item === document.activeElement))
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("saves an edit in the middle of which its memory was pinned", async () => {
      const [title] = await saved("Beetroots keep in damp sand until the middle of March.")
      const { id } = (await listed()).find((unit) => unit.title === title)!
      const { close, faults, page } = await see(browser, served, `/app/memories/${id}`)
      const article = page.getByRole("article")
      const form = page.getByRole("form", { name: "Edit" })
      await article.getByRole("button", { name: "Edit", exact: true }).click()
      await form.getByRole("textbox", { name: "Text" }).fill("Beetroots keep in damp sand until April.")
      await article.getByRole("button", { name: "Pin", exact: true }).click()
      await article.getByRole("button", { name: "Unpin" }).waitFor()
      await form.getByRole("button", { name: "Save" }).click()
      await form.waitFor({ state: "detached" })
      await article.getByText("in damp sand until April").first().waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("replaces a memory by one that is written there", async () => {
      const [title] = await saved("Harvest of the plums begins on the tenth of August.")
      const { id } = (await listed()).find((unit) => unit.title === title)!
      const { close, faults, page } = await see(browser, served, `/app/memories/${id}`)
      const written = page.getByRole("textbox", { name: "Or write the memory that holds now:" })
      const replace = page.getByRole("button", { name: "Replace", exact: true })
      await replace.click()
      await written.fill("Harvest of the plums begins on the third of September.")
      // Left and come back to, it is there still.
      await page.keyboard.press("Escape")
      await written.waitFor({ state: "detached" })
      await replace.click()
      await page.getByRole("button", { name: "Save it, and replace" }).click()
      await page.getByText("Replaced: from now on Claude is told the other memory.").waitFor()
      await page.getByText("Out of date: replaced by").first().getByRole("link").click()
      await page.getByRole("article").getByText("begins on the third of September").first().waitFor()
      await page.getByText("saved by you").waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("shows by the address alone what was asked", async () => {
      const first = await see(browser, served, `/app/?q=${QUESTION.replaceAll(" ", "+")}&type=decision`)
      const { page } = first
      // Projects have their names when those are there.
      const isShown = () => page.locator("[data-item]", { hasText: "shop-api" }).first().waitFor()
      await isShown()
      const rows = await page.locator("[data-item]").allTextContents()
      await page.reload()
      await isShown()
      assert.deepStrictEqual(await page.locator("[data-item]").allTextContents(), rows)
      assert.isAbove(rows.length, 0)
      for (const row of rows) assert.include(row, "Decision")
      assert.deepStrictEqual(first.faults, [])
      await first.close()
    })

    slow(it)("shows why memory would speak, and what a word adds", async () => {
      const { close, faults, page } = await see(
        browser,
        served,
        "/app/why?prompt=why+did+the+stripe+webhook+send+the+mail+twice"
      )
      await page.getByRole("heading", { name: "Claude would be told what is remembered." }).waitFor()
      await page.getByRole("row", { name: /^webhook / }).getByText("has it").waitFor()
      await page.getByRole("row", { name: /^webhook .*·/ }).waitFor()
      // The parts of the score add up to it.
      const sum = page.getByRole("table").filter({ hasText: "Score" })
      const numbers = (await sum.getByRole("cell").allTextContents()).map((text) =>
        Number(text.replace("−", "-").replace(/[+= ]/g, ""))
      )
      const score = numbers.pop() ?? Number.NaN
      assert.isAbove(numbers.length, 1)
      assert.closeTo(numbers.reduce((all, each) => all + each, 0), score, 0.11)
      // The way back from a memory leads here.
      await page.locator("[data-item]").first().click()
      await page.getByRole("link", { name: "Why", exact: true }).last().click()
      await page.getByRole("heading", { name: "Claude would be told what is remembered." }).waitFor()
      // A word is shown as it was typed, and said to be nowhere.
      await page.getByRole("textbox", { name: "Prompt" }).fill("why is the stripe webhook flaky")
      await page.getByText("No memory contains “flaky”.").waitFor()
      await page.getByRole("row", { name: /^flaky .*in no memory/ }).waitFor()
      await page.getByRole("row", { name: /^stripe / }).waitFor()
      await page.getByRole("textbox", { name: "Prompt" }).fill("thanks, that is all")
      await page.getByRole("heading", { name: "Claude would be told nothing." }).waitFor()
      assert.strictEqual(queryOf(page).get("prompt"), "thanks, that is all")
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("says for a person why a memory was found, and what no memory holds", async () => {
      const { close, faults, page } = await see(browser, served, "/app/?q=flaky+stripe+webhook+twice")
      await page.getByText("No memory contains “flaky”").waitFor()
      const reasons = page.locator("li").filter({ has: page.locator("[data-item]") }).locator("details").first()
      assert.match(
        (await reasons.locator("summary").textContent()) ?? "",
        /^match \d+% · your words: .*webhook/
      )
      const numbers = reasons.getByText(/By words it is number \d+\./)
      assert.isFalse(await numbers.isVisible())
      await reasons.locator("summary").press("Enter")
      await numbers.waitFor()
      await page.goto(`${served.url}/app/?q=flaky`)
      await page.getByText("No memory contains “flaky”").waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("names a memory's session by its aim, and points at a title that an edit leaves behind", async () => {
      const { close, faults, page } = await see(browser, served, "/app/memories/4385f223")
      const article = page.getByRole("article")
      await article.getByText(/Session\s*\S/).first().waitFor()
      const [id = ""] =
        (await page.locator("a[href*=\"/app/sessions/\"]").first().getAttribute("href"))?.match(/[0-9a-f]{8}-/) ??
          []
      assert.notInclude((await page.locator("a[href*=\"/app/sessions/\"]").first().textContent()) ?? "", id.slice(0, 8))
      await article.getByRole("button", { name: "Edit" }).focus()
      await page.keyboard.press("e")
      const text = page.getByRole("textbox", { name: "Text" })
      const before = await text.inputValue()
      await text.fill(`${before}\nThe lock is a file of its own since then.`)
      await page.getByText("The title is still the old one.").waitFor()
      await page.keyboard.press("Control+Enter")
      const added = page.locator("ins")
      await added.waitFor()
      assert.include((await added.textContent()) ?? "", "The lock is a file of its own since then.")
      assert.strictEqual(await page.locator("del").count(), 0)
      await article.getByText("Keywords").waitFor()
      // It says so where it is read, too, and leads to the title.
      await article.getByText(/^edited /).waitFor()
      await article.getByText("the title is the one of before").waitFor()
      await article.getByRole("button", { name: "Edit the title" }).press("Enter")
      const title = page.getByRole("textbox", { name: "Title" })
      assert.isTrue(await title.evaluate((element) => element === document.activeElement))
      await title.press("Escape")
      await page.getByRole("button", { name: "Undo", exact: true }).press("Enter")
      await page.getByText("undone since").waitFor()
      await article.getByText(/^edited /).waitFor({ state: "detached" })
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("says in Chinese what the server answers to a memory that is not there", async () => {
      const { close, page } = await see(browser, served, "/app/memories/ffffffff", { locale: "zh-CN" })
      await page.getByText("找不到了，可能已被忘记或移走。").waitFor()
      await close()
    })

    slow(it)("says of no title that it stays where it follows the text", async () => {
      const { results } = JSON.parse(await served.cli("search", "fake timers", "--all-projects", "--json")) as {
        readonly results: ReadonlyArray<{ readonly id: string; readonly unit: { readonly type: string } }>
      }
      const { id } = results.find(({ unit }) => unit.type !== "archive")!
      const { close, faults, page } = await see(browser, served, `/app/memories/${id}`)
      const article = page.getByRole("article")
      await article.getByRole("button", { name: "Edit" }).first().click()
      await page.getByRole("textbox", { name: "Text" }).fill("Timers are faked in each of the tests.\nSince June.")
      await page.waitForTimeout(WORD_MS)
      assert.strictEqual(await page.getByText("The title is still the old one.").count(), 0)
      await page.keyboard.press("Control+Enter")
      await article.getByRole("heading", { name: "Timers are faked in each of the tests." }).waitFor()
      await article.getByText(/^edited /).waitFor()
      assert.strictEqual(await article.getByText("the title is the one of before").count(), 0)
      await page.getByRole("button", { name: "Undo", exact: true }).press("Enter")
      await page.getByText("undone since").waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("shows a session as it was, from its list", async () => {
      const { close, faults, page } = await see(browser, served, "/app/sessions")
      await page.getByRole("link", { name: /Stripe webhook idempotent/ }).click()
      await page.getByRole("heading", { level: 1, name: /Stripe webhook idempotent/ }).waitFor()
      await page.getByText("Support counted 214 duplicate mails").first().waitFor()
      await page.getByText("/home/mei/work/shop-api", { exact: true }).waitFor()
      await page.getByRole("button", { name: /^Copy: cd \/home\/mei\/work\/shop-api && claude --resume 8915485d/ })
        .click()
      assert.match(
        await page.evaluate(() => navigator.clipboard.readText()),
        /^cd \/home\/mei\/work\/shop-api && claude --resume 8915485d-/
      )
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("says of what Claude was given in a session that it was no help, and takes it back", async () => {
      const sessionId = "8915485d-4ee8-4973-a6f9-63a6a8c7c448"
      const { results } = JSON.parse(
        await served.cli("search", "loyalty credit twice", "--all-projects", "--limit", "1", "--json")
      ) as { readonly results: ReadonlyArray<{ readonly unit: { readonly id: string; readonly title: string } }> }
      const { id = "", title = "" } = results[0]?.unit ?? {}
      // As a hook writes it, at the session's first prompt.
      const at = Date.parse("2026-11-19T03:03:34Z")
      const sent = {
        at,
        event: "UserPromptSubmit",
        offset: 0,
        tokens: 187,
        ids: [id],
        pointed: [],
        isOpening: false,
        words: ["loyalty"]
      }
      mkdirSync(join(served.memory, "sessions"), { recursive: true })
      writeFileSync(join(served.memory, "sessions", sessionId), `${JSON.stringify(sent)}\n+${at}\n`)
      const { close, faults, page } = await see(browser, served, `/app/sessions/${sessionId}`)
      await page.getByText("Claude was given 1 text of 187 tokens by memory.").waitFor()
      await page.getByRole("button", { name: `No help: ${title}` }).press("Enter")
      await page.getByText(/: It is not told any more at prompts with: .*loyalti?/).waitFor()
      const feedback = async () =>
        (JSON.parse(await served.cli("show", id, "--json")) as {
          readonly unit: { readonly feedback?: ReadonlyArray<{ readonly helps: boolean }> }
        }).unit.feedback ?? []
      assert.deepStrictEqual((await feedback()).map(({ helps }) => helps), [false])
      await page.getByRole("button", { name: "Undo", exact: true }).press("Enter")
      await page.getByText(/^The feedback is taken back: “/).waitFor()
      assert.deepStrictEqual(await feedback(), [])
      // Asked again today, the prompt stands beside what was told at it then.
      await page.getByRole("link", { name: "What would memory tell Claude here today, and why?" }).first().click()
      await page.getByText(/^What Claude was given at this prompt on 19 Nov 2026/).waitFor()
      await page.getByRole("link", { name: title }).first().waitFor()
      await page.getByText("What it would be given today, with what is remembered now:").waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("shows text that would harm as text, and hears what other processes write", async () => {
      const { close, faults, page } = await see(browser, served)
      await page.getByText("Newest memories").waitFor()
      await served.cli("save", HOSTILE)
      await page.locator("[data-item]", { hasText: "onerror" }).first().waitFor({ timeout: 10_000 })
      await page.getByRole("article").getByText("window.harm=1").first().waitFor()
      // One that is used stays when another comes.
      await page.getByRole("article").click()
      await served.cli("save", "Kestrels nest in the tower of the old mill.")
      await page.locator("[data-item]", { hasText: "Kestrels" }).first().waitFor({ timeout: 10_000 })
      await page.getByRole("article").getByText("window.harm=1").first().waitFor()
      assert.strictEqual(await page.getByRole("article").getByText("Kestrels").count(), 0)
      assert.strictEqual(await page.locator("main img, main script").count(), 0)
      assert.isUndefined(await page.evaluate(() => (window as { harm?: number }).harm))
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("listens to nothing while its tab is hidden, and catches up afterwards", async () => {
      const { close, page } = await see(browser, served)
      await page.getByText("Newest memories").waitFor()
      const closed = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/v1/events"))
      const show = (isHidden: boolean) =>
        page.evaluate((isHidden) => {
          Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true })
          document.dispatchEvent(new Event("visibilitychange"))
        }, isHidden)
      await show(true)
      await closed
      await served.cli("save", "While nobody looked, the staging bucket moved to Frankfurt.")
      await show(false)
      await page.locator("[data-item]", { hasText: "Frankfurt" }).waitFor({ timeout: 10_000 })
      await close()
    })

    slow(it)("keeps and forgets the least by one key each, and undoes", async () => {
      const { close, faults, page } = await see(browser, served, "/app/least")
      const items = page.locator("[data-item]")
      await items.first().waitFor()
      const [kept, forgotten, third] = await items.evaluateAll((all) =>
        all.slice(0, 3).map((item) => item.getAttribute("href") ?? "")
      )
      // Each says why it is among them, and the one that is looked at what else forgetting it takes.
      const row = page.getByRole("listitem").filter({ has: page.locator(`a[href="${forgotten}"]`) })
      const worths = await page.getByText(/^Worth /).allTextContents()
      for (const each of worths) {
        const [whole = 0, ...shares] = [...each.matchAll(/([\d.]+)%/g)].map(([, n]) => Number(n) / 100)
        assert.strictEqual(shares.length, 3, each)
        assert.closeTo(shares.reduce((product, share) => product * share, 1), whole, 0.02)
      }
      assert.strictEqual(worths.length, await items.count())
      const takes = row.getByText(/^Nothing else says this\.|takes it out of|with it\.$/)
      assert.strictEqual(await takes.count(), 0)
      await row.getByRole("button", { name: /^Forget / }).hover()
      await takes.waitFor()
      const before = await items.count()
      await page.keyboard.press("j")
      await page.waitForTimeout(WORD_MS)
      await page.keyboard.press("y")
      await page.waitForFunction((href) => document.activeElement?.getAttribute("href") === href, forgotten)
      await page.keyboard.press("x")
      await page.getByText(/^Forgotten: “/).waitFor()
      assert.strictEqual(await page.evaluate(() => document.activeElement?.getAttribute("href")), third)
      await page.getByRole("button", { name: "Undo", exact: true }).last().click()
      await page.getByText(/^Remembered again: “/).waitFor()
      await page.locator(`[data-item][href="${forgotten}"]`).waitFor()
      const shown = async () =>
        (JSON.parse(await served.cli("show", kept?.split("/").at(-1) ?? "", "--json")) as {
          readonly unit: { readonly kept?: boolean; readonly pinned: boolean; readonly revision?: number }
        }).unit
      assert.deepInclude(await shown(), { kept: true, pinned: false })
      // Kept, taken back, and kept again: what is kept the server lists no more.
      await page.getByText("Kept: it is never let go.").waitFor()
      await page.getByRole("button", { name: "Undo", exact: true }).first().click()
      await page.getByText(/^No longer kept: “/).waitFor()
      assert.notProperty(await shown(), "kept")
      await page.locator(`[data-item][href="${kept}"]`).focus()
      await page.keyboard.press("y")
      await page.getByText("Kept: it is never let go.").first().waitFor()
      await page.reload()
      await items.first().waitFor()
      const left = await items.evaluateAll((all) => all.map((item) => item.getAttribute("href") ?? ""))
      assert.notInclude(left, kept)
      assert.include(left, forgotten)
      // The list is filled up with others, there and by its button.
      assert.strictEqual(left.length, before)
      await items.first().focus()
      await page.keyboard.press("y")
      await page.getByText(/, 1 decided/).waitFor()
      assert.strictEqual(await items.count(), before - 1)
      // By then the server lists it no more.
      await page.getByText("Kept: it is never let go.").waitFor()
      await page.getByRole("button", { name: "Show the next ones" }).click()
      await page.waitForFunction((count) => document.querySelectorAll("[data-item]").length === count, before)
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it.each(LANGUAGES))("shows each piece of failed work, and tries one again, or all (%s)", async (locale, t) => {
      const sessionId = "8915485d-4ee8-4973-a6f9-63a6a8c7c448"
      await failReviews(served.memory, sessionId)
      const { close, faults, page } = await see(browser, served, "/app/health", { locale })
      await page.getByText(t.oneLetter).waitFor()
      const pieces = page.getByRole("list", { name: t.failedWork }).getByRole("listitem")
      await pieces.first().waitFor()
      const before = await pieces.count()
      assert.isAbove(before, 2)
      const dead = pieces.first()
      for (const text of [t.fiveTimes, t.givenUp, "the model answered 529: overloaded", "models --check"]) {
        await dead.getByText(text).waitFor()
      }
      const once = pieces.filter({ hasText: "no such key" })
      await once.getByText(t.tryAgainAt).waitFor()
      assert.strictEqual(await once.getByRole("link").getAttribute("href"), `/app/sessions/${sessionId}`)
      await dead.getByRole("button", { name: t.tryIt }).press("Enter")
      await page.getByText(t.oneQueued).waitFor()
      await page.waitForFunction(
        ([name, count]) => document.querySelectorAll(`[aria-label="${name}"] > li`).length === count,
        [t.failedWork, before - 1] as const
      )
      // It is enabled again when all is asked for anew.
      await page.getByRole("button", { name: t.tryAll }).click()
      await pieces.first().waitFor({ state: "detached" })
      assert.deepStrictEqual(faults, [])
      await close()
    })

    interface Listed {
      readonly id: string
      readonly title: string
    }

    const listed = async () =>
      (JSON.parse(await served.cli("list", "--all-projects", "--limit", "1000", "--json")) as {
        readonly memories: ReadonlyArray<Listed>
      }).memories

    /** Saves memories that are like no others; returns their titles. */
    const saved = async (...texts: ReadonlyArray<string>) => {
      for (const text of texts) await served.cli("save", text, "--title", text.split(" ")[0]!)
      return texts.map((text) => text.split(" ")[0]!)
    }

    slow(it)("undoes from a message its own change, and any of the last seven days from their list", async () => {
      const titles = await saved(
        "Zinnias stand by the gate of the eastern garden.",
        "Quinces are picked in the third week of October.",
        "Marmalade needs four hours and a heavy copper pot."
      )
      const { close, faults, page } = await see(browser, served)
      const toast = (title: string) => page.getByText(`Forgotten: “${title}”.`).locator("..")
      for (const title of titles) {
        await page.locator("[data-item]", { hasText: title }).click()
        await page.getByRole("article").getByRole("heading", { name: title }).waitFor()
        await page.getByRole("article").getByRole("button", { name: "Forget" }).click()
        await toast(title).waitFor()
      }
      const left = async () => {
        const all = await listed()
        return titles.map((title) => all.some((unit) => unit.title === title))
      }
      // Its own, in the same place: a second click undoes nothing else.
      const undo = await toast(titles[1]!).getByRole("button", { name: "Undo" }).boundingBox()
      await page.mouse.dblclick(undo!.x + 5, undo!.y + 5)
      await page.getByText(`Remembered again: “${titles[1]}”.`).waitFor()
      assert.deepStrictEqual(await left(), [false, true, false])

      // The list by the palette: the newest first, with the title alone.
      await page.keyboard.press("Control+k")
      await page.keyboard.type("changed and forgotten")
      await page.keyboard.press("Enter")
      await page.getByRole("heading", { name: "What was changed and forgotten", level: 1 }).waitFor()
      const row = (title: string) => page.getByRole("listitem").filter({ hasText: title })
      await row(titles[2]!).getByText(/can be undone until/).waitFor()
      assert.strictEqual(await page.getByRole("listitem").filter({ hasText: "copper pot" }).count(), 0)
      assert.strictEqual(await row(titles[1]!).count(), 0)
      await row(titles[0]!).getByRole("button", { name: "Undo" }).press("Enter")
      await row(titles[0]!).waitFor({ state: "detached" })
      // The next one can be undone by the same key.
      await page.waitForFunction(() => document.activeElement?.matches("main li > button"))
      assert.deepStrictEqual(await left(), [true, true, false])
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("shows how far an import is, of how much, and about how long it takes", async () => {
      const other = await serve("--no-capture")
      const [first = "", second = ""] = ["-home-mei-work-one", "-home-mei-work-two"].map((name, i) => {
        const folder = join(other.transcripts, name)
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, "session.jsonl"), transcriptOf(`a0000000-0000-4000-8000-00000000000${i}`, 40))
        return folder
      })
      const { close, faults, page } = await see(browser, other, "/app/health")
      await page.getByText(/Transcripts are being read: 0 kB of [\d.]+ kB, 2 files are left\./).waitFor()
      await other.cli("import", first)
      await page.getByText(/Transcripts are being read: [\d.]+ kB of [\d.]+ kB, 1 file is left\. About \d+ sec/)
        .waitFor()
      await other.cli("import", second)
      await page.getByText("Transcripts are being read").waitFor({ state: "detached" })
      assert.deepStrictEqual(faults, [])
      await close()
      await other.stop()
    })

    slow(it)("goes to a cited message once, and asks a server that is away for it once", async () => {
      const other = await serve("--no-capture")
      const session = "b0000000-0000-4000-8000-000000000000"
      const folder = join(other.transcripts, "-home-mei-work-one")
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, "session.jsonl"), transcriptOf(session, 300))
      await other.cli("import", folder)
      const { close, page } = await see(browser, other, `/app/sessions/${session}?at=${session.slice(0, -6)}100002`)
      const more = page.getByRole("button", { name: "Show what came next" })
      await more.press("Enter")
      await more.waitFor({ state: "detached" })
      await page.getByText("Step 299 moves the ledger").first().waitFor()
      const cited = page.locator("[data-target=true]")
      const top = await cited.evaluate((element) => element.getBoundingClientRect().bottom)
      assert.isBelow(top, 0)
      let asked = 0
      await page.route(/\/conversation\?.*cursor=/, (route) => {
        asked++
        return route.abort()
      })
      // It is in view, whatever heights the messages above it take; as one is that is chosen among the prompts.
      const isInView = (uuid: string) =>
        page.locator(`#m-${uuid}`).evaluate((element) => {
          const { bottom, top } = element.getBoundingClientRect()
          return top >= 0 && bottom <= window.innerHeight
        })
      for (const message of ["100196", "100101"]) {
        await page.goto(`${other.url}/app/sessions/${session}?at=${session.slice(0, -6)}${message}`)
        await cited.waitFor()
        await page.waitForTimeout(1_000)
        assert.isTrue(await isInView(`${session.slice(0, -6)}${message}`), message)
      }
      await page.getByRole("navigation", { name: "What you asked" }).getByRole("link", { name: /step 160/ }).click()
      await page.waitForTimeout(1_000)
      assert.isTrue(await isInView(`${session.slice(0, -6)}100160`))
      await page.goto(`${other.url}/app/sessions/${session}?at=${session.slice(0, -6)}100298`)
      await more.waitFor()
      await page.waitForTimeout(500)
      assert.strictEqual(asked, 1)
      await page.unroute(/\/conversation\?.*cursor=/)
      await more.press("Enter")
      await cited.waitFor()
      await close()
      await other.stop()
    })

    slow(it)("says before it forgets from what else that takes", async () => {
      const takes = async (id: string) => {
        const response = await fetch(`${served.url}/v1/forget`, {
          method: "POST",
          headers: { authorization: `Bearer ${served.token}`, "content-type": "application/json" },
          body: JSON.stringify({ ids: [id], isDryRun: true })
        })
        return ((await response.json()) as { readonly also: { readonly units: ReadonlyArray<Listed> } }).also.units
      }
      let found: Listed | undefined
      let others: ReadonlyArray<Listed> = []
      for (const each of await listed()) {
        found = each
        others = await takes(each.id)
        if (others.length > 0) break
      }
      assert.isAbove(others.length, 0)
      const { close, faults, page } = await see(browser, served, `/app/memories/${found!.id}`)
      await page.getByRole("button", { name: "Forget" }).click()
      const dialog = page.getByRole("dialog")
      await dialog.getByText(/It is also taken out of \d memor/).waitFor()
      for (const { title } of others) await dialog.getByText(title).first().waitFor()
      await page.keyboard.press("Escape")
      await dialog.waitFor({ state: "detached" })
      await served.cli("show", found!.id)
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it.each(LANGUAGES))("asks before it forgets what another memory was replaced by (%s)", async (locale, t) => {
      const save = async (text: string) =>
        (JSON.parse(await served.cli("save", text, "--json")) as { readonly id: string }).id
      const old = `The ${locale} lighthouse is lit by hand at dusk.`
      const id = await save(`The ${locale} lighthouse has a timer since the storm.`)
      const replaced = await save(old)
      await served.cli("replace", replaced, id)
      const { close, faults, page } = await see(browser, served, `/app/memories/${id}`, { locale })
      await page.getByRole("button", { name: t.forget }).click()
      const dialog = page.getByRole("dialog")
      await dialog.getByText(t.holdsAgain).getByText(old).waitFor()
      await dialog.getByRole("button", { name: t.forget }).click()
      await page.getByRole("status").getByText(t.holdsAgain).waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
      await served.cli("forget", replaced, "--yes")
    })

    slow(it)("takes the key of a box that the page has focused for none of the question's letters", async () => {
      const { close, faults, page } = await see(browser, served)
      const box = page.getByRole("searchbox")
      await page.waitForFunction(() => document.activeElement?.matches("input"))
      await page.keyboard.type("/quagmire")
      assert.strictEqual(await box.inputValue(), "quagmire")
      // Nothing else was asked.
      await page.getByText("No memory contains “quagmire”.", { exact: true }).waitFor()
      await box.fill("quagmire webhook")
      await page.getByText("No memory contains “quagmire”: what is below answers only the rest").waitFor()
      await page.keyboard.press("Control+A")
      await page.keyboard.type("/compact")
      assert.strictEqual(await box.inputValue(), "/compact")
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)(
      "hears the keys of a memory that was opened by its address, and names what was changed of it",
      async () => {
        const [title] = await saved("Pears keep until March in a cool cellar.")
        const { id } = (await listed()).find((unit) => unit.title === title)!
        await served.cli("edit", id, "--text", "Pears keep until April in a cool cellar.")
        await served.cli("edit", id, "--title", "Keeping pears")
        const { close, faults, page } = await see(browser, served, `/app/memories/${id}`)
        const changes = page.locator("section", { has: page.getByRole("heading", { name: "Changes" }) })
        await changes.getByText("Title", { exact: true }).waitFor()
        assert.strictEqual(await changes.getByText("Text", { exact: true }).count(), 1)
        await page.keyboard.press("e")
        await page.getByRole("form", { name: "Edit" }).waitFor()
        assert.deepStrictEqual(faults, [])
        await close()
      }
    )

    slow(it)("does among the least what a key says that follows the one that came there", async () => {
      const { close, faults, page } = await see(browser, served, "/app/least")
      const items = page.locator("[data-item]")
      await items.nth(2).waitFor()
      const [first, second] = await items.evaluateAll((all) => all.map((item) => item.getAttribute("href")))
      await page.keyboard.type("jxy", { delay: 100 })
      await page.getByText(/^Forgotten: “/).waitFor()
      await page.getByText("Kept: it is never let go.").waitFor()
      const left = await items.evaluateAll((all) => all.map((item) => item.getAttribute("href")))
      assert.notInclude(left, first)
      assert.notInclude(left, second)
      await page.getByText(/^Forgotten: “/).locator("..").getByRole("button", { name: "Undo" }).click()
      await page.getByText(/^Remembered again: “/).waitFor()
      await page.getByText("Kept: it is never let go.").locator("..").getByRole("button", { name: "Undo" }).click()
      await page.getByText(/^No longer kept: “/).waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("lists among the least no longer what another client forgets", async () => {
      const { close, faults, page } = await see(browser, served, "/app/least")
      const items = page.locator("[data-item]")
      await items.nth(2).waitFor()
      const href = (await items.nth(1).getAttribute("href")) ?? ""
      const forgotten = JSON.parse(
        await served.cli("forget", href.split("/").at(-1) ?? "", "--yes", "--json")
      ) as { readonly operation: number }
      await page.locator(`[data-item][href="${href}"]`).waitFor({ state: "detached" })
      await served.cli("undo", String(forgotten.operation))
      await page.locator(`[data-item][href="${href}"]`).waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("takes no two by a double click where the least are listed", async () => {
      const { close, faults, page } = await see(browser, served, "/app/least")
      await page.locator("[data-item]").first().waitFor()
      const before = await page.locator("[data-item]").count()
      const keep = await page.getByRole("button", { name: /^Keep / }).first().boundingBox()
      await page.mouse.dblclick(keep!.x + 5, keep!.y + 5)
      await page.getByText(/, 1 decided/).waitFor()
      const forget = await page.getByRole("button", { name: /^Forget / }).first().boundingBox()
      await page.waitForTimeout(800)
      await page.mouse.dblclick(forget!.x + 5, forget!.y + 5)
      await page.getByText(/^Forgotten: “/).waitFor()
      assert.strictEqual(await page.locator("[data-item]").count(), before - 2)
      await page.getByText(/^Forgotten: “/).locator("..").getByRole("button", { name: "Undo" }).click()
      await page.getByText(/^Remembered again: “/).waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)(
      "lists what was decided no more on the way back, and what could not be decided again at once",
      async () => {
        const { close, page } = await see(browser, served, "/app/least")
        const items = page.locator("[data-item]")
        await items.first().waitFor()
        const [failed, kept] = await items.evaluateAll((all) =>
          all.slice(0, 2).map((item) => item.getAttribute("href") ?? "")
        )
        await page.route("**/v1/units/*", (route) => route.abort())
        await items.first().focus()
        await page.keyboard.press("y")
        await page.locator("[data-kind=problem]").waitFor()
        await page.locator(`[data-item][href="${failed}"]`).waitFor()
        await page.unroute("**/v1/units/*")
        await page.locator(`[data-item][href="${kept}"]`).focus()
        await page.waitForTimeout(WORD_MS)
        await page.keyboard.press("y")
        await page.getByText("Kept: it is never let go.").waitFor()
        const back = async () => {
          await page.getByRole("link", { name: "Sessions", exact: true }).click()
          await page.getByRole("heading", { name: "Sessions", level: 1 }).waitFor()
          await page.goBack()
          await page.locator(`[data-item][href="${failed}"]`).waitFor()
        }
        await back()
        assert.strictEqual(await page.locator(`[data-item][href="${kept}"]`).count(), 0)
        await page.getByRole("button", { name: "Undo", exact: true }).press("Enter")
        await page.getByText(/^No longer kept: “/).waitFor()
        await back()
        await page.locator(`[data-item][href="${kept}"]`).waitFor()
        await close()
      }
    )

    slow(it)("covers nothing with a message, and names the last change before it is undone", async () => {
      const [title] = await saved("Gooseberries are tart until the middle of July.")
      const { close, faults, page } = await see(browser, served, "/app/least", {
        viewport: { width: 700, height: 600 }
      })
      await page.locator("[data-item]").first().waitFor()
      await page.getByRole("button", { name: /^Keep / }).first().click()
      const message = page.getByText("Kept: it is never let go.")
      await message.waitFor()
      const isClear = async () => {
        const top = (await message.locator("../..").boundingBox())!.y
        const shown = (await page.getByRole("button", { name: /^Forget / }).last().boundingBox())!
        return shown.y + shown.height <= top
      }
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
      assert.isTrue(await isClear())
      // A row that takes the focus is brought above it.
      await page.evaluate(() => window.scrollTo(0, 0))
      await page.getByRole("button", { name: /^Forget / }).last().focus()
      assert.isTrue(await isClear())
      await page.getByRole("button", { name: "Undo", exact: true }).press("Enter")
      await page.getByText(/^No longer kept: “/).waitFor()

      const { id } = (await listed()).find((unit) => unit.title === title)!
      await served.cli("forget", id, "--yes")
      await page.keyboard.press("Control+k")
      await page.keyboard.type("undo last")
      await page.getByRole("option", { name: `Undo the last change: the forgetting of “${title}”` }).waitFor()
      await page.keyboard.press("Enter")
      await page.getByText(`Remembered again: “${title}”.`).waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("shows beside the list one that is in it, after a filter too", async () => {
      const { close, faults, page } = await see(browser, served, "/app/?type=error_log")
      const items = page.locator("[data-item]")
      await items.nth(1).click()
      assert.isNotNull(queryOf(page).get("m"))
      await page.getByRole("combobox", { name: "Type" }).selectOption("decision")
      const first = page.locator("[data-item][aria-current=true]", { hasText: "Decision" })
      await first.waitFor()
      await page.getByRole("article").locator(`a[href="${await first.getAttribute("href")}"]`).waitFor()
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("renames, merges and splits projects, by keyboard", async () => {
      const { close, faults, page } = await see(browser, served, "/app/projects")
      const row = (name: string) =>
        page.getByRole("listitem").filter({ has: page.getByRole("link", { name, exact: true }) })
      const manage = async (name: string) => {
        await row(name).locator("details:not([open]) > summary").press("Enter")
        return row(name)
      }
      await (await manage("rust-indexer")).getByRole("button", { name: "Rename" }).press("Enter")
      const name = page.getByRole("textbox", { name: "Name" })
      assert.isTrue(await name.evaluate((element) => element === document.activeElement))
      await name.fill("indexer")
      await page.keyboard.press("Enter")
      await row("indexer").getByRole("button", { name: "Merge" }).press("Enter")
      // No project is chosen before the person chooses one.
      assert.isTrue(await page.getByRole("dialog").getByRole("button", { name: "Merge" }).isDisabled())
      await page.getByRole("combobox", { name: "Into" }).selectOption({ label: "shop-api — /home/mei/work/shop-api" })
      await page.getByRole("dialog").getByRole("button", { name: "Merge" }).press("Enter")
      // Its row goes after the message comes; undone before that, it would stay as it was, with its buttons open.
      await row("indexer").waitFor({ state: "detached" })
      await page.getByText("indexer is part of shop-api now.").locator("..").getByRole("button", { name: "Undo" })
        .press("Enter")
      await page.getByText("The merge is undone.").waitFor()
      await (await manage("indexer")).getByRole("button", { name: "Merge" }).press("Enter")
      await page.getByRole("combobox", { name: "Into" }).selectOption({ label: "shop-api — /home/mei/work/shop-api" })
      await page.getByRole("dialog").getByRole("button", { name: "Merge" }).press("Enter")
      await row("shop-api").getByRole("button", { name: "Make indexer a project of its own again" }).press("Enter")
      // The button went, and its row has the focus.
      await row("indexer").waitFor()
      await page.waitForFunction(() => document.activeElement?.textContent === "shop-api")
      // Excluding asks, says what stays, and is undone from its message.
      const indexer = await manage("indexer")
      await indexer.getByRole("button", { name: "Exclude" }).press("Enter")
      await page.getByRole("dialog").getByText(/The \d+ memories that are there stay/).waitFor()
      await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).press("Enter")
      assert.strictEqual(await row("indexer").getByText("excluded").count(), 0)
      await indexer.getByRole("button", { name: "Exclude" }).press("Enter")
      await page.getByRole("dialog").getByRole("button", { name: "Exclude" }).press("Enter")
      await row("indexer").getByText("excluded").waitFor()
      await page.getByText("Sessions of indexer are not read any more.").locator("..")
        .getByRole("button", { name: "Undo" }).press("Enter")
      await page.getByText("Sessions of indexer are read again.").waitFor()
      await row("indexer").getByText("excluded").waitFor({ state: "detached" })
      const download = page.waitForEvent("download")
      await row("indexer").getByRole("button", { name: "Export" }).press("Enter")
      assert.strictEqual((await download).suggestedFilename(), "indexer.jsonl")
      for (
        const [name, file] of [["Export all", "claude-memory.jsonl"], ["As Markdown", "claude-memory.md"]] as const
      ) {
        const whole = page.waitForEvent("download")
        await page.getByRole("button", { name, exact: true }).press("Enter")
        assert.strictEqual((await whole).suggestedFilename(), file)
      }
      assert.deepStrictEqual(faults, [])
      await close()
    })

    slow(it)("is signed in too in a tab that is opened from a link", async () => {
      const { close, page } = await see(browser, served)
      await page.locator("[data-item]").first().waitFor()
      const other = await page.context().newPage()
      await other.goto(`${served.url}/app/sessions`)
      await other.getByRole("heading", { name: "Sessions", level: 1 }).waitFor()
      await close()
    })

    slow(it)("goes on with an edit in a tab that was signed out, once another is opened", async () => {
      const { close, page } = await see(browser, served)
      await page.locator("[data-item]").nth(1).focus()
      await page.keyboard.press("e")
      const text = page.getByRole("form", { name: "Edit" }).getByRole("textbox", { name: "Text" })
      await text.fill("Typed before the server was restarted.")
      // As after the restart, whose server does not know the tab's token.
      await page.evaluate(() => window.sessionStorage.setItem("claude-memory.token", "of-yesterday"))
      await page.getByRole("article").getByRole("button", { name: "Pin", exact: true }).click()
      await page.getByRole("button", { name: "Copy: claude-memory open" }).waitFor()
      const other = await page.context().newPage()
      await other.goto(`${served.url}/app/#code=${await served.code()}`)
      await other.locator("[data-item]").first().waitFor()
      await text.waitFor()
      assert.strictEqual(await text.inputValue(), "Typed before the server was restarted.")
      await page.getByRole("button", { name: "Cancel" }).click()
      await page.getByRole("button", { name: "Throw away" }).click()
      await page.getByRole("form", { name: "Edit" }).waitFor({ state: "detached" })
      await close()
    })

    slow(it)("asks for the terminal where it has no token, and keeps no code in its address", async () => {
      const { close, page } = await see(browser, served)
      assert.strictEqual(new URL(page.url()).hash, "")
      await page.evaluate(() => window.sessionStorage.clear())
      await page.reload()
      await page.getByText("claude-memory open").waitFor()
      await close()
    })

    slow(it)("opens no keyboard of a telephone by itself", async () => {
      const touched = { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } }
      const { close, page } = await see(browser, served, "/app/", touched)
      await page.locator("[data-item]").first().waitFor()
      const focused = () => page.evaluate(() => document.activeElement?.tagName)
      assert.strictEqual(await focused(), "BODY")
      await page.goto(`${served.url}/app/why`)
      await page.getByRole("textbox", { name: "Prompt" }).waitFor()
      assert.strictEqual(await focused(), "BODY")
      await close()
    })

    const VIEWS = [
      `/app/?q=${QUESTION.replaceAll(" ", "+")}`,
      "/app/sessions",
      "/app/sessions/8915485d-4ee8-4973-a6f9-63a6a8c7c448",
      "/app/memories/ccfb5548",
      "/app/why?prompt=why+did+the+stripe+webhook+send+the+mail+twice",
      "/app/least",
      "/app/changes",
      "/app/projects",
      "/app/health",
      "/app/nothing"
    ]
    const LOOKS = [
      { locale: "en-GB", colorScheme: "light" },
      { locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } },
      { locale: "en-GB", colorScheme: "dark", viewport: { width: 360, height: 740 } },
      { locale: "zh-CN", colorScheme: "light", viewport: { width: 390, height: 844 } }
    ] as const

    slow(it.each(LOOKS))(
      "has nothing in it that keeps people out ($locale, $colorScheme)",
      async (look) => {
        const { close, faults, page } = await see(browser, served, "/app/", look)
        for (const path of VIEWS) {
          await page.goto(`${served.url}${path}`)
          await page.locator("main").waitFor()
          await page.waitForFunction(() => document.querySelector("main [data-waiting]") === null)
          await page.evaluate(axe.source)
          assert.deepStrictEqual(await faultsOf(page), [], path)
          // Nothing is wider than the screen.
          assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0, path)
        }
        // Dialogs and forms, over a view.
        await page.goto(`${served.url}/app/memories/ccfb5548`)
        for (const key of ["Control+k", "?", "r", "x", "e"]) {
          await page.getByRole("article").getByRole("link").first().focus()
          await page.keyboard.press(key)
          await page.locator("dialog, form").first().waitFor()
          await page.evaluate(axe.source)
          assert.deepStrictEqual(await faultsOf(page), [], key)
          await page.keyboard.press("Escape")
          await page.locator("dialog, form").first().waitFor({ state: "detached" })
        }
        assert.deepStrictEqual(faults, [])
        await close()
      },
      60_000
    )
  }
)
