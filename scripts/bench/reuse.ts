/**
 * Compares sockets, time and memory of one pool for all calls to models with the predecessor's client for each call.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { number } from "../../src/cli/Output.ts"
import { BenchError, commandOf, integer, main, progress, round, timed } from "../../test/script.ts"
import { client } from "./reuse/client.ts"
import * as Identity from "./reuse/identity.ts"
import type { Plot } from "./reuse/plots.ts"
import { Ended, Listening, next, parentExit, ServerView, start, Worked } from "./reuse/processes.ts"
import { server } from "./reuse/server.ts"
import { type Name, NAMES, requestsOf } from "./reuse/ways.ts"

const LEVELS = [1, 10, 100, 1_000]
const CALLS = 10_000
const QUICK_CALLS = 1_000
const LABELS: Readonly<Record<Name, string>> = { old: "predecessor", ours: "ours" }

interface Server {
  readonly delayMs: number
  /** Without it, the server does not speak TLS. */
  readonly identity: Option.Option<Effect.Effect.Success<typeof Identity.make>>
}

interface Run {
  readonly way: Name
  readonly concurrency: number
  readonly calls: number
  readonly server: Server
}

/** Measures one way at one concurrency. The client and the models each run in a process of their own. */
const measure = ({ calls, concurrency, server: { delayMs, identity }, way }: Run) =>
  Effect.gen(function*() {
    const of = `of ${number(calls)} calls, ${number(concurrency)} at a time, ${LABELS[way]}`
    yield* progress(`0 ${of}`)
    const models = yield* start("server", [
      "--delay",
      String(delayMs),
      ...Option.match(identity, { onNone: () => [], onSome: ({ folder }) => ["--identity", folder] })
    ])
    const { baseUrl } = yield* next(models, Listening)
    const seen = Effect.zipRight(models.go, next(models, ServerView))
    const args = { way, concurrency, calls, "base-url": baseUrl }
    const caller = yield* start(
      "client",
      Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]),
      Option.match(identity, {
        onNone: () => ({}),
        onSome: ({ certificate }) => ({ NODE_EXTRA_CA_CERTS: certificate })
      })
    )
    const worked = yield* next(
      caller,
      Worked,
      (message) => message._tag === "Progressed" ? progress(`${number(message.calls)} ${of}`) : Effect.void
    )
    const seenAfterWork = yield* seen
    yield* caller.go
    const ended = yield* next(caller, Ended)
    const seenAfterEnd = yield* seen
    const { after, before, cpuMs, ms, ...rest } = worked
    const trace = { workedAtMs: ended.workedAtMs, samples: ended.samples }
    const megabytes = (bytes: number, from: number) => round((bytes - from) / 1e6, 1)
    const left = (reading: typeof after, socketsAtServer: number) => ({
      sockets: reading.sockets,
      socketsAtServer,
      rssGrowthMb: megabytes(reading.rssBytes, before.rssBytes),
      heapGrowthMb: megabytes(reading.heapBytes, before.heapBytes)
    })
    const peak = Math.max(
      after.rssBytes,
      ...ended.samples.map(([, , bytes]) => bytes)
    )
    const figures = {
      calls: rest.calls,
      failures: rest.failures,
      clients: rest.clients,
      clientsLost: rest.lost,
      buildMs: round(rest.buildMs, 1),
      requests: seenAfterWork.requests,
      seconds: round(ms / 1_000, 2),
      requestsPerSecond: round(seenAfterWork.requests / ms * 1_000),
      cpuMsPerCall: round(cpuMs / rest.calls, 3),
      p50Ms: rest.p50Ms,
      p99Ms: rest.p99Ms,
      socketsOpened: seenAfterEnd.opened,
      socketsAtMost: seenAfterEnd.most,
      rssGrowthAtMostMb: megabytes(peak, before.rssBytes),
      afterWork: left(after, seenAfterWork.open),
      afterEnd: left(ended.after, seenAfterEnd.open)
    }
    return { figures, trace }
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({
      duration: "90 seconds",
      onTimeout: () => new BenchError({ reason: "Program", detail: "not done after 90 s" })
    }),
    // Running out of memory or descriptors is a result, not a failure.
    Effect.either
  )

type Measured = Effect.Effect.Success<ReturnType<typeof measure>>

interface Level {
  readonly concurrency: number
  readonly runs: Readonly<Record<Name, Measured>>
}

/** Alternates which way goes first, from level to level. */
const levels = (calls: number, server: Server) =>
  Effect.forEach(LEVELS, (concurrency, i) =>
    Effect.gen(function*() {
      const order = i % 2 === 0 ? NAMES : NAMES.toReversed()
      const runs = yield* Effect.forEach(
        order,
        (way) => Effect.map(measure({ way, concurrency, calls, server }), (run) => [way, run] as const)
      )
      return { concurrency, runs: Object.fromEntries(runs) as Record<Name, Measured> } satisfies Level
    }))

const HEADS =
  "at a time|way|clients|built in|sockets|at most|after work|at the end|requests/s|CPU/call|p50|p99|RSS at most|after work|at the end|failed"
    .split("|")

