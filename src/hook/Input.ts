/**
 * Reads what Claude Code writes to a hook, at once and without Effect, for the hook's entry.
 */
import { fstatSync, readSync } from "node:fs"

/** Bytes of stdin that are read: enough for a prompt with a pasted file. */
export const MAX_INPUT = 1_000_000

/** A part of stdin: the rest is yet to be read, unless it is whole. */
export interface Stdin {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

interface Common {
  readonly session_id: string
  readonly transcript_path?: string
  readonly cwd: string
}

/** As in Hook.ts, whose schema accepts whatever is accepted here. */
export type EarlyInput =
  | Common & { readonly hook_event_name: "SessionStart"; readonly source: string }
  | Common & { readonly hook_event_name: "UserPromptSubmit"; readonly prompt: string }

const STDIN = 0
const PART = 64 * 1024

const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"))
  } catch {
    return undefined
  }
}

const isEnd = (bytes: Uint8Array): boolean => /\}\s*$/.test(Buffer.from(bytes.subarray(-16)).toString("latin1"))

/**
 * Reads stdin to its end, or to that of one JSON value. Reads nothing of a terminal, where a person might type, and
 * stops where there is nothing to read yet.
 */
export const readStdin = (): Stdin => {
  let bytes: Uint8Array = new Uint8Array()
  try {
    const info = fstatSync(STDIN)
    if (!info.isFIFO() && !info.isSocket() && !info.isFile()) return { bytes, isWhole: false }
    const part = Buffer.allocUnsafe(PART)
    while (bytes.length < MAX_INPUT) {
      const length = readSync(STDIN, part, 0, PART, null)
      if (length === 0) return { bytes, isWhole: true }
      bytes = Buffer.concat([bytes, part.subarray(0, length)])
      if (isEnd(bytes) && parse(bytes) !== undefined) return { bytes, isWhole: true }
    }
    return { bytes: bytes.subarray(0, MAX_INPUT), isWhole: true }
  } catch {
    return { bytes, isWhole: false }
  }
}

/** Returns the input; none when it has another form than that of the two hooks. */
export const inputIn = ({ bytes, isWhole }: Stdin): EarlyInput | undefined => {
  const value = isWhole ? parse(bytes) : undefined
  if (typeof value !== "object" || value === null) return undefined
  const { cwd, hook_event_name, prompt, session_id, source = "startup", transcript_path } = value as Readonly<
    Record<string, unknown>
  >
  if (typeof session_id !== "string" || typeof cwd !== "string") return undefined
  if (transcript_path !== undefined && typeof transcript_path !== "string") return undefined
  const common = { session_id, cwd, ...(transcript_path !== undefined && { transcript_path }) }
  if (hook_event_name === "SessionStart" && typeof source === "string") return { ...common, hook_event_name, source }
  return hook_event_name === "UserPromptSubmit" && typeof prompt === "string"
    ? { ...common, hook_event_name, prompt }
    : undefined
}
