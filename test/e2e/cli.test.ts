/**
 * The shipped command line, on the sample sessions.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { oneIn, root, samples, slow } from "../data.ts"
import { type CommandLineOptions, commandLines, started } from "./commandLines.ts"
import { inHome, leftovers, main, makeHome, type Outcome, run, start } from "./run.ts"

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((path) =>
    statSync(path).isFile()
  )

const transcripts = filesIn(samples).filter((path) => path.endsWith(".jsonl"))
const newlinesIn = (path: string) => readFileSync(path).filter((byte) => byte === 0x0a).length
const newlines = transcripts.reduce((sum, path) => sum + newlinesIn(path), 0)
/** The sample file whose line 22 is cut in half. */
const damaged = join(samples, "-home-mei-work-shop-api", "43a24c26-cf56-4141-8bb4-24d85373a64c.jsonl")

const secrets: ReadonlyArray<{ readonly kind: string; readonly value: string }> = JSON.parse(
  readFileSync(join(root, "test", "fixtures", "planted-secrets.json"), "utf8")
)
/** A text that was injected in a sample session, so it must never be captured. */
const LIGHTHOUSE = "The lighthouse keeper prefers decaf on Tuesdays."

/** Asserts that the bytes hold no secret and nothing injected, neither plain nor escaped as in JSON. */
const assertClean = (bytes: Buffer, where: string) => {
  for (const { kind, value } of [...secrets, { kind: "injected text", value: LIGHTHOUSE }]) {
    for (const written of new Set([value, JSON.stringify(value).slice(1, -1)])) {
      assert.isFalse(bytes.includes(written), `${kind} is in ${where}`)
    }
  }
}

interface LineSum {
  readonly total: number
  readonly stored: number
  readonly skipped: Readonly<Record<string, number>>
  readonly deadLetter: number
}
const assertBalanced = (lines: LineSum) =>
  assert.strictEqual(
    lines.total,
    lines.stored + lines.deadLetter + Object.values(lines.skipped).reduce((a, b) => a + b, 0)
  )

interface Unit {
  readonly id: string
  readonly projectId: string
  readonly sessionId: string
  readonly type: string
  readonly title: string
  readonly content: string
  readonly files: ReadonlyArray<string>
  readonly occurredAt: number
}
interface Found {
  readonly query: string
  readonly results: ReadonlyArray<{
    readonly id: string
    readonly score: number
    readonly unit: Unit
    readonly evidence: ReadonlyArray<string>
    readonly why: {
      readonly keyword: object | null
      readonly semantic: object | null
      readonly neighbours: number
      readonly matched: ReadonlyArray<string>
    }
  }>
  readonly degraded: ReadonlyArray<string>
}

/** Parses stdout, which must be one line of JSON; stderr must be empty. */
const jsonOf = <A>(outcome: Outcome, code = 0): A => {
  assert.strictEqual(outcome.code, code, outcome.stderr)
  assert.strictEqual(outcome.stderr, "")
  assert.match(outcome.stdout, /^[^\n]+\n$/)
  return JSON.parse(outcome.stdout) as A
}

/** Returns stderr. Exit code must be 1, stdout empty, and stderr a sentence for a person: no stack, no log line. */
const errorOf = (outcome: Outcome): string => {
  assert.strictEqual(outcome.code, 1)
  assert.strictEqual(outcome.stdout, "")
  assert.notMatch(outcome.stderr, /^ +at |level=|timestamp=/m)
  assert.match(outcome.stderr, /^[^\n]/)
  return outcome.stderr
}

/** A home whose memory holds the samples, imported by the command. */
class Imported extends Context.Tag("test/Imported")<Imported, {
  readonly home: string
  readonly outcome: Outcome
}>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.gen(function*() {
      const home = yield* makeHome
      return { home, outcome: yield* run([main, "import", samples, "--json"], { home }) }
    })
  )
}

const base = Layer.provideMerge(Imported.layer, NodeContext.layer)

/** Runs them in the one process of this file: what is started is one of each kind. */
const inProcess = commandLines()

const cli = (
  words: ReadonlyArray<string>,
  options: Partial<CommandLineOptions> = {},
  how = inProcess
) =>
  Effect.flatMap(Imported, ({ home }) => how(words, { home, ...options })).pipe(
    Effect.tap(({ stderr, stdout }) => {
      assertClean(Buffer.from(stdout), `stdout of ${words.join(" ")}`)
      assertClean(Buffer.from(stderr), `stderr of ${words.join(" ")}`)
    })
  )
const search = (...words: ReadonlyArray<string>) =>
  Effect.map(cli(["search", "--all-projects", "--json", ...words]), (outcome) => jsonOf<Found>(outcome))

/** Asserts that one of the first results contains the answer. */
const assertAnswered = ({ results }: Found, answer: RegExp, within = 3) => {
  const first = results.slice(0, within)
  assert.isTrue(
    first.some(({ unit }) => answer.test(unit.content)),
    first.map(({ unit }) => unit.content).join("\n\n")
  )
}

