/**
 * The built programs, and those in programs/, for tests that spawn them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { join } from "node:path"
import { inject } from "vitest"
import { root } from "../data.ts"

export { type Options, type Outcome, type Program, run, start } from "./program.ts"

const dist = join(inject("package"), "dist")
export const main = join(dist, "main.js")
export const hook = join(dist, "hook.js")
export const mcp = join(dist, "mcp.js")

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

/** What is not in the home of a program that was stopped well: SQLite's log and its index. */
export const leftovers = (names: ReadonlyArray<string>) => names.filter((name) => /-(?:wal|shm|journal)$/.test(name))
