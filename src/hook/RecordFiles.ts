/**
 * Reads and writes the records of sessions at once, for the hook's entry; SessionRecords.ts does with Effect.
 */
import { appendFileSync, existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { isFileOrNone, textOf } from "./AtOnce.ts"
import { FOLDER, joined, linesIn, PLAIN_ID, read, type SessionRecord } from "./RecordLines.ts"

/** Throws where only the whole program can answer. */
export const leave = (): never => {
  throw new Error("the whole program answers")
}

/** Returns the file of a session's record. */
const recordFile = (home: string, sessionId: string): string =>
  PLAIN_ID.test(sessionId) ? join(home, FOLDER, sessionId) : leave()

/** Returns a session's record; undefined when it can't be read. */
export const recordOf = (home: string, sessionId: string): SessionRecord | undefined => {
  const file = recordFile(home, sessionId)
  const text = textOf(file)
  return text === undefined && existsSync(file) ? undefined : read(text === undefined ? [] : linesIn(text))
}

/** Appends lines to a session's record. */
export const append = (home: string, sessionId: string, lines: ReadonlyArray<string>): void => {
  if (lines.length === 0) return
  const file = recordFile(home, sessionId)
  const write = () => isFileOrNone(file) && appendFileSync(file, joined(lines), { mode: 0o600 })
  try {
    write()
  } catch {
    try {
      mkdirSync(join(home, FOLDER), { recursive: true, mode: 0o700 })
      write()
    } catch {
      // Repeating a memory is better than injecting none.
    }
  }
}
