/**
 * Answers prompts for the hook's entry, without Effect: a file of its own, which the start of a session does not load.
 */
import type { PromptInput } from "../hook/Prompt.ts"
import { promptText, type UseMemory } from "../hook/PromptEntry.ts"
import * as SqliteDriver from "../resources/SqliteDriver.ts"
import type { Early } from "../settings/Early.ts"
import * as ReadsAtOnce from "../store/sqlite/ReadsAtOnce.ts"

/** Longest wait for another process's lock, in milliseconds, as of the whole program. */
const BUSY_TIMEOUT_MS = 50

const useMemory: UseMemory = (file, until, use) =>
  ReadsAtOnce.using(SqliteDriver.load(), file, { busyTimeoutMs: BUSY_TIMEOUT_MS, until }, use)

/** Returns what is known without the memory: that nothing is said. */
export const withoutMemory = (settings: Early, input: PromptInput, until: number): string | undefined =>
  promptText(settings, input, until)

/** Returns what the memory's file tells. */
export const fromMemory = (settings: Early, input: PromptInput, until: number): string | undefined =>
  promptText(settings, input, until, useMemory)
