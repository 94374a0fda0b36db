// Bundles a TypeScript program with the sources it imports and runs it: node scripts/run.mjs scripts/bench/recall.ts ARGS…
// Options of node before the program's name (--cpu-prof) go to the program too.
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { constants } from "node:os"
import { basename, join, resolve } from "node:path"
import { bundle, cache } from "./bundle.mjs"

const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) {
  process.stderr.write("usage: node scripts/run.mjs scripts/NAME.ts ARGS…\n")
  process.exit(2)
}
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, "claude-memory-run-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const outfile = join(folder, `${basename(entry, ".ts")}.mjs`)
await bundle({ entry: resolve(entry), outfile }).catch(() => process.exit(1))

const child = spawn(process.execPath, [...process.execArgv, outfile, ...args], { stdio: "inherit" })
// A terminal sends its signals to the child itself; this process waits for the child in any case.
for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {})
process.on("SIGTERM", () => child.kill("SIGTERM"))
child.on("error", (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
