/**
 * Times cold starts of the command line beside a bare Node, and warm searches, and reports the size of the package.
 */
import * as Cli from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawnSync } from "node:child_process"
import { importFiles } from "../../src/cli/Import.ts"
import { answer, json, number } from "../../src/cli/Output.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Settings from "../../src/settings/Settings.ts"
import {
  BenchError,
  builtMain,
  environment,
  main,
  median,
  output,
  progress,
  quantile,
  round,
  service,
  temporaryFolder,
  timed
} from "../../test/script.ts"
import { QUESTIONS } from "./shared/questions.ts"

const WARM_SEARCHES = 150

/** Times a process from its start to its end, in milliseconds. This process blocks meanwhile. */
const spawned = (home: string, args: ReadonlyArray<string>) =>
  Effect.flatMap(
    timed(Effect.sync(() => spawnSync(process.execPath, args, { env: environment(home), encoding: "utf8" }))),
    ([{ status, stderr }, ms]) =>
      status === 0
        ? Effect.succeed(ms)
        : Effect.fail(
          new BenchError({
            reason: "Program",
            detail: `node ${args.join(" ")} ended with exit code ${status}: ${stderr}`
          })
        )
  )

const coldStarts = (home: string, program: string, rounds: number) =>
  Effect.gen(function*() {
    const programs = {
      node: ["-e", "0"],
      version: [program, "--version"],
      help: [program, "--help"],
      search: [program, "search", QUESTIONS[0]!, "--all-projects", "--json"]
    }
    const times: Record<keyof typeof programs, Array<number>> = { node: [], version: [], help: [], search: [] }
    // The first run of each warms the file cache and is not counted.
    for (let i = 0; i <= rounds; i++) {
      yield* progress(`start ${i} of ${rounds}`)
      for (const name of ["node", "version", "help", "search"] as const) {
        const ms = yield* spawned(home, programs[name])
        if (i > 0) times[name].push(ms)
      }
    }
    const medianOf = (name: keyof typeof programs) => round(median(times[name]), 1)
    return {
      nodeMs: medianOf("node"),
      versionMs: medianOf("version"),
      helpMs: medianOf("help"),
      searchMs: medianOf("search"),
      searchOverNodeMs: round(median(times.search) - median(times.node), 1)
    }
  })

const warmSearches = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const ask = (i: number) =>
    memory.search({ text: QUESTIONS[i % QUESTIONS.length]!, projects: "all", limit: 10, minScore: 0, mode: "hybrid" })
  yield* Effect.forEach(QUESTIONS, (_, i) => ask(i), { discard: true })
  const times: Array<number> = []
  for (let i = 0; i < WARM_SEARCHES; i++) times.push((yield* timed(ask(i)))[1])
  return { searches: times.length, p50Ms: round(quantile(times, 0.5), 2), p95Ms: round(quantile(times, 0.95), 2) }
})

const bytesBelow = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = yield* fs.readDirectory(folder, { recursive: true })
    const infos = yield* Effect.forEach(names, (name) =>
      Effect.map(
        fs.stat(path.join(folder, name)),
        ({ size, type }) => ({ name, bytes: type === "File" ? Number(size) : 0 })
      ))
    return {
      infos,
      bytes: infos.reduce((sum, { bytes }) => sum + bytes, 0)
    }
  })

/** Sizes of dist, of the published tarball, and of an installation with its dependencies. */
const sizes = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const dist = yield* bytesBelow(Settings.packageFile("dist"))
    const npm = (at: string, ...args: ReadonlyArray<string>) =>
      output(
        Command.make(process.platform === "win32" ? "npm.cmd" : "npm", ...args, "--ignore-scripts", "--silent").pipe(
          Command.runInShell(process.platform === "win32"),
          Command.workingDirectory(at),
          // npm takes the registry and certificates from the machine, and uses a cache and settings of its own.
          Command.env({ ...environment(folder), npm_config_cache: path.join(folder, "npm") })
        )
      )
    yield* progress("packing")
    yield* npm(Settings.packageFile(), "pack", "--pack-destination", folder)
    const tarball = (yield* fs.readDirectory(folder)).find((name) => name.endsWith(".tgz"))
    if (tarball === undefined) return yield* new BenchError({ reason: "Program", detail: "npm pack made no tarball" })
    const target = path.join(folder, "installed")
    yield* fs.makeDirectory(target)
    yield* fs.writeFileString(path.join(target, "package.json"), "{}")
    yield* progress("installing")
    yield* npm(target, "install", "--no-audit", "--no-fund", path.join(folder, tarball))
    return {
      distBytes: dist.bytes,
      mainChunkBytes: Math.max(
        ...dist.infos.filter(({ name }) => /^(?!lib\b).*\.js$/.test(name)).map(({ bytes }) => bytes)
      ),
      tarballBytes: Number((yield* fs.stat(path.join(folder, tarball))).size),
      installedBytes: (yield* bytesBelow(path.join(target, "node_modules"))).bytes
    }
  })

const command = Cli.make("start", {
  rounds: Options.integer("rounds").pipe(
    Options.withDescription("Starts of each program, interleaved; medians are given"),
    Options.withDefault(10)
  ),
  sizes: Options.boolean("sizes").pipe(Options.withDescription("Pack and install the package too, and weigh it")),
  json
}, (options) =>
  Effect.gen(function*() {
    const program = yield* builtMain
    const home = yield* temporaryFolder
    const memory = environment(home).CLAUDE_MEMORY_HOME!
    const { units } = yield* Effect.gen(function*() {
      const files = yield* (yield* ClaudeMemory).discover([Settings.packageFile("test", "fixtures", "projects")])
      return yield* importFiles(files, yield* Clock.currentTimeMillis)
    }).pipe(Effect.provide(service(memory)))
    const cold = yield* coldStarts(home, program, Math.max(1, options.rounds))
    yield* progress("searching")
    const warm = yield* warmSearches.pipe(Effect.provide(service(memory, true)))
    const weighed = options.sizes ? Option.some(yield* sizes(home)) : Option.none()
    yield* progress("")
    const data = { units: units.total, rounds: options.rounds, cold, warm, sizes: Option.getOrNull(weighed) }
    const ms = (value: number) => `${value.toFixed(0).padStart(6)} ms`
    yield* answer(options.json, data, () =>
      [
        `medians of ${options.rounds} starts each, interleaved; a memory of ${number(data.units)} units`,
        `node -e 0    ${ms(cold.nodeMs)}`,
        `--version    ${ms(cold.versionMs)}`,
        `--help       ${ms(cold.helpMs)}`,
        `search       ${ms(cold.searchMs)}   (${cold.searchOverNodeMs.toFixed(0)} ms more than bare Node)`,
        `warm search: p50 ${warm.p50Ms} ms, p95 ${warm.p95Ms} ms (${warm.searches} searches in one process)`,
        ...Option.match(weighed, {
          onNone: () => [],
          onSome: ({ distBytes, installedBytes, mainChunkBytes, tarballBytes }) => [
            `bytes: dist ${number(distBytes)} (largest chunk ${number(mainChunkBytes)}), tarball ${
              number(tarballBytes)
            }, ` +
            `installed with dependencies ${number(installedBytes)}`
          ]
        })
      ].join("\n"))
  }).pipe(Effect.scoped)).pipe(Cli.withDescription("Time cold starts and warm searches"))

main(command, "start")