const row = (concurrency: number, way: Name, run: Measured): ReadonlyArray<string> => {
  const name = [number(concurrency), LABELS[way]]
  if (Either.isLeft(run)) return [...name, run.left.message]
  const of = run.right.figures
  const failures = Object.entries(of.failures).map(([code, n]) => `${number(n)} ${code}`).join(", ")
  const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0)
  return [
    ...name,
    number(of.clients),
    `${ms(of.buildMs)} ms`,
    number(of.socketsOpened),
    number(of.socketsAtMost),
    `${number(of.afterWork.sockets)} / ${number(of.afterWork.socketsAtServer)}`,
    `${number(of.afterEnd.sockets)} / ${number(of.afterEnd.socketsAtServer)}`,
    number(of.requestsPerSecond),
    `${of.cpuMsPerCall.toFixed(2)} ms`,
    `${ms(of.p50Ms)} ms`,
    `${ms(of.p99Ms)} ms`,
    ...[of.rssGrowthAtMostMb, of.afterWork.rssGrowthMb, of.afterEnd.rssGrowthMb].map((mb) => `${number(round(mb))} MB`),
    failures === "" ? "0" : failures
  ]
}

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = HEADS.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)))
  return rows.map((cells) => cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("  ").trimEnd()).join("\n")
}

const writePlots = (folder: string, measured: ReadonlyArray<Level>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { svg } = yield* Effect.promise(() => import("./reuse/plots.ts"))
    const linesOf = (value: (sockets: number, bytes: number) => number): Plot["lines"] =>
      measured.flatMap(({ concurrency, runs }) =>
        NAMES.flatMap((way) =>
          Either.match(runs[way], {
            onLeft: () => [],
            onRight: ({ trace: { samples, workedAtMs } }) => [{
              way,
              concurrency,
              workedAt: workedAtMs / 1_000,
              points: samples.map(([ms, sockets, bytes]) => [ms / 1_000, value(sockets, bytes)] as const)
            }]
          })
        )
      )
    const sockets = svg({
      title: "Sockets open in the client; the dot is when its calls are done",
      unit: "sockets",
      lines: linesOf((sockets) => sockets)
    })
    const memory = svg({
      title: "Resident memory of the client; the dot is when its calls are done",
      unit: "MB",
      lines: linesOf((_, bytes) => bytes / 1e6)
    })
    yield* fs.makeDirectory(folder, { recursive: true })
    yield* fs.writeFileString(path.join(folder, "reuse-sockets.svg"), sockets)
    yield* fs.writeFileString(path.join(folder, "reuse-memory.svg"), memory)
  })

const clientCommand = Cli.make("client", {
  way: Options.choice("way", NAMES),
  concurrency: Options.integer("concurrency"),
  calls: Options.integer("calls"),
  baseUrl: Options.text("base-url")
}, (options) => Effect.raceFirst(client(options), parentExit)).pipe(
  Cli.withDescription("Started by the benchmark: the process that is measured")
)

const serverCommand = Cli.make(
  "server",
  { delayMs: Options.integer("delay"), identity: Options.optional(Options.text("identity")) },
  (options) => Effect.raceFirst(server(options), parentExit)
).pipe(Cli.withDescription("Started by the benchmark: the models"))

const command = commandOf("reuse", {
  description: "Connections to models: the predecessor's way beside ours",
  options: {
    quick: Options.boolean("quick").pipe(
      Options.withDescription(`${number(QUICK_CALLS)} calls at each level instead of ${number(CALLS)}`)
    ),
    delay: integer("delay", 0, "Milliseconds that the models take for an answer"),
    tls: Options.boolean("tls").pipe(
      Options.withDescription("Over TLS, with a certificate that openssl makes for this run")
    ),
    plots: Options.directory("plots").pipe(
      Options.withDescription("Draw sockets and memory over time in this folder, as SVG"),
      Options.optional
    )
  },
  run: ({ delay, plots, quick, tls }) =>
    Effect.gen(function*() {
      const calls = quick ? QUICK_CALLS : CALLS
      const identity = tls ? Option.some(yield* Identity.make) : Option.none()
      const [measured, ms] = yield* timed(levels(calls, { delayMs: delay, identity }))
      yield* Option.match(plots, { onNone: () => Effect.void, onSome: (folder) => writePlots(folder, measured) })
      const figuresOf = Either.match({
        onLeft: ({ message }: BenchError) => ({ failed: message }),
        onRight: ({ figures }: Either.Either.Right<Measured>) => figures
      })
      const data = {
        node: process.version,
        delayMs: delay,
        tls,
        requestsOfEach: requestsOf(calls),
        seconds: round(ms / 1_000, 1),
        levels: measured.map(({ concurrency, runs }) => ({
          concurrency,
          calls,
          old: figuresOf(runs.old),
          ours: figuresOf(runs.ours)
        }))
      }
      return {
        data,
        text: () => [
          `${number(calls)} calls (${number(requestsOf(calls))} requests) each, answered in ${delay} ms${
            tls ? " over TLS" : ""
          }; Node ${process.version}`,
          table([
            HEADS,
            ...measured.flatMap(({ concurrency, runs }) => NAMES.map((way) => row(concurrency, way, runs[way])))
          ]),
          "sockets after work and at the end (1 s after all is closed or dropped): open in the client / at the server;",
          `RSS: growth of the client's resident memory, after a forced collection but for the most. ${data.seconds} s in all`
        ]
      }
    })
})

main(Cli.withSubcommands(command, [clientCommand, serverCommand]), "reuse")
