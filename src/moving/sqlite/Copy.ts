/**
 * Copies another program's SQLite database into a temporary folder, so that nothing of it is touched: SQLite itself would make files beside
 * a database in WAL mode, even to read it.
 */
import * as Effect from "effect/Effect"
import { constants, existsSync, rmSync, statSync } from "node:fs"
import { chmod, copyFile } from "node:fs/promises"
import { join } from "node:path"
import { readFrom, sizeOf } from "../../resources/Disk.ts"
import * as TemporaryFolder from "../../resources/TemporaryFolder.ts"
import { ForeignError } from "../ForeignMemory.ts"

/** The database, its log, and the journal of a write that was broken off. The log's index is made anew. */
const PARTS = ["", "-wal", "-journal"]

/** Copies that are tried while another program writes, and the pause between two. */
const TRIES = 5
const PAUSE = "200 millis"

/** Begins every SQLite database (https://sqlite.org/fileformat.html, section 1.3.1). */
const MAGIC = "SQLite format 3\u0000"

/**
 * Returns the size that a database says it has, in bytes, by its header of 100 bytes; 0 where that is not up to date
 * (https://sqlite.org/fileformat.html, section 1.3.7).
 */
const statedSize = (header: Buffer): number => {
  const pageSize = header.readUInt16BE(16)
  return header.readUInt32BE(24) === header.readUInt32BE(92)
    ? (pageSize === 1 ? 65_536 : pageSize) * header.readUInt32BE(28)
    : 0
}

const HEADER_LENGTH = 100

const codeOf = (cause: unknown): string => String((cause as { readonly code?: unknown } | undefined)?.code ?? "")

const reasonOf = (cause: unknown): ForeignError["reason"] => {
  switch (codeOf(cause)) {
    case "ENOENT":
    case "ENOTDIR":
      return "Missing"
    case "EACCES":
    case "EPERM":
      return "Denied"
    case "ENOSPC":
    case "EDQUOT":
      return "Full"
    default:
      return "Other"
  }
}

const errorAt = (place: string) => (cause: unknown): ForeignError =>
  new ForeignError({
    reason: reasonOf(cause),
    source: "claude-mem",
    place,
    detail: codeOf(cause) || String(cause),
    cause
  })

const refuse = (place: string, detail: string) =>
  new ForeignError({ reason: "NotADatabase", source: "claude-mem", place, detail, cause: undefined })

/** Changes with each write to one of the files. */
const stampOf = (file: string): string =>
  PARTS.map((part) => {
    const info = statSync(file + part, { bigint: true, throwIfNoEntry: false })
    return info === undefined ? "-" : `${info.ino} ${info.size} ${info.mtimeNs}`
  }).join("; ")

/** Copies the files as they are at one moment; returns the copy's path. */
const copyInto = (folder: string, file: string) => {
  const copy = join(folder, "copy.db")
  const use = <A>(run: () => A) => Effect.try({ try: run, catch: errorAt(file) })
  const copyPart = (part: string) =>
    Effect.tryPromise({
      // SQLite writes to the copy, also where the original may only be read.
      try: () => copyFile(file + part, copy + part, constants.COPYFILE_FICLONE).then(() => chmod(copy + part, 0o600)),
      catch: errorAt(file)
    })
  const attempt = Effect.gen(function*() {
    const before = yield* use(() => {
      for (const part of PARTS) rmSync(copy + part, { force: true })
      return stampOf(file)
    })
    for (const part of PARTS) if (yield* use(() => existsSync(file + part))) yield* copyPart(part)
    return (yield* use(() => stampOf(file))) === before
  })
  return Effect.gen(function*() {
    for (let tries = 1; tries <= TRIES; tries++) {
      if (yield* attempt) return copy
      yield* Effect.sleep(PAUSE)
    }
    return yield* new ForeignError({
      reason: "Changing",
      source: "claude-mem",
      place: file,
      detail: `${TRIES} tries`,
      cause: undefined
    })
  })
}

/** Copies the database into a folder that is deleted with the scope; returns the copy's path. Fails for what is no database. */
export const open = (file: string) =>
  Effect.gen(function*() {
    const info = yield* Effect.try({ try: () => statSync(file), catch: errorAt(file) })
    if (!info.isFile()) return yield* refuse(file, info.isDirectory() ? "it is a folder" : "it is no file")
    const folder = yield* Effect.mapError(TemporaryFolder.open("import-from"), errorAt(file))
    const copy = yield* copyInto(folder, file)
    const { header, isShort } = yield* Effect.try({
      try: () => {
        const header = Buffer.from(readFrom(copy, HEADER_LENGTH))
        const isWhole = header.length === HEADER_LENGTH && existsSync(`${copy}-wal`) ||
          sizeOf(copy)! >= (header.length === HEADER_LENGTH ? statedSize(header) : HEADER_LENGTH)
        return { header, isShort: !isWhole }
      },
      catch: errorAt(file)
    })
    if (header.length === 0) return yield* refuse(file, "it is empty")
    if (!header.toString("latin1").startsWith(MAGIC)) return yield* refuse(file, "it begins otherwise")
    if (isShort) {
      return yield* new ForeignError({
        reason: "Damaged",
        source: "claude-mem",
        place: file,
        detail: "it is shorter than it says",
        cause: undefined
      })
    }
    return copy
  })
