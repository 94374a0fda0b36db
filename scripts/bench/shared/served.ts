/**
 * Starts servers for benchmarks and loads them from a second process.
 */
// It speaks HTTP as any client does.
// @effect-diagnostics globalFetchInEffect:off
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ChildProcess } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import * as Settings from "../../../src/settings/Settings.ts"
import { builtMain, environment, startNode, temporaryFolder } from "../../../test/script.ts"

const Loaded = Schema.parseJson(Schema.Struct({
  ok: Schema.Number,
  errors: Schema.Number,
  timeouts: Schema.Number,
  non2xx: Schema.Number,
  statuses: Schema.Record({ key: Schema.String, value: Schema.Struct({ count: Schema.Number }) }),
  perSecond: Schema.Number,
  latency: Schema.Struct({ p50: Schema.Number, p99: Schema.Number })
}))

interface Request {
  readonly method: "POST"
  readonly path: string
  readonly body: string
}

export const textOf = (child: ChildProcess) =>
  Effect.async<string>((resume) => {
    let text = ""
    child.stdout?.setEncoding("utf8").on("data", (part: string) => text += part)
    child.stdout?.once("end", () => resume(Effect.succeed(text)))
  })

export const until = (child: ChildProcess, stream: "stderr" | "stdout", wanted: string) =>
  Effect.async<string>((resume) => {
    let text = ""
    child[stream]?.setEncoding("utf8").on("data", (part: string) => {
      text += part
      if (text.includes(wanted)) resume(Effect.succeed(text))
    })
  })

const loader = Settings.packageFile("scripts", "bench", "shared", "load.mjs")

export const startLoad = (order: object) =>
  Effect.map(startNode([loader], { stdio: ["pipe", "pipe", "pipe"] }), (child) => {
    child.stdin?.end(JSON.stringify(order))
    return child
  })

export const load = (order: object) =>
  Effect.scoped(Effect.flatMap(startLoad(order), textOf)).pipe(Effect.flatMap(Schema.decode(Loaded)))

/** Resident memory in megabytes, and descriptors (Linux). */
export const readingOf = (pid: number) => ({
  rssMb: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024 / 1e6,
  descriptors: readdirSync(`/proc/${pid}/fd`).length
})

const post = (path: string, body: object): Request => ({ method: "POST", path, body: JSON.stringify(body) })

export const questionsOf = (url: string, headers: Readonly<Record<string, string>>) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/v1/units?project=all&limit=200`, { headers })
    const { units } = (await response.json()) as { readonly units: ReadonlyArray<{ readonly title: string }> }
    return units.map(({ title }) => title.slice(0, 200)).filter((title) => title.length > 10)
  })

export const orders = (questions: ReadonlyArray<string>): Readonly<Record<string, ReadonlyArray<Request>>> => ({
  search: questions.map((text) => post("/v1/search", { text, projects: "all", limit: 10 })),
  inject: questions.map((prompt) => post("/memory/inject", { original_prompt: prompt, project_id: "global" })),
  store: questions.map((text, i) =>
    post("/memory/store", { content: `${text}: measured as number ${i}.`, project_id: "measured" })
  )
})

/** Starts `serve` over a copy of the database in that file, with these settings. */
export const serveCopy = (database: string, settings: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const env = environment(yield* temporaryFolder)
    const memory = env.CLAUDE_MEMORY_HOME!
    yield* fs.makeDirectory(memory, { mode: 0o700 })
    yield* fs.copyFile(database, path.join(memory, "memory.db"))
    const server = yield* startNode([yield* builtMain, "serve", "--port", "0", "--json"], {
      env: { ...env, ...settings, PATH: path.dirname(process.execPath) },
      stdio: ["ignore", "pipe", "inherit"]
    })
    const { url } = JSON.parse(yield* until(server, "stdout", "\n")) as { readonly url: string }
    const token = (yield* fs.readFileString(path.join(memory, "token"))).trim()
    return { server, url, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } }
  })
