/**
 * Checks the code on the pages against the library's types: all pages at once, as most of the time goes to the library.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../data.ts"
import { filesOf, makeClone, writeFiles } from "../docs/page.ts"
import { run } from "../e2e/program.ts"

/** Options of scripts/check-package.mjs, and those that the contracts need, which are sources of ours. */
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

const PAGES = ["add-a-compressor", "add-a-provider", "add-an-index", "leak-gate"]

it.live("the pages show files whose types hold against the library", () =>
  Effect.gen(function*() {
    const clone = makeClone()
    assert.isTrue(
      existsSync(join(clone, "dist", "lib", "library.d.ts")),
      "the library was built without its declarations"
    )
    // Each folder is as deep as test/example, so that relative imports are the same.
    for (const page of PAGES) writeFiles(join(clone, "test", page), filesOf(page))
    writeFileSync(
      join(clone, "tsconfig.json"),
      JSON.stringify({
        compilerOptions,
        include: [join("src", "domain", "opencc-js.d.ts"), ...PAGES.map((page) => join("test", page))]
      })
    )
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
    const { code, stdout } = yield* run([tsc, "-p", clone], { home: clone, killAfterMs: 240_000 })
    assert.strictEqual(code, 0, stdout)
  }), 240_000)
