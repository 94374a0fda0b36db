/**
 * Entry that Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it
 * prints nothing, takes no longer than its budget, and exits with 0. It is one small CommonJS file, which Node loads
 * faster than a module, and imports the whole program only where that has something to do.
 */
// @effect-diagnostics globalDate:off
import { answer } from "../hook/Entry.ts"
import type { Stdin } from "../hook/Input.ts"
import { enableCodeCache } from "../process/CodeCache.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

/** Runs the whole program, with what was read of stdin and the milliseconds that this took. */
const runWhole = async (stdin: Stdin, took: number): Promise<void> => {
  const started = performance.now() - took
  enableCodeCache()
  const local = await import("./HookLocal.ts")
  const { run } = await local.coversSettings ? local : await import("./HookRemote.ts")
  run(started, stdin)
}

if (isSupported(process.versions.node)) {
  // Not performance.now(), whose module takes two milliseconds to load.
  const started = Date.now()
  const rest = answer(started)
  if (rest !== undefined) void runWhole(rest, Date.now() - started)
} else {
  process.stderr.write(TOO_OLD)
}
