/**
 * Answers a hook at once where that needs neither the database nor Effect, whose loading costs more than all else.
 * Answers as Hook.ts would, or leaves the hook to it.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Early from "../settings/Early.ts"
import { type EarlyInput, inputIn, readStdin, type Stdin } from "./Input.ts"
import { FOLDER, linesIn, PLAIN_ID, read, SENT } from "./RecordLines.ts"

/** Name of the database; a memory in PostgreSQL is none of `Early.isPlain`. */
const DATABASE = "memory.db"

/** Returns true when a session is muted, and has no injection left whose arrival the whole program would record. */
const isMuted = (home: string, { hook_event_name, session_id, ...input }: EarlyInput): boolean => {
  // A compaction is recorded even then.
  if (hook_event_name === "SessionStart" && "source" in input && input.source === "compact") return false
  if (!PLAIN_ID.test(session_id)) return false
  try {
    const lines = linesIn(readFileSync(join(home, FOLDER, session_id), "utf8"))
    return !lines.some((line) => line.startsWith(SENT)) && read(lines, () => undefined).isMuted
  } catch {
    return false
  }
}

/** Returns true when nothing is injected here, whatever is remembered. */
const isSilent = ({ home, isPlain }: Early.Early, input: EarlyInput): boolean =>
  isPlain && (!existsSync(join(home, DATABASE)) || isMuted(home, input))

const NOTHING_READ: Stdin = { bytes: new Uint8Array(), isWhole: false }

/** Answers the hook and returns none, or returns the part of stdin that it read for the whole program. */
export const answer = (): Stdin | undefined => {
  const settings = Early.read()
  if (settings === undefined) return NOTHING_READ
  if (settings.isOff) return undefined
  const stdin = readStdin()
  const input = inputIn(stdin)
  return input !== undefined && isSilent(settings, input) ? undefined : stdin
}
