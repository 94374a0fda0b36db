/**
 * Parses the header of a SQLite file (https://sqlite.org/fileformat2.html, section 1.3) without SQLite, which would leave a log and the
 * log's index beside the file.
 */
import type { SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as File from "../../resources/File.ts"
import * as Owner from "../../resources/Owner.ts"
import { SqliteError } from "../../resources/Sqlite.ts"

export interface Header {
  readonly userVersion: number
  /** Bytes that the file must have when no log holds some of its pages; 0 when the header does not record the size. */
  readonly size: number
}

/** Failures of the file system that the person can end; what another one says is told as it is. */
const DENIED: ReadonlySet<SystemErrorReason> = new Set(["BadResource", "NotFound", "PermissionDenied"])

const LENGTH = 100
const MAGIC = "SQLite format 3\0"

const parse = (bytes: Uint8Array): Header | undefined => {
  if (bytes.length < LENGTH || MAGIC !== new TextDecoder().decode(bytes.subarray(0, MAGIC.length))) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH)
  const pageSize = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16)
  // The page count is valid only when the change counter equals the version-valid-for number.
  const pages = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 0
  return { userVersion: view.getUint32(60), size: pages * pageSize }
}

/** Returns the header of a complete file, undefined for an empty one. Fails with `Damaged` for a file that is no database or is cut off. */
export const read = (
  file: string
): Effect.Effect<Header | undefined, SqliteError, FileSystem.FileSystem | Owner.Owner> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bytes = yield* File.open(file).pipe(
      Effect.flatMap((opened) => opened.readAlloc(FileSystem.Size(LENGTH))),
      Owner.nested
    )
    if (Option.isNone(bytes)) return undefined
    const header = parse(bytes.value)
    // Checks the log first: if another process checkpoints it in between, the file gets longer, never shorter.
    const isWhole = (yield* fs.exists(`${file}-wal`)) || Number((yield* fs.stat(file)).size) >= (header?.size ?? 0)
    return header !== undefined && isWhole
      ? header
      : yield* new SqliteError({ reason: "Damaged", path: file, cause: undefined })
  }).pipe(
    Effect.mapError((cause) =>
      cause._tag === "SqliteError" ? cause : new SqliteError({
        reason: cause._tag === "SystemError" && DENIED.has(cause.reason) ? "Denied" : "Other",
        path: file,
        cause
      })
    )
  )
