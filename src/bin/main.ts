#!/usr/bin/env node
/**
 * The command line. Nothing but this check is loaded on a Node that is too old to load the rest.
 */
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

if (isSupported(process.versions.node)) {
  const { run } = await import("../cli/Cli.ts")
  run(process.argv)
} else {
  process.stderr.write(TOO_OLD)
  process.exitCode = 1
}
