/**
 * Compares a server that sends traces, metrics and logs to a collector with one that does not, loaded in turn: what it answers in a second,
 * the processor's time for an answer, and memory.
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { number } from "../../src/cli/Output.ts"
import { integer, median, program, round, row, samples, temporaryFolder, warmRounds } from "../../test/script.ts"
import { fillProjects, projectsOf } from "./shared/large.ts"
import { load, orders, questionsOf, readingOf, serveCopy } from "./shared/served.ts"

/** Takes what is sent to it and counts the bytes. */
const collector = Effect.acquireRelease(
  Effect.async<{ readonly url: string; readonly bytes: () => number; readonly close: () => void }>((resume) => {
    let bytes = 0
    const server = createServer((request, response) => {
      request.on("data", (part: Buffer) => bytes += part.length).on("end", () => response.end("{}"))
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, bytes: () => bytes, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

/** Milliseconds of the processor that a process has used (Linux, whose clock ticks a hundred times a second). */
const cpuOf = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10
}

program("telemetry", {
  description: "What sending to an OpenTelemetry collector costs a server",
  options: {
    units: integer("units", 2_000, "Size of the memory"),
    seconds: integer("seconds", 5, "Time of each load"),
    rounds: integer("rounds", 6, "Loads of each server")
  },
  run: ({ rounds, seconds, units }) =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* fillProjects(folder, samples, units, projectsOf(20))
      const { bytes, url } = yield* collector
      const off = yield* serveCopy(`${folder}/memory.db`)
      const on = yield* serveCopy(`${folder}/memory.db`, { CLAUDE_MEMORY_OTLP_ENDPOINT: url })
      const requests = orders(yield* questionsOf(off.url, off.headers)).search!
      const loadOf = ({ headers, server, url }: typeof off) =>
        Effect.gen(function*() {
          const before = cpuOf(server.pid!)
          const { ok, perSecond } = yield* load({ url, headers, requests, connections: 4, seconds })
          return { perSecond, cpuMs: (cpuOf(server.pid!) - before) / ok }
        })
      const pairs = yield* warmRounds(rounds, (i) =>
        Effect.gen(function*() {
          // By turns the first.
          if (i % 2 === 0) return { off: yield* loadOf(off), on: yield* loadOf(on) }
          const first = yield* loadOf(on)
          return { off: yield* loadOf(off), on: first }
        }))
      const sentKb = bytes() / 1_000
      const of = (name: "off" | "on", figure: "cpuMs" | "perSecond") => median(pairs.map((pair) => pair[name][figure]))
      const rss = { off: readingOf(off.server.pid!).rssMb, on: readingOf(on.server.pid!).rssMb }
      const rows = [
        { name: "searches a second", off: of("off", "perSecond"), on: of("on", "perSecond") },
        { name: "ms of CPU each", off: of("off", "cpuMs"), on: of("on", "cpuMs") },
        { name: "MB resident", ...rss }
      ].map((each) => ({ ...each, ratio: each.on / each.off }))
      return {
        data: { units, seconds, rounds, rows, pairs, sentKb },
        text: () => [
          `${number(units)} memories; medians of ${rounds} loads by 4 connections, ${seconds} s each, in turn`,
          row("", 20, ["off", "on", "on / off"], 10),
          ...rows.map(({ name, off, on, ratio }) =>
            row(name, 20, [round(off), round(on), Math.round(ratio * 100) / 100], 10)
          ),
          `${number(Math.round(sentKb))} kB were sent to the collector`
        ]
      }
    })
})
