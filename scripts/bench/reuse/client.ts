/**
 * The measured process. It makes the calls of one way at one concurrency, and samples its sockets and memory.
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { Socket } from "node:net"
import { latency, round, timed } from "../../../test/script.ts"
import { type Ended, goSignal, send } from "./processes.ts"
import { type Name, type Way, WAYS } from "./ways.ts"

/** No call begins after this many failures, or after LONGEST_MS. */
const MOST_FAILURES = 100
const LONGEST_MS = 40_000
const SAMPLE_EVERY = "50 millis"
const PROGRESS_EVERY = "500 millis"
/** Time of sampling after everything is closed or dropped. */
const TAIL = "1 second"

export interface Options {
  readonly way: Name
  readonly concurrency: number
  readonly calls: number
  readonly baseUrl: string
}

/** Counts this process's open sockets to a port. Both ways open theirs through undici. */
const socketsTo = (port: number) =>
  Effect.gen(function*() {
    let open = 0
    const onConnected = (message: unknown) => {
      const { socket } = message as { readonly socket: Socket }
      if (socket.remotePort !== port) return
      open++
      socket.once("close", () => open--)
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => subscribe("undici:client:connected", onConnected)),
      () => Effect.sync(() => unsubscribe("undici:client:connected", onConnected))
    )
    return { open: Effect.sync(() => open) }
  })

/** Collects twice, since objects that the first collection frees may have held others. */
const collectGarbage = Effect.sync(() => globalThis.gc?.()).pipe(Effect.delay("50 millis"), Effect.repeatN(1))

const rssBytes = Effect.sync(() => process.memoryUsage.rss())
const heapBytes = Effect.sync(() => process.memoryUsage().heapUsed)

const codeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return String(error)
  const { cause, code, name } = error as { readonly cause?: unknown; readonly code?: string; readonly name?: string }
  return typeof code === "string" ? code : cause === undefined ? name ?? "unknown" : codeOf(cause)
}

const work = (way: Way, { calls, concurrency }: Options) =>
  Effect.gen(function*() {
    const times: Array<number> = []
    const failures: Record<string, number> = {}
    let failed = 0
    const deadline = (yield* Clock.currentTimeMillis) + LONGEST_MS
    const one = (i: number) =>
      timed(way.call(i)).pipe(
        Effect.match({
          onSuccess: ([, ms]) => {
            times.push(ms)
          },
          onFailure: (error) => {
            failed++
            const code = codeOf(error)
            failures[code] = (failures[code] ?? 0) + 1
          }
        })
      )
    const all = Effect.forEach(
      Chunk.range(0, calls - 1),
      (i) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          failed >= MOST_FAILURES || now >= deadline ? Effect.void : one(i)),
      { concurrency, discard: true }
    )
    const progressing = Effect.suspend(() =>
      send({ _tag: "Progressed", calls: times.length })
    ).pipe(
      Effect.repeat(Schedule.spaced(PROGRESS_EVERY))
    )
    const cpu = process.cpuUsage()
    const [, ms] = yield* Effect.raceFirst(timed(all), Effect.zipRight(progressing, Effect.never))
    const { system, user } = process.cpuUsage(cpu)
    return {
      calls: times.length,
      ms: round(ms, 1),
      cpuMs: round((user + system) / 1_000, 1),
      ...latency(times, 3),
      failures
    }
  })

/** A function of its own, so that afterwards only its scope refers to the way. */
const workOf = (options: Options) =>
  Effect.gen(function*() {
    const way = yield* WAYS[options.way](options.baseUrl)
    const worked = yield* work(way, options)
    return { ...worked, ...way.built() }
  })

export const client = (options: Options) =>
  Effect.gen(function*() {
    const { open: sockets } = yield* socketsTo(Number(new URL(options.baseUrl).port))
    const reading = Effect.zipRight(collectGarbage, Effect.all({ sockets, rssBytes, heapBytes }))
    const before = yield* reading
    const start = yield* Clock.currentTimeMillis
    const sinceStart = Effect.map(Clock.currentTimeMillis, (now) => now - start)
    const samples: Array<typeof Ended.Type["samples"][number]> = []
    yield* Effect.all([sinceStart, sockets, rssBytes]).pipe(
      Effect.map((sample) => samples.push(sample)),
      Effect.repeat(Schedule.spaced(SAMPLE_EVERY)),
      Effect.forkScoped
    )

    const scope = yield* Scope.make()
    const worked = yield* Scope.extend(workOf(options), scope)
    const workedAtMs = yield* sinceStart
    yield* send({ _tag: "Worked", ...worked, before, after: yield* reading })
    yield* goSignal
    yield* Scope.close(scope, Exit.void)
    yield* Effect.sleep(TAIL)
    yield* send({ _tag: "Ended", after: yield* reading, workedAtMs, samples })
    return yield* Effect.never
  }).pipe(Effect.scoped)
