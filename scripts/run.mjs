// Bundles a TypeScript program with the sources it imports and runs it: node scripts/run.mjs scripts/bench-recall.ts ARGS…
// Options of node before the program's name (--cpu-prof) go to the program too.
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { constants } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) {
  process.stderr.write("usage: node scripts/run.mjs scripts/NAME.ts ARGS…\n")
  process.exit(2)
}
// Below node_modules, so that the externals are found and dist stays as it was built.
const cache = join(root, "node_modules", ".cache")
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, "claude-memory-run-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const outfile = join(folder, `${basename(entry, ".ts")}.mjs`)
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  external: ["@photostructure/sqlite", "echarts", "sqlite-vec"],
  // The package's files are looked for from here.
  define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "dist", "main.js")).href) },
  banner: {
    js:
      "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"
  },
  logLevel: "warning"
}).catch(() => process.exit(1))

const child = spawn(process.execPath, [...process.execArgv, outfile, ...args], { stdio: "inherit" })
// A terminal sends its signals to the child itself; this process waits for the child in any case.
for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {})
process.on("SIGTERM", () => child.kill("SIGTERM"))
child.on("error", (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
