/**
 * Writes the command that goes on with a session. Pure.
 */
import type { Session } from "./Conversation.ts"

/** Characters that end a line or a pasted text, or change a terminal: in a command they could start another. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u

const WINDOWS = /^(?:[A-Za-z]:[\\/]|\\\\)/

/** An id as Claude Code makes it; by any other, its own list of sessions is asked. */
const PLAIN_ID = /^\w[\w-]*$/

/** Quotes a word for a POSIX shell; a plain path stays as it is. */
const quoted = (word: string): string =>
  /^[\p{L}\p{N}_.,:@%+=/][\p{L}\p{N}_.,:@%+=/-]*$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** Quotes a word for PowerShell, which takes four other characters for a single quote, too. */
const quotedForWindows = (word: string): string => `'${word.replaceAll(/['\u2018-\u201b]/g, "$&$&")}'`

/**
 * Returns the shell command that continues a session from its folder: Claude Code finds a session from no other. A folder of Windows is
 * written for PowerShell. A folder with control characters is left out: no quoting makes it safe to paste.
 */
export const resumeOf = ({ cwd, id }: Pick<Session, "cwd" | "id">): string => {
  const isWindows = WINDOWS.test(cwd)
  const command = `claude --resume ${PLAIN_ID.test(id) ? id : ""}`.trimEnd()
  return cwd === "" || CONTROL.test(cwd)
    ? command
    : isWindows
    ? `Set-Location -LiteralPath ${quotedForWindows(cwd)}; ${command}`
    : `cd ${cwd.startsWith("-") ? "-- " : ""}${quoted(cwd)} && ${command}`
}
