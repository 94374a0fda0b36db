/**
 * Monitors the open resources of a long-running process: reports them to other processes in its run file, and logs
 * suspected leaks.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { hostname } from "node:os"
import * as EventLoop from "../EventLoop.ts"
import * as Fibers from "../Fibers.ts"
import * as Owner from "../Owner.ts"
import { type Resource, type ResourceKind, ResourceLedger } from "../ResourceLedger.ts"
import * as Drift from "./Drift.ts"
import * as LeakProbe from "./LeakProbe.ts"
import * as ProcessStart from "./ProcessStart.ts"
import * as RunFile from "./RunFile.ts"

/** Number of samples in a row that must show a drift before it is logged. */
export const LASTING_SAMPLES = 10

/** Number of samples in a row that must show a drift before it is reported; fewer as long as there are fewer. */
const SAMPLES = 3

/** Samples in a row without a change, after which they are taken `CALM_FACTOR` times as seldom until something changes. */
const CALM_SAMPLES = 30
const CALM_FACTOR = 10

/** Greatest age of a resource in a healthy program; other kinds live as long as the service. */
export const LIFETIMES: Partial<Record<ResourceKind, Duration.Duration>> = {
  file: Duration.minutes(15),
  "temporary folder": Duration.minutes(15)
}

const drifting = Metric.gauge("claude_memory_resources_drift")

/** What a thread of this process has open: by its own ledger, and by Node, which counts these for each thread alone. */
export interface InThread {
  readonly resources: ReadonlyArray<Resource>
  readonly reading: Pick<LeakProbe.Reading, "timers" | "watchers">
}

const NO_THREAD: InThread = { resources: [], reading: { timers: 0, watchers: 0 } }

/** Ids of a thread's resources begin here, so that they are none of the process's own. */
const THREAD_IDS = 1_000_000_000

/** Returns what the thread that asks has open, as a message to its process. */
export const readThread: Effect.Effect<InThread, never, ResourceLedger> = Effect.gen(function*() {
  const { timers, watchers } = yield* LeakProbe.readThread
  const resources = yield* Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot)
  return {
    resources: resources.map(({ acquiredAt, id, kind, name, origin, sockets, stack }) => ({
      id: THREAD_IDS + id,
      kind,
      name,
      acquiredAt,
      stack: [...stack],
      origin,
      sockets
    })),
    reading: { timers, watchers }
  }
})

export interface SamplerOptions {
  /** The subcommand's name. */
  readonly command: string
  readonly read?: Effect.Effect<LeakProbe.Reading>
  /** What the threads of this process report; without it there are none. */
  readonly inThread?: () => InThread | undefined
}

export interface Sample {
  readonly report: RunFile.Report
  readonly resources: ReadonlyArray<Resource>
}

/** Makes a sampler. Its baseline is what is open now: drift is counted from here on. */
export const makeSampler = (
  { command, inThread = () => undefined, read = LeakProbe.read }: SamplerOptions
): Effect.Effect<{ readonly sample: Effect.Effect<Sample> }, never, ResourceLedger> =>
  Effect.gen(function*() {
    const ledger = yield* ResourceLedger
    const startedAt = yield* Clock.currentTimeMillis
    // On a terminal this stream opens a descriptor of its own at first use.
    void process.stderr
    const baseline = Drift.unaccounted(yield* read, yield* ledger.snapshot)
    const identity = {
      host: hostname(),
      pid: process.pid,
      processStart: ProcessStart.of(process.pid),
      command,
      startedAt
    }
    let recent: ReadonlyArray<Drift.Drift> = []

    const sample = Effect.gen(function*() {
      yield* EventLoop.callbacks
      const thread = inThread() ?? NO_THREAD
      const resources = [...(yield* ledger.snapshot), ...thread.resources]
      const own = yield* read
      const reading = {
        ...own,
        timers: own.timers + thread.reading.timers,
        watchers: own.watchers + thread.reading.watchers
      }
      const current = Drift.since(baseline, Drift.unaccounted(reading, resources))
      recent = [...recent, current].slice(-SAMPLES)
      const drift = recent.reduce(Drift.inBoth)
      const { heapUsed, rss } = process.memoryUsage()
      const report: RunFile.Report = {
        version: 1,
        ...identity,
        updatedAt: yield* Clock.currentTimeMillis,
        resources: resources.map(({ acquiredAt, id, kind, name, origin }) => ({ id, kind, name, acquiredAt, origin })),
        reading,
        drift,
        heapBytes: heapUsed,
        rssBytes: rss
      }
      return { report, resources }
    })
    return { sample }
  })

