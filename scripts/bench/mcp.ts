/**
 * Measures the start, answers, memory and processor time of the MCP server, with 1, 5 and 20 sessions, beside a bare Node. It also checks
 * that the servers leave nothing behind.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { number, table } from "../../src/cli/Output.ts"
import { transcript } from "../../test/fixtures/transcript.ts"
import {
  builtMain,
  environment,
  exitCodeOf,
  integer,
  latency,
  nodeTimed,
  program,
  progress,
  quantile,
  round,
  samples,
  service,
  temporaryFolder,
  timed,
  warmRounds
} from "../../test/script.ts"
import { QUESTIONS } from "./shared/questions.ts"
import { cpuOf, start } from "./shared/server.ts"
import { imported } from "./shared/transcripts.ts"

const WARM_SEARCHES = 100
/** Time for an idle server to open its memory and come to rest. */
const SETTLED = "4 seconds"
const IDLE_MS = 5_000

/** From before the process is made to the list of its tools, beside that of a Node that does nothing to its end. */
const handshakes = (home: string, rounds: number) =>
  Effect.gen(function*() {
    const all = yield* warmRounds(
      rounds,
      (i) =>
        Effect.gen(function*() {
          const { ms: node } = yield* nodeTimed(["-e", "0"])
          const [{ child, search }, handshake] = yield* timed(Effect.tap(start(home), ({ shake }) => shake))
          const [, firstSearch] = yield* timed(search(i))
          const [, end] = yield* timed(Effect.zipRight(Effect.sync(() => child.kill("SIGINT")), exitCodeOf(child)))
          return { node, handshake, firstSearch, end }
        }),
      "handshake"
    )
    const of = (name: keyof typeof all[number]) => latency(all.map((times) => times[name]))
    return { node: of("node"), handshake: of("handshake"), firstSearch: of("firstSearch"), end: of("end") }
  }).pipe(Effect.scoped)

const warmSearches = (home: string) =>
  Effect.gen(function*() {
    const { search, shake } = yield* start(home)
    yield* shake
    const times: Array<number> = []
    for (let i = -QUESTIONS.length; i < WARM_SEARCHES; i++) {
      const [, ms] = yield* timed(search(i + QUESTIONS.length))
      if (i >= 0) times.push(ms)
    }
    return latency(times)
  }).pipe(Effect.scoped)

const numberIn = (file: string, pattern: RegExp) => Number(pattern.exec(readFileSync(file, "utf8"))?.[1] ?? Number.NaN)

const childrenOf = (pid: number) =>
  readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" "))
    .filter((child) => child !== "").length

/** Means per process. PSS counts shared memory once for all processes (Linux). */
const memoryOf = (pids: ReadonlyArray<number>) => {
  const sum = (of: (pid: number) => number) => pids.reduce((all, pid) => all + of(pid), 0)
  return {
    rssMb: round(sum((pid) => numberIn(`/proc/${pid}/smaps_rollup`, /^Rss:\s+(\d+)/m)) * 1024 / 1e6 / pids.length),
    pssMb: round(sum((pid) => numberIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m)) * 1024 / 1e6 / pids.length),
    children: sum(childrenOf),
    descriptors: round(sum((pid) => readdirSync(`/proc/${pid}/fd`).length) / pids.length)
  }
}

/** Measures `n` sessions over one memory, at rest and after each has searched, and what they leave behind. */
const sessions = (home: string, n: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const scope = yield* Scope.make()
    const servers = yield* Effect.forEach(Array.from({ length: n }), () => Scope.extend(start(home), scope))
    yield* Effect.forEach(servers, ({ shake }) => shake, { concurrency: "unbounded" })
    yield* progress(`${n} sessions`)
    yield* Effect.sleep(SETTLED)
    const pids = servers.map(({ child }) => child.pid!)
    const before = pids.reduce((sum, pid) => sum + cpuOf(pid), 0)
    yield* Effect.sleep(IDLE_MS)
    const idleCpu = (pids.reduce((sum, pid) => sum + cpuOf(pid), 0) - before) / IDLE_MS / n
    const atRest = memoryOf(pids)
    yield* Effect.forEach(servers, ({ search }, i) => Effect.zipRight(search(i), search(i + 1)), {
      concurrency: "unbounded"
    })
    const searched = memoryOf(pids)
    // Claude Code sends SIGINT; a client that dies closes stdin.
    yield* Effect.forEach(servers, ({ child }, i) =>
      Effect.sync(() => i % 2 === 0 ? child.kill("SIGINT") : child.stdin?.end()))
    const [codes, endMs] = yield* timed(Effect.forEach(servers, ({ child }) =>
      exitCodeOf(child)))
    yield* Scope.close(scope, Exit.void)
    const names = yield* fs.readDirectory(`${home}/.claude-memory`, { recursive: true })
    return {
      sessions: n,
      atRest,
      searched,
      idleCpuPercent: round(100 * idleCpu, 2),
      endMs: round(endMs),
      codes: [...new Set(codes)],
      left: {
        processes: pids.filter((pid) => readdirSync("/proc").includes(String(pid))).length,
        files: names.filter((name) => /-(?:wal|shm)$|^run/.test(name)).length
      }
    }
  })

