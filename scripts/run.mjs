// Bundles a TypeScript program with the sources it imports and runs it: node scripts/run.mjs scripts/bench/recall.ts ARGS…
// In a folder of programs the next word names one: node scripts/run.mjs scripts/bench recall ARGS… Without that word it lists them.
// Options of node before this file's name (--cpu-prof) apply to the program too.
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { constants } from "node:os"
import { basename, join, resolve } from "node:path"
import { bundle, cache } from "./bundle.mjs"

const refuse = (text) => {
  process.stderr.write(`${text}\n`)
  process.exit(2)
}

/** Lists each program's name with the first sentence of its head comment, up to a full stop, colon or semicolon. */
const listOf = (folder) => {
  const programs = readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => {
    const [, head = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(folder, name), "utf8")) ?? []
    const [sentence] = head.replace(/\s*\n \* ?/g, " ").trim().split(/[.:;](?: |$)/)
    return [basename(name, ".ts"), sentence]
  })
  const width = Math.max(...programs.map(([name]) => name.length))
  return programs.map(([name, sentence]) => `  ${name.padEnd(width)}  ${sentence}`).join("\n")
}

const [path, ...words] = process.argv.slice(2)
if (path === undefined) refuse("usage: node scripts/run.mjs FILE.ts ARGS…, or node scripts/run.mjs FOLDER NAME ARGS…")
if (!existsSync(path)) {
  refuse(
    `There is no ${path} here; name a program by its path from this folder, such as scripts/bench/recall.ts, or a folder of programs`
  )
}
const isFolder = statSync(path).isDirectory()
const [name] = words
if (isFolder && (name === undefined || !readdirSync(path).includes(`${name}.ts`))) {
  refuse(`${name === undefined ? "Name one of these" : `There is no ${name}; there are these`}:\n${listOf(path)}`)
}
const entry = isFolder ? join(path, `${name}.ts`) : path
const args = isFolder ? words.slice(1) : words
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, "claude-memory-run-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const outfile = join(folder, `${basename(entry, ".ts")}.mjs`)
await bundle({ entry: resolve(entry), outfile }).catch(() => process.exit(1))

const child = spawn(process.execPath, [...process.execArgv, outfile, ...args], {
  stdio: "inherit"
})
// A terminal signals the child directly, so this process only waits for the child.
for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {})
process.on("SIGTERM", () => child.kill("SIGTERM"))
child.on("error", (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
