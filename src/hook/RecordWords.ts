/**
 * Takes the words of prompts out of the records of sessions. Lines are overwritten in place, in as many bytes, so that nothing is lost
 * which a hook appends meanwhile.
 */
import { matchesIn } from "../domain/Matches.ts"
import * as Disk from "../resources/Disk.ts"
import { decode, encode, SENT } from "./RecordLines.ts"

/** Returns a line without the prompt's words where it is that of an injection of one of these units, also one that was cut off. */
export const withoutWords = (line: string, ids: ReadonlySet<string>): string => {
  if (!line.startsWith(SENT) || !Array.from(matchesIn(line, /"([^"]*)"/g)).some(([, text]) => ids.has(text!))) {
    return line
  }
  const sent = decode(line)
  return sent === undefined ? SENT : encode({ ...sent, words: [], named: [] })
}

const NEWLINE = 10

/** Returns the lines of a record that lose their words, by offset, padded to the bytes that they had. */
const shortened = (record: Buffer, ids: ReadonlySet<string>): ReadonlyMap<number, Uint8Array> => {
  const lines = new Map<number, Uint8Array>()
  let start = 0
  // What follows the last line end may be half of what a hook is writing.
  for (let end = record.indexOf(NEWLINE); end !== -1; end = record.indexOf(NEWLINE, start)) {
    const line = record.toString("utf8", start, end)
    const kept = withoutWords(line, ids)
    if (kept !== line.trimEnd()) {
      const padded = Buffer.alloc(end - start, " ")
      padded.write(kept)
      lines.set(start, padded)
    }
    start = end + 1
  }
  return lines
}

/** Overwrites the words of prompts at which these units were told. Throws where it can't. */
export const overwriteWords = (file: string, ids: ReadonlySet<string>): void =>
  Disk.overwrite(file, (record) => shortened(record, ids))
