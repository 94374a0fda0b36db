#!/usr/bin/env node
/**
 * Entry of the MCP server that Claude Code runs beside each session. A Node that is too old to load the rest loads only
 * this check.
 */
import { enableCodeCache } from "../process/CodeCache.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"
import { isTooManyOpen, TOO_MANY_OPEN } from "../process/OpenFiles.ts"

if (isSupported(process.versions.node)) {
  enableCodeCache()
  try {
    const { run } = await import("../mcp/Server.ts")
    run(async () => (await import("../App.ts")).openForMcp)
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
