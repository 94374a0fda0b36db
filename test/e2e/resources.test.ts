/**
 * Run files: what one process reports about its resources, and what another reads from them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type * as RunFile from "../../src/resources/monitor/RunFile.ts"
import { slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { bundle, inHome, main, makeHome, type Outcome, run, start } from "./run.ts"
import { makeSessions } from "./sessions.ts"

const isLinux = process.platform === "linux"
const NONE = { fds: isLinux ? 0 : null, sockets: 0, watchers: 0, workers: 0, children: isLinux ? 0 : null }

interface Answer {
  readonly home: string
  readonly processes: ReadonlyArray<
    RunFile.Report & { readonly isOwn: boolean; readonly totals: Readonly<Record<string, number>> }
  >
  readonly totals: Readonly<Record<string, number>>
  readonly stale: ReadonlyArray<RunFile.Stale>
}

const parsed = ({ code, stderr, stdout }: Outcome): Answer => {
  assert.strictEqual(code, 0, stderr)
  assert.strictEqual(stderr, "")
  assert.match(stdout, /^[^\n]+\n$/)
  return JSON.parse(stdout) as Answer
}

const inProcess = commandLines()
const ask = (home: string) => Effect.map(inProcess(["resources", "--json"], { home }), parsed)
const runFolder = (home: string) => join(home, ".claude-memory", "run")

/** Starts the whole service and waits for its run file. */
const running = (home: string, wait = "20s") =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const service = yield* start([main, "lifecycle", "--for", wait], { home })
    const file = join(runFolder(home), `${service.pid}.json`)
    yield* Effect.repeat(Effect.zipLeft(Effect.orDie(fs.exists(file)), Effect.sleep("20 millis")), {
      until: (exists) => exists
    })
    return { ...service, file }
  })

/** Starts a service, kills it and returns the run file that it left. */
const killed = (home: string) =>
  Effect.gen(function*() {
    const { ended, file, kill } = yield* running(home)
    yield* kill("SIGKILL")
    yield* ended
    return file
  })

