import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { homedir, hostname } from "node:os"
import { join } from "node:path"
import { vi } from "vitest"
import * as ProcessStart from "../../../src/resources/monitor/ProcessStart.ts"
import * as RunFile from "../../../src/resources/monitor/RunFile.ts"

const NOW = 1_795_600_000_000
/** Later than any file's time. */
const LATER = 4_000_000_000_000
const isLinux = process.platform === "linux"

const report = (rest: Partial<RunFile.Report> = {}): RunFile.Report => ({
  version: 1,
  host: hostname(),
  pid: process.pid,
  processStart: ProcessStart.of(process.pid),
  command: "lifecycle",
  startedAt: NOW - 5_000,
  updatedAt: NOW,
  resources: [{ id: 1, kind: "database", name: "Sqlite writer", acquiredAt: NOW - 4_000, origin: "at here" }],
  reading: { fds: 20, sockets: 0, timers: 1, watchers: 0, workers: 0, children: null },
  drift: { fds: 0, sockets: 0, watchers: 0, workers: 0, children: null },
  heapBytes: 1,
  rssBytes: 2,
  ...rest
})

/** A home below the one that test/setup.ts removes. */
const makeHome = () => mkdtempSync(join(homedir(), "run-file-"))
const put = (home: string, name: string, content: string | Uint8Array, ageMs = 0): string => {
  const file = join(home, "run", name)
  mkdirSync(join(home, "run"), { recursive: true })
  writeFileSync(file, content)
  utimesSync(file, (NOW - ageMs) / 1000, (NOW - ageMs) / 1000)
  return file
}
const putReport = (home: string, content: RunFile.Report, ageMs = 0) =>
  put(home, `${content.pid}.json`, JSON.stringify(content), ageMs)

/** Pid of a process that has ended. */
const endedPid = Effect.promise(async () => {
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" })
  await once(child, "exit")
  return child.pid!
})

const survey = (home: string, now: number) => Effect.zipRight(TestClock.setTime(now), RunFile.survey(home))

describe("decode", () => {
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

  it("gives back what was written", () =>
    FastCheck.assert(FastCheck.property(Arbitrary.make(RunFile.Report), (report) => {
      assert.deepStrictEqual(RunFile.decode(encode(report), report.pid), Option.some(report))
    })))

  it("takes any bytes", () =>
    FastCheck.assert(FastCheck.property(FastCheck.uint8Array({ maxLength: 500 }), (bytes) => {
      assert(Option.isNone(RunFile.decode(bytes, 1)))
    })))

  it("takes any JSON, also in the place of any of its parts", () =>
    FastCheck.assert(FastCheck.property(
      FastCheck.constantFrom(...Object.keys(report())),
      FastCheck.jsonValue(),
      (key, value) => {
        assert(Option.isNone(RunFile.decode(encode(value), process.pid)))
        const decoded = RunFile.decode(encode({ ...report(), [key]: value }), process.pid)
        // A decoded report has every field that is shown.
        if (Option.isSome(decoded)) {
          assert.isArray(decoded.value.resources)
          for (const each of decoded.value.resources) assert.isString(each.name + each.kind + each.origin)
          assert.isNumber(decoded.value.startedAt + decoded.value.rssBytes + decoded.value.reading.sockets)
        }
      }
    )))

  it("takes whatever is left of a file that was cut off", () => {
    const bytes = encode(report())
    for (let length = 0; length < bytes.length; length++) {
      assert(Option.isNone(RunFile.decode(bytes.subarray(0, length), process.pid)))
    }
  })

  it("refuses the report of another process, and of another version", () => {
    assert(Option.isNone(RunFile.decode(encode(report()), process.pid + 1)))
    assert(Option.isNone(RunFile.decode(encode({ ...report(), version: 2 }), process.pid)))
  })
})

