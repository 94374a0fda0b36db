#!/usr/bin/env node
/**
 * Entry of the command line. A Node that is too old to load the rest loads only this check.
 */
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

if (isSupported(process.versions.node)) {
  const { run } = await import("../cli/Cli.ts")
  run(process.argv)
} else {
  process.stderr.write(TOO_OLD)
  process.exitCode = 1
}
