// Checks the sources without running them, two checks at a time: node scripts/check.mjs. Prints each check's output when it ends.
import { spawn } from "node:child_process"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")

/** The longest first, so that both rows end together. */
const CHECKS = [
  "node scripts/diagnostics.mjs tsconfig.json",
  "tsc -p tsconfig.node.json",
  "tsc -p src/web && tsc -p test/web",
  // Tests of lint rules, diagnostics and the pages' code.
  "vitest run --project=lint",
  "oxlint",
  "dprint check",
  "node scripts/page-size.mjs"
]

const env = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
  // The compiler makes much that lives for a moment.
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --max-semi-space-size=128`
}

const run = (command) =>
  new Promise((resolve) => {
    const parts = []
    const child = spawn(command, { cwd: root, env, shell: true, stdio: ["ignore", "pipe", "pipe"] })
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => parts.push(part))
    child.on("error", (error) => parts.push(Buffer.from(`${error.message}\n`)))
    child.on("close", (code) => {
      process.stdout.write(`\n> ${command}\n${Buffer.concat(parts).toString()}`)
      resolve(code === 0)
    })
  })

const left = [...CHECKS]
const failed = []
const row = async () => {
  for (let command = left.shift(); command !== undefined; command = left.shift()) {
    if (!(await run(command))) failed.push(command)
  }
}
await Promise.all([row(), row()])
for (const command of failed) process.stderr.write(`failed: ${command}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
