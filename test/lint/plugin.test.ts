import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { environment, root } from "../data.ts"

/**
 * Snippets by rule. Each is a file of its own, in a tree laid out like the repository, and is linted with the
 * repository's configuration. For `bad` the rule must report, and no other rule; for `good` none of our rules may.
 */
interface Cases {
  /** `<path> | <code>`; when the path ends in a slash, a file name is added. */
  readonly bad: ReadonlyArray<string>
  readonly good: ReadonlyArray<string>
  /** Matches the part of the message that advises what to do instead. */
  readonly advice: RegExp
}

const inLedger = (code: string) => `ledger.acquire({ kind: "pool", open: Effect.sync(() => ${code}), close })`

const rules: Record<string, Cases> = {
  handles: {
    advice: /ledger\.acquire|Effect\.sleep|dispatcher|name what you need/,
    bad: [
      `src/models/ | import { Pool } from "undici"; const pool = new Pool(origin)`,
      `src/models/ | import { Pool as P } from "undici"; const open = () => new P(origin)`,
      `src/models/ | import * as undici from "undici"; undici["Pool"].prototype`,
      `src/models/ | import undici from "undici"; new undici.Client(origin)`,
      `src/models/ | import * as undici from "undici"; const { Agent } = undici`,
      `src/models/ | import * as undici from "undici"; use(undici)`,
      `src/models/ | import { Agent } from "undici"; class Mine extends Agent {}`,
      `src/models/ | import { request } from "undici"; request(url, { method: "POST" })`,
      `src/models/ | export { Pool } from "undici"`,
      `src/models/ | const pool = new (await import("undici")).Pool(origin)`,
      `src/models/ | const { Pool } = await import("undici")`,
      `src/models/ | const load = () => import("undici")`,
      `src/models/ | fetch(url)`,
      `src/models/ | globalThis.fetch(url, { method: "POST" })`,
      `src/models/ | const key = AbortSignal.timeout(1000)`,
      `src/models/ | new WebSocket(url); new EventSource(url)`,
      // Handles are allowed only in the arguments of `acquire`, and only of the ledger's.
      `src/models/ | import { Pool } from "undici"; const open = Effect.sync(() => new Pool(o)); ledger.acquire({ open, close })`,
      `src/models/ | import { Pool } from "undici"; semaphore.acquire({ open: () => new Pool(o) })`,
      `src/models/ | import { Pool } from "undici"; ledger.snapshot(() => new Pool(o))`,
      `src/models/ | import { Pool } from "undici"; Effect.acquireRelease(Effect.sync(() => new Pool(o)), close)`,
      `src/serve/ | import { createServer } from "node:http"; const server = createServer()`,
      `src/serve/ | import * as https from "https"; https.request(url)`,
      `src/serve/ | import * as Net from "node:net"; Net.connect(1)`,
      `src/serve/ | import * as Server from "@effect/platform-node/NodeHttpServer"; const layer = Server.layer(make, { port })`,
      `src/capture/ | import { watch } from "node:fs"; watch(folder)`,
      `src/capture/ | import * as fs from "node:fs"; fs.createReadStream(file)`,
      `src/capture/ | import fs from "fs"; fs.promises.open(file)`,
      `src/capture/ | import { promises } from "node:fs"; promises.open(file)`,
      `src/capture/ | import { open } from "node:fs/promises"; const file = await open(path)`,
      `src/capture/ | const { open } = await import("node:fs/promises")`,
      `src/capture/ | const fs = process.getBuiltinModule("node:fs"); fs.openSync(file)`,
      `src/capture/ | const file = require("fs").openSync(path)`,
      `src/capture/ | const open = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.open(path))`,
      `src/capture/ | const fs = yield_(FileSystem); Stream.runDrain(fs.watch(folder))`,
      `src/compress/ | import { Worker } from "node:worker_threads"; new Worker(url)`,
      `src/compress/ | new Worker(url)`,
      `src/compress/ | import { execFile } from "node:child_process"; execFile("git")`,
      `src/compress/ | import * as Command from "@effect/platform/Command"; Command.string(Command.make("git"))`,
      `src/store/ | import { DatabaseSync } from "node:sqlite"; new DatabaseSync(file)`,
      `src/store/ | const { DatabaseSync } = await import("node:sqlite")`,
      `src/store/ | const load = () => import("@photostructure/sqlite")`,
      `src/store/ | import * as PgClient from "@effect/sql-pg/PgClient"; export const layer = PgClient.layer(config)`,
      `src/inject/ | setTimeout(run, 10)`,
      `src/inject/ | const timer = globalThis.setInterval(run, 10)`,
      `src/inject/ | import { setTimeout as sleep } from "node:timers/promises"; await sleep(10)`,
      `src/inject/ | import { setImmediate } from "timers"; setImmediate(run)`,
      `src/process/Process.ts | setInterval(run, 10)`,
      `src/bin/hook.ts | setTimeout(run, 10)`
    ],
    good: [
      `src/models/ | import { Pool } from "undici"; const pool = ${inLedger("new Pool(origin, { connections: 4 })")}`,
      `src/models/ | import { Pool } from "undici"; class Models { open() { return this.ledger.adopt("pool", "x", new Pool(o)) } }`,
      `src/models/ | import { Pool } from "undici"; const f = function*() { yield* (yield* ResourceLedger).acquire({ open: () => new Pool(o) }) }`,
      `src/models/ | import type { Pool } from "undici"; export const send = (pool: Pool) => pool.request({ path: "/" })`,
      `src/models/ | import { Pool, type Client } from "undici"; export let of: Pool | Client | typeof Pool | InstanceType<typeof Pool>`,
      `src/models/ | import * as undici from "undici"; export const isOurs = (e: undici.Pool) => e instanceof undici.errors.UndiciError`,
      `src/models/ | import { fetch } from "undici"; const answer = fetch(url, { dispatcher: pool, signal })`,
      `src/models/ | fetch(url, { dispatcher })`,
      `src/models/ | import { Pool } from "./Pool.ts"; new Pool(origin)`,
      `src/models/ | export const run = (setTimeout: () => void, fetch: () => void) => { setTimeout(); fetch() }`,
      `src/models/ | const { errors } = await import("undici"); const { readFile } = await import("node:fs/promises")`,
      `src/models/ | clearTimeout(timer); Effect.sleep("1 second"); AbortSignal.any([]); client.fetch(url); api.Worker`,
      `src/serve/ | import { createServer } from "node:http"; ledger.adopt("server", "http", NodeHttpServer.make(() => createServer(), { port }))`,
      `src/serve/ | import * as Server from "@effect/platform-node/NodeHttpServer"; ledger.adopt("server", "http", Server.make(make, { port }))`,
      `src/serve/ | import { STATUS_CODES, type Server } from "node:http"; import { isIP } from "node:net"; isIP(STATUS_CODES[200])`,
      `src/capture/ | import * as fs from "node:fs"; fs.readFileSync(file); fs.promises.readFile(file); fs.constants.O_RDONLY`,
      `src/capture/ | ledger.adopt("file", path, fs.open(path, { flag: "r" })); fs.readFile(path); window.open; db.open()`,
      `src/compress/ | import { isMainThread } from "node:worker_threads"; isMainThread`,
      `src/resources/Sqlite.ts | const a = async () => (await import("node:sqlite")).DatabaseSync; const b = () => import("@photostructure/sqlite")`,
      `src/process/Process.ts | setTimeout(run, 10).unref(); process.exit(1); NodeRuntime.runMain(effect)`,
      `src/web/ | fetch(url); setInterval(run, 10); new WebSocket(url)`,
      `test/ | import { spawn } from "node:child_process"; spawn("node"); setTimeout(run, 10)`,
      `scripts/ | import { execFileSync } from "node:child_process"; execFileSync("git"); setTimeout(run, 10)`
    ]
  },
  "run-functions": {
    advice: /src\/process\/Process\.ts/,
    bad: [
      `src/serve/ | import * as Effect from "effect/Effect"; Effect.runPromise(program)`,
      `src/serve/ | import * as Effect from "effect/Effect"; const { runSync } = Effect`,
      `src/serve/ | import { runFork } from "effect/Effect"; program.pipe(runFork)`,
      `src/serve/ | import * as Runtime from "effect/Runtime"; const run = Runtime.runFork(runtime)`,
      `src/serve/ | import * as ManagedRuntime from "effect/ManagedRuntime"; ManagedRuntime.make(layer)`,
      `src/serve/ | runtime.runPromiseExit(program); other["runCallback"](program)`,
      `src/cli/ | import * as NodeRuntime from "@effect/platform-node/NodeRuntime"; NodeRuntime.runMain(program)`,
      `src/cli/ | import { runMain } from "@effect/platform-node/NodeRuntime"; runMain(program)`,
      `src/cli/ | process.exit(1)`,
      `src/cli/ | process.exitCode = 1`,
      `src/cli/ | globalThis.process["exit"]()`,
      `src/cli/ | import { exit } from "node:process"; exit()`,
      `src/cli/ | import process from "process"; process.abort()`,
      `src/cli/ | const { exit } = process`,
      `src/bin/main.ts | process.exit(1)`,
      `test/ | it("x", () => Effect.runPromise(program))`,
      `test/ | it("x", () => process.exit(1))`
    ],
    good: [
      `src/serve/ | import * as FiberSet from "effect/FiberSet"; FiberSet.run(set, program); FiberSet.runtime(set)()`,
      `src/serve/ | import * as Stream from "effect/Stream"; Stream.runDrain(stream); stream.pipe(Stream.runForEach(f)); Effect.runtime()`,
      `src/serve/ | import type * as ManagedRuntime from "effect/ManagedRuntime"; export type R = ManagedRuntime.ManagedRuntime<never, never>`,
      `src/cli/ | import { runMain } from "../Process.ts"; runMain(program); process.exitCodes; process.cwd()`,
      `src/cli/ | import * as Process from "../Process.ts"; Process.runMain(program)`,
      `src/cli/ | export const f = (process: { exit: () => void }) => process.exit()`,
      `test/e2e/bundle-child.ts | Effect.runPromise(program); process.exit(0)`,
      `scripts/ | Effect.runPromise(program); process.exit(0)`
    ]
  },
  daemons: {
    advice: /forkScoped/,
    bad: [
      `src/serve/ | import * as Effect from "effect/Effect"; Effect.forkDaemon(program)`,
      `src/serve/ | import { forkDaemon } from "effect/Effect"; program.pipe(forkDaemon)`,
      `src/serve/ | import { forkDaemon as start } from "effect/Effect"; start(program)`,
      `src/serve/ | import * as Effect from "effect/Effect"; const { forkDaemon } = Effect`,
      `test/ | it.effect("x", () => Effect.forkDaemon(program))`,
      `scripts/ | Effect.forkDaemon(program)`
    ],
    good: [`src/serve/ | import * as Effect from "effect/Effect"; Effect.forkScoped(program); Effect.fork(program)`]
  },
  environment: {
    advice: /src\/settings/,
    bad: [
      `src/models/ | const key = process.env.OPENAI_API_KEY`,
      `src/models/ | const key = process["env"]["KEY"]`,
      `src/models/ | const { env } = process`,
      `src/models/ | globalThis.process.env`,
      `src/models/ | import { env } from "node:process"; env.KEY`,
      `src/models/ | import * as Process from "node:process"; Process.env.KEY`,
      `src/process/Process.ts | process.env.HOME`,
      `test/ | process.env.HOME = home`
    ],
    good: [
      `src/settings/Settings.ts | process.env.HOME`,
      `test/data.ts | process.env.HOME`,
      `scripts/ | process.env.HOME`,
      `src/models/ | process.cwd(); options.env; export const f = (process: { env: string }) => process.env`
    ]
  },
  console: {
    advice: /writeStdout/,
    bad: [
      `src/models/ | console.log(1)`,
      `src/models/ | const log = console.error`,
      `src/models/ | globalThis.console.warn(1)`,
      `src/models/ | import { Console } from "node:console"; new Console(stream)`,
      `src/models/ | import * as Console from "effect/Console"; Console.log(1)`,
      `src/web/ | console.log(1)`,
      `test/ | console.debug(1)`
    ],
    good: [
      `src/models/ | Effect.log(1); fake.console.log(1)`,
      `src/models/ | import * as Console from "effect/Console"; Effect.withConsole({ ...Console.defaultConsole })`,
      `src/models/ | import type * as Console from "effect/Console"; export let one: Console.Console`,
      `scripts/ | console.log(1)`
    ]
  },
  direction: {
    advice: /go down the floors|give it a floor|spawn the program/,
    bad: [
      `src/domain/ | import type { StoreError } from "../store/MemoryStore.ts"`,
      `src/domain/ | import * as Ledger from "../resources/ResourceLedger.ts"`,
      `src/resources/monitor/ | import { MemoryStore } from "../../store/MemoryStore.ts"`,
      `src/store/ | import { Retriever } from "../retrieve/Retriever.ts"`,
      `src/store/sql/ | import { VectorIndex } from "../../index/VectorIndex.ts"`,
      `src/models/ | import { Collector } from "../capture/Collector.ts"`,
      `src/capture/ | import { Compressor } from "../compress/Compressor.ts"`,
      `src/index/ | import { Compressor } from "../compress/Compressor.ts"`,
      `src/retrieve/ | export type A = import("../inject/Injector.ts").Injector`,
      `src/inject/ | import * as App from "../App.ts"`,
      `src/Pipeline.ts | import { Retriever } from "./retrieve/Retriever.ts"`,
      `src/settings/ | const load = () => import("../App.ts")`,
      `src/hook/ | import { ClaudeMemory } from "../serve/ClaudeMemory.ts"`,
      `src/serve/ | export { service } from "../App.ts"`,
      `src/cli/ | import * as Mcp from "../mcp/Server.ts"`,
      `src/cli/ | import { MemoryStore } from "../library.ts"`,
      `src/cli/ | import * as Testing from "../testing.ts"`,
      `src/utils/ | import type { Project } from "../domain/Project.ts"`,
      `src/Helper.ts | import type { Project } from "./domain/Project.ts"`,
      `test/ | import { bundle } from "../scripts/bundle.mjs"`,
      `test/leaks/ | const bundler = await import("../../scripts/bundle.mjs")`,
      `src/process/ | import { root } from "../../scripts/bundle.mjs"`,
      `src/process/ | export type A = import("../../test/script.ts").Answer`
    ],
    good: [
      `src/domain/ | import type { Project } from "./Project.ts"; import * as Effect from "effect/Effect"`,
      `src/models/providers/ | import * as Lazy from "../../resources/Lazy.ts"; import { Budget } from "../Budget.ts"`,
      `src/capture/redact/ | import { MemoryStore } from "../../store/MemoryStore.ts"; import type { A } from "../transcript/A.ts"`,
      `src/retrieve/ | import { VectorIndex } from "../index/VectorIndex.ts"; import { ModelManager } from "../models/ModelManager.ts"`,
      `src/inject/ | import { Retriever } from "../retrieve/Retriever.ts"; import * as Tokens from "../domain/Tokens.ts"`,
      `src/serve/ | import * as Pipeline from "../Pipeline.ts"; import { Injector } from "../inject/Injector.ts"`,
      `src/mcp/ | import * as App from "../App.ts"; import { ClaudeMemory } from "../serve/ClaudeMemory.ts"`,
      `src/bin/main.ts | const { run } = await import("../cli/Cli.ts")`,
      `test/store/ | import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"`,
      `test/leaks/ | import { timed } from "../script.ts"; import { packageFile } from "../../src/settings/Settings.ts"`,
      `scripts/bench/ | import { timed } from "../../test/script.ts"; import { bundle } from "../bundle.mjs"`
    ]
  },
  adapters: {
    advice: /is an adapter: depend on the port/,
    bad: [
      `src/store/ | export { layer } from "./sqlite/SqliteStore.ts"`,
      `src/store/postgres/ | import { migrate } from "../sqlite/migrations.ts"`,
      `src/models/ | import { layer } from "./providers/Providers.ts"`,
      `src/models/sqlite/ | import { layer } from "../providers/Providers.ts"`,
      `src/index/qdrant/ | import { SqliteFile } from "../../store/sqlite/SqliteFile.ts"`,
      `src/compress/extractive/ | import { layer } from "../abstractive/Abstractive.ts"`,
      `src/serve/ | const store = await import("../store/postgres/PostgresStore.ts")`,
      `src/cli/ | export type A = import("../index/qdrant/QdrantClient.ts").QdrantOptions`,
      `src/Pipeline.ts | import * as Extractive from "./compress/extractive/Extractive.ts"`,
      `src/bin/main.ts | import * as SqliteStore from "../store/sqlite/SqliteStore.ts"`
    ],
    good: [
      `src/store/sqlite/ | import { MemoryStore } from "../MemoryStore.ts"; import { rows } from "./SqliteFile.ts"`,
      `src/store/sqlite/ | import { make } from "../sql/Writes.ts"`,
      `src/index/sqlite/ | import { SqliteFile } from "../../store/sqlite/SqliteFile.ts"`,
      `src/compress/abstractive/ | import * as Extractive from "../extractive/Extractive.ts"`,
      `src/compress/extractive/ | import { sentences } from "../text/Text.ts"`,
      `src/App.ts | import * as SqliteStore from "./store/sqlite/SqliteStore.ts"`,
      `src/testing.ts | import * as Extractive from "./compress/extractive/Extractive.ts"`,
      `src/library.ts | export * as SqliteStore from "./store/sqlite/SqliteStore.ts"`,
      `src/bin/HookLocal.ts | import { SqliteFile } from "../store/sqlite/SqliteFile.ts"`
    ]
  },
  imports: {
    advice: /import the module|ending|\.ts/,
    bad: [
      `src/models/ | import { Effect } from "effect"`,
      `src/models/ | import type { FileSystem } from "@effect/platform"`,
      `src/models/ | export { SqlClient } from "@effect/sql"`,
      `src/models/ | const effect = await import("effect")`,
      `src/models/ | import { embed } from "./StaticEmbeddings"`,
      `src/models/ | import { embed } from "./StaticEmbeddings.js"`,
      `src/models/ | export type A = import("./StaticEmbeddings").A`,
      `src/models/ | export * from "./StaticEmbeddings.ts"`,
      `test/ | import { NodeContext } from "@effect/platform-node"`
    ],
    good: [
      `src/models/ | import * as Effect from "effect/Effect"; import { SqlError } from "@effect/sql/SqlError"; import { Pool } from "undici"`,
      `test/ | import { it } from "@effect/vitest"; import { temporary } from "./postgresServer.mjs"; import data from "./data.json"`
    ]
  },
  exceptions: {
    advice: /\.oxlintrc\.json/,
    bad: [
      `src/models/ | // oxlint-disable-next-line claude-memory/handles\nfetch(url)`,
      `src/models/ | fetch(url) // eslint-disable-line claude-memory/handles`,
      `src/models/ | /* eslint-disable claude-memory/console */\nconsole.log(1)`
    ],
    good: [`src/models/ | // Why oxlint-disable claude-memory/handles is not allowed.\nexport const a = 1`]
  }
}

