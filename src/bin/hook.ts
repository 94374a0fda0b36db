/**
 * Entry that Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it
 * prints nothing, takes no longer than its budget, and exits with 0. It is one small CommonJS file, which Node loads
 * faster than a module, and imports the whole program only where that has something to do.
 */
import { answer } from "../hook/Entry.ts"
import type { Stdin } from "../hook/Input.ts"
import { enableCodeCache } from "../process/CodeCache.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

const runWhole = async (started: number, stdin: Stdin): Promise<void> => {
  enableCodeCache()
  const local = await import("./HookLocal.ts")
  const { run } = await local.coversSettings ? local : await import("./HookRemote.ts")
  run(started, stdin)
}

if (isSupported(process.versions.node)) {
  const started = performance.now()
  const rest = answer(started)
  if (rest !== undefined) void runWhole(started, rest)
} else {
  process.stderr.write(TOO_OLD)
}
