/**
 * Makes the folder of the package that suites spawn; package.ts fills it.
 */
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { root } from "./data.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder of the package to spawn. */
    readonly package: string
  }
}

export default (project: TestProject) => {
  const folder = mkdtempSync(join(tmpdir(), "claude-memory-package-"))
  // Some tests run the package as another user.
  chmodSync(folder, 0o755)
  for (const name of ["assets", "node_modules", "package.json", "test"]) {
    symlinkSync(join(root, name), join(folder, name))
  }
  project.provide("package", folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
