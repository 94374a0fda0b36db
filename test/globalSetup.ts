/**
 * Makes the folder of a run, and in it that of the package that suites spawn; package.ts fills it. What test files leave there goes with the
 * run: Vitest calls no `afterAll` of a file that runs no test.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { root } from "./data.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder of the run. */
    readonly temporary: string
    /** Folder of the package to spawn. */
    readonly package: string
  }
}

export default (project: TestProject) => {
  const folder = mkdtempSync(join(tmpdir(), "claude-memory-test-"))
  const installed = join(folder, "package")
  mkdirSync(installed)
  // Some tests run the package as another user.
  for (const each of [folder, installed]) chmodSync(each, 0o755)
  for (const name of ["assets", "node_modules", "package.json", "test"]) {
    symlinkSync(join(root, name), join(installed, name))
  }
  project.provide("temporary", folder)
  project.provide("package", installed)
  return () => rmSync(folder, { recursive: true, force: true })
}