describe("resources", () => {
  slow(it.live)(
    "shows a running service to another process, also as a table, and to none over another home",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const { file, kill, ended, pid } = yield* running(home)
          const { processes, stale, totals, ...rest } = parsed(
            yield* run([main, "resources", "--json"], { home })
          )
          assert.strictEqual(rest.home, join(home, ".claude-memory"))
          assert.deepStrictEqual(stale, [])
          assert.strictEqual(processes.length, 2)
          const [own, service] = processes as [Answer["processes"][0], Answer["processes"][0]]
          assert.deepInclude(own, { command: "resources", isOwn: true, resources: [], totals: {}, drift: NONE })
          assert.deepInclude(service, { command: "lifecycle", isOwn: false, pid, drift: NONE })
          assert.deepInclude(service.totals, { database: 2, model: 1 })
          assert.deepStrictEqual(totals, service.totals)
          const writer = service.resources.find(({ name }) => name === "Sqlite writer")
          assert.strictEqual(writer?.kind, "database")
          assert.match(writer?.origin ?? "", /^at Sqlite\.open \(.*dist.*:\d+:\d+\)$/)
          assert.isAtLeast(writer?.acquiredAt ?? 0, service.startedAt)
          assert.isAbove(service.rssBytes, service.heapBytes)
          assert.strictEqual(Number((yield* fs.stat(file)).mode & 0o777), 0o600)

          const table = yield* run([main, "resources"], { home })
          assert.strictEqual(table.code, 0)
          assert.strictEqual(table.stderr, "")
          assert.match(
            table.stdout,
            /^resources \(this command\): process \d+, up \d+ s, heap [\d.]+ MB, memory [\d.]+ MB\n/
          )
          assert.include(table.stdout, `\nlifecycle: process ${pid}, up `)
          assert.match(table.stdout, /\n {2}kind +name +open for +opened by\n/)
          assert.match(
            table.stdout,
            /\n {2}database {2}Sqlite writer +\d s +Sqlite\.open \(dist\/chunks\/chunk-\w+\.js:\d+:\d+\)\n/
          )
          assert.match(table.stdout, /\n {2}open +\d+: .*2 database/)
          assert.match(table.stdout, /\n {2}drift +none: the ledger accounts for all of it\n/)
          assert.include(table.stdout, "\n1 other process of Claude Memory over ")
          assert.notInclude(table.stdout, "\u001b")

          const other = yield* makeHome
          assert.strictEqual((yield* ask(other)).processes.length, 1)
          assert.deepStrictEqual(yield* fs.readDirectory(other), [])

          yield* kill("SIGTERM")
          assert.strictEqual((yield* ended).code, 143)
          assert.deepStrictEqual(yield* fs.readDirectory(join(home, ".claude-memory")), ["memory.db"])
          assert.strictEqual((yield* ask(home)).processes.length, 1)
        })
      )
  )

  slow(it.live.runIf(isLinux))(
    "shows no drift of an import, from its beginning to its end",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const sessions = join(home, "sessions")
          yield* makeSessions(sessions, 24)
          const { ended, pid } = yield* start([main, "import", sessions, "--json"], { home })
          const file = join(runFolder(home), `${pid}.json`)
          const seen = new Map<number, RunFile.Report>()
          const look = fs.readFileString(file).pipe(
            Effect.map((text) => JSON.parse(text) as RunFile.Report),
            Effect.map((report) => seen.set(report.updatedAt, report)),
            Effect.ignore
          )
          const { code } = yield* Effect.raceFirst(
            ended,
            Effect.forever(Effect.zipRight(look, Effect.sleep("100 millis")))
          )
          assert.strictEqual(code, 0)
          assert.isAtLeast(seen.size, 3)
          for (const { drift } of seen.values()) assert.deepStrictEqual(drift, NONE)
          const kinds = new Set([...seen.values()].flatMap(({ resources }) => resources.map(({ kind }) => kind)))
          assert.includeMembers([...kinds], ["database", "fibers"])
        })
      )
  )

  slow(it.live)(
    "names the file of a process that was killed, removes it, and names it no more; so does the next start",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const file = yield* killed(home)
          const left = yield* fs.readFile(file)
          const { processes, stale } = yield* ask(home)
          assert.strictEqual(processes.length, 1)
          assert.deepStrictEqual(stale, [{ file, reason: "its process has ended", removed: true }])
          assert.isFalse(yield* fs.exists(runFolder(home)))
          assert.deepStrictEqual((yield* ask(home)).stale, [])

          yield* fs.makeDirectory(runFolder(home), { mode: 0o700 })
          yield* fs.writeFile(file, left, { mode: 0o600 })
          const next = yield* run([main, "lifecycle", "--for", "10ms"], { home })
          assert.strictEqual(next.code, 0, next.stderr)
          assert.deepStrictEqual(yield* fs.readDirectory(join(home, ".claude-memory")), ["memory.db"])
        })
      )
  )

  slow(it.live)(
    "is not put off by files that are not what they should be, nor lets them steer the terminal",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const { file } = yield* running(home)
          const good = JSON.parse(yield* fs.readFileString(file)) as RunFile.Report
          const folder = runFolder(home)
          // The pid of this test's process counts as running.
          const hostile = {
            ...good,
            pid: process.pid,
            processStart: null,
            host: "elsewhere",
            updatedAt: Number.MAX_SAFE_INTEGER,
            command: "\u001b[31mred\nline",
            resources: [{ ...good.resources[0]!, name: "\u009b2J\u0007", acquiredAt: 0 }]
          }
          yield* fs.writeFileString(join(folder, `${process.pid}.json`), JSON.stringify(hostile))
          yield* fs.writeFileString(join(folder, "1.json"), "[".repeat(100_000))
          yield* fs.writeFile(join(folder, "2.json"), new Uint8Array(1_000).fill(0xff))
          yield* fs.writeFileString(join(folder, "3.json"), JSON.stringify({ ...good, pid: 3, resources: "none" }))
          yield* fs.symlink("/dev/zero", join(folder, "4.json"))
          yield* fs.makeDirectory(join(folder, "5.json"))
          const { code, stderr, stdout } = yield* run([main, "resources"], { home })
          assert.strictEqual(code, 0, stderr)
          assert.strictEqual(stderr, "")
          assert.include(stdout, "2 other processes of Claude Memory")
          assert.include(stdout, "\n�[31mred�line: process")
          assert.notMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
        })
      )
  )

  slow(it.live)(
    "says what is more than the ledger accounts for, and which process has fallen silent",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const { file } = yield* running(home)
          const good = JSON.parse(yield* fs.readFileString(file)) as RunFile.Report
          const other = {
            ...good,
            pid: process.pid,
            host: "elsewhere",
            command: "import",
            updatedAt: good.updatedAt - 20_000,
            drift: { ...good.drift, sockets: 2, children: 1, fds: null }
          }
          yield* fs.writeFileString(join(runFolder(home), `${process.pid}.json`), JSON.stringify(other))
          const { stdout } = yield* run([main, "resources"], { home })
          const [, silent = ""] = /\n(import: [^]*?)\n\n/.exec(stdout) ?? []
          assert.match(silent, /; NO REPORT FOR 2\d s\n/)
          assert.match(silent, /\n {2}drift +sockets 2, child processes 1 THAT THE LEDGER DOES NOT ACCOUNT FOR$/)
          assert.strictEqual(stdout.split("NO REPORT").length, 2)
        })
      )
  )

  it.live("in an empty home makes nothing", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* ask(home)).totals, {})
        assert.deepStrictEqual(yield* fs.readDirectory(home), [])
      })
    ))
})