layer(base, { timeout: "60 seconds", excludeTestServices: true })("with the samples imported", (it) => {
  describe("import", () => {
    it.effect("accounts for every line, says so in one line of JSON, and leaves nothing open", () =>
      Effect.gen(function*() {
        const { home, outcome } = yield* Imported
        const report = jsonOf<
          {
            readonly files: number
            readonly lines: LineSum
            readonly sessions: number
            readonly messages: number
            readonly units: { readonly total: number; readonly byType: Readonly<Record<string, number>> }
            readonly redactions: Readonly<Record<string, number>>
            readonly resources: { readonly openAtExit: number }
          }
        >(outcome)
        assert.strictEqual(report.files, transcripts.length)
        assert.strictEqual(report.lines.total, newlines)
        assertBalanced(report.lines)
        // Line 22 of one sample file is cut in half.
        assert.strictEqual(report.lines.deadLetter, 1)
        assert.strictEqual(report.lines.skipped["unknown type hologram"], 1)
        assert.strictEqual(report.sessions, 8)
        assert.isAbove(report.units.total, 50)
        assert.strictEqual(Object.values(report.units.byType).reduce((a, b) => a + b, 0), report.units.total)
        assert.isAtLeast(Object.values(report.redactions).reduce((a, b) => a + b, 0), secrets.length)
        assert.deepStrictEqual(report.resources, { openAtExit: 0 })
        assertClean(Buffer.from(outcome.stdout), "the report")
        assert.isAbove(statSync(join(home, ".claude-memory", "memory.db")).size, 100_000)
      }))

    slow(it.effect)("again adds nothing", () =>
      Effect.gen(function*() {
        const report = jsonOf<
          { readonly files: number; readonly lines: LineSum; readonly units: { readonly total: number } }
        >(
          yield* cli(["import", samples, "--json"])
        )
        assert.strictEqual(report.files, 0)
        assert.strictEqual(report.lines.total, 0)
        assert.strictEqual(report.units.total, 0)
      }))

    it.effect("leaves no secret and nothing injected in any byte of the home folder", () =>
      Effect.gen(function*() {
        const { home } = yield* Imported
        const files = filesIn(home)
        assert.isAbove(files.length, 0)
        for (const file of files) assertClean(readFileSync(file), file)
      }))

    it.effect("prints the sum of a file as text, what is damaged in it included", () =>
      Effect.gen(function*() {
        const home = yield* makeHome
        const { code, stderr, stdout } = yield* cli(["import", damaged], { home })
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr, "")
        assert.match(
          stdout,
          new RegExp(`^${newlinesIn(damaged)} lines = \\d+ stored \\+ \\d+ skipped \\(.*\\) \\+ 1 dead letters?\n`)
        )
        assert.deepStrictEqual(leftovers(filesIn(home)), [])
      }).pipe(Effect.scoped))

    it.effect("of what is not there says so, as watch does", () =>
      Effect.gen(function*() {
        for (const command of ["import", "watch"]) {
          assert.match(
            errorOf(yield* cli([command, "/no/such/folder"])),
            /\/no\/such\/folder does not exist; check the path/
          )
        }
      }))
  })

  describe("search", () => {
    it.effect("answers with results, their evidence and their reasons", () =>
      Effect.gen(function*() {
        const words = ["search", "--all-projects", "--json", "why did we decide against Meilisearch?"]
        const found = jsonOf<Found>(yield* cli(words, {}, started))
        assert.deepStrictEqual(Object.keys(found), ["query", "results", "degraded", "absent", "respelt"])
        assert.strictEqual(found.query, "why did we decide against Meilisearch?")
        assert.deepStrictEqual(found.degraded, [])
        assert.strictEqual(found.results.length, 5)
        for (const [i, result] of found.results.entries()) {
          assert.deepStrictEqual(Object.keys(result), ["id", "score", "unit", "evidence", "why"])
          assert.strictEqual(result.unit.id, result.id)
          assert.isAtLeast(result.evidence.length, 1)
          assert.isTrue(result.why.keyword !== null || result.why.semantic !== null || result.why.neighbours > 0)
          assert.isAtMost(result.score, found.results[i - 1]?.score ?? 1)
        }
        assertAnswered(found, /Operations|Visibility|reject Meilisearch/)
      }))

    it.effect.each(
      ([
        ["checkout hangs, connection leak", /leak empties|leaked|never released|client is released/],
        ["flaky coupon test timezone", /zone/],
        ["ClickHouse 写不进去", /TOO_MANY_PARTS|Too many parts|parts_to_throw_insert/],
        ["__memcpy_chk 链接错误", /glibc/],
        ["customers get mails twice", /idempotent|notice that it has seen|harmful when repeated|webhook/],
        ["generation expression is not immutable", /STABLE|immutable_unaccent/]
      ] as const).filter(oneIn(3))
    )("finds the answer to: %s", ([question, answer]) =>
      Effect.gen(function*() {
        const found = yield* search("--limit", "5", question)
        assert.isAtMost(found.results.length, 5)
        assertAnswered(found, answer, 5)
      }))

    it.effect("says when the meaning of a question could not be asked for", () =>
      Effect.gen(function*() {
        const chinese = yield* search("对账差几分钱")
        assert.strictEqual(chinese.degraded.length, 1)
        assert.match(chinese.degraded[0]!, /semantic search/)
        assertAnswered(chinese, /浮点|Decimal|舍入/)
        const { stdout } = yield* cli(["search", "--all-projects", "对账差几分钱"])
        assert.match(stdout, /\nNote: semantic search.*\.\n$/)
      }))

    slow(it.effect)("finds words where Node runs no WebAssembly", () =>
      Effect.gen(function*() {
        const words = ["search", "--all-projects", "--json", "why did we decide against Meilisearch?"]
        // V8 tells of the flag on stderr.
        const { stdout } = yield* cli(words, { env: { NODE_OPTIONS: "--jitless" } }, started)
        const found = JSON.parse(stdout) as Found
        assert.deepStrictEqual(found.degraded.map((each) => /WebAssembly with SIMD/.test(each)), [true])
        assertAnswered(found, /Operations|Visibility|reject Meilisearch/)
      }))

    slow(it.effect)("looks at the project that is named, by its name, and only there", () =>
      Effect.gen(function*() {
        const inShop = jsonOf<Found>(
          yield* cli(["search", "--json", "--limit", "100", "--project", "shop-api", "tests are green"])
        )
        assert.isAbove(inShop.results.length, 1)
        assert.strictEqual(new Set(inShop.results.map(({ unit }) => unit.projectId)).size, 1)
        const inBoth = jsonOf<Found>(
          yield* cli([
            "search",
            "--json",
            "--limit",
            "100",
            "--project=shop-api",
            "--project",
            "rust-indexer",
            "tests are green"
          ])
        )
        assert.strictEqual(new Set(inBoth.results.map(({ unit }) => unit.projectId)).size, 2)
        const message = errorOf(yield* cli(["search", "--project", "shop-ap", "tests"]))
        assert.match(message, /no project is called shop-ap; known: .*rust-indexer.*shop-api.*数据平台/)
      }))

    it.effect("without a project looks at the folder's own, and says where it looked when there is nothing", () =>
      Effect.gen(function*() {
        const { code, stdout } = yield* cli(["search", "tests"])
        assert.strictEqual(code, 0)
        assert.match(stdout, /^Nothing found in this folder's project \(--all-projects looks everywhere\)\.\n/)
      }))

    slow(it.effect)("filters by type, time and file", () =>
      Effect.gen(function*() {
        const talks = yield* search("--type", "conversation", "--limit", "100", "failed")
        // More results than the default limit.
        assert.isAbove(talks.results.length, 5)
        assert.deepStrictEqual([...new Set(talks.results.map(({ unit }) => unit.type))], ["conversation"])

        const day = 86_400_000
        const since = Date.parse("2026-09-22")
        const until = Date.parse("2026-10-08")
        const between = yield* search(
          "--since",
          "2026-09-22",
          "--until",
          "2026-10-08",
          "--limit",
          "100",
          "test error 测试"
        )
        assert.isAbove(between.results.length, 1)
        for (const { unit } of between.results) {
          assert.isAtLeast(unit.occurredAt, since)
          // A date without a time means the end of that day.
          assert.isBelow(unit.occurredAt, until + day)
        }
        assert.isTrue(between.results.some(({ unit }) => unit.occurredAt >= until))

        const all = yield* search("--limit", "100", "coupon")
        const wanted = all.results.flatMap(({ unit }) => unit.files)[0]!
        const name = wanted.split("/").slice(-2).join("/")
        const touching = yield* search("--file", name, "--limit", "100", "coupon")
        assert.isAbove(touching.results.length, 0)
        assert.isBelow(touching.results.length, all.results.length)
        for (const { unit } of touching.results) {
          assert.isTrue(unit.files.some((file) => file.endsWith(`/${name}`)), unit.files.join())
        }
      }))

    slow(it.effect)("searches by words, by meaning, or both", () =>
      Effect.gen(function*() {
        const keyword = yield* search("--mode", "keyword", "generation expression is not immutable")
        assert.isTrue(keyword.results.every(({ why }) => why.semantic === null))
        assert.isTrue(keyword.results.some(({ why }) => why.keyword !== null && why.matched.length > 0))
        const semantic = yield* search("--mode", "semantic", "generation expression is not immutable")
        assert.isAbove(semantic.results.length, 0)
        assert.isTrue(semantic.results.every(({ why }) => why.keyword === null))
        const hybrid = yield* search("--mode", "hybrid", "generation expression is not immutable")
        assert.isTrue(hybrid.results.some(({ why }) => why.keyword !== null && why.semantic !== null))
      }))

    slow(it.effect)(
      "takes --name=value as --name value, for options that may be repeated too",
      () =>
        Effect.gen(function*() {
          const apart = yield* search(
            "--type",
            "error_log",
            "--type",
            "archive",
            "--limit",
            "7",
            "--mode",
            "keyword",
            "--",
            "test",
            "--limit=3"
          )
          const joined = yield* search(
            "--type=error_log",
            "--type=archive",
            "--limit=7",
            "--mode=keyword",
            "test",
            "--",
            "--limit=3"
          )
          assert.deepStrictEqual(joined, apart)
          assert.strictEqual(joined.query, "test --limit=3")
          assert.strictEqual(joined.results.length, 7)
          const { stdout } = yield* cli(["inject", "--all-projects", "--prompt=generation=expression is=not immutable"])
          assert.strictEqual(
            stdout,
            (yield* cli(["inject", "--all-projects", "--prompt", "generation=expression is=not immutable"])).stdout
          )
        })
    )

    it.effect("takes no limit that makes no sense", () =>
      Effect.gen(function*() {
        for (const limit of ["0", "101", "three"]) {
          errorOf(yield* cli(["search", "--all-projects", "--limit", limit, "test"]))
        }
      }))

    slow(it.effect)("whose reader goes away, as in `| head -1`, ends well", () =>
      Effect.scoped(Effect.gen(function*() {
        const { home } = yield* Imported
        const { closeStdout, ended } = yield* start([main, "search", "--all-projects", "--limit", "100", "test"], {
          home
        })
        yield* closeStdout
        const { code, stderr } = yield* ended
        assert.strictEqual(stderr, "")
        assert.strictEqual(code, 0)
      })))
  })

  slow(it.effect)(
    "a process that only shows ends by itself, with the same answer as among others",
    () =>
      Effect.gen(function*() {
        const { results } = yield* search("--limit", "1", "why did we decide against Meilisearch?")
        yield* Effect.forEach(
          [["show", results[0]!.id], ["inject", "--prompt", "CDN"], ["status", "--all-projects"], ["cost"], ["models"]],
          (words) =>
            Effect.gen(function*() {
              const alone = yield* cli(words, {}, started)
              const among = yield* cli(words)
              assert.deepStrictEqual([alone.code, alone.signal, alone.stderr], [0, null, ""], words.join(" "))
              assert.strictEqual(alone.stdout, among.stdout)
            }),
          { concurrency: 2, discard: true }
        )
      })
  )

  describe("list and sessions", () => {
    const columnsOf = (text: string) => text.trimEnd().split("\n").map((line) => line.split(/ {2,}/))

    it.effect("are newest first, in the projects asked for", () =>
      Effect.gen(function*() {
        const { memories } = jsonOf<{ readonly memories: ReadonlyArray<Unit> }>(
          yield* cli(["list", "--json", "--all-projects", "--limit", "1000"])
        )
        const times = memories.map(({ occurredAt }) => occurredAt)
        assert.deepStrictEqual(times, [...times].sort((a, b) => b - a))
        const { sessions } = jsonOf<
          {
            readonly sessions: ReadonlyArray<
              {
                readonly id: string
                readonly cwd: string
                readonly resume: string
                readonly units: number
                readonly endedAt: number
              }
            >
          }
        >(yield* cli(["sessions", "--json", "--all-projects"]))
        assert.deepStrictEqual(
          Object.fromEntries(sessions.map(({ id, units }) => [id, units])),
          Object.fromEntries(
            sessions.map(({ id }) => [id, memories.filter(({ sessionId }) => sessionId === id).length])
          )
        )
        const ended = sessions.map(({ endedAt }) => endedAt)
        assert.deepStrictEqual(ended, [...ended].sort((a, b) => b - a))
        const { stdout } = yield* cli(["sessions", "--all-projects"])
        const isCommand = (line: string) => line.startsWith("    ")
        const rows = columnsOf(stdout.split("\n").filter((line) => !isCommand(line)).join("\n"))
        assert.deepStrictEqual(rows.map(([, , id]) => id), sessions.map(({ id }) => id.slice(0, 8)))
        // Below each, how to go on with it: from its own folder.
        assert.deepStrictEqual(
          stdout.split("\n").filter(isCommand).map((line) => line.trim()),
          sessions.map(({ cwd, id }) => `cd ${cwd} && claude --resume ${id}`)
        )
        assert.deepStrictEqual(
          sessions.map(({ resume }) => resume),
          sessions.map(({ cwd, id }) => `cd ${cwd} && claude --resume ${id}`)
        )
        const more = "There are more: --limit takes up to 1,000, and --until lists older ones.\n"
        for (const list of ["list", "sessions"]) {
          const lines = (limit: number) =>
            Effect.map(cli([list, "--all-projects", "--limit", `${limit}`]), (run) => run.stdout)
          const all = yield* lines(1_000)
          const count = list === "list" ? memories.length : sessions.length
          assert.notInclude(all, "There are more")
          assert.strictEqual(yield* lines(count), all)
          const fewer = yield* lines(count - 1)
          assert.isTrue(fewer.endsWith(`\n${more}`))
          assert.isTrue(all.startsWith(fewer.slice(0, -more.length)))
        }
        assert.include((yield* cli(["list"])).stdout, "No memories in this folder's project")
        assert.include((yield* cli(["sessions"])).stdout, "No sessions in this folder's project")
        assert.strictEqual(
          (yield* cli(["list", "--all-projects", "--file", "nowhere.ts", "--since", "2020-01-01"])).stdout,
          "No memories in any project, with --file and --since.\n"
        )
      }))

    it.effect("look into one session, whatever its project, by the beginning of its id", () =>
      Effect.gen(function*() {
        const [{ id } = assert.fail()] = jsonOf<{ readonly sessions: ReadonlyArray<{ readonly id: string }> }>(
          yield* cli(["sessions", "--json", "--all-projects", "--limit", "1"])
        ).sessions
        const { memories } = jsonOf<{ readonly memories: ReadonlyArray<Unit> }>(
          yield* cli(["list", "--json", "--session", id.slice(0, 8)])
        )
        assert.isNotEmpty(memories)
        assert.deepStrictEqual(new Set(memories.map(({ sessionId }) => sessionId)), new Set([id]))
        const { results } = yield* search("--session", id, "--limit", "100", memories[0]!.title)
        assert.isNotEmpty(results)
        for (const { unit } of results) assert.strictEqual(unit.sessionId, id)
        assert.match(errorOf(yield* cli(["list", "--session", "none"])), /no session has the id none; .*sessions/)
        errorOf(yield* cli(["list", "--limit", "1001"]))
      }))
  })

  describe("show", () => {
    it.effect("gives a memory whole, with the messages it comes from, by the beginning of its id", () =>
      Effect.gen(function*() {
        const { results } = yield* search("--limit", "1", "why did we decide against Meilisearch?")
        assert.strictEqual(results.length, 1)
        const [result] = results
        const shown = jsonOf<
          {
            readonly unit: Unit
            readonly evidence: ReadonlyArray<string>
            readonly messages: ReadonlyArray<{ readonly uuid: string }>
          }
        >(yield* cli(["show", "--json", result!.id.slice(0, 8)]))
        assert.deepStrictEqual(shown.unit, result!.unit)
        assert.deepStrictEqual(shown.messages.map(({ uuid }) => uuid).sort(), [...result!.evidence].sort())
        const { code, stdout } = yield* cli(["show", result!.id])
        assert.strictEqual(code, 0)
        assert.include(stdout, result!.unit.content)
        assert.match(stdout, new RegExp(`^resume +cd /\\S+ && claude --resume ${result!.unit.sessionId}$`, "m"))
        assert.match(stdout, new RegExp(`^source +/.*${result!.unit.sessionId}.*\\.jsonl$`, "m"))
        for (const uuid of result!.evidence) assert.include(stdout, uuid)
      }))

    slow(it.effect)("of an id that is none, or of several, says what to do", () =>
      Effect.gen(function*() {
        assert.match(errorOf(yield* cli(["show", "no-such-id"])), /no memory has the id no-such-id; .*search/)
        const { results } = yield* search("--limit", "100", "test error code")
        const firsts = results.map(({ id }) => id[0]!)
        const shared = firsts.find((first, i) => firsts.indexOf(first) !== i)!
        assert.match(
          errorOf(yield* cli(["show", shared])),
          new RegExp(`several memories begin with ${shared}: .*; give more of the id`)
        )
      }))
  })

  describe("inject", () => {
    const inject = (...words: ReadonlyArray<string>) =>
      Effect.map(
        cli(["inject", "--json", "--all-projects", ...words]),
        (outcome) =>
          jsonOf<{ readonly text: string; readonly items: Found["results"]; readonly tokens: number }>(outcome)
      )

    it.effect("fences what it gives and keeps within both budgets", () =>
      Effect.gen(function*() {
        const budgets: ReadonlyArray<readonly [tokens: number, chars: number, ...words: ReadonlyArray<string>]> = [
          [2_000, 9_500],
          [100, 9_500, "--max-tokens", "100"],
          [8_000, 600, "--max-tokens", "8000", "--max-chars", "600"],
          [8_000, 3_000, "--max-tokens", "8000", "--max-chars", "3000"]
        ]
        for (const [tokens, chars, ...words] of budgets) {
          const { items, text, tokens: used } = yield* inject(
            "--prompt",
            "why did we decide against Meilisearch?",
            ...words
          )
          assert.isAtMost(used, tokens)
          assert.isAtMost(text.length, chars)
          if (text === "") assert.strictEqual(items.length, 0)
          else {
            assert.match(text, /^<claude-memory>\n[\s\S]*\n<\/claude-memory>$/)
            assert.strictEqual(text.split("claude-memory>").length, 3)
            assert.isAbove(items.length, 0)
            for (const { id } of items) assert.include(text, `[${id.slice(0, 8)}]`)
          }
          if (tokens >= 2_000) assert.isAbove(items.length, 0)
          if (tokens === 2_000) assert.match(text, /Operations|Visibility/, "the decision is in front of Claude")
        }
      }))

    slow(it.effect)("the surer a memory must be, the less it gives", () =>
      Effect.gen(function*() {
        const counts: Array<number> = []
        for (const mode of ["conservative", "balanced", "comprehensive"]) {
          counts.push(
            (yield* inject("--prompt", "flaky coupon test", "--mode", mode, "--max-tokens", "8000")).items.length
          )
        }
        assert.deepStrictEqual(counts, [...counts].sort((a, b) => a - b))
      }))

    it.effect("gives nothing where nothing was said of it", () =>
      Effect.gen(function*() {
        const { items, text } = yield* inject("--mode", "conservative", "--prompt", "which CDN does the shop use?")
        assert.strictEqual(text, "")
        assert.deepStrictEqual(items, [])
        const { code, stdout } = yield* cli(["inject", "--prompt", "anything at all"])
        assert.strictEqual(code, 0)
        assert.match(stdout, /^Nothing in this folder's project .* is telling enough for this prompt\.\n$/)
        const of = (...words: ReadonlyArray<string>) =>
          cli(["inject", "--all-projects", "--prompt", "why did we decide against Meilisearch?", ...words])
        assert.match((yield* of()).stdout, /^<claude-memory>/)
        assert.match(
          (yield* of("--max-chars", "200")).stdout,
          /^Nothing in .* that is telling for this prompt fits in 800 tokens and 200 characters\.\n$/
        )
        assert.match(
          (yield* of("--max-chars", "200", "--max-tokens", "100")).stdout,
          /^Nothing in .* is telling enough for this prompt, or fits in 100 tokens and 200 characters\.\n$/
        )
      }))
  })

  describe("status and doctor", () => {
    it.effect("say what is remembered and that it balances", () =>
      Effect.gen(function*() {
        const { home } = yield* Imported
        const status = jsonOf<
          {
            readonly home: string
            readonly projects: ReadonlyArray<{ readonly name: string; readonly units: number }>
            readonly lines: LineSum
            readonly sessions: number
            readonly units: { readonly total: number }
            readonly pending: number
            readonly index: { readonly count: number }
          }
        >(yield* cli(["status", "--all-projects", "--json"]))
        assert.strictEqual(status.home, join(home, ".claude-memory"))
        assert.deepStrictEqual(status.projects.map(({ name }) => name).sort(), ["rust-indexer", "shop-api", "数据平台"])
        assert.strictEqual(status.projects.reduce((sum, { units }) => sum + units, 0), status.units.total)
        assert.strictEqual(status.lines.total, newlines)
        assertBalanced(status.lines)
        assert.strictEqual(status.sessions, 8)
        assert.strictEqual(status.pending, 0)
        assert.isAbove(status.index.count, 0)
        const { stdout } = yield* cli(["status"])
        assert.match(stdout, /^Nothing is remembered of this folder's project yet/)

        const doctor = jsonOf<
          {
            readonly ok: boolean
            readonly checks: ReadonlyArray<{ readonly name: string; readonly state: string }>
            readonly lines: LineSum
          }
        >(yield* cli(["doctor", "--json"]))
        assert.isTrue(doctor.ok)
        assert.deepStrictEqual(doctor.lines, status.lines)
        assert.deepStrictEqual(
          doctor.checks.filter(({ state }) => state === "note").map(({ name }) => name),
          ["Claude Code", "dead letters", "folders", "hooks", "transcripts", "backups"]
        )
      }))

    it.effect.each(
      [
        { mode: 0o755, said: /^others can read / },
        { mode: 0o770, said: /^others can write into .*, so the hooks tell nothing/ }
      ]
    )("doctor complains of a folder with the rights $mode", ({ mode, said }) =>
      Effect.gen(function*() {
        const { home } = yield* Imported
        const fs = yield* FileSystem.FileSystem
        const folder = join(home, ".claude-memory")
        yield* Effect.acquireUseRelease(
          fs.chmod(folder, mode),
          () =>
            Effect.gen(function*() {
              const { checks, ok } = jsonOf<
                {
                  readonly ok: boolean
                  readonly checks: ReadonlyArray<{ readonly name: string; readonly detail: string }>
                }
              >(yield* cli(["doctor", "--json"], {}, started), 1)
              assert.isFalse(ok)
              assert.match(checks.find(({ name }) => name === "privacy")?.detail ?? "", said)
            }),
          () => Effect.orDie(fs.chmod(folder, 0o700))
        )
      }))
  })

  describe("lifecycle", () => {
    slow(it.effect)("releases everything, dependents before what they depend on", () =>
      Effect.gen(function*() {
        const { ok, open, released } = jsonOf<
          {
            readonly ok: boolean
            readonly released: ReadonlyArray<
              { readonly kind: string; readonly name: string; readonly ageMs: number; readonly how: string }
            >
            readonly open: ReadonlyArray<unknown>
            readonly verdict: string
          }
        >(yield* cli(["lifecycle", "--for", "300ms", "--json"], {}, started))
        assert.isTrue(ok)
        assert.deepStrictEqual(open, [])
        const names = released.map(({ name }) => name)
        const before = (first: string, second: string) => {
          assert.include(names, first)
          assert.include(names, second)
          assert.isBelow(names.indexOf(first), names.lastIndexOf(second), `${first} is released before ${second}`)
        }
        before("ClaudeMemory", "Sqlite reader")
        before("Sqlite reader", "Sqlite writer")
        assert.isTrue(released.every(({ how }) => how === "closed"))
        assert.isAtLeast(released.find(({ name }) => name === "ClaudeMemory")!.ageMs, 300)
      }))
  })

  describe("a memory written by a newer version", () => {
    slow(it.effect)("is refused and left untouched", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const imported = yield* Imported
        const home = yield* makeHome
        const folder = join(home, ".claude-memory")
        yield* fs.makeDirectory(folder, { mode: 0o700 })
        const bytes = Buffer.from(yield* fs.readFile(join(imported.home, ".claude-memory", "memory.db")))
        // The user version is at offset 60: https://www.sqlite.org/fileformat.html, section 1.3.
        bytes.writeUInt32BE(9_999, 60)
        yield* fs.writeFile(join(folder, "memory.db"), bytes)
        for (
          const words of [["import", samples], ["search", "x"], ["status"], ["lifecycle", "--for", "10ms"]].filter(
            oneIn(4)
          )
        ) {
          assert.match(
            errorOf(yield* cli(words, { home })),
            /newer claude-memory \(schema 9999.*left untouched.*Update claude-memory/
          )
        }
        assert.strictEqual((yield* cli(["doctor"], { home })).code, 1)
        // In a home without sessions, quickstart does not touch the memory.
        const { code, stderr, stdout } = yield* cli(["quickstart"], { home })
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.include(stdout, `No sessions of yours in ${join(home, ".claude", "projects")} yet`)
        assert.deepStrictEqual(Buffer.from(yield* fs.readFile(join(folder, "memory.db"))).equals(bytes), true)
      }).pipe(Effect.scoped))
  })
})

describe("quickstart", () => {
  interface Quickstart {
    readonly source: string
    readonly lines: LineSum
    readonly units: { readonly total: number }
    readonly query: string
    readonly results: Found["results"]
    readonly injected: string
  }

  it.live("without sessions shows the samples and leaves nothing behind", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        const temporary = join(home, "tmp")
        yield* fs.makeDirectory(temporary)
        const outcome = yield* inProcess(["quickstart", "--json"], { home, env: { TMPDIR: temporary } })
        assertClean(Buffer.from(outcome.stdout), "quickstart")
        const quickstart = jsonOf<Quickstart>(outcome)
        assert.deepStrictEqual(Object.keys(quickstart), ["source", "lines", "units", "query", "results", "injected"])
        assert.strictEqual(quickstart.source, "samples")
        assert.strictEqual(quickstart.lines.total, newlines)
        assertBalanced(quickstart.lines)
        assert.isAbove(quickstart.units.total, 50)
        assert.isAbove(quickstart.results.length, 0)
        assert.match(quickstart.injected, /^<claude-memory>/)
        assert.deepStrictEqual(yield* fs.readDirectory(temporary), [])
        assert.deepStrictEqual(yield* fs.readDirectory(home), ["tmp"])
      })
    ))

  slow(it.live)("with sessions of one's own remembers them", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(join(home, ".claude"))
        yield* fs.copy(samples, join(home, ".claude", "projects"))
        const quickstart = jsonOf<Quickstart>(yield* inProcess(["quickstart", "--json"], { home }))
        assert.strictEqual(quickstart.source, "own")
        assert.strictEqual(quickstart.lines.total, newlines)
        assertBalanced(quickstart.lines)
        assert.isAbove(quickstart.results.length, 0)
        assert.deepStrictEqual(yield* fs.readDirectory(join(home, ".claude-memory")), ["memory.db", "openings"])
        const again = yield* started(["quickstart"], { home })
        assert.strictEqual(again.code, 0)
        assert.match(again.stdout, /^Your own sessions, from /)
        for (const file of filesIn(join(home, ".claude-memory"))) assertClean(readFileSync(file), file)
      })
    ))
})

