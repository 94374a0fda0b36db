/**
 * Writes the log of failed hooks at once, for the hook's entry too. Without Effect.
 */
import { appendFileSync, renameSync } from "node:fs"
import { join } from "node:path"
import { isFileOrNone, sizeOf } from "./AtOnce.ts"
import { joined } from "./RecordLines.ts"

export interface HookFailure {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: string
  readonly detail: string
}

/** Size of the log, in bytes. At half of it the file is rotated to `.1`, so at least the newest half is kept. */
const MAX_BYTES = 128 * 1024
const MAX_DETAIL = 300

/** Returns the log of a memory's folder. */
export const logIn = (home: string): string => join(home, "hook-failures.jsonl")

/** Why a hook told nothing that had so many milliseconds; `IS_TIMEOUT` matches it. */
export const tookLonger = (limit: number): string => `took longer than ${limit} ms`
export const IS_TIMEOUT = /^took longer than/

/** Appends a failure. Ignores errors, and creates nothing where the memory's folder does not exist. */
export const logFailure = (home: string, { at, detail, event }: HookFailure): void => {
  const file = logIn(home)
  try {
    if (!isFileOrNone(file)) return
    if (sizeOf(file) > MAX_BYTES / 2) renameSync(file, `${file}.1`)
    appendFileSync(file, joined([JSON.stringify({ at, event, detail: detail.slice(0, MAX_DETAIL) })]), { mode: 0o600 })
  } catch {
    // Nobody would hear of it.
  }
}