const described = ({ kind, name, origin }: Resource) => `${kind} ${name}, opened ${origin}`

/** Tells whether what is open is as it was at the last call; sleeps and memory always change. */
const makeIsSame = () => {
  let last = ""
  return ({ drift, reading, resources }: RunFile.Report): boolean => {
    const seen = JSON.stringify([resources.map(({ id }) => id), { ...reading, timers: 0 }, drift])
    const isSame = seen === last
    last = seen
    return isSame
  }
}

/** Logs the drift of a category once, and again only after it had ended. */
const makeDriftWatch = (interval: Duration.DurationInput) => {
  const streaks = new Map<Drift.Category, number>()
  return ({ drift, reading }: RunFile.Report, resources: ReadonlyArray<Resource>) =>
    Effect.forEach(Drift.CATEGORIES, (category) =>
      Effect.gen(function*() {
        const n = drift[category] ?? 0
        yield* Metric.set(Metric.tagged(drifting, "category", category), n)
        const streak = n > 0 ? (streaks.get(category) ?? 0) + 1 : 0
        streaks.set(category, streak)
        if (streak !== LASTING_SAMPLES) return
        yield* Effect.logWarning(
          `${n} ${category} more than the ledger accounts for, for ` +
            `${Duration.format(Duration.times(interval, LASTING_SAMPLES))} (${reading[category]} open in all). ` +
            `Newest in the ledger: ${resources.slice(-3).map(described).join("; ") || "nothing"}`
        )
      }), { discard: true })
}

/** Logs each resource once that exceeds the lifetime of its kind. */
const makeAgeWatch = () => {
  let known: ReadonlySet<number> = new Set()
  return ({ updatedAt }: RunFile.Report, resources: ReadonlyArray<Resource>) => {
    const old = resources.filter(({ acquiredAt, kind }) => {
      const lifetime = LIFETIMES[kind]
      return lifetime !== undefined && updatedAt - acquiredAt > Duration.toMillis(lifetime)
    })
    const found = old.filter(({ id }) => !known.has(id))
    known = new Set(old.map(({ id }) => id))
    return Effect.forEach(
      found,
      (resource) =>
        Effect.logWarning(
          `open for longer than ${Duration.format(LIFETIMES[resource.kind]!)}: ${described(resource)}`
        ),
      { discard: true }
    )
  }
}

/** Writes reports. A write that fails does not disturb the service, and is logged once. */
const makeWriter = (home: string) => {
  let hasFailed = false
  return (report: RunFile.Report) =>
    RunFile.write(home, report).pipe(
      // Another process may have removed the folder, empty, in between.
      Effect.retry({ times: 1 }),
      Effect.catchAll(({ message }) => {
        if (hasFailed) return Effect.void
        hasFailed = true
        return Effect.logWarning(message)
      })
    )
}

/** `home` is the folder of the run files that `claude-memory resources` reads. */
export interface Options extends SamplerOptions {
  readonly home: string
  readonly interval?: Duration.DurationInput
}

/**
 * Samples every `interval`, each second by default, while its scope is open, and less often while nothing changes: a process that waits for
 * hours neither wakes nor writes each second. Layers built on it are measured from before they open anything until they
 * have closed everything. At the start it removes the run files that ended processes have left in `home`.
 */
export const layer = (options: Options): Layer.Layer<never, never, ResourceLedger> =>
  Owner.layerDiscard(
    "Monitor",
    Effect.gen(function*() {
      const { home, interval = "1 second" } = options
      const { sample } = yield* makeSampler(options)
      const watchDrift = makeDriftWatch(interval)
      const watchAges = makeAgeWatch()
      const write = makeWriter(home)
      const isSame = makeIsSame()
      let same = 0
      const pause = Effect.suspend(() =>
        Effect.sleep(same < CALM_SAMPLES ? interval : Duration.times(interval, CALM_FACTOR))
      )
      const look = Effect.gen(function*() {
        const { report, resources } = yield* sample
        same = isSame(report) ? same + 1 : 0
        yield* write(report)
        yield* watchDrift(report, resources)
        yield* watchAges(report, resources)
      }).pipe(Effect.tapDefect((cause) => Effect.logWarning("the monitor has stopped", cause)))
      yield* RunFile.survey(home)
      // None yet. What opens at the start of the program is on its way when the next one is taken.
      yield* sample
      yield* Effect.addFinalizer(() => RunFile.remove(home))
      const fibers = yield* Fibers.open("Monitor")
      yield* FiberSet.run(fibers, Effect.forever(Effect.zipRight(pause, look)))
    })
  )
