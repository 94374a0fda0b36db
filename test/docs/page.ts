/**
 * Follows a page of docs/: writes its files into test/example/ of what looks like a clone, type-checks them and runs them.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { buildSync } from "esbuild"
import { spawnSync } from "node:child_process"
import {
  existsSync,
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
import { join } from "node:path"
import { afterAll, inject } from "vitest"
import { root } from "../data.ts"
import { type Outcome, run } from "../e2e/run.ts"

/** Those of scripts/check-package.mjs, and what the contracts, which are sources of ours, are written for. */
const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023"],
  module: "NodeNext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"]
}

export interface Page {
  /** Runs its main.ts to the end. */
  readonly main: (...args: ReadonlyArray<string>) => Effect.Effect<Outcome>
  /** A path that nothing is at yet. */
  readonly temporary: (name: string) => string
}

/** Its files are its blocks of TypeScript, each of which begins with its name. Its contract suite is registered with the test's. */
export const follow = async (name: string): Promise<Page> => {
  const text = readFileSync(join(root, "docs", `${name}.md`), "utf8")
  const blocks = [...text.matchAll(/```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)```/g)].map(([, file, code]) => ({ file, code }))
  const clone = realpathSync(mkdtempSync(join(tmpdir(), "claude-memory-docs-")))
  afterAll(() => rmSync(clone, { recursive: true, force: true }))
  const folder = join(clone, "test", "example")
  mkdirSync(folder, { recursive: true })
  const tests = readdirSync(join(root, "test")).map((each) => join("test", each))
  for (const each of ["assets", "node_modules", "package.json", "src", ...tests]) {
    symlinkSync(join(root, each), join(clone, each))
  }
  symlinkSync(join(inject("package"), "dist"), join(clone, "dist"))
  for (const { code, file } of blocks) writeFileSync(join(folder, file!), code!)
  writeFileSync(join(clone, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["test/example"] }))

  it("shows files whose types hold against the library", { timeout: 120_000 }, () => {
    assert.strictEqual(
      (text.match(/```ts/g) ?? []).length,
      blocks.length,
      "a block does not begin with its file's name"
    )
    assert.isTrue(
      existsSync(join(clone, "dist", "lib", "index.d.ts")),
      "the library was built without its declarations"
    )
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
    const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", clone], { cwd: clone, encoding: "utf8" })
    assert.strictEqual(status, 0, stdout)
  })
  for (const { file } of blocks) if (file!.endsWith(".test.ts")) await import(/* @vite-ignore */ join(folder, file!))

  const temporary = (name: string) => join(clone, name)
  return {
    temporary,
    main: (...args) =>
      Effect.suspend(() => {
        const outfile = join(folder, "main.js")
        buildSync({
          entryPoints: [join(folder, "main.ts")],
          outfile,
          bundle: true,
          packages: "external",
          platform: "node",
          format: "esm"
        })
        return run([outfile, ...args], { home: clone })
      })
  }
}