describe("resources --watch", () => {
  slow(it.live)(
    "prints a line each second until Ctrl-C, which is exit code 130",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const { ended, kill, stdout: printed } = yield* start([main, "resources", "--watch", "--json"], { home })
          yield* Effect.repeat(Effect.delay(printed, "50 millis"), { until: (text) => text.split("\n").length > 3 })
          yield* kill("SIGINT")
          const { code, stderr, stdout } = yield* ended
          assert.strictEqual(code, 130)
          assert.strictEqual(stderr, "")
          const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Answer)
          const times = lines.map(({ processes }) => processes[0]!.updatedAt)
          assert.isAtLeast(times[1]! - times[0]!, 950)
          assert.isAtLeast(times[2]! - times[1]!, 950)
        })
      )
  )

  slow(it.live)(
    "prints tables into a pipe without steering it, and ends with its reader",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const { closeStdout, ended, waitForText: said } = yield* start([main, "resources", "--watch"], { home })
          yield* said("No other process")
          yield* closeStdout
          const { code, stderr, stdout } = yield* ended
          assert.strictEqual(code, 0)
          assert.strictEqual(stderr, "")
          assert.notInclude(stdout, "\u001b")
        })
      )
  )
})

slow(describe)("a service whose run file can't be written", () => {
  it.live("goes on, warns once and exits with 0", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(join(home, ".claude-memory"))
        yield* fs.writeFileString(runFolder(home), "in its way")
        const { code, stderr } = yield* run([main, "lifecycle", "--for", "3500ms"], { home })
        assert.strictEqual(code, 0)
        assert.match(
          stderr,
          /^[^\n]*level=WARN[^\n]*the run file can't be written, so `node \S+main\.js resources` does not show this process: E[^\n]*\n$/
        )
        assert.strictEqual(yield* fs.readFileString(runFolder(home)), "in its way")
      })
    ))
})

slow(describe)("what is opened outside the ledger", () => {
  const kinds = ["socket", "forgotten by Node", "watcher", "worker", "child", "file"] as const
  const CATEGORY = {
    socket: "sockets",
    "forgotten by Node": "sockets",
    watcher: "watchers",
    worker: "workers",
    child: "children",
    file: "fds"
  }

  it.live.runIf(isLinux)(
    "is logged once when it lasts, by its category and beside nothing else of the ledger's",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          const file = yield* bundle("monitor", home)
          yield* Effect.forEach(["nothing", ...kinds] as const, (kind) =>
            Effect.gen(function*() {
              const memory = join(home, kind)
              const { code, stderr, stdout } = yield* run([file, memory, kind], { home })
              assert.strictEqual(code, 0, stderr)
              assert.strictEqual(stdout, "done\n")
              assert.deepStrictEqual(yield* fs.readDirectory(memory), [])
              const lines = stderr.split("\n").filter((line) => line !== "")
              if (kind === "nothing") return assert.deepStrictEqual(lines, [])
              const warnings = lines.filter((line) => line.includes(` ${CATEGORY[kind]} more than the ledger`))
              assert.strictEqual(warnings.length, 1, stderr)
              assert.match(
                warnings[0]!,
                /level=WARN.*"1 \w+ more than the ledger accounts for, for 500ms \(\d+ open in all\)/
              )
              assert.match(
                warnings[0]!,
                /Newest in the ledger: fibers Monitor, .*model in the ledger, opened at .*monitor\.mjs:/
              )
              // A worker's event loop opens descriptors of its own.
              assert.strictEqual(lines.length, kind === "worker" ? 2 : 1, stderr)
            }), { concurrency: 2 })
        })
      )
  )
})
