/**
 * Loads the HTTP server from a second process: how many requests it answers in a second, and how fast, by 1, 16 and 128 connections; what
 * memory and descriptors a long load leaves; and which requests are lost when it ends under load.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { number } from "../../src/cli/Output.ts"
import { exitCodeOf, integer, program, progress, round, row, samples, temporaryFolder } from "../../test/script.ts"
import { fillProjects, projectsOf } from "./shared/large.ts"
import { load, orders, questionsOf, readingOf, serveCopy, startLoad, textOf, until } from "./shared/served.ts"

const CONNECTIONS = [1, 16, 128] as const

const Gone = Schema.parseJson(Schema.Struct({
  answered: Schema.Number,
  refused: Schema.Number,
  lost: Schema.Number,
  codes: Schema.Record({ key: Schema.String, value: Schema.Number })
}))

program("http", {
  description: "Load the HTTP server and measure it",
  options: {
    units: integer("units", 10_000, "Size of the memory"),
    seconds: integer("seconds", 10, "Time of each load"),
    minutes: integer("minutes", 0, "Time of a load whose memory is compared, 0 for none"),
    home: Options.directory("home").pipe(
      Options.withDescription("Folder in which the memory is kept for other runs, and taken from when it is there"),
      Options.optional
    )
  },
  run: ({ home: kept, minutes, seconds, units }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = path.join(Option.isSome(kept) ? kept.value : yield* temporaryFolder, `units-${units}`)
      if (!(yield* fs.exists(path.join(folder, "memory.db")))) {
        yield* fillProjects(folder, samples, units, projectsOf(20))
      }
      const { headers, server, url } = yield* serveCopy(path.join(folder, "memory.db"))
      const requests = orders(yield* questionsOf(url, headers))

      const rows: Array<Readonly<Record<string, number | string>>> = []
      for (const [name, all] of Object.entries(requests)) {
        for (const connections of CONNECTIONS) {
          yield* progress(`${name} by ${connections}`)
          const { errors, latency, non2xx, perSecond, statuses, timeouts } = yield* load({
            url,
            headers,
            requests: all,
            connections,
            seconds
          })
          const refused = Object.entries(statuses).filter(([status]) => !status.startsWith("2"))
          rows.push({
            name,
            connections,
            perSecond: round(perSecond),
            p50Ms: latency.p50,
            p99Ms: latency.p99,
            refused: non2xx,
            statuses: refused.map(([status, { count }]) => `${status}: ${count}`).join(", "),
            errors: errors + timeouts
          })
        }
      }

      const before = readingOf(server.pid!)
      if (minutes > 0) {
        yield* progress(`search and inject for ${minutes} minutes`)
        yield* load({
          url,
          headers,
          requests: [...requests["search"]!, ...requests["inject"]!],
          connections: 16,
          seconds: minutes * 60
        })
        // Connections that are kept end after five seconds.
        yield* Effect.sleep("10 seconds")
      }
      const after = readingOf(server.pid!)

      yield* progress("the end under load")
      const loading = yield* startLoad({
        url,
        headers,
        connections: 16,
        untilGone: true,
        requests: [...requests["search"]!, ...requests["store"]!]
      })
      const counted = yield* Effect.forkScoped(textOf(loading))
      yield* until(loading, "stderr", "begun")
      server.kill("SIGTERM")
      const gone = yield* Schema.decode(Gone)(yield* counted)
      const code = yield* exitCodeOf(server)
      return {
        data: { units, seconds, minutes, rows, before, after, end: { ...gone, code } },
        text: () => [
          `${number(units)} memories; ${seconds} s for each row, from a second process`,
          row("", 8, ["connections", "a second", "p50 ms", "p99 ms", "refused", "errors"], 12),
          ...rows.map(({ connections, errors, name, p50Ms, p99Ms, perSecond, refused, statuses }) =>
            `${row(String(name), 8, [connections!, perSecond!, p50Ms!, p99Ms!, refused!, errors!], 12)}  ${statuses}`
          ),
          `${minutes} minutes of search and inject by 16: ${
            round(before.rssMb)
          } MB and ${before.descriptors} descriptors before, ${round(after.rssMb)} MB and ${after.descriptors} after`,
          `Ended under load by 16: ${gone.answered} answered, ${gone.lost} lost, ${gone.refused} refused after it had ended, exit code ${code}`
        ]
      }
    })
})
