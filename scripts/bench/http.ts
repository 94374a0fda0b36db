/**
 * Loads the HTTP server from a second process: how many requests it answers in a second, and how fast, by 1, 16 and 128 connections; what
 * memory and descriptors a long load leaves; and which requests are lost when it ends under load.
 */
// It speaks HTTP as any client does.
// @effect-diagnostics globalFetchInEffect:off
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ChildProcess } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { number } from "../../src/cli/Output.ts"
import * as Settings from "../../src/settings/Settings.ts"
import {
  builtMain,
  environment,
  exitCodeOf,
  integer,
  program,
  progress,
  round,
  row,
  samples,
  startNode,
  temporaryFolder
} from "../../test/script.ts"
import { fillProjects, projectsOf } from "./shared/large.ts"

const CONNECTIONS = [1, 16, 128] as const

const Loaded = Schema.parseJson(Schema.Struct({
  ok: Schema.Number,
  errors: Schema.Number,
  timeouts: Schema.Number,
  non2xx: Schema.Number,
  statuses: Schema.Record({ key: Schema.String, value: Schema.Struct({ count: Schema.Number }) }),
  perSecond: Schema.Number,
  latency: Schema.Struct({ p50: Schema.Number, p99: Schema.Number })
}))

const Gone = Schema.parseJson(Schema.Struct({
  answered: Schema.Number,
  refused: Schema.Number,
  lost: Schema.Number,
  codes: Schema.Record({ key: Schema.String, value: Schema.Number })
}))

interface Request {
  readonly method: "POST"
  readonly path: string
  readonly body: string
}

const textOf = (child: ChildProcess) =>
  Effect.async<string>((resume) => {
    let text = ""
    child.stdout?.setEncoding("utf8").on("data", (part: string) => text += part)
    child.stdout?.once("end", () => resume(Effect.succeed(text)))
  })

const until = (child: ChildProcess, stream: "stderr" | "stdout", wanted: string) =>
  Effect.async<string>((resume) => {
    let text = ""
    child[stream]?.setEncoding("utf8").on("data", (part: string) => {
      text += part
      if (text.includes(wanted)) resume(Effect.succeed(text))
    })
  })

const loader = Settings.packageFile("scripts", "bench", "shared", "load.mjs")

const startLoad = (order: object) =>
  Effect.map(startNode([loader], { stdio: ["pipe", "pipe", "pipe"] }), (child) => {
    child.stdin?.end(JSON.stringify(order))
    return child
  })

const load = (order: object) =>
  Effect.scoped(Effect.flatMap(startLoad(order), textOf)).pipe(Effect.flatMap(Schema.decode(Loaded)))

/** Resident memory in megabytes, and descriptors (Linux). */
const readingOf = (pid: number) => ({
  rssMb: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024 / 1e6,
  descriptors: readdirSync(`/proc/${pid}/fd`).length
})

const post = (path: string, body: object): Request => ({ method: "POST", path, body: JSON.stringify(body) })

const questionsOf = (url: string, headers: Readonly<Record<string, string>>) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/v1/units?project=all&limit=200`, { headers })
    const { units } = (await response.json()) as { readonly units: ReadonlyArray<{ readonly title: string }> }
    return units.map(({ title }) => title.slice(0, 200)).filter((title) => title.length > 10)
  })

const orders = (questions: ReadonlyArray<string>): Readonly<Record<string, ReadonlyArray<Request>>> => ({
  search: questions.map((text) => post("/v1/search", { text, projects: "all", limit: 10 })),
  inject: questions.map((prompt) => post("/memory/inject", { original_prompt: prompt, project_id: "global" })),
  store: questions.map((text, i) =>
    post("/memory/store", { content: `${text}: measured as number ${i}.`, project_id: "measured" })
  )
})

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
      const main = yield* builtMain
      const folder = path.join(Option.isSome(kept) ? kept.value : yield* temporaryFolder, `units-${units}`)
      if (!(yield* fs.exists(path.join(folder, "memory.db")))) {
        yield* fillProjects(folder, samples, units, projectsOf(20))
      }
      const env = environment(yield* temporaryFolder)
      const memory = env.CLAUDE_MEMORY_HOME!
      yield* fs.makeDirectory(memory, { mode: 0o700 })
      yield* fs.copyFile(path.join(folder, "memory.db"), path.join(memory, "memory.db"))

      const server = yield* startNode([main, "serve", "--port", "0", "--json"], {
        env: { ...env, PATH: path.dirname(process.execPath) },
        stdio: ["ignore", "pipe", "inherit"]
      })
      const { url } = JSON.parse(yield* until(server, "stdout", "\n")) as { readonly url: string }
      const token = (yield* fs.readFileString(path.join(memory, "token"))).trim()
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
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
