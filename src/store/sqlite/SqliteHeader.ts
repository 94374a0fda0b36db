/**
 * Reads the header of a SQLite file without SQLite, which would leave a log and the log's index beside the file.
 */
import * as Effect from "effect/Effect"
import { existsSync, statSync } from "node:fs"
import { beginningOf } from "../../resources/Disk.ts"
import { SqliteError } from "../../resources/Sqlite.ts"
import { type Header, LENGTH, parse } from "./HeaderBytes.ts"

/** Failures of the file system that the person can end; what another one says is told as it is. */
const DENIED: ReadonlySet<string> = new Set(["EACCES", "EISDIR", "ENOENT", "ENOTDIR", "EPERM"])

/**
 * Returns the header of a complete file. Returns undefined for an empty file, and for one that this process may have open
 * (`Disk.beginningOf`): SQLite looks at it then. Fails with `Damaged` for a file that is no database or is cut off.
 */
export const read = (file: string): Effect.Effect<Header | undefined, SqliteError> =>
  Effect.try({
    try: () => {
      const bytes = beginningOf(file, LENGTH)
      if (bytes === undefined || bytes.length === 0) return undefined
      const header = parse(bytes)
      // Checks the log first: if another process checkpoints it in between, the file gets longer, never shorter.
      const isWhole = existsSync(`${file}-wal`) || statSync(file).size >= (header?.size ?? 0)
      if (header !== undefined && isWhole) return header
      throw new SqliteError({ reason: "Damaged", path: file, cause: undefined })
    },
    catch: (cause) => {
      if (cause instanceof SqliteError) return cause
      const code = (cause as NodeJS.ErrnoException).code ?? ""
      return new SqliteError({ reason: DENIED.has(code) ? "Denied" : "Other", path: file, cause })
    }
  })
