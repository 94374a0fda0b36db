#!/usr/bin/env node
/**
 * Entry of the MCP server that Claude Code runs beside each session. A Node that is too old to load the rest loads only
 * this check.
 */
import { enableCodeCache } from "../process/CodeCache.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

if (isSupported(process.versions.node)) {
  enableCodeCache()
  const { run } = await import("../mcp/Server.ts")
  run(async () => (await import("../App.ts")).openForMcp)
} else {
  process.stderr.write(TOO_OLD)
  process.exitCode = 1
}
