/**
 * Damaged and unusual transcripts, imported by the shipped program.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { slow, times } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { main, makeHome, type Options, type Outcome, run, start } from "./run.ts"

interface LineSum {
  readonly total: number
  readonly stored: number
  readonly skipped: Readonly<Record<string, number>>
  readonly deadLetter: number
}
interface Report {
  readonly files: number
  readonly lines: LineSum
  readonly sessions: number
  readonly messages: number
}

/** Runs `test` in a home of its own, with the transcript folder of one project. */
const inProjects = <A, E>(test: (home: string, folder: string) => Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const home = yield* makeHome
    const folder = join(home, ".claude", "projects", "-home-mei-shop")
    mkdirSync(folder, { recursive: true })
    return yield* test(home, folder)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const inProcess = commandLines()

const reportOf = ({ code, stderr, stdout }: Outcome) => {
  assert.strictEqual(code, 0, stderr)
  const report = JSON.parse(stdout) as Report
  const skipped = Object.values(report.lines.skipped).reduce((sum, n) => sum + n, 0)
  assert.strictEqual(report.lines.total, report.lines.stored + skipped + report.lines.deadLetter)
  return { ...report, stderr }
}

const importing = (home: string) => Effect.map(inProcess(["import", "--json"], { home }), reportOf)
/** Starts the program for it. */
const started = (options: Options) => Effect.map(run([main, "import", "--json"], options), reportOf)

const found = (home: string, question: string) =>
  Effect.map(
    inProcess(["search", question, "--mode", "keyword", "--limit", "50", "--all-projects", "--json"], { home }),
    ({ stdout }) =>
      (JSON.parse(stdout) as { readonly results: ReadonlyArray<{ readonly evidence: ReadonlyArray<string> }> }).results
        .flatMap(({ evidence }) => evidence)
  )

const line = (uuid: string, content: unknown, rest: object = {}) =>
  JSON.stringify({
    type: "user",
    uuid,
    parentUuid: null,
    sessionId: "s1",
    cwd: "/nowhere/shop",
    timestamp: "2026-01-01T00:00:00.000Z",
    message: { role: "user", content },
    ...rest
  })

const assistantLine = (uuid: string, content: ReadonlyArray<object>, rest: object = {}) =>
  line(uuid, "", {
    type: "assistant",
    message: { id: "m1", role: "assistant", model: "claude", content, usage: { output_tokens: 40 } },
    ...rest
  })

const write = (path: string, ...lines: ReadonlyArray<string>) =>
  writeFileSync(path, lines.map((each) => `${each}\n`).join(""))

describe("import", () => {
  slow(it.live)(
    "reads what bytes there are, and says what became of each line",
    () =>
      inProjects((home, folder) =>
        Effect.gen(function*() {
          const at = (name: string) => join(folder, `${name}.jsonl`)
          writeFileSync(at("crlf"), `${line("c1", "carriage kumquat")}\r\n${line("c2", "return kumquat")}\r\n`)
          writeFileSync(at("bom"), `\ufeff${line("b1", "marked kumquat")}\n`)
          writeFileSync(at("nul"), `${line("n1", "zero\u0000 kumquat")}\n\u0000\u0000\u0000\n`)
          const [before, after] = line("i1", "broken | kumquat").split("|")
          writeFileSync(
            at("invalid"),
            Buffer.concat([Buffer.from(before!), Buffer.from([0xff, 0xc3]), Buffer.from(`${after}\n`)])
          )
          write(
            at("long"),
            line("l1", `long kumquat ${"x ".repeat(4_000_000)}`),
            line("l2", "y".repeat(33 * 1024 * 1024)),
            line("l3", "z")
          )
          writeFileSync(at("empty"), "")
          writeFileSync(at("torn"), line("t1", "torn kumquat").slice(0, -5))
          write(at("gone"), line("g1", "vanished folder", { cwd: join(home, "gone"), sessionId: "s2" }))
          symlinkSync(folder, join(folder, "loop"))
          symlinkSync(join(folder, "self.jsonl"), join(folder, "self.jsonl"))
          symlinkSync(at("nothing"), at("broken"))

          const first = yield* importing(home)
          assert.deepInclude(first, { sessions: 2, messages: 8 })
          assert.deepInclude(first.lines, { total: 10, stored: 8, deadLetter: 2 })
          const evidence = yield* found(home, "kumquat")
          assert.includeMembers(evidence, ["c1", "c2", "b1", "n1", "i1", "l1"])
          const { stdout } = yield* inProcess(["status", "--all-projects", "--json"], { home })
          const { projects } = JSON.parse(stdout) as { readonly projects: ReadonlyArray<{ readonly root: string }> }
          assert.deepStrictEqual(projects.map(({ root }) => root).sort(), ["/nowhere/shop", join(home, "gone")].sort())
          assert.notInclude(evidence, "t1")
          assert.deepInclude((yield* importing(home)).lines, { total: 0 })
          appendFileSync(at("torn"), `${line("t1", "torn kumquat").slice(-5)}\n`)
          assert.deepInclude((yield* importing(home)).lines, { total: 1, stored: 1 })
          assert.include(yield* found(home, "torn"), "t1")
        })
      ),
    120_000
  )

  slow(it.live)(
    "distinguishes prompts from all else on the user's lines",
    () =>
      inProjects((home, folder) =>
        Effect.gen(function*() {
          const attachment = (uuid: string, attachment: object) => line(uuid, "", { type: "attachment", attachment })
          write(
            join(folder, "s1.jsonl"),
            line("p1", "<ide_opened_file>The user opened a.ts</ide_opened_file>\n\nWhy does quokka fail?"),
            assistantLine("a1", [{ type: "text", text: "It leaks a socket at each test that times out." }]),
            assistantLine("a2", [{ type: "tool_use", id: "t1", name: "Bash", input: { command: "quokka --test" } }]),
            line("r1", [{ type: "tool_result", tool_use_id: "t1", content: "boom", is_error: true }]),
            attachment("q1", { type: "queued_command", prompt: "and the quokka docs", commandMode: "prompt" }),
            line("r2", [{
              type: "tool_result",
              tool_use_id: "t1",
              content: [{ type: "text", text: "a" }, { type: "image" }]
            }]),
            line("k1", "<command-name>/model</command-name>"),
            line("k2", "<local-command-stdout>Set model</local-command-stdout>"),
            line("k3", "Caveat: The messages below were generated by the user while running local commands. …"),
            line("k4", "[Request interrupted by user]"),
            line("k5", "<task-notification>\n<tool-use-id>t1</tool-use-id>\n</task-notification>"),
            assistantLine("e1", [{ type: "text", text: "API Error: 529" }], { isApiErrorMessage: true }),
            line("z1", "This session is being continued …", { isCompactSummary: true }),
            assistantLine("x1", [{ type: "text", text: "summary" }], { isSidechain: true, agentId: "acompact-38cc9f" })
          )
          const { lines } = yield* importing(home)
          assert.deepStrictEqual(lines, {
            total: 14,
            stored: 10,
            skipped: { "local command": 2, meta: 1, "internal agent": 1 },
            deadLetter: 0
          })
          const { stdout } = yield* inProcess(
            ["search", "quokka", "--mode", "keyword", "--type", "archive", "--all-projects", "--json"],
            { home }
          )
          const [archive] = (JSON.parse(stdout) as {
            readonly results: ReadonlyArray<{ readonly unit: { readonly title: string; readonly content: string } }>
          }).results
          assert.strictEqual(archive?.unit.title, "Why does quokka fail?")
          assert.include(archive?.unit.content, "and the quokka docs")
          assert.notMatch(
            archive?.unit.content ?? "",
            /ide_opened_file|Set model|Caveat|interrupted|task-notification|being continued/
          )
        })
      )
  )

  it.live("stores once what resumed, forked and checkpointed sessions repeat", () =>
    inProjects((home, folder) =>
      Effect.gen(function*() {
        const ids = ["u1", "u2", "u3"]
        const forkedFrom = (messageUuid: string) => ({
          sessionId: "fork",
          forkedFrom: { sessionId: "s1", messageUuid }
        })
        write(join(folder, "s1.jsonl"), ...ids.map((id) => line(id, `text of ${id}`)))
        write(join(folder, "checkpoint.jsonl"), ...ids.slice(0, 2).map((id) => line(id, `text of ${id}`)))
        write(
          join(folder, "resumed.jsonl"),
          ...[...ids, "u4"].map((id) => line(id, `text of ${id}`, { sessionId: "s2" }))
        )
        write(
          join(folder, "fork.jsonl"),
          ...ids.map((id) => line(id, `text of ${id}`, forkedFrom(id))),
          line("u5", "text of u5", { sessionId: "fork" })
        )
        const { lines, messages } = yield* importing(home)
        assert.strictEqual(messages, 5)
        assert.deepInclude(lines, { total: 13, stored: 5, skipped: { duplicate: 8 } })
      })
    ))

  slow(it.live)(
    "notices that a transcript was replaced, cut or deleted in between",
    () =>
      inProjects((home, folder) =>
        Effect.gen(function*() {
          const file = join(folder, "s1.jsonl")
          write(file, line("u1", "one"), line("u2", "two"))
          yield* importing(home)
          write(file, line("u1", "one"), line("v2", "two"))
          utimesSync(file, 2_000_000_000, 2_000_000_000)
          assert.deepInclude((yield* importing(home)).lines, { total: 2, stored: 1, skipped: { duplicate: 1 } })
          truncateSync(file, line("u1", "one").length + 1)
          appendFileSync(file, `${line("u3", "three")}\n`)
          utimesSync(file, 2_000_000_001, 2_000_000_001)
          assert.deepInclude((yield* importing(home)).lines, { total: 2, stored: 1, skipped: { duplicate: 1 } })
          rmSync(file)
          assert.deepInclude(yield* importing(home), { files: 0 })
        })
      )
  )

  slow(it.live)(
    "of transcripts that are cut and written anew meanwhile stores nothing twice",
    () =>
      inProjects((home, folder) =>
        Effect.scoped(Effect.gen(function*() {
          const files = Array.from({ length: 4 }, (_, i) => join(folder, `s${i}.jsonl`))
          const lines = (file: string, n: number) =>
            Array.from({ length: n }, (_, i) => line(`${files.indexOf(file)}-${i}`, `${"word ".repeat(200)}${i}`))
          for (const file of files) write(file, ...lines(file, 200))
          const program = yield* start([main, "import", "--json"], { home })
          for (let round = 0; round < times(12); round++) {
            const file = files[round % files.length]!
            truncateSync(file, 15_000 * (round % 7))
            yield* Effect.sleep("20 millis")
            if (round % 3 === 0) rmSync(file)
            write(file, ...lines(file, 200))
            yield* Effect.sleep("20 millis")
          }
          assert.strictEqual((yield* program.ended).code, 0)
          for (const [i, file] of files.entries()) utimesSync(file, i, 1_000 + i)
          yield* importing(home)
          const { stdout } = yield* inProcess(["status", "--all-projects", "--json"], { home })
          const status = JSON.parse(stdout) as { readonly messages: number; readonly lines: LineSum }
          assert.strictEqual(status.messages, 800)
          assert.strictEqual(
            status.lines.total,
            status.lines.stored + status.lines.deadLetter +
              Object.values(status.lines.skipped).reduce((sum, n) => sum + n, 0)
          )
        }))
      ),
    120_000
  )

  it.live("keeps no secret of any field, in any of its files", () =>
    inProjects((home, folder) =>
      Effect.gen(function*() {
        const token = `ghp_${"aB3dE5gH7jK9".repeat(3)}`
        write(
          join(folder, "s1.jsonl"),
          line("u1", `say ${token}`, {
            cwd: `/work/${token}/shop`,
            gitBranch: `fix/${token}`,
            version: token,
            agentId: token
          }),
          line(token, "x", { sessionId: token, parentUuid: token }),
          assistantLine("a1", [{ type: "tool_use", id: token, name: token, input: { file_path: token } }]),
          JSON.stringify({ type: "ai-title", sessionId: "s1", aiTitle: `Fix\n${token}` }),
          JSON.stringify({ type: "system", subtype: token }),
          JSON.stringify({ type: token }),
          token
        )
        const { lines, stderr } = yield* importing(home)
        assert.deepInclude(lines, { total: 7, stored: 4, deadLetter: 1 })
        assert.notInclude(stderr, token)
        const memory = join(home, ".claude-memory")
        const files = readdirSync(memory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        assert.isTrue(files.some(({ parentPath }) => parentPath.endsWith("openings")))
        for (const { name, parentPath } of files) {
          assert.isFalse(readFileSync(join(parentPath, name)).includes(token), name)
        }
      })
    ))

  const isRoot = process.getuid?.() === 0
  slow(it.live)(
    "passes over a folder that it may not read, says so, and takes it up when it may",
    () =>
      inProjects((home, folder) =>
        Effect.gen(function*() {
          const hidden = join(folder, "hidden")
          mkdirSync(hidden)
          write(join(folder, "s1.jsonl"), line("u1", "one"))
          write(join(hidden, "s2.jsonl"), line("u2", "two"))
          // Root may read everything, so as root the program runs as another user.
          const memory = join(home, "memory")
          mkdirSync(memory)
          const options = {
            home,
            env: { CLAUDE_MEMORY_HOME: memory },
            ...(isRoot && { uid: 65_534 })
          }
          if (isRoot) chownSync(memory, 65_534, 65_534)
          for (let at = folder; at.length >= home.length; at = dirname(at)) chmodSync(at, 0o755)
          chmodSync(hidden, 0o000)
          const first = yield* started(options)
          assert.deepInclude(first.lines, { total: 1, stored: 1 })
          assert.include(first.stderr, hidden)
          chmodSync(hidden, 0o755)
          assert.deepInclude((yield* started(options)).lines, { total: 1, stored: 1 })
        })
      )
  )
})
