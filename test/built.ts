/**
 * Builds dist for the suites that spawn the program.
 */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./data.ts"

const sources = [
  "src",
  "scripts/build.mjs",
  "scripts/plugin.mjs",
  "scripts/web.mjs",
  "package.json",
  "package-lock.json",
  "tsconfig.build.json"
]
const built = ["dist/main.js", "dist/hook.cjs", "dist/mcp.js", "dist/capture.js", "dist/web/index.html"]

const changedAt = (path: string): number => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0

const newestOf = (path: string): number =>
  statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true
    ? Math.max(...readdirSync(join(root, path)).map((name) => newestOf(`${path}/${name}`)))
    : changedAt(path)

const isFresh = () => Math.min(...built.map(changedAt)) > Math.max(...sources.map(newestOf))

const lock = join(tmpdir(), `claude-memory-build-${createHash("sha256").update(root).digest("hex").slice(0, 12)}`)

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Takes the build lock, since another test run may be building. The lock of a process that no longer runs is removed.
 */
const takeLock = (): boolean => {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" })
    return true
  } catch {
    try {
      const owner = Number(readFileSync(lock, "utf8"))
      if (owner > 0 && !isRunning(owner)) rmSync(lock, { force: true })
    } catch {
      // The other run released the lock in between.
    }
    return false
  }
}

const build = () => {
  if (isFresh()) return
  try {
    execFileSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" })
  } catch (error) {
    // Declarations are built last. These suites do not need them, and `tsc` is a check of its own.
    if (!isFresh()) throw error
  }
}

/** Builds dist when it is missing or older than its sources, then runs `use`, all while no other run builds. */
export const withBuilt = (use: () => void): void => {
  while (!takeLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  try {
    build()
    use()
  } finally {
    rmSync(lock, { force: true })
  }
}
