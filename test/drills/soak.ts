/**
 * Puts a day's load of two open sessions into minutes, and fails when something grows that should not. It measures memory,
 * descriptors, the log of the database and times of answers, and draws them. Where only times grow, all is run a second time, since
 * a machine that gets slower meanwhile looks the same: what leaks grows again.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { table } from "../../src/cli/Output.ts"
import * as RunFile from "../../src/resources/monitor/RunFile.ts"
import { BenchError, exitCodeOf, program, progress, round, temporaryFolder } from "../script.ts"
import { failuresOf, MEASURES, NAMES, onlyTimesGrow, type Sample, slopesOf } from "./soak/growth.ts"
import * as Load from "./soak/load.ts"
import * as Plot from "./soak/plot.ts"

/** Pause of a session between two prompts: 300 a minute, about as many as of a day. */
const PAUSE_MS = 200
const LINES_A_PROMPT = 2
const PROMPTS_A_SAVE = 10
/** A third session begins and ends again after so long. */
const VISIT_MS = 5_000
const SAMPLE_MS = 100
const attempted = (read: () => number): number => {
  try {
    return read()
  } catch {
    return 0
  }
}

const sum = (values: ReadonlyArray<number>) => values.reduce((all, value) => all + value, 0)

const measured = (memory: string, pids: ReadonlyArray<number>) => ({
  rss: sum(
    pids.map((pid) =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024 / 1e6
    )
  ),
  heap: sum(
    pids.map((pid) =>
      attempted(() =>
        Option.match(RunFile.decode(readFileSync(join(memory, "run", `${pid}.json`)), pid), {
          onNone: () => 0,
          onSome: ({ heapBytes }) => heapBytes / 1e6
        })
      )
    )
  ),
  descriptors: sum(pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length)),
  log: attempted(() => statSync(join(memory, "memory.db-wal")).size / 1e6)
})

/** A session that is opened, searches and ends, again and again. */
const visits = (home: string) =>
  Effect.gen(function*() {
    const { child, search } = yield* Load.open(home, "a visit")
    yield* search(0)
    yield* Effect.sleep(VISIT_MS)
    child.kill("SIGINT")
    yield* exitCodeOf(child)
  }).pipe(Effect.scoped, Effect.forever)

const soak = (home: string, minutes: number) =>
  Effect.gen(function*() {
    const memory = join(home, ".claude-memory")
    const sessions = yield* Effect.all([Load.open(home, "the first"), Load.open(home, "the second")])
    const latest = { search: 0, prompt: 0 }
    const count = { prompts: 0, lines: 0, saves: 0 }
    const busy = (session: Load.Session) =>
      Effect.forever(Effect.gen(function*() {
        const i = count.prompts++
        for (let line = 0; line < LINES_A_PROMPT; line++) session.write()
        count.lines += LINES_A_PROMPT
        latest.prompt = yield* session.prompt(i)
        latest.search = yield* session.search(i)
        if (i % PROMPTS_A_SAVE === 0) {
          yield* session.save(
            `${session.name}, note ${i}: the value of setting${i}x is ${i} from now on, as item${i}y needs it.`
          )
          count.saves++
        }
        yield* Effect.sleep(PAUSE_MS)
      }))
    const samples: Array<Sample> = []
    const begun = performance.now()
    const seconds = () => (performance.now() - begun) / 1_000
    const sampling = Effect.gen(function*() {
      while (seconds() < 60 * minutes) {
        yield* Effect.sleep(SAMPLE_MS)
        samples.push({ seconds: seconds(), ...measured(memory, sessions.map(({ pid }) => pid)), ...latest })
        yield* progress(`${round(seconds())} of ${round(60 * minutes)} s`)
      }
    })
    yield* Effect.raceFirst(
      sampling,
      Effect.all([...sessions.map(busy), visits(home)], { concurrency: "unbounded", discard: true })
    )
    const ends = yield* Effect.forEach(sessions, ({ child }) => {
      child.kill("SIGINT")
      return exitCodeOf(child)
    })
    return { samples, count, ends }
  }).pipe(Effect.scoped)

program("soak", {
  description: "A day's load of two open sessions in minutes",
  options: {
    minutes: Options.float("minutes").pipe(
      Options.withDefault(12),
      Options.withDescription("How long; each is the load of about a day")
    ),
    plot: Options.file("plot").pipe(
      Options.withDescription("An SVG of what was measured is written here"),
      Options.optional
    )
  },
  run: ({ minutes, plot }) =>
    Effect.gen(function*() {
      if (process.platform !== "linux") {
        return yield* new BenchError({
          reason: "Input",
          detail: "it measures processes by /proc, which only Linux has"
        })
      }
      const run = Effect.gen(function*() {
        const { count, ends, samples } = yield* soak(yield* temporaryFolder, minutes)
        return { count, ends, samples, slopes: slopesOf(samples, minutes) }
      })
      const first = yield* run
      const onlySlower = onlyTimesGrow(first.slopes)
      const { count, ends, samples, slopes } = onlySlower ? yield* run : first
      if (slopes.length === 0) {
        return yield* new BenchError({ reason: "Input", detail: "too short to measure a slope: ask for more minutes" })
      }
      const failures = [
        ...failuresOf(slopes),
        ...ends.filter((code) => code !== 0 && code !== 130).map((code) => `a server ended with exit code ${code}`)
      ]
      if (Option.isSome(plot)) {
        const drawn = NAMES.map((measure) => ({
          name: MEASURES[measure].name,
          unit: MEASURES[measure].unit,
          points: samples.map((sample) => [sample.seconds, sample[measure]] as const)
        }))
        writeFileSync(plot.value, Plot.svg(`two sessions for ${minutes} minutes, by seconds`, drawn))
      }
      const ok = failures.length === 0
      return {
        ok,
        data: { ok, minutes, ...count, slopes, failures },
        text: () => [
          ...table([
            ["", "at the end", "a minute", "95 % interval", "at most"],
            ...slopes.map(({ bound, high, last, low, name, perMinute, unit }) => [
              name,
              `${last} ${unit}`,
              `${perMinute} ${unit}`,
              `${low} to ${high}`,
              String(bound)
            ])
          ]),
          "",
          ...(onlySlower ? failuresOf(first.slopes).map((each) => `at first ${each}; so all was run again`) : []),
          ...failures.map((each) => `FAILED ${each}`),
          `${minutes} minutes, ${count.prompts} prompts and searches, ${count.lines} lines, ${count.saves} saves: ${
            ok ? "nothing grows beyond its bound" : "something grows"
          }`
        ]
      }
    })
})
