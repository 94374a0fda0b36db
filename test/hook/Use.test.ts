import { assert, describe, it } from "@effect/vitest"
import { usesIn } from "../../src/hook/Use.ts"

const POOL = {
  id: "0aeafce1-5b47-548c-ba4e-a6bccb16e7d4",
  title: "Pool exhausted by the nightly report",
  content:
    "PGPOOL_MAX stays at 320, since nightlyReport opens a client a query (src/reports/nightly.ts); see config/pool.yaml."
}
const OTHER = {
  id: "9f4f4ffa-dd8a-590d-9556-cb35742df30a",
  title: "Deploy",
  content: "Deploys wait for probe_ready on port 8443."
}

const line = (type: "assistant" | "attachment" | "user", content: unknown) =>
  JSON.stringify({ type, message: { content } })
const prompt = (text: string) => line("user", text)
const said = (text: string) => line("assistant", [{ type: "text", text }])
const called = (name: string, input: unknown) => line("assistant", [{ type: "tool_use", name, input }])
const gave = (content: string) => line("user", [{ type: "tool_result", content }])

const PROMPT = prompt("the database has no connection left at night")
const used = (after: ReadonlyArray<string>, before: ReadonlyArray<string> = []) =>
  usesIn({ told: [POOL, OTHER] }, { before, after: [PROMPT, ...after] }).map(({ id, names }) => [id, ...names])

describe("a memory that was told", () => {
  it("is used where Claude then says or writes its names, figures and paths", () => {
    const expected = [[POOL.id, "PGPOOL_MAX", "320", "nightlyReport"]]
    assert.deepStrictEqual(
      used([said("That is nightlyReport again: PGPOOL_MAX is 320.")]).map((each) => [...each].sort()),
      [
        [...expected[0]!].sort()
      ]
    )
    assert.strictEqual(
      used([called("Edit", { file_path: "config/pool.yaml", new_string: "PGPOOL_MAX: 320" })]).length,
      1
    )
    assert.strictEqual(
      used([said("The report opens too many."), said("PGPOOL_MAX: 320, in config/pool.yaml")]).length,
      1
    )
  })

  it("is not used by what was known otherwise: from the prompt, a file that was read, or the session before", () => {
    const words = "nightlyReport, PGPOOL_MAX and 320"
    assert.deepStrictEqual(used([gave(words), said(words)]), [])
    assert.deepStrictEqual(used([said(words)], [gave(words)]), [])
    assert.deepStrictEqual(used([said(words)], [prompt(words)]), [])
    assert.deepStrictEqual(used([prompt(words), said(words)]), [])
    // What a file says only later was known from the memory.
    assert.strictEqual(used([said(words), gave(words)]).length, 1)
    // What the hook told is no source of its own.
    assert.strictEqual(used([said(words)], [line("attachment", words)]).length, 1)
  })

  it("is not used by a few names, plain words, or a year", () => {
    assert.deepStrictEqual(used([said("PGPOOL_MAX is 320.")]), [])
    assert.deepStrictEqual(used([said("The nightly report has exhausted the pool, since 2026-11-29.")]), [])
  })

  it("is used for two turns, not later", () => {
    const words = said("nightlyReport, PGPOOL_MAX and 320")
    assert.strictEqual(used([prompt("go on"), words]).length, 1)
    assert.deepStrictEqual(used([prompt("go on"), prompt("and now the tests"), words]), [])
  })

  it("is used when Claude asks for it by its id, also where it was only pointed to", () => {
    const asked = called("mcp__claude-memory__claude_memory_get", { id: POOL.id.slice(0, 8) })
    assert.deepStrictEqual(used([asked]), [[POOL.id]])
    const pointed = (...after: ReadonlyArray<string>) =>
      usesIn({ told: [], pointed: [POOL] }, { before: [], after: [PROMPT, ...after] }).length
    assert.strictEqual(pointed(asked), 1)
    assert.strictEqual(pointed(said("nightlyReport, PGPOOL_MAX and 320")), 0)
    assert.deepStrictEqual(used([called("mcp__other__get", { id: POOL.id.slice(0, 8) })]), [])
  })

  it("takes any line", () => {
    for (
      const strange of [
        "",
        "{",
        "null",
        "[]",
        "{\"type\":\"user\"}",
        line("user", 7),
        line("assistant", [null, { type: 1 }])
      ]
    ) {
      assert.deepStrictEqual(used([strange]), [])
    }
  })
})
