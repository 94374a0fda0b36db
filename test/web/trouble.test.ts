/**
 * The page where something else happens meanwhile, or is not as it mostly is: others change the same, a server is away, texts are very long.
 */
import axe from "axe-core"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { slow } from "../data.ts"
import { browserPath, launch, see, serve, type Served } from "./browser.ts"

const SESSION = "c0000000-0000-4000-8000-000000000000"
/** A word that no line has room for. */
const LONG = "Donaudampfschifffahrtsgesellschaft".repeat(6)
/** A prompt whose address would be longer than the server takes. */
const CHINESE = `${LONG} 为什么对账任务在夜里超时？${"数据库连接池的上限是多少，谁改过它？".repeat(80)}`

/** Has the page hear of no change. */
const deaf = (page: Page) => page.route("**/v1/events", (route) => route.abort())

const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? "")

slow(describe.skipIf(browserPath === undefined))("the page in trouble", () => {
  let browser: Browser
  let served: Served
  beforeAll(async () => {
    served = await serve()
    browser = await launch()
    const folder = join(served.transcripts, "-home-mei-work-long")
    mkdirSync(folder, { recursive: true })
    const lines = [
      ["user", CHINESE],
      ["assistant", "上限是四十，因为数据库只允许一百个连接。"],
      ["user", `Always name it ${LONG}, never anything shorter, because the auditors look for that.`],
      ["assistant", `It is called ${LONG} everywhere now.`]
    ].map(([type, text], i) =>
      JSON.stringify({
        type,
        uuid: `${SESSION.slice(0, -1)}${i + 1}`,
        parentUuid: i === 0 ? null : `${SESSION.slice(0, -1)}${i}`,
        sessionId: SESSION,
        cwd: `/home/mei/work/${LONG}`,
        timestamp: new Date(Date.UTC(2026, 10, 2, 9, i)).toISOString(),
        message: { role: type, content: type === "user" ? text : [{ type: "text", text }] }
      })
    )
    writeFileSync(join(folder, "session.jsonl"), `${lines.join("\n")}\n`)
    await served.cli("import", folder)
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await served.stop()
  })

  /** Asks the API as another program does. */
  const ask = async (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${served.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${served.token}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    return { status: response.status, body: (await response.json()) as Readonly<Record<string, never>> }
  }

  const saved = async (content: string): Promise<string> =>
    (await ask("POST", "/v1/units", { content, project: "shop-api" })).body["id"]!

  const change = (id: string, change: object) => ask("PATCH", `/v1/units/${id}`, change, { "if-match": "*" })

  const total = async (): Promise<number> =>
    ((await ask("GET", "/v1/stats")).body["units"] as unknown as { readonly total: number }).total

  it("forgets a memory that was opened by its address", async () => {
    const id = await saved("Cranes are greased on the first Monday of each month.")
    const { close, page } = await see(browser, served)
    await page.goto(`${served.url}/app/memories/${id}`)
    await page.getByRole("button", { name: "Forget" }).click()
    await page.getByText("Forgotten: “Cranes are greased").waitFor()
    assert.strictEqual(new URL(page.url()).pathname, "/app/")
    assert.strictEqual((await ask("GET", `/v1/units/${id}`)).status, 404)
    await close()
  })

  it(
    "saves no memory in place of one that was changed meanwhile, and says so where it could not tell before",
    async () => {
      const id = await saved("Barges leave the harbour at low tide.")
      const { close, page } = await see(browser, served)
      await deaf(page)
      await page.goto(`${served.url}/app/memories/${id}`)
      await page.getByRole("button", { name: "Replace", exact: true }).click()
      await page.getByRole("textbox", { name: "Or write the memory" }).fill("Barges leave the harbour at high tide.")
      await change(id, { content: "Barges leave the harbour at noon." })
      const before = await total()
      const save = page.getByRole("button", { name: "Save it, and replace" })
      await save.click()
      await page.getByRole("dialog").getByText("nothing was overwritten").waitFor()
      assert.strictEqual(await total(), before)
      // Changed after it was looked at, or never put in its place.
      await page.reload()
      await page.getByRole("button", { name: "Replace", exact: true }).click()
      await page.getByRole("textbox", { name: "Or write the memory" }).fill("Barges leave the harbour at high tide.")
      await page.route(
        `**/v1/units/${id}`,
        (route) => route.request().method() === "PATCH" ? route.abort() : route.continue()
      )
      await save.click()
      await page.getByRole("dialog").getByText("is saved as a memory of its own, but does not replace this one")
        .waitFor()
      assert.strictEqual(await total(), before + 1)
      await page.unroute(`**/v1/units/${id}`)
      await save.click()
      await page.getByText("Replaced: from now on").waitFor()
      assert.strictEqual(await total(), before + 1)
      // One whose replacement is gone says so, and leads nowhere.
      const replacement = page.getByRole("link", { name: "Barges leave the harbour at high tide." })
      await replacement.waitFor()
      const { unit } = (await ask("GET", `/v1/units/${id}`)).body as unknown as {
        readonly unit: { readonly replacedBy: string }
      }
      await ask("DELETE", `/v1/units/${unit.replacedBy}`)
      await page.reload()
      await page.getByText("What replaced it was forgotten").waitFor()
      assert.strictEqual(await replacement.count(), 0)
      await close()
    }
  )

  it("saves an edit once, and says nothing else of it", async () => {
    const id = await saved("Ropes are coiled to the right.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    let patches = 0
    await page.route(`**/v1/units/${id}`, async (route) => {
      if (route.request().method() === "PATCH") {
        patches++
        await setTimeout(300)
      }
      await route.continue()
    })
    await page.getByRole("button", { name: "Edit", exact: true }).click()
    const form = page.getByRole("form", { name: "Edit" })
    await form.getByRole("textbox", { name: "Text" }).fill("Ropes are coiled to the left, since May.")
    await form.getByRole("textbox", { name: "Title" }).fill("Ropes to the left")
    await page.keyboard.down("Control")
    for (let i = 0; i < 4; i++) await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")
    await page.keyboard.up("Control")
    await form.waitFor({ state: "detached" })
    await page.getByText("Saved: “Ropes to the left”.").waitFor()
    assert.strictEqual(patches, 1)
    assert.strictEqual(await page.getByText("is not saved yet").count(), 0)
    assert.strictEqual(await page.getByRole("alert").count(), 0)
    // The type of a session's summary is that of a session's summary.
    await page.getByRole("button", { name: "Edit", exact: true }).click()
    const types = await form.getByRole("option").allTextContents()
    assert.include(types, "Decision")
    assert.notInclude(types, "Session summary")
    await close()
  })

  it("takes no words while it saves others, which it would lose", async () => {
    const id = await saved("Oars are kept upright in the shed.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    await page.route(/\/v1\/units(\/[^/]*)?$/, async (route) => {
      if (route.request().method() !== "GET") await setTimeout(1_000)
      await route.continue()
    })
    const form = page.getByRole("form", { name: "Edit" })
    const text = form.getByRole("textbox", { name: "Text" })
    const edit = page.getByRole("button", { name: "Edit", exact: true })
    const content = async () =>
      ((await ask("GET", `/v1/units/${id}`)).body as unknown as { readonly unit: { readonly content: string } }).unit
        .content
    await edit.click()
    await text.fill("Oars lie in the shed.")
    await text.press("Control+Enter")
    await page.waitForTimeout(200)
    await page.keyboard.type(" Their blades are oiled.")
    assert.strictEqual(await text.inputValue(), "Oars lie in the shed.")
    assert.isTrue(await text.evaluate((box) => box === document.activeElement))
    await form.waitFor({ state: "detached" })
    assert.strictEqual(await content(), "Oars lie in the shed.")
    // Left and come back to, it still takes none; the form goes once all is saved.
    await edit.click()
    await text.fill("Oars lie on the rack.")
    await text.press("Control+Enter")
    await page.waitForTimeout(200)
    await page.getByRole("link", { name: "Projects", exact: true }).click()
    await page.getByRole("heading", { name: "Projects", level: 1 }).waitFor()
    await page.goBack()
    await text.press("End")
    await page.keyboard.type(" And more.")
    assert.strictEqual(await text.inputValue(), "Oars lie on the rack.")
    await form.waitFor({ state: "detached" })
    assert.strictEqual(await content(), "Oars lie on the rack.")
    // The same of a memory that is written in place of it.
    await page.getByRole("button", { name: "Replace", exact: true }).click()
    const written = page.getByRole("textbox", { name: "Or write the memory" })
    await written.fill("Oars are sold.")
    await page.getByRole("button", { name: "Save it, and replace" }).click()
    await page.waitForTimeout(200)
    await written.focus()
    await page.keyboard.type(" To a club.")
    assert.strictEqual(await written.inputValue(), "Oars are sold.")
    await page.getByText("Replaced: from now on").waitFor()
    await written.waitFor({ state: "detached" })
    await close()
  })

  it("closes a replacement that is saved after it was left and come back to, and saves it once", async () => {
    const id = await saved("Buoys are green.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    let saves = 0
    await page.route("**/v1/units", async (route) => {
      saves++
      await setTimeout(1_000)
      await route.continue()
    })
    const replace = page.getByRole("button", { name: "Replace", exact: true })
    const written = page.getByRole("textbox", { name: "Or write the memory" })
    await replace.click()
    await written.fill("Buoys are red.")
    // Pressed twice before the form is drawn anew.
    await page.getByRole("button", { name: "Save it, and replace" }).evaluate((button: HTMLButtonElement) => {
      button.click()
      button.click()
    })
    await page.waitForTimeout(200)
    await page.keyboard.press("Escape")
    await written.waitFor({ state: "detached" })
    await replace.click()
    assert.strictEqual(await written.inputValue(), "Buoys are red.")
    await page.getByText("Replaced: from now on").waitFor()
    await written.waitFor({ state: "detached" })
    assert.strictEqual(saves, 1)
    await close()
  })

  it("says that an edit failed whose form was left", async () => {
    const id = await saved("Moorings are checked monthly.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    await page.route(`**/v1/units/${id}`, async (route) => {
      if (route.request().method() === "GET") return route.continue()
      await setTimeout(1_000)
      await route.abort()
    })
    await page.getByRole("button", { name: "Edit", exact: true }).click()
    const text = page.getByRole("textbox", { name: "Text" })
    await text.fill("Moorings are checked weekly.")
    await text.press("Control+Enter")
    await page.waitForTimeout(200)
    await page.getByRole("link", { name: "Projects", exact: true }).click()
    await page.locator("[data-kind=problem]").waitFor()
    await close()
  })

  it("saves to a server on this machine where the browser has no network", async () => {
    const id = await saved("Ropes are coiled clockwise.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    await page.getByRole("button", { name: "Edit", exact: true }).click()
    await page.evaluate(() => window.dispatchEvent(new Event("offline")))
    const text = page.getByRole("textbox", { name: "Text" })
    await text.fill("Ropes are coiled by the sun.")
    await text.press("Control+Enter")
    await text.waitFor({ state: "detached" })
    await page.getByRole("article").getByText("by the sun").first().waitFor()
    await close()
  })

  it("lets messages go after the focus went with the button that was pressed in one", async () => {
    const id = await saved("Fenders hang on the port side.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    const messages = page.locator("[role=status] [data-kind]")
    const press = async (name: string, answer: string) => {
      await page.getByRole("button", { name, exact: true }).press("Enter")
      await messages.last().getByText(answer).waitFor()
    }
    await press("Pin", "Pinned:")
    await press("Undo", "No longer pinned.")
    for (let i = 0; i < 2; i++) {
      await press("Pin", "Pinned:")
      await press("Unpin", "No longer pinned.")
    }
    assert.strictEqual(await messages.count(), 3)
    await close()
  })

  it("keeps the focus where a save is refused, and in a filter; Esc goes where the link above goes", async () => {
    const id = await saved("Sails are dried before they are folded.")
    const { close, page } = await see(browser, served)
    await deaf(page)
    await page.goto(`${served.url}/app/memories/${id}`)
    await page.getByRole("button", { name: "Edit", exact: true }).click()
    await page.getByRole("textbox", { name: "Text" }).fill("Sails are dried on deck.")
    await change(id, { content: "Sails are dried in the loft." })
    await page.getByRole("button", { name: "Save" }).click()
    await page.getByRole("form").getByText("nothing was overwritten").waitFor()
    assert.strictEqual(await focused(page), "Save")
    await page.keyboard.press("Escape")
    await page.getByRole("button", { name: "Throw away" }).click()

    await page.goto(`${served.url}/app/`)
    const file = page.getByRole("textbox", { name: "File" })
    await file.fill("src/nothing.ts")
    await file.press("Enter")
    // The filters leave nothing, and it says so.
    await page.getByText("No memory passes these filters.").waitFor()
    assert.isTrue(await file.evaluate((box) => box === document.activeElement))
    await page.goBack()
    assert.strictEqual(await file.inputValue(), "")

    await page.goto(`${served.url}/app/sessions/8915485d-4ee8-4973-a6f9-63a6a8c7c448`)
    await page.getByRole("complementary").locator("a[href*=memories]").last().click()
    await page.getByRole("article").waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("heading", { level: 1, name: /Stripe webhook idempotent/ }).waitFor()
    await close()
  })

  it("lists no memory among the least that went along with another", async () => {
    const { close, page } = await see(browser, served, "/app/least")
    const items = page.locator("[data-item]")
    await items.first().waitFor()
    const [first = "", second = "", third = ""] = await items.evaluateAll((all) =>
      all.slice(0, 3).map((item) => item.getAttribute("href") ?? "")
    )
    await page.route(`**/v1/units/${first.split("/").at(-1)}`, async (route) => {
      const response = await route.fetch()
      const answer = (await response.json()) as { readonly also: object }
      const units = [{ id: second.split("/").at(-1), title: "another" }]
      await route.fulfill({ response, json: { ...answer, also: { ...answer.also, units } } })
    })
    await items.first().focus()
    await page.keyboard.press("x")
    await page.getByText(/^Forgotten: .* Also taken out of 1 memory/).waitFor()
    await page.locator(`[data-item][href="${second}"]`).waitFor({ state: "detached" })
    await page.waitForFunction((href) => document.activeElement?.getAttribute("href") === href, third)
    await page.getByRole("button", { name: "Undo", exact: true }).click()
    await page.locator(`[data-item][href="${second}"]`).waitFor()
    await close()
  })

  it("lists among the least again what the palette undid, and no more what is gone", async () => {
    const { close, page } = await see(browser, served, "/app/least")
    await deaf(page)
    await page.reload()
    const items = page.locator("[data-item]")
    await items.first().waitFor()
    const [first = "", second = ""] = await items.evaluateAll((all) =>
      all.slice(0, 2).map((item) => item.getAttribute("href") ?? "")
    )
    await items.first().focus()
    await page.keyboard.press("x")
    await page.getByText(/^Forgotten: /).waitFor()
    assert.strictEqual(await page.locator(`[data-item][href="${first}"]`).count(), 0)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("undo last")
    await page.getByRole("option", { name: /^Undo the last change: the forgetting/ }).waitFor()
    await page.keyboard.press("Enter")
    await page.locator(`[data-item][href="${first}"]`).waitFor()
    const { body: { operation } } = await ask("DELETE", `/v1/units/${second.split("/").at(-1)}`)
    await page.locator(`[data-item][href="${second}"]`).focus()
    await setTimeout(1_000)
    await page.keyboard.press("y")
    await page.locator("[data-kind=problem]").waitFor()
    assert.strictEqual(await page.locator(`[data-item][href="${second}"]`).count(), 0)
    await ask("POST", "/v1/undo", { operation })
    await close()
  })

  it("can be loaded anew at each address that it makes, and is no wider than a telephone", async () => {
    const { close, page } = await see(browser, served, "/app/", { viewport: { width: 390, height: 844 } })
    const reload = async () => {
      assert.isBelow(page.url().length, 8_000)
      await page.reload()
      await page.getByRole("navigation").first().waitFor()
    }
    await page.getByRole("searchbox").fill(CHINESE)
    await page.waitForURL(/q=.{5000}/)
    await reload()
    assert.isTrue(CHINESE.startsWith(await page.getByRole("searchbox").inputValue()))
    const isNarrow = async () =>
      assert.isAtMost(
        await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        0,
        page.url()
      )
    await page.goto(`${served.url}/app/sessions/${SESSION}`)
    const link = page.getByRole("link", { name: "What would memory tell Claude here today, and why?" }).first()
    await link.waitFor()
    await isNarrow()
    await link.click()
    await page.getByRole("textbox", { name: "Prompt" }).waitFor()
    await reload()
    await page.goto(`${served.url}/app/sessions/${SESSION}`)
    await page.getByRole("complementary").locator("a[href*=memories]").last().click()
    await page.getByRole("article").waitFor()
    await isNarrow()
    await close()
  })

  it("says of a text whose prompt is not there no other prompt", async () => {
    const session = "cd62c694-5fb3-4cd8-b26e-db3191758be8"
    const id = await saved("Anchors are painted red in the spring.")
    const { session: { endedAt } } = (await ask("GET", `/v1/sessions/${session}`)).body as unknown as {
      readonly session: { readonly endedAt: number }
    }
    const at = endedAt - 60_000
    const sent = {
      at,
      event: "UserPromptSubmit",
      offset: 0,
      tokens: 90,
      ids: [id],
      pointed: [],
      isOpening: false,
      words: ["anchors"]
    }
    mkdirSync(join(served.memory, "sessions"), { recursive: true })
    writeFileSync(join(served.memory, "sessions", session), `${JSON.stringify(sent)}\n+${at}\n`)
    const { close, page } = await see(browser, served, `/app/sessions/${session}`)
    const request = page.waitForRequest((request) => request.url().endsWith("/feedback"))
    await page.getByRole("button", { name: "Helped: Anchors are painted" }).press("Enter")
    assert.deepStrictEqual((await request).postDataJSON(), { helps: true })
    await page.getByText(/It is told sooner at prompts with: anchor/).waitFor()
    await close()
  })

  it("shows nothing that was forgotten elsewhere, but what was typed of it", async () => {
    const id = await saved("Lanterns are filled at dusk.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    const article = page.getByRole("article")
    await article.waitFor()
    const { body: { operation } } = await ask("DELETE", `/v1/units/${id}`)
    await page.getByRole("alert").waitFor()
    assert.strictEqual(await article.count(), 0)
    await page.getByRole("heading", { level: 1, name: "Memory" }).waitFor()
    await ask("POST", "/v1/undo", { operation })
    await article.getByRole("button", { name: "Edit", exact: true }).click()
    const text = page.getByRole("textbox", { name: "Text" })
    await text.fill("Lanterns are filled at dawn.")
    await ask("DELETE", `/v1/units/${id}`)
    await page.getByRole("alert").waitFor()
    assert.strictEqual(await text.inputValue(), "Lanterns are filled at dawn.")
    assert.strictEqual(await page.getByText("is not saved yet").count(), 0)
    await close()
  })

  it("speaks of a server that does not answer, and of words that no memory has, in its own words", async () => {
    const { close, page } = await see(browser, served, "/app/?q=zzyzx", { locale: "zh-CN" })
    await page.getByText("没有任何记忆包含“zzyzx”。").waitFor()
    await page.route("**/v1/**", (route) => route.abort())
    await page.getByRole("searchbox").fill("stripe")
    await page.getByText("服务器没有应答").waitFor()
    await close()
  })

  it("copies where the browser has no clipboard for it", async () => {
    const { close, page } = await see(browser, served)
    await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }))
    await page.goto(`${served.url}/app/sessions`)
    const copy = page.getByRole("button", { name: /^Resume: cd / }).first()
    await copy.click()
    await page.getByText("Copied").waitFor()
    assert.isTrue(await copy.evaluate((button) => button === document.activeElement))
    await page.goto(`${served.url}/app/why`)
    await page.getByRole("textbox", { name: "Prompt" }).press("Control+v")
    await page.waitForURL(/prompt=cd\+/)
    await close()
  })

  it("has each line run as its words do, and headings in order", async () => {
    const id = await saved("الخادم يتوقف كل ليلة\nThe server stops each night.")
    const { close, page } = await see(browser, served, `/app/memories/${id}`)
    const article = page.getByRole("article")
    await article.waitFor()
    assert.strictEqual(await article.locator("h1").evaluate((title) => getComputedStyle(title).direction), "rtl")
    // The one line ends at the right, and the other begins at the left.
    const [first, second] = await article.locator("p", { hasText: "The server stops" }).evaluate((text) => {
      const { left, right } = text.getBoundingClientRect()
      const range = document.createRange()
      range.selectNodeContents(text)
      return [...range.getClientRects()].filter(({ width }) => width > 1)
        .map((line) => ({ before: line.left - left, after: right - line.right }))
    })
    assert.isTrue(first!.after < 2 && first!.before > 50, JSON.stringify(first))
    assert.isTrue(second!.before < 2 && second!.after > 50, JSON.stringify(second))
    for (
      const path of ["/app/memories/ccfb5548", "/app/nothing", "/app/memories/ffffffff", "/app/sessions/none"]
    ) {
      await page.goto(`${served.url}${path}`)
      await page.locator("main").waitFor()
      await page.waitForFunction(() => document.querySelector("main [data-waiting]") === null)
      await page.evaluate(axe.source)
      const found = await page.evaluate(async () => {
        const rules = ["heading-order", "page-has-heading-one"]
        const { violations } = await (window as unknown as { axe: typeof axe }).axe.run({ runOnly: rules })
        return violations.map(({ id }) => id)
      })
      assert.deepStrictEqual(found, [], path)
    }
    await close()
  })

  it("shows the project of an address that was merged since", async () => {
    const { projects } = (await ask("GET", "/v1/projects")).body as unknown as {
      readonly projects: ReadonlyArray<{ readonly id: string; readonly name: string }>
    }
    const [from, into] = ["rust-indexer", "shop-api"].map((name) => projects.find((each) => each.name === name)!.id)
    await ask("POST", "/v1/projects/merge", { from: [from], into })
    const { close, page } = await see(browser, served, `/app/?project=${from}`)
    await page.locator("[data-item]").first().waitFor()
    const choice = page.getByRole("combobox", { name: "Project" })
    assert.strictEqual(await choice.evaluate((box: HTMLSelectElement) => box.selectedOptions[0]?.text), "shop-api")
    await close()
  })
})
