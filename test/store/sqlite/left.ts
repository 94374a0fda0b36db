/**
 * Bytes that SQLite leaves in a database's file where a row was.
 */
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"

export const LEFT = "what was moved"

/** Puts bytes where SQLite leaves them, between the pointers and the rows of a page. */
export const leaveBytes = (file: string): void => {
  const bytes = readFileSync(file)
  const pageSize = bytes.readUInt16BE(16)
  for (let page = pageSize; page < bytes.length; page += pageSize) {
    // The leaf of a table (https://sqlite.org/fileformat.html, section 1.6).
    if (bytes[page] !== 13) continue
    const gap = { from: 8 + 2 * bytes.readUInt16BE(page + 3), to: bytes.readUInt16BE(page + 5) }
    if (gap.to - gap.from < LEFT.length) continue
    bytes.write(LEFT, page + gap.to - LEFT.length)
    return writeFileSync(file, bytes)
  }
  throw new Error("no page has room")
}

export const isLeft = (file: string) => Effect.sync(() => readFileSync(file).includes(LEFT))
