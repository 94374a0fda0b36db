/**
 * What a SQLite file says of itself in its first bytes (https://sqlite.org/fileformat2.html, section 1.3). SQLite would open it
 * to tell, and leave a log and its index beside it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as File from "../../resources/File.ts"
import type { ResourceLedger } from "../../resources/ResourceLedger.ts"
import { SqliteError } from "../../resources/Sqlite.ts"

export interface Header {
  readonly userVersion: number
  /** Bytes the file must have when no log holds some of its pages; 0 when it does not say. */
  readonly size: number
}

const LENGTH = 100
const MAGIC = "SQLite format 3\0"

const parse = (bytes: Uint8Array): Header | undefined => {
  if (bytes.length < LENGTH || MAGIC !== new TextDecoder().decode(bytes.subarray(0, MAGIC.length))) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH)
  const pageSize = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16)
  // The number of pages is right when the file was last changed by the version that wrote it.
  const pages = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 0
  return { userVersion: view.getUint32(60), size: pages * pageSize }
}

/** The header of a whole file, none for an empty one; `Damaged` when it is no database or was cut off. */
export const read = (
  file: string
): Effect.Effect<Header | undefined, SqliteError, FileSystem.FileSystem | ResourceLedger> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bytes = yield* File.open(file).pipe(
      Effect.flatMap((opened) => opened.readAlloc(FileSystem.Size(LENGTH))),
      Effect.scoped
    )
    if (Option.isNone(bytes)) return undefined
    const header = parse(bytes.value)
    // In this order: a log that another process has just folded into the file makes it longer, never shorter.
    const isWhole = (yield* fs.exists(`${file}-wal`)) || Number((yield* fs.stat(file)).size) >= (header?.size ?? 0)
    return header !== undefined && isWhole
      ? header
      : yield* new SqliteError({ reason: "Damaged", path: file, cause: undefined })
  }).pipe(
    Effect.mapError((cause) =>
      cause._tag === "SqliteError" ? cause : new SqliteError({ reason: "Denied", path: file, cause })
    )
  )
