/**
 * Node keeps what it compiled, for programs that somebody waits for. Before anything else is loaded, so with nothing but Node's own.
 */
// @effect-diagnostics processEnv:off
import { existsSync } from "node:fs"
import * as module from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

/** In the memory's folder. */
export const CODE_CACHE = "code-cache"

/** From Node 22.1 on, and once there is a memory. Node's own place for it may be one that others write to. */
export const keepCode = (): void => {
  const home = process.env.CLAUDE_MEMORY_HOME || join(homedir(), ".claude-memory")
  if (existsSync(home)) module.enableCompileCache?.(join(home, CODE_CACHE))
}
