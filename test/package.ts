/**
 * The built package that suites spawn. The first suite of a run that needs it builds it.
 */
import { cpSync, existsSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { withBuilt } from "./built.ts"
import { root } from "./data.ts"

/** Laid out as the package is when it is installed. */
const folder = inject("package")

/** Folder of the built programs: a copy, so that a rebuild cannot change them under a suite. */
export const dist = join(folder, "dist")

withBuilt(() => {
  if (!existsSync(dist)) cpSync(join(root, "dist"), dist, { recursive: true })
})
