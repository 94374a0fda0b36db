/**
 * Keeps Node's compiled code on disk, for programs whose start a person waits for. It runs before anything else is
 * loaded, so it imports only Node's own modules.
 */
import { existsSync } from "node:fs"
import * as module from "node:module"
import { join } from "node:path"
import { home, isOwn } from "./Environment.ts"

/** Folder inside the memory's folder. */
export const CODE_CACHE = "code-cache"

/**
 * Works from Node 22.1 on, once there is a memory, in a folder that is this user's alone. Others might be able to write to
 * Node's default folder.
 */
export const enableCodeCache = (): void => {
  const folder = home()
  if (folder !== undefined && existsSync(folder) && isOwn(folder)) module.enableCompileCache?.(join(folder, CODE_CACHE))
}