describe("a command line", () => {
  it.live("that asks for help or the version opens nothing", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        const { version } = JSON.parse(yield* fs.readFileString(join(root, "package.json"))) as {
          readonly version: string
        }
        for (
          const words of [[], ["--help"], ["-h"], ["help"], ["search", "--help"], ["import", "--help"], [
            "lifecycle",
            "-h"
          ], ["--version"]]
        ) {
          const { code, stderr, stdout } = yield* inProcess(words, { home })
          assert.strictEqual(code, 0, words.join(" "))
          assert.strictEqual(stderr, "")
          assert.isAbove(stdout.length, 4)
          assert.notMatch(stdout, /\u001b/)
          if (words[0] === "--version") assert.strictEqual(stdout, `${version}\n`)
        }
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))

  it.live("that asks for a command's help gets a line for each option, right below it", () =>
    inHome((home) =>
      Effect.gen(function*() {
        for (const command of ["search", "edit", "forget", "undo", "projects", "serve"]) {
          const { stdout } = yield* inProcess([command, "--help"], { home })
          const [head = "", ...parts] = stdout.split(/\n\n(?=ARGUMENTS|OPTIONS)/)
          assert.match(head, /^claude-memory [\d.]+\n\nUSAGE\n\n\$ /)
          const described = parts.flatMap((part) => part.trimEnd().split("\n\n").slice(1))
          assert.isAtLeast(described.length, 2, command)
          for (const each of described) assert.match(each, /^[-<]\S.*\n {2}\S[^\n]*$/, command)
        }
      })
    ))

  it.live("that asks for a command's help gets in brackets what may be left out, and only that", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const usage = (command: string) =>
          Effect.map(inProcess([command, "--help"], { home }), ({ stdout }) => /^\$ .*$/m.exec(stdout)?.[0] ?? "")
        for (const command of ["list", "forget", "save", "serve", "import-from", "backup", "status"]) {
          assert.notMatch((yield* usage(command)).replace(/\[[^\]]*\]/g, ""), / --/, command)
        }
        assert.match(yield* usage("backup"), / \[<file>\.\.\.\]$/)
        assert.match(yield* usage("keep"), / <id>\.\.\.$/)
        assert.match(yield* usage("import-from"), / \[--url url\] /)
        for (
          const [words, option] of [[["list", "--type", "poem"], "--type"], [["cost", "--by", "moon"], "--by"]] as const
        ) {
          const { code, stderr } = yield* inProcess(words, { home })
          assert.strictEqual(code, 1)
          assert.match(stderr, new RegExp(`^${option} takes \\w+, .*, not ${words[2]}\n$`))
        }
      })
    ))

  slow(it.live)("with a slip names what was meant", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        for (
          const [words, meant] of [
            [["serach", "x"], "Did you mean search?"],
            [["imprt"], "Did you mean import?"],
            [["search", "--limt", "3", "x"], "Did you mean --limit?"],
            [["search", "--all-project", "x"], "Did you mean --all-projects?"],
            [["inject", "--promt", "x"], "Did you mean --prompt?"],
            [["status", "--jsn"], "Did you mean --json?"],
            [["xyzzy"], "There are: init, uninstall, quickstart"]
          ] as const
        ) {
          assert.include(errorOf(yield* inProcess(words, { home })), meant)
        }
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))

  it.live("that asks for the cost of no days is refused", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        for (const days of ["-5", "0", "3651"]) {
          assert.include(errorOf(yield* inProcess(["cost", "--days", days], { home })), "--days takes 1 to 3650")
        }
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))

  it.live("with an option at its end that lacks its value does nothing and says so", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        for (
          const [words, option] of [
            [["save", "x", "--title"], "--title"],
            [["doctor", "--bundle"], "--bundle"],
            [["search", "x", "--limit", "3", "--project"], "--project"]
          ] as const
        ) {
          assert.strictEqual(errorOf(yield* inProcess(words, { home })), `${option} needs a value\n`)
        }
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))

  it.live("with options that contradict each other, or times with none between them, does nothing and says so", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        for (const command of [["search", "x"], ["list"], ["sessions"], ["inject", "--prompt", "x"], ["status"]]) {
          assert.strictEqual(
            errorOf(yield* inProcess([...command, "--project", "shop", "--all-projects"], { home })),
            "give --project or --all-projects, not both\n"
          )
        }
        for (const wrong of ["abc", "1.5", "199", "100001"]) {
          assert.strictEqual(
            errorOf(yield* inProcess(["inject", "--prompt", "x", "--max-chars", wrong], { home })),
            `--max-chars takes 200 to 100000, not ${wrong}\n`
          )
        }
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
        yield* inProcess(["save", "The crane stays."], { home })
        for (const command of [["search", "crane"], ["list"], ["sessions"]]) {
          const words = [...command, "--since", "2026-11-20", "--until", "2026-11-19"]
          assert.strictEqual(
            errorOf(yield* inProcess(words, { home })),
            "since is after until, and no time is between them\n"
          )
          assert.strictEqual(
            (yield* inProcess([...command, "--since", "2026-11-20", "--until", "2026-11-20"], { home })).code,
            0
          )
        }
      })
    ))

  it.live("with an empty value does nothing and says so", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        for (
          const [words, refused] of [
            [["save", "x", "--project", ""], "--project is empty"],
            [["list", "--project", "shop", "--project", " "], "--project is empty"],
            [["status", "--project="], "--project is empty"],
            [["inject", "--prompt", "x", "--project", ""], "--project is empty"],
            [["forget", "--project", "", "--yes"], "--project is empty"],
            [["export", join(home, "all.jsonl"), "--project", ""], "--project is empty"],
            [["doctor", "--bundle", ""], "--bundle is empty"],
            [["import", ""], "the argument path is empty"],
            [["watch", " "], "the argument path is empty"],
            [["projects", "exclude", ""], "the argument project is empty"]
          ] as const
        ) {
          assert.include(errorOf(yield* inProcess(words, { home })), refused, words.join(" "))
        }
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))

  it.live("without a memory says how to begin, once, and makes none", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        for (const words of [["search", "x"], ["status"], ["show", "x"], ["inject", "--prompt", "x"]]) {
          const message = errorOf(yield* inProcess(words, { home }))
          assert.match(message, /^claude-memory: .*nothing is remembered yet; run `node \S+main\.js import` first\n$/)
        }
        const doctor = yield* inProcess(["doctor"], { home })
        assert.strictEqual(doctor.code, 0)
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))
})

