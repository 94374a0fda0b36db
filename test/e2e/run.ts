/**
 * Paths of the built programs, and bundles of those in programs/, for tests that spawn them.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { build } from "esbuild"
import { join } from "node:path"
import { root, samples } from "../data.ts"
import { dist } from "../package.ts"
import { run } from "./program.ts"

export { type Options, type Outcome, type Program, run, start } from "./program.ts"

export const main = join(dist, "main.js")
export const hook = join(dist, "hook.cjs")
export const mcp = join(dist, "mcp.js")

/** Bundles the program of that name from programs/ into `folder`; returns the bundle's path. */
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

/** An empty home folder, removed when the scope closes. */
export const makeHome = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "claude-memory-e2e-" }), fs.realPath)
)

/** Runs `body` in an empty home of its own. */
export const inHome = <A, E>(
  body: (home: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    return yield* body(yield* makeHome, yield* FileSystem.FileSystem)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const imported = join(dist, "..", "imported.db")

/** A home whose memory holds the samples. The first use imports them; later ones copy that database. */
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
  // Renaming publishes the whole file at once, since another process may look for it.
  const copy = `${imported}-${process.pid}`
  yield* fs.copyFile(file, copy)
  yield* fs.rename(copy, imported)
  return home
})

/** SQLite's log and its index, which a clean stop removes. */
export const leftovers = (names: ReadonlyArray<string>) => names.filter((name) => /-(?:wal|shm|journal)$/.test(name))
