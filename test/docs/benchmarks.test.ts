/**
 * Tests the page of benchmarks: kept outputs, the page made of them, and the page as it stands.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root, samples, slow } from "../data.ts"
import { inHome, run } from "../e2e/run.ts"
import { textOf } from "./page.ts"

const bench = (home: string, ...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* run(["scripts/run.mjs", "scripts/bench", ...args, "--json"], {
      home,
      cwd: root,
      killAfterMs: 60_000
    })
    assert.strictEqual(code, 0, stderr)
    return JSON.parse(stdout)
  })

const PICTURE = /^!\[(.+)\]\((.+)\)$/gm
const picturesOf = (text: string) => [...text.matchAll(PICTURE)].map(([, , name]) => name!)

const PAGES = ["benchmarks", "benchmarks.zh-CN"]

/** Copies the pages into a folder of their own. */
const pagesIn = (home: string) => {
  const folder = join(home, "docs")
  mkdirSync(folder)
  for (const page of PAGES) writeFileSync(join(folder, `${page}.md`), textOf(page))
  return folder
}

const cuts = { n: 40, r1: 25, r5: 62.5, r10: 80, r25: 85, r50: 90 }
const search = (units: number) => ({
  units,
  rows: ["all", "the largest"].flatMap((scope) =>
    ["hybrid", "inject"].map((asked) => ({ scope, asked, p50Ms: 4, p95Ms: 9 }))
  ),
  bare: ["all", "the largest"].map((name) => ({ name, bothMs: 12, bothP95Ms: 1_200 }))
})
const OUTPUTS: Readonly<Record<string, unknown>> = {
  "recall-dev-zh": { hits: { zh: { n: 8, hit1: 2, hit5: 4, hit10: 7 } } },
  locomo: { all: cuts, session: { r1: 50, r5: 75 } },
  constants: {
    ablation: [
      {
        part: "phrases",
        sets: [{ name: "long chats", measure: "recall@5", n: 40, without: 57.5, difference: -5, low: -9, high: -1 }]
      },
      {
        part: "dates",
        sets: [{ name: "long chats", measure: "recall@5", n: 40, without: 62.5, difference: 0.04, low: -2, high: 2.1 }]
      }
    ]
  },
  "search-10000": search(10_000),
  "search-1000000": search(1_000_000)
}

slow(it.live)(
  "every figure has its command, day, version and machine, and what was not kept is left out",
  () =>
    inHome((home) =>
      Effect.gen(function*() {
        const from = join(home, "kept")
        mkdirSync(from)
        const provenance = { at: "2026-01-02T03:04:05.000Z", version: "abc1234", node: "20.20.2", cores: 4, load: 0.1 }
        for (const [name, data] of Object.entries(OUTPUTS)) {
          writeFileSync(join(from, `${name}.json`), JSON.stringify({ ...provenance, command: `of-${name} FILE`, data }))
        }
        const to = pagesIn(home)
        const { leftOut } = yield* bench(home, "page", "--from", from, "--to", to)
        assert.deepStrictEqual(leftOut, ["recall-dev", "memorybank", "search-100000"])
        for (const page of PAGES) {
          const text = readFileSync(join(to, `${page}.md`), "utf8")
          const figures = text.split("\n## ").slice(1, -1)
          assert.deepStrictEqual(
            figures.map((figure) => [...figure.matchAll(/^- (\S+): `npm run bench -- of-\1 FILE`;/gm)].length),
            [1, 1, 1, 2]
          )
          for (const figure of figures) {
            assert.strictEqual(picturesOf(figure).length, 1, figure)
            for (const [line, name] of figure.matchAll(/^- (\S+): .+$/gm)) {
              if (leftOut.includes(name)) assert.notInclude(line, "`")
              else assert.match(line, /; 2026-01-02, commit abc1234, Node 20\.20\.2, 4 /)
            }
          }
          for (const name of leftOut) assert.include(text, `\n- ${name}: `)
          assert.include(text, page === "benchmarks" ? "−5.0 (−9.0 to −1.0)" : "−5.0（−9.0 到 −1.0）")
          assert.include(text, page === "benchmarks" ? "0.0 (−2.0 to +2.1)" : "0.0（−2.0 到 +2.1）")
          for (const name of picturesOf(text)) {
            const svg = readFileSync(join(to, name), "utf8")
            assert.match(svg, /^<svg /)
            assert.notInclude(svg, "NaN")
          }
        }
        assert.strictEqual(readdirSync(to).length, PAGES.length + 4)
      })
    )
)

slow(it.live)(
  "a kept output holds no path, and counts the questions that results answer",
  () =>
    inHome((home) =>
      Effect.gen(function*() {
        const questions = join(home, "questions.jsonl")
        const question = "Why did we decide against Meilisearch?"
        const evidence = [{ file: "session.jsonl", uuid: "8393dacb-dfb5-40a6-9814-91a92452b37e" }]
        const lines = [
          { id: "answered", lang: "en", question, evidence, key_terms: ["pg_trgm", "customer groups"] },
          { id: "without the words", lang: "en", question, evidence, key_terms: ["Elasticsearch"] },
          { id: "unanswerable", lang: "zh", question, evidence: [] }
        ]
        writeFileSync(questions, lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
        const kept = join(home, "kept")
        const options = ["--transcripts", samples, "--questions", questions, `--answers=${join(home, "answers.jsonl")}`]
        const { code, stderr } = yield* run(
          ["scripts/run.mjs", "scripts/bench", "keep", "--in", kept, "--as", "recall-dev", "--", "recall", ...options],
          { home, cwd: root, killAfterMs: 60_000 }
        )
        assert.strictEqual(code, 0, stderr)
        const text = readFileSync(join(kept, "recall-dev.json"), "utf8")
        assert.notInclude(text, home)
        assert.notInclude(text, root)
        const { at, command, cores, data, node } = JSON.parse(text)
        assert.strictEqual(command, "recall --transcripts DIR --questions FILE --answers=FILE")
        assert.match(at, /^\d{4}-\d\d-\d\dT/)
        assert.isAbove(cores, 0)
        assert.strictEqual(node, process.versions.node)
        const { en, ...others } = data.hits
        assert.deepStrictEqual([en.n, en.hit10, en.hit50], [2, 1, 1])
        assert.deepStrictEqual(others, {})
        yield* bench(home, "page", "--from", kept, "--to", pagesIn(home))
      })
    )
)

it("the page and its twin show the same pictures, which are there, and name no place of a machine", () => {
  const [english, chinese] = PAGES.map(textOf)
  assert.deepStrictEqual(picturesOf(english!), picturesOf(chinese!))
  for (const name of picturesOf(english!)) assert.isTrue(existsSync(join(root, "docs", name)), name)
  for (const text of [english!, chinese!]) assert.notMatch(text, /[`\s]\/(?:home|root|tmp|work|Users)\//)
})
