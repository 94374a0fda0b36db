/**
 * Runs the gate, the linter and the compiler over a variant of the sources, in a copy of them.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { cpSync } from "node:fs"
import { packageFile } from "../../src/settings/Settings.ts"
import type { Contributed } from "./contributed.ts"
import { applied, type Variant } from "./variants.ts"

const COPIED = ["src", "scripts", "test", ".oxlintrc.json", "package.json", "tsconfig.json", "tsconfig.node.json"]
const LINKED = ["assets", "node_modules"]

const ENDS_WITHIN = "20 minutes"

const copySources = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-mutant-" })
  for (const each of COPIED) {
    // Below test/claude lies the real Claude Code, of hundreds of megabytes.
    const filter = (from: string) => path.basename(from) !== "node_modules"
    cpSync(packageFile(each), path.join(folder, each), { recursive: true, filter })
  }
  yield* Effect.forEach(LINKED, (each) => fs.symlink(packageFile(each), path.join(folder, each)))
  return folder
})

/** Copies the sources and the checks' settings, with the leak in them; removed when the scope closes. */
export const copy = (variant: Variant) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* copySources
    for (const file of new Set(variant.edits.map((edit) => edit.file))) {
      const text = applied(variant, file, yield* fs.readFileString(packageFile(file)))
      yield* fs.writeFileString(path.join(folder, file), text!)
    }
    return folder
  })

const Answer = Schema.parseJson(Schema.Struct({ ok: Schema.Boolean, failures: Schema.Array(Schema.String) }))

/** First failure of this part of the gate. An end without an answer does not count as a failure found. */
export const byGate = (folder: string, outside: string, part: string, isQuick: boolean) =>
  Command.make(
    process.execPath,
    "scripts/run.mjs",
    "test/leaks/main.ts",
    "--bail",
    "--json",
    "--part",
    part,
    ...(isQuick ? ["--quick"] : [])
  ).pipe(
    Command.workingDirectory(folder),
    // PostgreSQL, which runs as another user, can't reach the folder of this gate.
    Command.env({ TMPDIR: outside }),
    Command.string,
    Effect.timeout(ENDS_WITHIN),
    Effect.flatMap(Schema.decode(Answer)),
    Effect.map(({ failures }) => failures[0] ?? null)
  )

/** The first complaint that a program of the package prints about the copy: the first group of `pattern`. */
const complaint = (folder: string, pattern: RegExp, program: string, ...args: ReadonlyArray<string>) =>
  Command.make(`${folder}/node_modules/.bin/${program}`, ...args).pipe(
    Command.workingDirectory(folder),
    Command.string,
    Effect.map((text) => pattern.exec(text)?.[1] ?? null)
  )

const PROJECT = "tsconfig.leaks.json"

const writeProject = (folder: string, include: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const project = JSON.stringify({ extends: "./tsconfig.node.json", include, compilerOptions: { noEmit: true } })
    yield* fs.writeFileString(path.join(folder, PROJECT), project)
  })

/** Lints with this project's own rules only; rules of style do not matter here. */
export const byLint = (folder: string, files: ReadonlyArray<string>) =>
  complaint(folder, /:\d+:\d+: (.*claude-memory.*)/, "oxlint", "--format=unix", ...new Set(files))

/** Compiles these files and what they import. */
export const byTypes = (folder: string, files: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    yield* writeProject(folder, files)
    return yield* complaint(folder, /error (TS\d+: .*)/, "tsc", "-p", PROJECT, "--pretty", "false")
  })

/** Returns by file the first complaint of a program's output about it. `pattern` has groups `file` and `complaint`. */
const complaints = (output: string, pattern: RegExp): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const { groups } of output.matchAll(pattern)) {
    if (!found.has(groups!["file"]!)) found.set(groups!["file"]!, groups!["complaint"]!)
  }
  return found
}

/** Adds all these modules to one copy of the sources; returns the first complaints of linter and compiler about each. */
export const ofModules = (modules: ReadonlyArray<Contributed>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* copySources
    for (const { file, text } of modules) yield* fs.writeFileString(path.join(folder, file), text)
    yield* writeProject(folder, modules.flatMap(({ file, guard }) => guard === "types" ? [file] : []))
    const output = (program: string, ...args: ReadonlyArray<string>) =>
      Command.make(`${folder}/node_modules/.bin/${program}`, ...args).pipe(
        Command.workingDirectory(folder),
        Command.string
      )
    const files = modules.map(({ file }) => file)
    const [linted, compiled] = yield* Effect.all([
      output("oxlint", "--format=unix", ...files),
      output("tsc", "-p", PROJECT, "--pretty", "false")
    ], { concurrency: 2 })
    const lint = complaints(linted, /^(?<file>\S+?):\d+:\d+: (?<complaint>.*claude-memory.*)$/gm)
    const types = complaints(compiled, /^(?<file>\S+?)\(\d+,\d+\): error (?<complaint>TS\d+: .*)$/gm)
    return modules.map(({ file, name }) => ({ name, lint: lint.get(file) ?? null, types: types.get(file) ?? null }))
  }).pipe(Effect.scoped)
