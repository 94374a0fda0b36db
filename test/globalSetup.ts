/**
 * Builds dist for the suites that spawn it, when it is missing or older than what it is built from.
 */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./data.ts"

const sources = ["src", "scripts/build.mjs", "package.json", "package-lock.json", "tsconfig.build.json"]
const built = ["dist/main.js", "dist/hook.js"]

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

/** Another run of the tests may be building; the lock of one that was killed is void. */
const takeLock = (): boolean => {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" })
    return true
  } catch {
    try {
      const owner = Number(readFileSync(lock, "utf8"))
      if (owner > 0 && !isRunning(owner)) rmSync(lock, { force: true })
    } catch {
      // It was given back in between.
    }
    return false
  }
}

export default () => {
  if (isFresh()) return
  while (!takeLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  try {
    if (!isFresh()) execFileSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" })
  } finally {
    rmSync(lock, { force: true })
  }
}
