// Reports what the Effect language service finds in a project: node scripts/diagnostics.mjs TSCONFIG. It is found by a compiler
// that is patched with it, a copy, in one pass; the service's own command begins anew after each 50 files, and takes three
// times as long.
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const [project] = process.argv.slice(2)
const { resolve } = createRequire(import.meta.url)
const typescript = dirname(resolve("typescript/package.json"))
const service = join(dirname(resolve("@effect/language-service/package.json")), "cli.js")

const copy = realpathSync(mkdtempSync(join(tmpdir(), "claude-memory-compiler-")))
const run = (program, args) => spawnSync(process.execPath, [program, ...args], { stdio: "inherit" }).status ?? 1
try {
  cpSync(typescript, copy, { recursive: true })
  process.exitCode = run(service, ["patch", "--dir", copy, "--module", "tsc", "--log-level", "warn"]) ||
    run(join(copy, "lib", "tsc.js"), ["-p", project])
} finally {
  rmSync(copy, { recursive: true, force: true })
}
