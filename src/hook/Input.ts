/**
 * Parses what Claude Code writes to a hook, without Effect, for the hook's entry.
 */

/** Bytes of stdin that are read: enough for a prompt with a pasted file. */
export const MAX_INPUT = 1_000_000

/** A part of stdin: the rest is yet to be read, unless it is whole. */
export interface Stdin {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

export const NOTHING_READ: Stdin = { bytes: new Uint8Array(), isWhole: false }

interface Common {
  readonly session_id: string
  readonly transcript_path?: string
  readonly cwd: string
}

/** As in Hook.ts, whose schema accepts whatever is accepted here. */
export type EarlyInput =
  | Common & { readonly hook_event_name: "SessionStart"; readonly source: string }
  | Common & { readonly hook_event_name: "UserPromptSubmit"; readonly prompt: string }

/** Parses one JSON value; none when the bytes hold another text. */
export const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"))
  } catch {
    return undefined
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
