import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
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
  /** `<path> | <code>`; when the path ends in a slash, a file name is added. `x` stands for any value. */
  readonly bad: ReadonlyArray<string>
  readonly good: ReadonlyArray<string>
  /** Matches the part of the message that advises what to do instead. */
  readonly advice: RegExp
}

const rules: Record<string, Cases> = {
  names: {
    advice: /: (?:ask for|build|import|log|make it|name each|return|send|src\/process\/Process\.ts|use) /,
    bad: [
      // A lifetime of its own, in several spellings.
      `src/retrieve/ | import * as Scope from "effect/Scope"; const search = x.pipe(Scope.extend(x))`,
      `src/retrieve/ | import * as Lifetime from "effect/Scope"; const S = Lifetime; S["extend"](x, x)`,
      `src/retrieve/ | import { extend as into, type Scope } from "effect/Scope"; into(x, x)`,
      `src/retrieve/ | export { extend } from "effect/Scope"`,
      `src/library.ts | export * as Effect from "effect/Effect"`,
      `src/retrieve/ | const { make } = await import("effect/Scope")`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; export const scope = Effect.scope`,
      `src/retrieve/ | import * as E from "effect/Effect"; x.pipe(E?.["provide"](x(x)))`,
      `src/retrieve/ | import * as E from "effect/Effect"; const { provide } = E`,
      `src/retrieve/ | import * as E from "effect/Effect"; const { ...rest } = E; rest.provide(x)`,
      `src/retrieve/ | import * as E from "effect/Effect"; const F = E; F.provide(x)`,
      `src/retrieve/ | import * as E from "effect/Effect"; x({ E })`,
      `src/retrieve/ | import * as E from "effect/Effect"; E[x](x)`,
      `src/retrieve/ | import * as E from "effect/Effect"; export default E`,
      `src/retrieve/ | import { provide as give } from "effect/Effect"; x.pipe(give(x))`,
      `src/retrieve/ | export { provide } from "effect/Effect"`,
      `src/library.ts | export * from "effect/Effect"`,
      `src/retrieve/ | (await import("effect/Effect")).provide(x)`,
      `src/retrieve/ | const load = () => import("effect/Effect")`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; Effect.acquireRelease(x, x)`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; Effect.forkDaemon(x)`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; Effect.forkIn(x, x)`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; Effect.runtime()`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; Effect.disconnect(x)`,
      `src/retrieve/ | import * as Layer from "effect/Layer"; Layer.buildWithScope(x, x)`,
      `src/retrieve/ | import { scoped } from "effect/Layer"; export const layer = scoped(x, x)`,
      `src/retrieve/ | import * as FiberSet from "effect/FiberSet"; FiberSet.run(x, x)`,
      `src/retrieve/ | import * as RcMap from "effect/RcMap"; RcMap.make(x)`,
      `src/retrieve/ | import * as Queue from "effect/Queue"; Queue.unbounded()`,
      `src/retrieve/ | import * as Stream from "effect/Stream"; Stream.toReadableStream(x)`,
      `src/retrieve/ | import { toAsyncIterable } from "effect/Stream"; toAsyncIterable(x)`,
      `src/retrieve/ | import * as Stream from "effect/Stream"; Stream.provideLayer(x, x)`,
      // Running and ending.
      `src/serve/ | import * as Effect from "effect/Effect"; const { runSync } = Effect`,
      `src/App.ts | import * as Effect from "effect/Effect"; Effect.runPromise(x)`,
      `src/App.ts | import * as ManagedRuntime from "effect/ManagedRuntime"; ManagedRuntime.make(x)`,
      `src/serve/ | import * as Runtime from "effect/Runtime"; Runtime.runFork(x)`,
      `src/cli/ | import { runMain } from "@effect/platform-node/NodeRuntime"; runMain(x)`,
      `src/cli/ | process.exit(1)`,
      `src/cli/ | process.exitCode = 1`,
      `src/cli/ | globalThis.process["exit"]()`,
      `src/cli/ | import { exit } from "node:process"; exit()`,
      `src/cli/ | const { exit } = process`,
      `src/bin/main.ts | process.exit(1)`,
      // Listeners.
      `src/cli/ | process.on("SIGINT", x)`,
      `src/cli/ | process?.once?.("SIGINT", x)`,
      `src/cli/ | const { stdin } = process; stdin.addListener("data", x)`,
      `src/cli/ | const p = process; p.prependListener("exit", x)`,
      `src/mcp/Server.ts | process.stdout.on("error", x)`,
      `src/mcp/Server.ts | const out = process.stdout; out["once"]("drain", x)`,
      `src/mcp/Server.ts | const { on } = process.stdout`,
      // Handles.
      `src/models/ | import { Pool } from "undici"; const open = () => new Pool(x)`,
      `src/models/ | import * as undici from "undici"; new undici.Pool(x)`,
      `src/models/ | import "undici"`,
      `src/models/ | import { Pool } from "@effect/platform-node/Undici"; new Pool(x)`,
      `src/models/ | import * as Undici from "@effect/platform-node/Undici"; class Mine extends Undici.Agent {}`,
      `src/resources/Sqlite.ts | import { Pool } from "@effect/platform-node/Undici"; new Pool(x)`,
      `src/models/ | fetch(x, { x })`,
      `src/models/ | globalThis.fetch(x)`,
      `src/models/ | new WebSocket(x)`,
      `src/models/ | new Worker(x)`,
      `src/models/ | AbortSignal.timeout(1000)`,
      `src/models/ | URL.createObjectURL(x)`,
      `src/index/ | import { QdrantClient } from "@qdrant/js-client-rest"; new QdrantClient({ x })`,
      `src/mcp/ | import { Server } from "@modelcontextprotocol/sdk/server/index.js"; new Server()`,
      `src/mcp/Connection.ts | import { serve } from "@modelcontextprotocol/sdk/server/streamableHttp.js"; serve()`,
      `src/serve/ | import { createServer } from "node:http"; createServer()`,
      `src/serve/ | import * as https from "https"; https.request(x)`,
      `src/serve/ | import * as Http from "@effect/platform-node/NodeHttpServer"; Http.layer(x, { x })`,
      `src/serve/ | import { monitorEventLoopDelay } from "node:perf_hooks"; monitorEventLoopDelay().enable()`,
      `src/capture/ | import { watch } from "node:fs"; watch(x)`,
      `src/capture/ | import * as fs from "node:fs"; fs.createReadStream(x)`,
      `src/capture/ | import fs from "node:fs"; fs.promises.open(x)`,
      `src/capture/ | import { open } from "node:fs/promises"; await open(x)`,
      `src/compress/ | import { Worker } from "node:worker_threads"; new Worker(x)`,
      `src/compress/ | import { execFile } from "node:child_process"; execFile("git")`,
      `src/compress/ | import * as Command from "@effect/platform/Command"; Command.start(Command.make("git"))`,
      `src/compress/ | import { encode } from "some-package"; encode(x)`,
      `src/compress/ | import { encode } from "effect/Stream/internal"; encode(x)`,
      `src/store/ | import { DatabaseSync } from "node:sqlite"; new DatabaseSync(x)`,
      `src/store/ | const load = () => import("@photostructure/sqlite")`,
      `src/store/ | import * as PgClient from "@effect/sql-pg/PgClient"; export const layer = PgClient.layer(x)`,
      `src/compress/ | import { spawn } from "node:child_process"; spawn("git")`,
      `src/resources/Child.ts | import { fork } from "node:child_process"; fork(x)`,
      `src/resources/Server.ts | import { createServer } from "node:http"; createServer()`,
      `src/resources/Watcher.ts | import { Worker } from "node:worker_threads"; new Worker(x)`,
      `src/resources/Watcher.ts | setInterval(x, 10)`,
      `src/inject/ | setTimeout(x, 10)`,
      `src/inject/ | globalThis.setInterval(x, 10)`,
      `src/inject/ | import { setTimeout as sleep } from "node:timers/promises"; await sleep(10)`,
      `src/process/Process.ts | setInterval(x, 10)`,
      // Names that no list can see.
      `src/inject/ | import(x)`,
      `src/inject/ | const load = (name: string) => import("effect/" + name)`,
      `src/inject/ | require("node:fs")`,
      `src/inject/ | import { createRequire } from "node:module"; createRequire(x)("undici")`,
      `src/inject/ | process.getBuiltinModule("node:fs").openSync(x)`,
      `src/inject/ | const { getBuiltinModule } = process`,
      `src/inject/ | eval(x)`,
      `src/inject/ | new Function(x)`,
      `src/inject/ | globalThis[x](x)`,
      `src/inject/ | const g = globalThis; g.fetch(x)`,
      `src/inject/ | import { runInNewContext } from "node:vm"; runInNewContext("gc")`,
      // What hides a scope, a service or a fiber.
      `src/serve/ | import * as Context from "effect/Context"; Context.GenericTag("effect/Scope")`,
      `src/serve/ | import * as FiberRef from "effect/FiberRef"; FiberRef.currentContext`,
      `src/serve/ | import { globalValue } from "effect/GlobalValue"; globalValue("x", x)`,
      `src/serve/ | import * as Schema from "effect/Schema"; Schema.decodePromise(x)`,
      `src/cli/ | import * as NodeContext from "@effect/platform-node/NodeContext"; x(NodeContext.layer)`,
      `src/serve/ | import { open } from "../../tools/net.ts"; open()`,
      `src/serve/ | import pg from "../../node_modules/pg/esm/index.mjs"; pg()`,
      `src/serve/ | signal["addEventListener" as const]("abort", x)`,
      // The environment and the console.
      `src/models/ | const { env } = process`,
      `src/models/ | process["env"]["KEY"]`,
      `src/models/ | import * as Process from "node:process"; Process.env.KEY`,
      `src/process/Process.ts | process.env.HOME`,
      `src/settings/ | import * as ConfigProvider from "effect/ConfigProvider"; ConfigProvider.fromEnv()`,
      `src/models/ | console.log(1)`,
      `src/models/ | globalThis.console.warn(1)`,
      `src/models/ | import * as Console from "effect/Console"; Console.log(1)`,
      `src/models/ | process.stdout.write(x)`,
      // What src/resources keeps to itself.
      `src/store/ | import { acquire } from "../resources/ResourceLedger.ts"; acquire(x)`,
      `src/App.ts | const { acquire } = await import("./resources/acquire.ts")`,
      `src/store/ | export { acquire as open } from "../resources/ResourceLedger.ts"`,
      `src/store/ | import * as Owner from "../resources/Owner.ts"; Owner.composing(x)`,
      `src/library.ts | import { composing } from "./resources/Owner.ts"; composing(x)`,
      `src/store/ | import * as Owner from "../resources/Owner.ts"; x(Owner)`,
      `src/serve/ | import { ResourceLedger } from "../resources/ResourceLedger.ts"; x.provide(ResourceLedger.layer)`,
      `src/serve/ | import { ResourceLedger } from "../resources/ResourceLedger.ts"; const { layerWarning } = ResourceLedger`,
      `src/serve/ | import * as Ledger from "../resources/ResourceLedger.ts"; Ledger.ResourceLedger["layer"]`,
      `src/serve/ | const open = (ledger: Ledger) => ledger.acquire(x)`,
      `src/serve/ | const { adopt } = x`,
      `src/App.ts | this.ledger["acquire"](x)`,
      `src/store/ | import { ledger } from "./Ledger.ts"; ledger?.acquire(x)`,
      `src/retrieve/ | x.pipe(x.forEach(x, { concurrency: "unbounded" }))`,
      `src/retrieve/ | import * as Queue from "effect/Queue"; Queue.unbounded()`,
      `src/retrieve/ | import * as Stream from "effect/Stream"; Stream.accumulate(x)`,
      `src/retrieve/ | import * as Owner from "../resources/Owner.ts"; Owner.run(x)`,
      `src/retrieve/ | void (async () => { for (;;) await x() })()`,
      `src/retrieve/ | export async function* f() { yield await x() }`,
      `src/retrieve/ | export const f = { async go() { await x() } }`
    ],
    good: [
      `src/retrieve/ | import * as Effect from "effect/Effect"; Effect.forkScoped(x); Effect.void.pipe(Effect.scoped); Effect["fork"](x)`,
      `src/retrieve/ | import * as Effect from "effect/Effect"; const { gen, addFinalizer } = Effect; export type R = Effect.Effect.Context<typeof Effect.scope>`,
      `src/retrieve/ | import type * as Scope from "effect/Scope"; export type R = Scope.CloseableScope; export type S = typeof import("effect/Scope")`,
      `src/retrieve/ | import type { Pool } from "undici"; export const send = (pool: Pool) => pool.request({ path: "/" })`,
      `src/retrieve/ | import * as Layer from "effect/Layer"; export const layer = Layer.provide(Layer.effect(x, x), Layer.succeed(x, x))`,
      `src/retrieve/ | import * as Schema from "effect/Schema"; x(Schema); export const { String: Text } = Schema`,
      `src/retrieve/ | import * as Stream from "effect/Stream"; Stream.runDrain(x); x.pipe(Stream.runForEach(x))`,
      `src/retrieve/ | x.extend(1); x.env; x.fetch(x); x.Worker; x.console.log(1); x.open(x)`,
      `src/retrieve/ | export const run = (setTimeout: () => void, process: { exit: () => void }) => { setTimeout(); process.exit() }`,
      `src/retrieve/ | new URL(x).origin; URL.canParse(x); AbortSignal.any([]); Object.entries(x); process.cwd(); Math.max(1, performance.now())`,
      `src/retrieve/ | process.stdout.isTTY; globalThis.structuredClone(x); process.versions.node; undefined; x(import.meta.url)`,
      `src/retrieve/ | const { readFile } = await import("node:fs/promises"); const { helper } = await import("./Helper.ts"); await import("./Other.ts")`,
      `src/retrieve/ | import * as fs from "node:fs"; import { isOurs } from "./Pool.ts"; fs.readFileSync(x); isOurs(fs.constants.O_RDONLY)`,
      `src/App.ts | import * as Effect from "effect/Effect"; import * as Layer from "effect/Layer"; Effect.provide(x, x); Layer.build(x)`,
      `src/resources/ | import * as Scope from "effect/Scope"; import { acquire } from "./acquire.ts"; Scope.extend(acquire(x), x)`,
      `src/resources/monitor/ | import { acquire } from "../acquire.ts"; acquire(x); import { composing } from "../Owner.ts"; composing(x)`,
      `src/resources/HttpPool.ts | import { Pool } from "@effect/platform-node/Undici"; new Pool(x)`,
      `src/resources/SqliteDriver.ts | const a = () => process.getBuiltinModule("node:sqlite")?.DatabaseSync`,
      `src/resources/Child.ts | import { spawn } from "node:child_process"; spawn("git")`,
      `src/resources/Worker.ts | import { Worker } from "node:worker_threads"; new Worker(x)`,
      `src/resources/Timer.ts | const timer = setInterval(x, 10); clearInterval(timer)`,
      `src/resources.ts | export * as Owner from "./resources/Owner.ts"; export { acquire } from "./resources/ResourceLedger.ts"`,
      `src/testing.ts | import * as Owner from "./resources/Owner.ts"; import { ResourceLedger } from "./resources/ResourceLedger.ts"; Owner.composing(ResourceLedger.layer)`,
      `src/library.ts | export * as Owner from "./resources/Owner.ts"; export { ResourceLedger } from "./resources/ResourceLedger.ts"`,
      `src/store/ | import * as Owner from "../resources/Owner.ts"; export const layer = Owner.layer(x, x)`,
      `src/store/ | import { ResourceLedger } from "../resources/ResourceLedger.ts"; const f = function*() { (yield* ResourceLedger).snapshot }`,
      `src/mcp/Stdio.ts | export const start = async () => { await x() }`,
      `src/process/Process.ts | setTimeout(x, 10).unref(); process.on("SIGINT", x); process.exit(1); process.stdin.on("data", x)`,
      `src/mcp/Stdio.ts | x.on("data", x)`,
      `src/mcp/Server.ts | x(process.stdin, process.stdout)`,
      `src/bin/main.ts | process.exitCode = 1; process.stderr.write(x)`,
      `test/ | import { spawn } from "node:child_process"; spawn("node"); setTimeout(run, 10); fetch(url)`,
      `scripts/ | import { execFileSync } from "node:child_process"; execFileSync("git"); setTimeout(run, 10)`
    ]
  },
  "run-functions": {
    advice: /src\/process\/Process\.ts/,
    bad: [
      `test/ | import * as Effect from "effect/Effect"; it("x", () => Effect.runPromise(program))`,
      `test/ | import * as Effect from "effect/Effect"; const { runSync } = Effect`,
      `test/ | import { runFork } from "effect/Effect"; program.pipe(runFork)`,
      `test/ | import * as ManagedRuntime from "effect/ManagedRuntime"; ManagedRuntime.make(layer)`,
      `test/ | runtime.runPromiseExit(program); other["runCallback"](program)`,
      `test/ | import * as NodeRuntime from "@effect/platform-node/NodeRuntime"; NodeRuntime.runMain(program)`,
      `test/ | import { runMain } from "@effect/platform-node/NodeRuntime"; runMain(program)`,
      `test/ | it("x", () => process.exit(1))`,
      `test/ | globalThis.process["exitCode"] = 1`,
      `test/ | import { exit } from "node:process"; exit()`,
      `test/ | import process from "process"; process.abort()`,
      `test/ | const { exit } = process`
    ],
    good: [
      `test/ | import type * as ManagedRuntime from "effect/ManagedRuntime"; export type R = ManagedRuntime.ManagedRuntime<never, never>`,
      `test/ | import * as Process from "../src/process/Process.ts"; Process.runMain(program); process.exitCodes; process.cwd()`,
      `test/ | export const f = (process: { exit: () => void }) => process.exit()`,
      `test/e2e/bundle-child.ts | Effect.runPromise(program); process.exit(0)`,
      `scripts/ | Effect.runPromise(program); process.exit(0)`
    ]
  },
  daemons: {
    advice: /forkScoped/,
    bad: [
      `test/ | it.effect("x", () => Effect.forkDaemon(program))`,
      `test/ | import { forkDaemon as start } from "effect/Effect"; start(program)`,
      `test/ | import * as Effect from "effect/Effect"; const { forkDaemon } = Effect`,
      `scripts/ | Effect.forkDaemon(program)`
    ],
    good: [`test/ | import * as Effect from "effect/Effect"; Effect.forkScoped(program); Effect.fork(program)`]
  },
  environment: {
    advice: /test\/data\.ts/,
    bad: [
      `test/ | process.env.HOME = home`,
      `test/ | const { env } = process`,
      `test/ | import { env } from "node:process"; env.KEY`
    ],
    good: [
      `test/data.ts | process.env.HOME`,
      `scripts/ | process.env.HOME`,
      `test/ | process.cwd(); options.env; export const f = (process: { env: string }) => process.env`
    ]
  },
  console: {
    advice: /Effect\.log/,
    bad: [
      `test/ | console.debug(1)`,
      `test/ | const log = globalThis.console.error`,
      `test/ | import { Console } from "node:console"; new Console(stream)`,
      `test/ | import * as Console from "effect/Console"; Console.log(1)`
    ],
    good: [
      `test/ | Effect.log(1); fake.console.log(1)`,
      `test/ | import * as Console from "effect/Console"; Effect.withConsole({ ...Console.defaultConsole })`,
      `scripts/ | console.log(1)`
    ]
  },
  direction: {
    advice: /go down the floors|give it a floor|spawn the program/,
    bad: [
      `src/domain/ | import type { StoreError } from "../store/MemoryStore.ts"`,
      `src/domain/ | import * as Ledger from "../resources/ResourceLedger.ts"`,
      `src/process/ | import { open } from "../resources/File.ts"`,
      `src/resources/ | import type { Project } from "../domain/Project.ts"`,
      `src/resources/monitor/ | import { version } from "../../process/version.ts"`,
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
      `src/mcp/ | const load = () => import("../App.ts")`,
      `src/mcp/ | import type { Problem } from "../http/Problem.ts"`,
      `src/cli/ | import { MemoryStore } from "../library.ts"`,
      `src/cli/ | import * as Testing from "../testing.ts"`,
      `src/store/ | import { Owner } from "../resources.ts"`,
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
      `src/mcp/ | import { ClaudeMemory } from "../serve/ClaudeMemory.ts"; import * as Failures from "../hook/Failures.ts"`,
      `src/http/ | import { HttpSessions } from "../mcp/HttpSessions.ts"; import { ClaudeMemory } from "../serve/ClaudeMemory.ts"`,
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
      `test/ | import { Effect } from "effect"`,
      `src/models/ | import type { FileSystem } from "@effect/platform"`,
      `test/ | export { SqlClient } from "@effect/sql"`,
      `test/ | const effect = await import("effect")`,
      `src/models/ | import { embed } from "./StaticEmbeddings"`,
      `src/models/ | import { embed } from "./StaticEmbeddings.js"`,
      `src/models/ | export type A = import("./StaticEmbeddings").A`,
      `src/models/ | export * from "./StaticEmbeddings.ts"`,
      `test/ | import { NodeContext } from "@effect/platform-node"`
    ],
    good: [
      `src/models/ | import * as Effect from "effect/Effect"; import { SqlError } from "@effect/sql/SqlError"; import type { Pool } from "undici"`,
      `test/ | import { it } from "@effect/vitest"; import { temporary } from "./postgresServer.mjs"; import data from "./data.json"`
    ]
  },
  exceptions: {
    advice: /\.oxlintrc\.json/,
    bad: [
      `src/models/ | // oxlint-disable-next-line claude-memory/names\nfetch(url)`,
      `src/models/ | fetch(url) // eslint-disable-line claude-memory/names`,
      `test/ | /* eslint-disable claude-memory/console */\nconsole.log(1)`
    ],
    good: [`src/models/ | // Why oxlint-disable claude-memory/names is not allowed.\nexport const a = 1`]
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
  writeFileSync(file, `${code}\ndeclare const x: never\n`)
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

/** A comment that turns the linter off turns off the rule against such comments, too. */
it("no file of src turns a check off", () => {
  for (const name of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue
    const text = readFileSync(join(root, "src", name), "utf8")
    assert.notMatch(
      text,
      /^\s*(?:\/\/|\/?\*).*(?:(?:ox|es)lint-(?:disable|enable)|@ts-(?:ignore|expect-error|nocheck))/m,
      name
    )
  }
})

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
