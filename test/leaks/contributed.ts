/**
 * Modules with a leak, as a contributor would add them to the sources without a thought. Linter or compiler must refuse each.
 */

export interface Contributed {
  readonly name: string
  readonly guard: "lint" | "types"
  /** Path below the package's folder; no other leak has the same. */
  readonly file: string
  readonly text: string
}

const EFFECT = [
  `import * as Effect from "effect/Effect"`,
  `import * as Layer from "effect/Layer"`,
  `import * as Scope from "effect/Scope"`
]

let next = 0

const at = (guard: Contributed["guard"], name: string, lines: ReadonlyArray<string>): Contributed => ({
  name,
  guard,
  file: `src/retrieve/Leak${++next}.ts`,
  text: `${lines.join("\n")}\n`
})

/** A module that uses modules of Effect, those of them that it names. */
const effectful = (name: string, ...lines: ReadonlyArray<string>) =>
  at("lint", name, [...EFFECT.filter((each) => lines.join("\n").includes(`${/as (\w+)/.exec(each)![1]}.`)), ...lines])

const plain = (name: string, ...lines: ReadonlyArray<string>) => at("lint", name, lines)

/** A service whose method needs nothing, as that of a port, and does something that needs more. */
const method = (name: string, imports: string, body: string) =>
  at("types", name, [
    `import * as Effect from "effect/Effect"`,
    imports,
    `import type { StoreError } from "../store/MemoryStore.ts"`,
    `export const search: (query: string) => Effect.Effect<unknown, StoreError> = (query) =>`,
    `  Effect.orDie(${body})`
  ])

