#!/usr/bin/env node
/**
 * Entry of the command line. A Node that is too old to load the rest loads only this check.
 */
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"
import { isTooManyOpen, TOO_MANY_OPEN } from "../process/OpenFiles.ts"

if (isSupported(process.versions.node)) {
  try {
    const { run } = await import("../cli/Cli.ts")
    run(process.argv)
  } catch (error) {
    // Node opens many files at once to load them.
    if (!isTooManyOpen(error)) throw error
    process.stderr.write(`claude-memory: ${TOO_MANY_OPEN}\n`)
    process.exitCode = 1
  }
} else {
  process.stderr.write(TOO_OLD)
  process.exitCode = 1
}
