import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it, vi } from "vitest"
import { STATUS } from "../../src/http/Problem.ts"
import { en } from "../../src/web/texts/en.ts"
import { LABELS } from "../../src/web/texts/labels.ts"
import { formatOf } from "../../src/web/texts/Texts.ts"
import { zh } from "../../src/web/texts/zh.ts"

/** Lists the texts that are words, not what makes words, by their names. */
const textsIn = (value: object, at = ""): ReadonlyArray<readonly [name: string, text: string]> =>
  Object.entries(value).flatMap(([name, each]) =>
    typeof each === "string"
      ? [[`${at}${name}`, each] as const]
      : typeof each === "object" && each !== null
      ? textsIn(each, `${at}${name}.`)
      : []
  )

const HAN = /\p{Script=Han}/u

describe("texts", () => {
  it("has no empty text, and the same names in each language", () => {
    const names = textsIn(en).map(([name]) => name)
    assert.deepStrictEqual(textsIn(zh).map(([name]) => name).sort(), [...names].sort())
    for (const [name, text] of [...textsIn(en), ...textsIn(zh)]) assert.notStrictEqual(text.trim(), "", name)
  })

  it("is in the language that it says", () => {
    const same = new Set([
      "labels.Claude",
      "session.roles.assistant",
      "session.roles.system",
      "frame.otherLanguage",
      "health.tokens"
    ])
    for (const [name, text] of textsIn(zh)) if (!same.has(name)) assert.match(text, HAN, name)
    for (const [name, text] of textsIn(en)) if (!same.has(name)) assert.notMatch(text, HAN, name)
  })
})

describe("problems of the server", () => {
  it("are said in Chinese too, with what the server says where that is needed", () => {
    for (const code of Object.keys(STATUS)) assert.match(zh.problem(code, "detail"), HAN, code)
    assert.strictEqual(zh.problem("in-conflict", "undo that first"), "与现有的内容冲突：undo that first")
    assert.strictEqual(zh.problem("of a later version", "detail"), "detail")
  })
})

describe("what the server could not do for an answer", () => {
  it("is said in Chinese where the package's own model does not know it", () => {
    const written = readFileSync(fileURLToPath(new URL("../../src/retrieve/Retriever.ts", import.meta.url)), "utf8")
    const [, note] = /"(semantic search: the model knows [^"]+)"/.exec(written) ?? []
    assert.match(zh.search.note(note!), HAN)
    assert.strictEqual(zh.search.note("semantic search: no answer within 2s"), "semantic search: no answer within 2s")
  })
})

describe("reasons for which lines are skipped", () => {
  it("are said in Chinese too, those of a type by the name that Claude Code gives it", () => {
    const folder = fileURLToPath(new URL("../../src/capture/transcript", import.meta.url))
    const written = readdirSync(folder).flatMap((name) =>
      [...readFileSync(join(folder, name), "utf8").matchAll(/skipped\([^)"]*"([a-z][A-Za-z ]+)"\)/g)].map((
        [, reason]
      ) => reason!)
    )
    assert.isAbove(written.length, 6)
    for (const reason of [...written, "system turn_duration"]) assert.match(zh.health.skipped(reason), HAN, reason)
    assert.strictEqual(zh.health.skipped("unknown type tide-table"), "未知类型 tide-table")
    for (const name of ["progress", "systematic", "emptying"]) assert.strictEqual(zh.health.skipped(name), name)
  })
})

describe("labels", () => {
  it("are all that the compressor writes", () => {
    const folder = fileURLToPath(new URL("../../src/compress", import.meta.url))
    const written = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
      .flatMap((name) =>
        [...readFileSync(join(folder, name), "utf8").matchAll(/"([A-Z][A-Za-z ,]+|Open: the person said): "/g)].map((
          [, label]
        ) => label!)
      )
    assert.includeMembers(written, ["Outcome", "Ran", "Pull request", "Open: the person said"])
    assert.deepStrictEqual(written.filter((label) => !LABELS.some((known) => known === label)), [])
  })
})

describe("formats", () => {
  const now = Date.UTC(2026, 10, 29)
  const HOUR = 3_600_000

  it("says how long ago a time was", () => {
    const { ago } = formatOf("en")
    assert.strictEqual(ago(now - 30_000, now), "this minute")
    assert.strictEqual(ago(now - 5 * HOUR, now), "5 hours ago")
    assert.strictEqual(ago(now - 24 * HOUR, now), "yesterday")
    assert.strictEqual(ago(now - 21 * 24 * HOUR, now), "3 weeks ago")
    assert.strictEqual(ago(now - 400 * 24 * HOUR, now), "last year")
    assert.strictEqual(formatOf("zh").ago(now - 5 * HOUR, now), "5小时前")
  })

  it("names the day of a date also to the west of Greenwich", () => {
    vi.stubEnv("TZ", "America/New_York")
    try {
      const { date, day } = formatOf("en")
      assert.deepStrictEqual([date(now), day("2026-11-29")], ["28 Nov 2026", "29 Nov 2026"])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it("writes shares, and small ones so that they differ", () => {
    const { percent } = formatOf("en")
    assert.deepStrictEqual([1, 0.564, 0.0945, 0.0042, 0].map(percent), ["100%", "56%", "9.5%", "0.42%", "0%"])
  })

  it("writes sizes and durations with the unit that fits", () => {
    const { bytes, duration } = formatOf("en")
    assert.deepStrictEqual([2_300, 2_345_678, 999_000_000, 1_234_000_000].map(bytes), [
      "2.3 kB",
      "2.3 MB",
      "999 MB",
      "1.2 GB"
    ])
    // Whether a short unit has a plural is up to the version of Unicode's data.
    assert.deepStrictEqual(
      [0, 90_000, 600_000, 10 * HOUR].map((millis) => duration(millis).replace(/s$/, "")),
      ["0 sec", "90 sec", "10 min", "10 hr"]
    )
  })
})
