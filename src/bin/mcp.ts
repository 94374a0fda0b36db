#!/usr/bin/env node
/**
 * The MCP server that Claude Code runs beside each session. Nothing but this check is loaded on a Node that is too old to load the rest.
 */
import { keepCode } from "../process/CodeCache.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

if (isSupported(process.versions.node)) {
  keepCode()
  const { run } = await import("../mcp/Server.ts")
  run(async () => (await import("../App.ts")).opened)
} else {
  process.stderr.write(TOO_OLD)
  process.exitCode = 1
}