describe("a memory that can't be used", () => {
  it.live("because its folder is a file is a clear error, and the file stays", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        yield* fs.writeFileString(join(home, ".claude-memory"), "mine")
        const message = errorOf(yield* started(["import", samples], { home }))
        assert.match(message, /the folder .*\.claude-memory can't be made or isn't yours; set CLAUDE_MEMORY_HOME/)
        assert.strictEqual(message.split("\n").length, 2)
        errorOf(yield* inProcess(["search", "x"], { home }))
        assert.strictEqual(yield* fs.readFileString(join(home, ".claude-memory")), "mine")
      })
    ))

  it.live("because it is damaged is a clear error, and the file stays", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        const file = join(home, ".claude-memory", "memory.db")
        yield* fs.makeDirectory(join(home, ".claude-memory"), { mode: 0o700 })
        yield* fs.writeFileString(file, "no database ".repeat(1_000))
        for (const words of [["import", samples], ["search", "x"], ["status"]]) {
          const message = errorOf(yield* inProcess(words, { home }))
          assert.match(message, /is damaged or not a database; it was left untouched/)
        }
        assert.strictEqual((yield* inProcess(["doctor"], { home })).code, 1)
        assert.strictEqual(yield* fs.readFileString(file), "no database ".repeat(1_000))
        assert.deepStrictEqual(yield* fs.readDirectory(join(home, ".claude-memory")), ["memory.db"])
      })
    ))

  const isRoot = process.getuid?.() === 0
  // Only root can start a program as another user.
  slow(it.live.skipIf(!isRoot))(
    "of another user, and transcripts of another user, are left alone",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const nobody = { home, uid: 65_534 }
          const projects = join(home, ".claude", "projects")
          yield* fs.makeDirectory(join(home, ".claude"))
          yield* fs.copy(samples, projects)
          for (
            const path of [
              home,
              join(home, ".claude"),
              ...readdirSync(projects, { recursive: true, encoding: "utf8" }).map((name) => join(projects, name))
            ]
          ) {
            const isFolder = statSync(path).isDirectory()
            yield* fs.chmod(path, isFolder ? 0o755 : 0o644)
          }
          yield* fs.chmod(projects, 0o755)
          const hidden = transcripts[0]!.replace(samples, projects)
          yield* fs.chmod(hidden, 0o600)

          // The home belongs to root, so another user cannot make a folder in it.
          assert.match(errorOf(yield* run([main, "import"], nobody)), /can't be made or isn't yours/)

          yield* fs.makeDirectory(join(home, "memory"))
          yield* fs.chown(join(home, "memory"), 65_534, 65_534)
          const env = { CLAUDE_MEMORY_HOME: join(home, "memory") }
          const first = yield* run([main, "import", "--json"], { ...nobody, env })
          assert.strictEqual(first.code, 0, first.stderr)
          assert.include(first.stderr, hidden)
          assert.match(first.stderr, /can't be read; it is taken up again by the next import|PermissionDenied/)
          const report = JSON.parse(first.stdout) as { readonly files: number; readonly lines: LineSum }
          assert.strictEqual(report.files, transcripts.length - 1)
          assertBalanced(report.lines)

          yield* fs.chmod(hidden, 0o644)
          const second = jsonOf<{ readonly files: number; readonly lines: LineSum }>(
            yield* run([main, "import", "--json"], { ...nobody, env })
          )
          assert.strictEqual(second.files, 1)
          assert.strictEqual(report.lines.total + second.lines.total, newlines)

          // A memory made by root is not readable for another user.
          assert.strictEqual((yield* run([main, "save", "The till is counted at noon."], { home })).code, 0)
          yield* fs.chmod(join(home, ".claude-memory"), 0o700)
          errorOf(yield* run([main, "search", "x"], nobody))
        })
      )
  )
})
