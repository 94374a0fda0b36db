/**
 * Entry that Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it
 * prints nothing, takes no longer than its budget, and exits with 0.
 */
import { enableCodeCache } from "../process/CodeCache.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

const started = performance.now()

if (isSupported(process.versions.node)) {
  enableCodeCache()
  const local = await import("./HookLocal.ts")
  const { run } = await local.coversSettings ? local : await import("./HookRemote.ts")
  run(started)
} else {
  process.stderr.write(TOO_OLD)
}
