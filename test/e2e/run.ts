/**
 * The built programs, and those in programs/, for tests that spawn them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { join } from "node:path"
import { inject } from "vitest"
import { isQuick, root, samples } from "../data.ts"
import { run } from "./program.ts"

export { type Options, type Outcome, type Program, run, start } from "./program.ts"

const dist = join(inject("package"), "dist")
export const main = join(dist, "main.js")
export const hook = join(dist, "hook.js")
export const mcp = join(dist, "mcp.js")

/** `it` or `describe` of what takes longest, which then is there with TEST_RUNS=2 only. */
export const slow = <Register extends (...args: never) => unknown>(register: Register): Register =>
  isQuick ? (() => {}) as unknown as Register : register

/** The program of that name in programs/, as a bundle in `folder`: its path. */
export const bundle = (name: string, folder: string): Effect.Effect<string> => {
  const file = join(folder, `${name}.mjs`)
  return Effect.as(
    Effect.promise(() =>
      build({
        entryPoints: [join(root, "test", "e2e", "programs", `${name}.ts`)],
        outfile: file,
        bundle: true,
        format: "esm",
        platform: "node",
        target: "node20.19",
        logLevel: "warning",
        banner: {
          js:
            "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"
        }
      })
    ),
    file
  )
}

/** An empty home folder, removed at the end. */
export const makeHome = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "claude-memory-e2e-" }), fs.realPath)
)

const imported = join(dist, "..", "imported.db")

/** A home with the samples in its memory: the first that asks for one imports them, the others get a copy of that. */
export const makeImported = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const home = yield* makeHome
  const folder = join(home, ".claude-memory")
  const file = join(folder, "memory.db")
  if (yield* fs.exists(imported)) {
    yield* fs.makeDirectory(folder, { mode: 0o700 })
    yield* fs.copyFile(imported, file)
    return home
  }
  const { code, stderr } = yield* run([main, "import", samples], { home })
  assert.strictEqual(code, 0, stderr)
  // Whole at once, as another process may look for it.
  const copy = `${imported}-${process.pid}`
  yield* fs.copyFile(file, copy)
  yield* fs.rename(copy, imported)
  return home
})

/** What is not in the home of a program that was stopped well: SQLite's log and its index. */
export const leftovers = (names: ReadonlyArray<string>) => names.filter((name) => /-(?:wal|shm|journal)$/.test(name))
