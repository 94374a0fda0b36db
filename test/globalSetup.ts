/**
 * For the suites that spawn the program: builds dist when it is missing or older than what it is built from, and gives them a
 * copy, so that a build in the meantime does not pull it from under them.
 */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { root } from "./data.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder that holds what is to be spawned: a package as it is installed. */
    readonly package: string
  }
}

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

const build = () => {
  if (isFresh()) return
  try {
    execFileSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" })
  } catch (error) {
    // Declarations, which come last, are of no use to these suites, and `tsc` is a check of its own.
    if (!isFresh()) throw error
  }
}

export default (project: TestProject) => {
  const copy = mkdtempSync(join(tmpdir(), "claude-memory-package-"))
  // Some tests run it as another user.
  chmodSync(copy, 0o755)
  for (const name of ["assets", "node_modules", "package.json", "test"]) symlinkSync(join(root, name), join(copy, name))
  while (!takeLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  try {
    build()
    cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true })
  } finally {
    rmSync(lock, { force: true })
  }
  project.provide("package", copy)
  return () => rmSync(copy, { recursive: true, force: true })
}