/** Asks prompts while the server reads so many megabytes of transcripts that it has not read before. */
const whileCapturing = (home: string, megabytes: number) =>
  Effect.gen(function*() {
    const folder = join(home, ".claude", "projects", "-home-dev-work")
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "invented.jsonl"), `${[...transcript(megabytes, "normal")].join("\n")}\n`)
    const { child, prompt, shake } = yield* start(home)
    yield* shake
    yield* Effect.sleep("1 second")
    yield* progress(`prompts while ${megabytes} MB are read`)
    const times: Array<number> = []
    // Each MB takes longer than half a second.
    for (const since = performance.now(); performance.now() - since < 500 * megabytes;) {
      const [, ms] = yield* timed(prompt(times.length, "/home/mei/work/shop-api"))
      times.push(ms)
      yield* Effect.sleep("100 millis")
    }
    const rssMb = process.platform === "linux" ? memoryOf([child.pid!]).rssMb : Number.NaN
    return {
      megabytes,
      prompts: times.length,
      p50Ms: round(quantile(times, 0.5)),
      p95Ms: round(quantile(times, 0.95)),
      longestMs: round(Math.max(...times)),
      rssMb
    }
  }).pipe(Effect.scoped)

program("mcp", {
  description: "Time and weigh the MCP server",
  options: {
    rounds: integer("rounds", 30, "Handshakes that are timed"),
    megabytes: integer("megabytes", 30, "Of transcripts that are read while prompts are asked; 0 for none"),
    sessions: Options.integer("sessions").pipe(
      Options.withDescription("Sessions open at once; 1, 5 and 20 without it"),
      Options.repeated
    )
  },
  run: (options) =>
    Effect.gen(function*() {
      yield* builtMain
      const home = yield* temporaryFolder
      const { units } = yield* imported(samples).pipe(Effect.provide(service(environment(home).CLAUDE_MEMORY_HOME!)))
      const times = yield* handshakes(home, Math.max(1, options.rounds))
      const warmSearch = yield* warmSearches(home)
      const capturing = options.megabytes > 0
        ? yield* Effect.flatMap(temporaryFolder, (other) =>
          Effect.zipRight(
            Effect.provide(imported(samples), service(environment(other).CLAUDE_MEMORY_HOME!)),
            whileCapturing(other, options.megabytes)
          ))
        : undefined
      const open = process.platform === "linux"
        ? yield* Effect.forEach(options.sessions.length > 0 ? options.sessions : [1, 5, 20], (n) => sessions(home, n))
        : []
      const ms = ({ p50Ms, p99Ms }: typeof warmSearch) => [`p50 ${p50Ms} ms`, `p99 ${p99Ms} ms`]
      return {
        data: { units: units.total, rounds: options.rounds, ...times, warmSearch, capturing, open },
        text: () => [
          `over a memory of ${number(units.total)} units, ${options.rounds} starts`,
          ...table([
            ["bare node, start to end", ...ms(times.node)],
            ["handshake, from spawn to the list of tools", ...ms(times.handshake)],
            ["first search, which opens the memory", ...ms(times.firstSearch)],
            ["warm search", ...ms(warmSearch)],
            ["from SIGINT to the end", ...ms(times.end)]
          ]),
          ...(capturing === undefined ? [] : [
            `prompts while ${capturing.megabytes} MB of transcripts are read: p50 ${capturing.p50Ms} ms, p95 ${capturing.p95Ms} ms, ` +
            `at most ${capturing.longestMs} ms (${capturing.prompts} prompts), RSS ${capturing.rssMb} MB`
          ]),
          "",
          ...table([
            [
              "sessions",
              "RSS at rest",
              "PSS at rest",
              "RSS, searched",
              "PSS, searched",
              "CPU at rest",
              "children",
              "ended in",
              "left"
            ],
            ...open.map(({ atRest, endMs, idleCpuPercent, left, searched, sessions }) => [
              String(sessions),
              `${atRest.rssMb} MB each`,
              `${atRest.pssMb} MB each`,
              `${searched.rssMb} MB each`,
              `${searched.pssMb} MB each`,
              `${idleCpuPercent} % each`,
              String(searched.children),
              `${endMs} ms`,
              `${left.processes} processes, ${left.files} files`
            ])
          ])
        ]
      }
    })
})