export const contributed: ReadonlyArray<Contributed> = [
  // The predecessor's own bug, and its dresses.
  effectful(
    "a pool for each search, in the scope of the layer",
    `import * as HttpPool from "../resources/HttpPool.ts"`,
    `export const make = Effect.gen(function*() {`,
    `  const scope = yield* Effect.scope`,
    `  return { search: (origin: string) => HttpPool.open({ name: "models", origin }).pipe(Scope.extend(scope)) }`,
    `})`
  ),
  effectful(
    "a scope that is passed on under another name",
    `import { extend as within } from "effect/Scope"`,
    `export const search = <A, E, R>(open: Effect.Effect<A, E, R>, owner: Scope.Scope) => within(open, owner)`
  ),
  effectful(
    "a manager of models for each call",
    `import * as LocalModels from "../models/LocalModels.ts"`,
    `import { ModelManager } from "../models/ModelManager.ts"`,
    `export const embed = (file: string, text: string) =>`,
    `  Effect.flatMap(ModelManager, (models) => models.embed([text])).pipe(Effect.provide(LocalModels.layer(file)))`
  ),
  effectful(
    "a layer that is built in a scope of its own",
    `export const build = <A, E, R>(layer: Layer.Layer<A, E, R>) =>`,
    `  Effect.flatMap(Scope.make(), (scope) => Layer.buildWithScope(layer, scope))`
  ),
  effectful(
    "a layer that is turned into a runtime",
    `export const open = (layer: Layer.Layer<never>) => Layer.toRuntime(layer)`
  ),
  plain(
    "a runtime that nobody disposes of",
    `import type * as Layer from "effect/Layer"`,
    `import * as ManagedRuntime from "effect/ManagedRuntime"`,
    `export const open = (layer: Layer.Layer<never>) => ManagedRuntime.make(layer)`
  ),
  effectful(
    "a fiber in a scope of its own",
    `export const start = Effect.flatMap(Scope.make(), Effect.forkIn(Effect.never))`
  ),
  effectful(
    "a set of fibers in a scope of its own",
    `import * as FiberSet from "effect/FiberSet"`,
    `export const start = Effect.flatMap(Effect.scope, (scope) => Effect.succeed([FiberSet.make(), scope]))`
  ),
  effectful("a daemon", `export const start = Effect.forkDaemon(Effect.never)`),
  plain(
    "a fiber that is run beside its parent",
    `import * as Effect from "effect/Effect"`,
    `export const start = () => Effect.runFork(Effect.never)`
  ),
  plain(
    "a fiber of a captured runtime",
    `import * as Effect from "effect/Effect"`,
    `import * as Runtime from "effect/Runtime"`,
    `export const start = Effect.map(Effect.runtime<never>(), (runtime) => Runtime.runFork(runtime)(Effect.never))`
  ),
  plain(
    "a stream as a readable that nobody reads to its end",
    `import * as Stream from "effect/Stream"`,
    `export const open = (stream: Stream.Stream<string>) => Stream.toReadableStream(stream)`
  ),
  plain(
    "a stream as an iterable that is left early",
    `import * as Stream from "effect/Stream"`,
    `export const first = async (stream: Stream.Stream<string>) => {`,
    `  for await (const each of Stream.toAsyncIterable(stream)) return each`,
    `  return undefined`,
    `}`
  ),
  effectful(
    "a ledger of its own",
    `import { ResourceLedger } from "../resources/ResourceLedger.ts"`,
    `export const layer = (inner: Layer.Layer<never, never, ResourceLedger>) => Layer.provide(inner, ResourceLedger.layer)`
  ),
  effectful(
    "a close that closes nothing",
    `import * as Owner from "../resources/Owner.ts"`,
    `export const open = Owner.open({`,
    `  kind: "server",`,
    `  name: "mine",`,
    `  open: Effect.succeed({}),`,
    `  close: () => Effect.void,`,
    `  isGone: () => true,`,
    `  within: "1 second"`,
    `})`
  ),
  plain(
    "an owner that is left open",
    `import * as Owner from "../resources/Owner.ts"`,
    `export const children = Owner.children("mine")`
  ),
  effectful(
    "a layer that a running program may build",
    `import * as Owner from "../resources/Owner.ts"`,
    `export const open = (effect: Effect.Effect<void>) => Owner.composing(effect)`
  ),
  // Handles of Node, and of packages.
  effectful(
    "a descriptor",
    `import { closeSync, openSync } from "node:fs"`,
    `export const open = (path: string) =>`,
    `  Effect.acquireRelease(Effect.sync(() => openSync(path, "r")), (fd) => Effect.sync(() => closeSync(fd)))`
  ),
  plain(
    "a stream of a file",
    `import * as fs from "node:fs"`,
    `export const open = (path: string) => fs.createReadStream(path)`
  ),
  plain(
    "a module by require",
    `import { createRequire } from "node:module"`,
    `export const agent = createRequire(import.meta.url)("node:http").globalAgent`
  ),
  plain("a module by a computed name", `export const load = (name: string): Promise<unknown> => import(name)`),
  plain(
    "a part of a package",
    `import Agent from "undici/lib/dispatcher/agent.js"`,
    `export const agent = new Agent()`
  ),
  plain(
    "a package that is not declared",
    `import got from "got"`,
    `export const ask = () => got("http://127.0.0.1:9")`
  ),
  plain("a listener on the process", `export const listen = () => process.on("SIGTERM", () => {})`),
  plain(
    "a listener on the process, by a name for it",
    `const host = process`,
    `export const listen = () => host.addListener("exit", () => {})`
  ),
  plain(
    "a monitor of the event loop",
    `import { monitorEventLoopDelay } from "node:perf_hooks"`,
    `export const monitor = () => monitorEventLoopDelay().enable()`
  ),
  plain("a timer by a computed name", `export const start = () => (globalThis as never)["setInterval"]`),
  plain("a timer", `export const start = () => setInterval(() => {}, 1_000)`),
  plain("a request of fetch", `export const ask = () => fetch("http://127.0.0.1:9")`),
  plain("a signal with a timer", `export const within = () => AbortSignal.timeout(60_000)`),
  plain("a channel", `export const open = () => new BroadcastChannel("leak")`),
  plain(
    "a resolver of names",
    `import { Resolver } from "node:dns/promises"`,
    `export const open = () => new Resolver()`
  ),
  plain(
    "a worker",
    `const { Worker } = await import("node:worker_threads")`,
    `export const open = () => new Worker("", { eval: true })`
  ),
  plain(
    "a database",
    `import { DatabaseSync } from "node:sqlite"`,
    `export const open = () => new DatabaseSync(":memory:")`
  ),
  plain(
    "a child of Effect's Command",
    `import * as Command from "@effect/platform/Command"`,
    `export const start = Command.start(Command.make("sleep", "60"))`
  ),
  // What the linter lets pass, since each name is allowed: the compiler knows what it needs.
  method(
    "a pool in a call",
    `import * as HttpPool from "../resources/HttpPool.ts"`,
    `HttpPool.open({ name: query, origin: "http://127.0.0.1:9" })`
  ),
  method(
    "a database in a call",
    `import * as Sqlite from "../resources/Sqlite.ts"`,
    `Sqlite.openMemory({ name: query })`
  ),
  method(
    "a file without a scope in a call",
    `import { Files } from "../resources/Files.ts"`,
    `Effect.flatMap(Files, ({ openFile }) => openFile(query))`
  ),
  method(
    "a lazy pool in a call",
    `import * as HttpPool from "../resources/HttpPool.ts"`,
    `HttpPool.make({ connections: 1, origin: query })`
  ),
  method(
    "a watcher in a call",
    `import * as Watcher from "../resources/Watcher.ts"`,
    `Watcher.open({ folder: query, atMost: 1, onEvent: () => {}, onError: () => {} })`
  )
]