describe("write", () => {
  it.effect("makes a file that only its owner reads, whole, and remove leaves nothing", () =>
    Effect.gen(function*() {
      const home = makeHome()
      yield* RunFile.write(home, report())
      yield* RunFile.write(home, report({ command: "import" }))
      assert.deepStrictEqual(readdirSync(join(home, "run")), [`${process.pid}.json`])
      const file = join(home, "run", `${process.pid}.json`)
      if (process.platform !== "win32") {
        assert.strictEqual(lstatSync(file).mode & 0o777, 0o600)
        assert.strictEqual(lstatSync(join(home, "run")).mode & 0o777, 0o700)
      }
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), report({ command: "import" }))
      put(home, `${process.pid}.json.tmp`, "half")
      yield* RunFile.remove(home)
      assert.deepStrictEqual(readdirSync(home), [])
      yield* RunFile.remove(home)
    }))

  it.effect("follows no link that lies in its place", () =>
    Effect.gen(function*() {
      const home = makeHome()
      const mine = join(home, "mine")
      writeFileSync(mine, "mine")
      mkdirSync(join(home, "run"))
      for (const name of [`${process.pid}.json`, `${process.pid}.json.tmp`]) symlinkSync(mine, join(home, "run", name))
      yield* RunFile.write(home, report())
      assert.strictEqual(readFileSync(mine, "utf8"), "mine")
      assert.isTrue(lstatSync(join(home, "run", `${process.pid}.json`)).isFile())
    }))

  it.effect("leaves the files of others", () =>
    Effect.gen(function*() {
      const home = makeHome()
      const other = put(home, "1.json", "{}")
      yield* RunFile.write(home, report())
      yield* RunFile.remove(home)
      assert.isTrue(existsSync(other))
    }))
})

describe("survey", () => {
  it.effect("of a home where nothing runs finds nothing, and makes nothing", () =>
    Effect.gen(function*() {
      const home = makeHome()
      assert.deepStrictEqual(yield* survey(home, NOW), { running: [], stale: [] })
      assert.deepStrictEqual(yield* survey(join(home, "missing"), NOW), { running: [], stale: [] })
      assert.deepStrictEqual(readdirSync(home), [])
    }))

  it.effect("finds what runs, however long it has said nothing", () =>
    Effect.gen(function*() {
      const home = makeHome()
      const silent = report({ updatedAt: isLinux ? NOW - 3_600_000 : NOW })
      const file = putReport(home, silent)
      assert.deepStrictEqual(yield* survey(home, NOW), { running: [silent], stale: [] })
      assert.isTrue(existsSync(file))
    }))

  it.effect("removes the file of a process that has ended, and says so once", () =>
    Effect.gen(function*() {
      const home = makeHome()
      const file = putReport(home, report({ pid: yield* endedPid }))
      const stale = [{ file, reason: "its process has ended", removed: true }]
      assert.deepStrictEqual(yield* survey(home, NOW), { running: [], stale })
      assert.deepStrictEqual(readdirSync(home), [])
      assert.deepStrictEqual(yield* survey(home, NOW), { running: [], stale: [] })
    }))

  it.effect.runIf(isLinux)(
    "removes the file of a process whose number another one has by now",
    () =>
      Effect.gen(function*() {
        const home = makeHome()
        const file = putReport(home, report({ processStart: `${ProcessStart.of(process.pid)}0` }))
        const stale = [{ file, reason: "its process has ended", removed: true }]
        assert.deepStrictEqual(yield* survey(home, NOW), { running: [], stale })
      })
  )

  it.effect.each<readonly [string, Partial<RunFile.Report>]>([["another host's", { host: "elsewhere" }], [
    "of unknown beginning",
    { processStart: null }
  ]])(
    "believes a process that can't be looked up (%s) for a minute",
    ([, rest]) =>
      Effect.gen(function*() {
        const home = makeHome()
        const file = putReport(home, report({ ...rest, updatedAt: NOW - 60_000 }))
        assert.strictEqual((yield* survey(home, NOW)).running.length, 1)
        const stale = [{ file, reason: "its process has written nothing for a minute", removed: true }]
        assert.deepStrictEqual(yield* survey(home, NOW + 1), { running: [], stale })
      })
  )

  it.effect.each<readonly [string, string, string, string]>([
    ["torn", `${process.pid}.json`, JSON.stringify(report()).slice(0, 200), "it can't be read"],
    ["empty", `${process.pid}.json`, "", "it can't be read"],
    ["of wrong types", "7.json", JSON.stringify({ ...report({ pid: 7 }), resources: [null] }), "it can't be read"],
    ["another's by its content", "7.json", JSON.stringify(report()), "it can't be read"],
    ["temporary", "7.json.tmp", JSON.stringify(report({ pid: 7 })), "it was never finished"]
  ])("removes a file that is %s after ten seconds", ([, name, content, reason]) =>
    Effect.gen(function*() {
      const home = makeHome()
      const file = put(home, name, content, 10_000)
      assert.deepStrictEqual(yield* survey(home, NOW), { running: [], stale: [] })
      assert.isTrue(existsSync(file))
      assert.deepStrictEqual(yield* survey(home, NOW + 1), { running: [], stale: [{ file, reason, removed: true }] })
      assert.isFalse(existsSync(file))
    }))

  it.effect("reads no file that is huge", () =>
    Effect.gen(function*() {
      const home = makeHome()
      const file = put(home, "7.json", "")
      truncateSync(file, 2 ** 40)
      const { running, stale } = yield* survey(home, LATER)
      assert.deepStrictEqual(running, [])
      assert.deepStrictEqual(stale, [{ file, reason: "it can't be read", removed: true }])
    }))

  it.effect("follows no link, and removes it rather than what it leads to", () =>
    Effect.gen(function*() {
      const home = makeHome()
      const target = join(home, "target.json")
      writeFileSync(target, JSON.stringify(report()))
      mkdirSync(join(home, "run"))
      symlinkSync(target, join(home, "run", `${process.pid}.json`))
      symlinkSync("/dev/zero", join(home, "run", "8.json"))
      const { running, stale } = yield* survey(home, LATER)
      assert.deepStrictEqual(running, [])
      assert.deepStrictEqual(stale.map(({ reason, removed }) => [reason, removed]), [
        ["it can't be read", true],
        ["it can't be read", true]
      ])
      assert.isTrue(existsSync(target))
    }))

  it("leaves what it can't remove, and what is no file of ours", () =>
    Effect.gen(function*() {
      const home = makeHome()
      mkdirSync(join(home, "run", "9.json"), { recursive: true })
      for (const name of ["notes.txt", "0.json", "1e3.json", "12345678901.json", "7.json.bak"]) {
        put(home, name, "", 60_000)
      }
      const { running, stale } = yield* survey(home, LATER)
      assert.deepStrictEqual(running, [])
      assert.deepStrictEqual(stale, [{ file: join(home, "run", "9.json"), reason: "it can't be read", removed: false }])
      assert.strictEqual(readdirSync(join(home, "run")).length, 6)
    }))

  it("takes a home that is a file, and a folder that can't be read", () =>
    Effect.gen(function*() {
      const home = makeHome()
      writeFileSync(join(home, "file"), "")
      assert.deepStrictEqual(yield* survey(join(home, "file"), NOW), { running: [], stale: [] })
      mkdirSync(join(home, "run"))
      chmodSync(join(home, "run"), 0)
      assert.deepStrictEqual(yield* survey(home, NOW), { running: [], stale: [] })
    }))
})

