/**
 * Measures capture of transcripts while they are written. It times how soon a search finds a new line and how soon another process
 * takes over. It also measures the processor time of idle following, and how long the first reading blocks the event loop.
 */
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as App from "../../src/App.ts"
import { number } from "../../src/cli/Output.ts"
import { evidence } from "../../src/domain/MemoryUnit.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { makeRandom, transcript } from "../../test/fixtures/transcript.ts"
import {
  builtMain,
  environment,
  integer,
  program,
  progress,
  quantile,
  round,
  startNode,
  temporaryFolder
} from "../../test/script.ts"

const PARTS = ["latency", "idle", "takeover", "stall"] as const

/** The service as the MCP server composes it, with at most `watched` watched folders. */
const serviceIn = (home: string, watched?: number) =>
  Layer.provide(
    App.layer({ home, readOnly: false, busyTimeoutMs: 5_000, ...(watched !== undefined && { watched }) }),
    App.platform
  )

const line = (session: string, uuid: string, text: string, role: "user" | "assistant" = "user") =>
  `${
    JSON.stringify({
      type: role,
      uuid,
      parentUuid: null,
      sessionId: session,
      cwd: "/home/dev/work/shop",
      timestamp: "2026-01-01T00:00:00.000Z",
      message: role === "user" ? { role, content: text } : { role, content: [{ type: "text", text }] }
    })
  }\n`

/** Writes `count` small sessions, a hundred to a folder. */
const writeTranscripts = (folder: string, count: number) => {
  for (let i = 0; i < count; i++) {
    const project = join(folder, `-home-dev-work-project-${Math.floor(i / 100)}`)
    if (i % 100 === 0) mkdirSync(project, { recursive: true })
    writeFileSync(
      join(project, `session-${i}.jsonl`),
      line(`session-${i}`, `${i}-1`, `Why does subject ${i} of the shop fail when it is empty?`) +
        line(`session-${i}`, `${i}-2`, `Because number ${i} was never set: it is read before the file is.`, "assistant")
    )
  }
}

/** Follows the transcripts below the folder. Runs `use` once all present lines are read and indexed. */
const following = <A, E, R>(folder: string, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const caughtUp = yield* Effect.makeLatch()
    yield* memory.capture([folder]).pipe(
      Stream.runForEach(({ _tag }) => _tag === "CaughtUp" ? caughtUp.open : Effect.void),
      Effect.forkScoped
    )
    yield* caughtUp.await
    yield* Effect.repeat(Effect.delay(memory.status, "1 second"), {
      until: ({ indexing, pending }) => indexing === 0 && pending === 0
    })
    return yield* use
  }).pipe(Effect.scoped)

/** Times from writing a line until a search by its words returns a memory of it, in milliseconds. */
const latencies = (folder: string, lines: number, watched: number | undefined) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const random = makeRandom(lines)
    const file = join(folder, "-home-dev-work-project-0", "live.jsonl")
    // The session has begun already, as is usual when a line is added.
    writeFileSync(file, line("live", "live-0", "Please look after the shop."))
    yield* Effect.sleep("12 seconds")
    const times: Array<number> = []
    for (let i = 0; i < lines; i++) {
      yield* progress(`${watched === 0 ? "polling" : "watching"}: line ${i + 1} of ${lines}`)
      yield* Effect.sleep(Duration.millis(300 + 2_000 * random()))
      const uuid = `live-${i + 1}`
      const word = `quokka${i}x${Math.floor(1e9 * random())}`
      const written = yield* Clock.currentTimeMillis
      appendFileSync(file, line("live", uuid, `The ${word} service keeps its timeout in its own file.`, "assistant"))
      yield* memory.search({ text: word, projects: "all", limit: 3, minScore: 0, mode: "keyword" }).pipe(
        Effect.delay("5 millis"),
        Effect.repeat({ until: ({ results }) => results.some(({ unit }) => evidence(unit).includes(uuid)) })
      )
      times.push((yield* Clock.currentTimeMillis) - written)
    }
    return { lines, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95), maxMs: Math.max(...times) }
  })

/** Share of a core that this process uses while nothing happens, in percent. */
const shareOfCore = (seconds: number) =>
  Effect.gen(function*() {
    const before = process.cpuUsage()
    const since = performance.now()
    yield* Effect.sleep(Duration.seconds(seconds))
    const { system, user } = process.cpuUsage(before)
    return round((user + system) / 10 / (performance.now() - since), 3)
  })

const idle = (transcripts: number, seconds: number) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    const folder = join(yield* temporaryFolder, "projects")
    writeTranscripts(folder, transcripts)
    yield* progress("idle: reading all for the first time")
    const at = (watched?: number) =>
      Effect.scoped(
        Effect.provide(
          following(folder, Effect.zipRight(Effect.sleep("8 seconds"), shareOfCore(seconds))),
          serviceIn(home, watched)
        )
      )
    const watchingPercent = yield* at()
    yield* progress("idle: polling")
    const pollingPercent = yield* at(0)
    yield* progress("idle: waiting for the lease")
    const waitingPercent = yield* Effect.scoped(Effect.gen(function*() {
      const program = yield* builtMain
      yield* started(program, home, folder)
      yield* Effect.sleep("3 seconds")
      const memory = yield* ClaudeMemory
      yield* Effect.forkScoped(Stream.runDrain(memory.capture([folder])))
      yield* Effect.sleep("2 seconds")
      return yield* shareOfCore(seconds)
    })).pipe(Effect.provide(serviceIn(home)))
    return { transcripts, seconds, watchingPercent, pollingPercent, waitingPercent }
  })

