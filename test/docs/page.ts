/**
 * Follows a page of docs/: writes its files into test/example/ of a folder laid out like a clone, and runs them.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { buildSync } from "esbuild"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { inject } from "vitest"
import { root } from "../data.ts"
import { type Outcome, run } from "../e2e/program.ts"
import { dist } from "../package.ts"

export interface Page {
  /** Folder of the page's files. */
  readonly folder: string
  /** Runs one of the page's files to the end. */
  readonly run: (file: string, ...args: ReadonlyArray<string>) => Effect.Effect<Outcome>
  /** Runs its main.ts. */
  readonly main: (...args: ReadonlyArray<string>) => Effect.Effect<Outcome>
  /** A path where nothing exists yet. */
  readonly temporary: (name: string) => string
}

interface File {
  readonly name: string
  readonly code: string
}

export const textOf = (page: string): string => readFileSync(join(root, "docs", `${page}.md`), "utf8")

/** The page's files: its blocks of code, each of which begins with a file name. */
export const filesOf = (page: string): ReadonlyArray<File> => {
  const text = textOf(page)
  const files = [...text.matchAll(/```(?:ts|js|jsonc)\n\/\/ (\S+\.(?:ts|mjs|json))\n([\s\S]*?)```/g)].map(
    ([, name, code]) => ({ name: name!, code: code! })
  )
  const blocks = (text.match(/```(?:ts|js)/g) ?? []).length
  assert.strictEqual(files.length, blocks, `a block of ${page} does not begin with its file's name`)
  return files
}

/** Makes a folder laid out like a clone, which goes with the run. */
export const makeClone = (): string => {
  const clone = realpathSync(mkdtempSync(join(inject("temporary"), "docs-")))
  mkdirSync(join(clone, "test"))
  const tests = readdirSync(join(root, "test")).map((each) => join("test", each))
  for (const each of ["assets", "node_modules", "package.json", "scripts", "src", ...tests]) {
    symlinkSync(join(root, each), join(clone, each))
  }
  symlinkSync(dist, join(clone, "dist"))
  return clone
}

export const writeFiles = (folder: string, files: ReadonlyArray<File>) => {
  for (const { code, name } of files) {
    mkdirSync(join(folder, name, ".."), { recursive: true })
    writeFileSync(join(folder, name), code)
  }
}

/** Writes the page's files, and registers its contract suite with this test file. */
export const follow = async (name: string): Promise<Page> => {
  const files = filesOf(name)
  const clone = makeClone()
  const folder = join(clone, "test", "example")
  writeFiles(folder, files)
  for (const { name } of files) if (name.endsWith(".test.ts")) await import(/* @vite-ignore */ join(folder, name))

  const runFile = (file: string, ...args: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      const outfile = join(folder, basename(file).replace(/ts$/, "js"))
      buildSync({
        entryPoints: [join(folder, file)],
        outfile,
        bundle: true,
        packages: "external",
        platform: "node",
        format: "esm"
      })
      return run([outfile, ...args], { home: clone })
    })
  return {
    folder,
    temporary: (name) => join(clone, name),
    run: runFile,
    main: (...args) => runFile("main.ts", ...args)
  }
}
