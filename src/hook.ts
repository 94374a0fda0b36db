/**
 * What Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it says nothing, takes no
 * longer than its budget, and exits with 0.
 */
import { isSupported, TOO_OLD } from "./NodeVersion.ts"

const started = performance.now()

if (isSupported(process.versions.node)) {
  const [{ run }, App] = await Promise.all([import("./serve/HookProgram.ts"), import("./App.ts")])
  run(started, App.hook)
} else {
  process.stderr.write(TOO_OLD)
}
