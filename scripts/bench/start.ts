/**
 * Times cold starts of the command line beside a bare Node, and warm searches, and reports the size of the package.
 */
import * as Options from "@effect/cli/Options"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { number } from "../../src/cli/Output.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as Settings from "../../src/settings/Settings.ts"
import {
  BenchError,
  builtMain,
  environment,
  integer,
  median,
  nodeTimed,
  output,
  program,
  progress,
  quantile,
  round,
  samples,
  service,
  temporaryFolder,
  timed,
  warmRounds
} from "../../test/script.ts"
import { QUESTIONS } from "./shared/questions.ts"
import { imported } from "./shared/transcripts.ts"

const WARM_SEARCHES = 150

const coldStarts = (home: string, program: string, rounds: number) =>
  Effect.gen(function*() {
    const msOf = (...args: ReadonlyArray<string>) =>
      Effect.map(nodeTimed(args, { env: environment(home) }), ({ ms }) => ms)
    const starts = Effect.all({
      node: msOf("-e", "0"),
      version: msOf(program, "--version"),
      help: msOf(program, "--help"),
      search: msOf(program, "search", QUESTIONS[0]!, "--all-projects", "--json")
    })
    const all = yield* warmRounds(rounds, () => starts, "start")
    const medianOf = (name: keyof typeof all[number]) => median(all.map((times) => times[name]))
    return {
      nodeMs: round(medianOf("node"), 1),
      versionMs: round(medianOf("version"), 1),
      helpMs: round(medianOf("help"), 1),
      searchMs: round(medianOf("search"), 1),
      searchOverNodeMs: round(medianOf("search") - medianOf("node"), 1)
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

program("start", {
  description: "Time cold starts and warm searches",
  options: {
    rounds: integer("rounds", 10, "Starts of each program, interleaved; medians are given"),
    sizes: Options.boolean("sizes").pipe(Options.withDescription("Pack and install the package too, and weigh it"))
  },
  run: (options) =>
    Effect.gen(function*() {
      const program = yield* builtMain
      const home = yield* temporaryFolder
      const memory = environment(home).CLAUDE_MEMORY_HOME!
      const { units } = yield* Effect.provide(imported(samples), service(memory))
      const cold = yield* coldStarts(home, program, Math.max(1, options.rounds))
      yield* progress("searching")
      const warm = yield* warmSearches.pipe(Effect.provide(service(memory, true)))
      const weighed = options.sizes ? yield* sizes(home) : null
      const data = { units: units.total, rounds: options.rounds, cold, warm, sizes: weighed }
      const ms = (value: number) => `${value.toFixed(0).padStart(6)} ms`
      return {
        data,
        text: () => [
          `medians of ${options.rounds} starts each, interleaved; a memory of ${number(data.units)} units`,
          `node -e 0    ${ms(cold.nodeMs)}`,
          `--version    ${ms(cold.versionMs)}`,
          `--help       ${ms(cold.helpMs)}`,
          `search       ${ms(cold.searchMs)}   (${cold.searchOverNodeMs.toFixed(0)} ms more than bare Node)`,
          `warm search: p50 ${warm.p50Ms} ms, p95 ${warm.p95Ms} ms (${warm.searches} searches in one process)`,
          ...(weighed === null ? [] : [
            `bytes: dist ${number(weighed.distBytes)} (largest chunk ${number(weighed.mainChunkBytes)}), tarball ${
              number(weighed.tarballBytes)
            }, ` +
            `installed with dependencies ${number(weighed.installedBytes)}`
          ])
        ]
      }
    })
})
