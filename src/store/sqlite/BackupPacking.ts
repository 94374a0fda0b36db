/**
 * Packs a copy of the memory's database into a backup, and unpacks it, a megabyte at a time: what is in memory does not grow with it.
 */
import type { PlatformError } from "@effect/platform/Error"
import type { File } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { gunzip, gzip } from "node:zlib"
import type { Files } from "../../resources/Files.ts"
import { type Backup, BackupError, type Header, type Report } from "../Backups.ts"
import { errorAt } from "./BackupFolder.ts"
import * as BackupFormat from "./BackupFormat.ts"

/** Level of the compression: that of 6 saves a twelfth more, in twice the time. */
const LEVEL = 3

/** Bytes of an output buffer: with the default of 16 KiB, a part goes to the thread that packs and back 64 times. */
const CHUNK = { chunkSize: BackupFormat.CHUNK_BYTES }

const zipped = (bytes: Uint8Array) =>
  Effect.async<Uint8Array, Error>((resume) =>
    gzip(
      bytes,
      { ...CHUNK, level: LEVEL },
      (error, result) => resume(error === null ? Effect.succeed(result) : Effect.fail(error))
    )
  )

const unzipped = (bytes: Uint8Array) =>
  Effect.async<Uint8Array, Error>((resume) =>
    gunzip(
      bytes,
      { ...CHUNK, maxOutputLength: BackupFormat.CHUNK_BYTES },
      (error, result) => resume(error === null ? Effect.succeed(result) : Effect.fail(error))
    )
  )

const at = (path: string) => <A, R>(effect: Effect.Effect<A, PlatformError | Error, R>) =>
  Effect.mapError(effect, (error) => errorAt(path)("cause" in error && error.cause !== undefined ? error.cause : error))

/** Fills a buffer from where the file stands; returns the part that is filled, all of it except at the end of the file. */
const fill = (file: File, buffer: Uint8Array) =>
  Effect.gen(function*() {
    let filled = 0
    while (filled < buffer.length) {
      const read = Number(yield* file.read(buffer.subarray(filled)))
      if (read === 0) break
      filled += read
    }
    return buffer.subarray(0, filled)
  })

/** Packs the file `from` into the file `to`, which is there and empty; returns the header with the checksum. */
export const pack = (
  { openFile }: Files["Type"],
  { from, header, report, to }: {
    readonly from: string
    readonly to: string
    readonly header: Omit<Header, "bytes" | "sha256">
    readonly report: Report
  }
): Effect.Effect<Header, BackupError> =>
  Effect.gen(function*() {
    const source = yield* at(from)(openFile(from))
    const target = yield* at(to)(openFile(to, { flag: "r+" }))
    const total = Number((yield* at(from)(source.stat)).size)
    const hash = createHash("sha256")
    const buffer = new Uint8Array(BackupFormat.CHUNK_BYTES)
    yield* at(to)(target.writeAll(new Uint8Array(BackupFormat.HEADER_BYTES)))
    for (let done = 0;;) {
      const bytes = yield* at(from)(fill(source, buffer))
      if (bytes.length === 0) break
      hash.update(bytes)
      yield* at(to)(Effect.flatMap(zipped(bytes), (member) => target.writeAll(BackupFormat.withLength(member))))
      done += bytes.length
      yield* report({ what: "packing", done, total })
    }
    const whole: Header = { ...header, bytes: total, sha256: hash.digest("hex") }
    yield* target.seek(0, "start")
    yield* at(to)(target.writeAll(BackupFormat.encode(whole)))
    return whole
  }).pipe(Effect.scoped)

/** Unpacks a backup into the file `to`, which is there and empty; fails with "Damaged" unless every byte is as it was packed. */
export const unpack = (
  { openFile }: Files["Type"],
  { header, path }: Backup,
  to: string,
  report: Report
): Effect.Effect<void, BackupError> =>
  Effect.gen(function*() {
    const damaged = (detail: string) => new BackupError({ reason: "Damaged", path, detail, cause: undefined })
    const source = yield* at(path)(openFile(path))
    const target = yield* at(to)(openFile(to, { flag: "r+" }))
    const hash = createHash("sha256")
    const buffer = new Uint8Array(BackupFormat.MAX_MEMBER_BYTES)
    yield* source.seek(BackupFormat.HEADER_BYTES, "start")
    let done = 0
    while (true) {
      const prefix = yield* at(path)(fill(source, buffer.subarray(0, BackupFormat.PREFIX_BYTES)))
      if (prefix.length === 0) break
      const length = BackupFormat.lengthOf(prefix)
      if (length === undefined) return yield* damaged(`no part of it begins after ${done} of ${header.bytes} bytes`)
      const rest = yield* at(path)(fill(source, buffer.subarray(prefix.length, length)))
      const bytes = yield* Effect.option(unzipped(buffer.subarray(0, prefix.length + rest.length)))
      if (Option.isNone(bytes)) {
        return yield* damaged(`the part after ${done} of ${header.bytes} bytes can't be unpacked`)
      }
      hash.update(bytes.value)
      done += bytes.value.length
      if (done > header.bytes) break
      yield* at(to)(target.writeAll(bytes.value))
      yield* report({ what: "unpacking", done, total: header.bytes })
    }
    if (done !== header.bytes) return yield* damaged(`it holds ${done} bytes of ${header.bytes}`)
    if (hash.digest("hex") !== header.sha256) return yield* damaged("its content has another checksum")
  }).pipe(Effect.scoped)
