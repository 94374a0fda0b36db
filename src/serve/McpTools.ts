/**
 * All tools, in the order in which clients list them.
 */
import { crossProjectSearch, inject, search } from "./McpSearch.ts"
import type { Tool } from "./McpTool.ts"

export const TOOLS: ReadonlyArray<Tool> = [search, crossProjectSearch, inject]