/** The built program, following; it is killed when the scope closes. */
const started = (program: string, home: string, folder: string) =>
  startNode([program, "watch", folder], {
    env: { ...environment(home), CLAUDE_MEMORY_HOME: home },
    stdio: "ignore"
  })

const lockIn = (home: string) =>
  Option.map(
    Option.fromNullable(readdirSync(home).find((name) => name.endsWith(".lock"))),
    (name) => statSync(join(home, name)).mtimeMs
  )

/** Times from the death of the process that holds the lock until another holds it. */
const takeovers = (rounds: number) =>
  Effect.gen(function*() {
    const program = yield* builtMain
    const home = yield* temporaryFolder
    const folder = join(yield* temporaryFolder, "projects")
    writeTranscripts(folder, 10)
    const until = (isSo: () => boolean) =>
      Effect.repeat(Effect.delay(Effect.sync(isSo), "5 millis"), { until: (so) => so })
    const times: Array<number> = []
    let holder = yield* started(program, home, folder)
    yield* until(() => Option.isSome(lockIn(home)))
    for (let i = 0; i < rounds; i++) {
      yield* progress(`takeover ${i + 1} of ${rounds}`)
      const next = yield* started(program, home, folder)
      yield* Effect.sleep("4 seconds")
      const killed = yield* Clock.currentTimeMillis
      holder.kill("SIGKILL")
      // The process that takes the lock touches its file.
      yield* until(() => Option.exists(lockIn(home), (touched) => touched > killed))
      times.push((yield* Clock.currentTimeMillis) - killed)
      holder = next
    }
    return { rounds, p50Ms: quantile(times, 0.5), maxMs: Math.max(...times) }
  }).pipe(Effect.scoped)

/** Measures how long the event loop was blocked during the first reading. */
const stalls = (folder: string) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const since = yield* Clock.currentTimeMillis
    yield* Effect.provide(following(folder, Effect.void), serviceIn(home))
    delay.disable()
    return {
      ms: (yield* Clock.currentTimeMillis) - since,
      p99Ms: round(delay.percentile(99) / 1e6, 1),
      longestMs: round(delay.max / 1e6, 1)
    }
  })

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".jsonl"))
    .reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0)

const present = <A>(value: A | undefined): ReadonlyArray<A> => value === undefined ? [] : [value]

program("capture", {
  description: "Measure capture while working",
  options: {
    parts: Options.choice("part", PARTS).pipe(
      Options.withDescription("Only this part; may be given several times"),
      Options.repeated
    ),
    transcripts: integer("transcripts", 5_000, "How many there are while nothing is written"),
    lines: integer("lines", 40, "Written and waited for"),
    seconds: integer("seconds", 60, "Idle for so long"),
    rounds: integer("rounds", 5, "Processes killed"),
    catchUp: Options.directory("catch-up", { exists: "yes" }).pipe(
      Options.withDescription("Transcripts to be read at once; 60 MB of invented ones without it"),
      Options.optional
    )
  },
  run: ({ catchUp, lines, parts, rounds, seconds, transcripts }) =>
    Effect.gen(function*() {
      const part = <A, E, R>(name: typeof PARTS[number], run: Effect.Effect<A, E, R>) =>
        parts.length === 0 || parts.includes(name) ? run : Effect.map(Effect.void, (): undefined => undefined)
      const latencyOf = (watched?: number) =>
        Effect.gen(function*() {
          const home = yield* temporaryFolder
          const folder = join(yield* temporaryFolder, "projects")
          writeTranscripts(folder, 300)
          return yield* Effect.provide(following(folder, latencies(folder, lines, watched)), serviceIn(home, watched))
        }).pipe(Effect.scoped)
      const invented = Effect.map(temporaryFolder, (folder) => {
        writeFileSync(join(folder, "invented.jsonl"), `${[...transcript(60, "normal")].join("\n")}\n`)
        return folder
      })
      const data = {
        watching: yield* part("latency", latencyOf()),
        polling: yield* part("latency", latencyOf(0)),
        idle: yield* part("idle", Effect.scoped(idle(transcripts, seconds))),
        takeover: yield* part("takeover", takeovers(rounds)),
        stall: yield* part(
          "stall",
          Effect.scoped(Effect.gen(function*() {
            const folder = Option.isSome(catchUp) ? catchUp.value : yield* invented
            return { bytes: bytesIn(folder), ...(yield* stalls(folder)) }
          }))
        )
      }
      return {
        data,
        text: () => [
          ...[data.watching].flatMap(present).map((each) =>
            `a line written → found, watching   p50 ${each.p50Ms} ms, p95 ${each.p95Ms} ms, at most ${each.maxMs} ms (${each.lines} lines)`
          ),
          ...[data.polling].flatMap(present).map((each) =>
            `a line written → found, polling    p50 ${each.p50Ms} ms, p95 ${each.p95Ms} ms, at most ${each.maxMs} ms (${each.lines} lines)`
          ),
          ...[data.idle].flatMap(present).map((each) =>
            `idle over ${
              number(each.transcripts)
            } transcripts, share of a core   watching ${each.watchingPercent} %, polling ` +
            `${each.pollingPercent} %, waiting for the lease ${each.waitingPercent} % (${each.seconds} s each)`
          ),
          ...[data.takeover].flatMap(present).map((each) =>
            `SIGKILL → another has the lease    p50 ${each.p50Ms} ms, at most ${each.maxMs} ms (${each.rounds} times)`
          ),
          ...[data.stall].flatMap(present).map((each) =>
            `catching up with ${(each.bytes / 1e6).toFixed(1)} MB in ${
              (each.ms / 1000).toFixed(1)
            } s: the event loop was held up for ${each.longestMs} ms at most, p99 ${each.p99Ms} ms`
          )
        ]
      }
    })
})
