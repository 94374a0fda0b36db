/**
 * Gives the suites that spawn the program a copy of the built package, so that a rebuild cannot change it under them.
 */
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { withBuilt } from "./built.ts"
import { root } from "./data.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder of the package to spawn, laid out as installed. */
    readonly package: string
  }
}

export default (project: TestProject) => {
  const copy = mkdtempSync(join(tmpdir(), "claude-memory-package-"))
  // Some tests run the package as another user.
  chmodSync(copy, 0o755)
  for (const name of ["assets", "node_modules", "package.json", "test"]) symlinkSync(join(root, name), join(copy, name))
  withBuilt(() => cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true }))
  project.provide("package", copy)
  return () => rmSync(copy, { recursive: true, force: true })
}