describe.runIf(isLinux)("the start of a process", () => {
  it("is its own, and stays", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"], { stdio: "ignore" })
    try {
      await once(child, "spawn")
      const start = ProcessStart.of(child.pid!)
      assert.match(start ?? "", /^[0-9a-f-]{36} \d+$/)
      assert.strictEqual(ProcessStart.of(child.pid!), start)
      assert.notStrictEqual(start, ProcessStart.of(process.pid))
      assert.strictEqual(ProcessStart.stateOf(child.pid!, start), "running")
      assert.strictEqual(ProcessStart.stateOf(process.pid, start), "ended")
      assert.strictEqual(ProcessStart.stateOf(process.pid, null), "unknown")
    } finally {
      child.kill("SIGKILL")
    }
    await once(child, "exit")
    assert.strictEqual(ProcessStart.of(child.pid!), null)
    assert.strictEqual(ProcessStart.stateOf(child.pid!, "any"), "ended")
  })

  it("of one that has ended and whom nobody has asked for its exit code is none", async () => {
    // `exec` replaces the shell by a program that never waits for its child, long before the child ends.
    const parent = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    try {
      const [pid] = (await once(parent.stdout, "data")) as [Buffer]
      await vi.waitUntil(() => ProcessStart.of(Number(pid)) === null, { timeout: 20_000 })
      assert.match(readFileSync(`/proc/${Number(pid)}/stat`, "utf8"), /\) Z /)
      assert.strictEqual(ProcessStart.of(Number(pid)), null)
    } finally {
      parent.kill("SIGKILL")
    }
  })
})