interface Report {
  readonly code?: string
  readonly filename: string
  readonly message: string
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), "claude-memory-lint-")))
const codes = new Map<string, string>()

/** Writes a case to its file. If another case has that path, the file goes into the next tree. */
const write = (text: string): string => {
  const [path = "", code = ""] = text.split(/ \| (.*)/s)
  const name = path.endsWith("/") ? `${path}Case${codes.size}.ts` : path
  let tree = 0
  while (codes.has(join(folder, String(tree), name))) tree++
  const file = join(folder, String(tree), name)
  codes.set(file, code)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${code}\n`)
  return file
}

const lint = (tree: string): ReadonlyArray<Report> => {
  mkdirSync(join(tree, "scripts"), { recursive: true })
  symlinkSync(join(root, "scripts", "lint"), join(tree, "scripts", "lint"))
  copyFileSync(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"))
  const oxlint = join(root, "node_modules", "oxlint", "bin", "oxlint")
  const { stderr, stdout } = spawnSync(process.execPath, [oxlint, "--format=json"], {
    cwd: tree,
    env: environment(folder),
    encoding: "utf8"
  })
  assert(stdout.startsWith("{"), `${stdout}${stderr}`)
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: ReadonlyArray<Report> }
  return diagnostics.map((report) => ({ ...report, filename: join(tree, report.filename) }))
}

let reports: ReadonlyArray<Report> = []
/** Reports for a case: by one of our rules, or because the code cannot be parsed. */
const reported = (file: string | undefined) =>
  reports.filter(({ code, filename }) => filename === file && (code ?? "claude-memory").startsWith("claude-memory"))

beforeAll(() => {
  reports = readdirSync(folder).flatMap((tree) => lint(join(folder, tree)))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

for (const [rule, { advice, bad, good }] of Object.entries(rules)) {
  describe(rule, () => {
    it.each(bad.map((text) => [text, write(text)]))("reports %s", (_, file) => {
      const found = reported(file)
      assert.deepStrictEqual([...new Set(found.map(({ code }) => code))], [`claude-memory(${rule})`])
      for (const { message } of found) assert.match(message, advice)
    })

    it.each(good.map((text) => [text, write(text)]))("accepts %s", (_, file) => {
      assert.deepStrictEqual(reported(file), [])
    })
  })
}
