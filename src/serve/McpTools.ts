/**
 * All tools, in the order in which clients list them.
 */
import { prompt } from "./McpHook.ts"
import { forget, get, save, timeline } from "./McpMemory.ts"
import { crossProjectSearch, inject, search } from "./McpSearch.ts"
import { health, status } from "./McpStatus.ts"
import type { Tool } from "./McpTool.ts"

export const TOOLS: ReadonlyArray<Tool> = [
  search,
  get,
  timeline,
  crossProjectSearch,
  inject,
  save,
  forget,
  status,
  health,
  prompt
]
