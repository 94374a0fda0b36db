/**
 * All tools, in the order in which clients list them.
 */
import { edit, feedback, undo } from "./ChangeTools.ts"
import { forget, get, save, timeline } from "./MemoryTools.ts"
import { prompt } from "./PromptHook.ts"
import { crossProjectSearch, inject, search } from "./SearchTools.ts"
import { health, status } from "./StatusTools.ts"
import type { Tool } from "./Tool.ts"

export const TOOLS: ReadonlyArray<Tool> = [
  search,
  get,
  timeline,
  crossProjectSearch,
  inject,
  save,
  edit,
  feedback,
  forget,
  undo,
  status,
  health,
  prompt
]
