/**
 * Keeps Node's compiled code on disk, for programs whose start a person waits for. It runs before anything else is
 * loaded, so it imports only Node's own modules.
 */
// @effect-diagnostics processEnv:off
import { existsSync } from "node:fs"
import * as module from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

/** Folder inside the memory's folder. */
export const CODE_CACHE = "code-cache"

/** Works from Node 22.1 on, once there is a memory. Others might be able to write to Node's default folder. */
export const enableCodeCache = (): void => {
  const home = process.env.CLAUDE_MEMORY_HOME || join(homedir(), ".claude-memory")
  if (existsSync(home)) module.enableCompileCache?.(join(home, CODE_CACHE))
}
