/**
 * Reads Claude Code's own files and replaces them in one step: a concurrent reader finds the old or the new file.
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { rmdirSync } from "node:fs"
import { dirname } from "node:path"
import { makeFolder, rename } from "../resources/Disk.ts"
import { Files } from "../resources/Files.ts"
import { type Flaw, type Json, parse, positionOf } from "./JsonText.ts"

export class ConfigFileError extends Schema.TaggedError<ConfigFileError>()("ConfigFileError", {
  /** `Changed`: another program changed the file after it was read. */
  reason: Schema.Literal("Unreadable", "Malformed", "Changed", "Busy", "Unwritable"),
  path: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `${this.path}${this.detail}`
  }
}

const causeText = (cause: { readonly message: string; readonly description?: string | undefined }): string =>
  cause.description ?? cause.message

export const unreadable = (path: string) => (cause: PlatformError.PlatformError) =>
  new ConfigFileError({
    reason: "Unreadable",
    path,
    detail: ` can't be read and is left alone (${causeText(cause)}); fix that and run this again`,
    cause
  })

const unwritable = (path: string) => (cause: PlatformError.PlatformError | NodeJS.ErrnoException) =>
  new ConfigFileError({
    reason: "Unwritable",
    path,
    detail:
      ` can't be replaced and is as it was (${causeText(cause)}): check that it and its folder are yours and can be ` +
      "written, and that their disk is neither full nor read-only; then run this again",
    cause
  })

export const changed = (path: string) =>
  new ConfigFileError({
    reason: "Changed",
    path,
    detail: " was changed by another program meanwhile and is left as that wrote it; run this again",
    cause: undefined
  })

export interface ConfigFile {
  /** Path that Claude Code knows. */
  readonly path: string
  /** Path of the file itself, which differs when `path` is a link. */
  readonly target: string
  /** Undefined when the file does not exist yet. */
  readonly bytes: Uint8Array | undefined
  /** Permissions of the file, or of the file to be created. */
  readonly mode: number
  /** Owner of the file when it is not the current user, as under sudo. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

const isMissing = (error: PlatformError.PlatformError) => error._tag === "SystemError" && error.reason === "NotFound"

const bytesOf = (target: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.asSome(fs.readFile(target))).pipe(
    Effect.catchIf(isMissing, () => Effect.succeedNone),
    Effect.map(Option.getOrUndefined)
  )

/** Resolves a link. A dangling link is an error: its intended target is unknown. */
const targetOf = (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) =>
      Effect.catchIf(fs.realPath(path), isMissing, (missing) =>
        Effect.matchEffect(fs.readLink(path), {
          onSuccess: () => Effect.fail(missing),
          onFailure: () => Effect.succeed(path)
        }))
  )

export const read = (path: string): Effect.Effect<ConfigFile, ConfigFileError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const target = yield* targetOf(path)
    const bytes = yield* bytesOf(target)
    if (bytes === undefined) return { path, target, bytes, mode: 0o600, owner: undefined }
    const { gid, mode, uid } = yield* fs.stat(target)
    const owner = Option.all({ uid, gid }).pipe(Option.filter(({ uid }) => uid !== process.getuid?.()))
    return { path, target, bytes, mode: mode & 0o777, owner: Option.getOrUndefined(owner) }
  }).pipe(Effect.mapError(unreadable(path)))

const BYTE_ORDER_MARK = "\ufeff"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decode = (bytes: Uint8Array): Either.Either<string, Flaw> =>
  Either.try({ try: () => decoder.decode(bytes), catch: () => ({ offset: 0, detail: "not UTF-8" }) })

export const malformed = (path: string, text: string) => ({ detail, offset }: Flaw) => {
  const { column, line } = positionOf(text, offset)
  return new ConfigFileError({
    reason: "Malformed",
    path,
    detail: `:${line}:${column}: ${detail}. The file is left alone; fix it and run this again`,
    cause: undefined
  })
}

/** Claude Code treats a missing or empty file like an empty object. */
const EMPTY_OBJECT = "{}\n"

/**
 * Parses the file by the rules of Claude Code, which accepts a byte order mark but no comments and no trailing commas.
 */
export const jsonOf = ({ bytes, path }: ConfigFile): Either.Either<Json, ConfigFileError> =>
  Either.flatMap(
    Either.mapLeft(decode(bytes ?? new Uint8Array()), malformed(path, "")),
    (whole) => {
      const text = whole.startsWith(BYTE_ORDER_MARK) ? whole.slice(1) : whole
      return Either.mapLeft(parse(text.trim() === "" ? EMPTY_OBJECT : text), malformed(path, text))
    }
  )

/** Encodes the text, with a byte order mark if the file has one. */
export const encode = ({ bytes }: ConfigFile, { text }: Json): Uint8Array =>
  new TextEncoder().encode(bytes?.[0] === 0xef ? BYTE_ORDER_MARK + text : text)

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

export const isEqual = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.from(a).equals(b)

/** Removes a folder if it is empty. */
export const removeEmpty = (folder: string): Effect.Effect<void> => Effect.ignore(Effect.try(() => rmdirSync(folder)))

const temporaryOf = (target: string) => `${target}.claude-memory-tmp`

/** Removes the temporary file that a killed process has left. */
export const removeTemporary = ({ target }: ConfigFile) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.ignore(fs.remove(temporaryOf(target), { force: true })))

/** Writes the temporary file and syncs it to disk, before it takes the place of the file. */
const writeTemporary = (temporary: string, bytes: Uint8Array, { mode, owner }: ConfigFile) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(temporary, { force: true })
    const files = yield* Files
    const file = yield* files.openFile(temporary, { flag: "wx", mode })
    // To write nothing is an error of Effect's file.
    if (bytes.length > 0) yield* file.writeAll(bytes)
    yield* fs.chmod(temporary, mode)
    if (owner !== undefined) yield* fs.chown(temporary, owner.uid, owner.gid)
    yield* file.sync
  }))

/** Lists the folders above a file that do not exist yet, outermost first. */
export const missingFolders = (target: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const missing: Array<string> = []
    for (let folder = path.dirname(target); !(yield* fs.exists(folder)); folder = path.dirname(folder)) {
      missing.unshift(folder)
      // A drive that is not there.
      if (path.dirname(folder) === folder) break
    }
    return missing
  })

/**
 * Replaces the content, or deletes the file without `bytes`; fails with `Changed` when it is no longer as read. Creates
 * the folder.
 */
export const replace = (file: ConfigFile, bytes: Uint8Array | undefined) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { target } = file
    const temporary = temporaryOf(target)
    const checkUnchanged = Effect.flatMap(bytesOf(target), (now) =>
      isEqual(now, file.bytes) ? Effect.void : Effect.fail(changed(file.path)))
    if (bytes === undefined) {
      yield* checkUnchanged
      return yield* fs.remove(target)
    }
    const attempted = (act: () => void) =>
      Effect.try({
        try: act,
        catch: (cause) =>
          unwritable(file.path)(cause as NodeJS.ErrnoException)
      })
    yield* attempted(() => makeFolder(dirname(target)))
    yield* writeTemporary(temporary, bytes, file).pipe(
      Effect.zipRight(checkUnchanged),
      Effect.zipRight(attempted(() => rename(temporary, target))),
      Effect.onError(() => removeTemporary(file))
    )
  }).pipe(Effect.catchTags({
    BadArgument: (cause) => Effect.fail(unwritable(file.path)(cause)),
    SystemError: (cause) => Effect.fail(unwritable(file.path)(cause))
  }))

/** Locks of Claude Code's processes on their `.claude.json` (proper-lockfile) count as abandoned after this time. */
const STALE_MS = 10_000

const busy = (path: string) =>
  new ConfigFileError({
    reason: "Busy",
    path,
    detail: " is being written by Claude Code again and again; run this again, or end its sessions first",
    cause: undefined
  })

const isStale = (lock: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.zipWith(
      fs.stat(lock),
      Clock.currentTimeMillis,
      ({ mtime }, now) => Option.exists(mtime, (date) => now - date.getTime() > STALE_MS)
    )).pipe(Effect.orElseSucceed(() => false))

/**
 * Runs an effect under Claude Code's own lock on this file, which Claude Code rewrites while it runs. The folder must
 * exist.
 */
export const withLock = <A, E, R>(
  { path, target }: Pick<ConfigFile, "path" | "target">,
  effect: Effect.Effect<A, E, R>
) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const files = yield* Files
    const lock = `${target}.lock`
    const take = Effect.catchAll(fs.makeDirectory(lock, { mode: 0o700 }), (error) =>
      error._tag === "SystemError" && error.reason === "AlreadyExists"
        ? Effect.zipRight(
          Effect.if(isStale(lock), {
            onTrue: () =>
              removeEmpty(lock),
            onFalse: () => Effect.void
          }),
          busy(path)
        )
        : Effect.fail(unwritable(path)(error)))
    yield* files.lock(
      lock,
      Effect.retry(take, {
        while: ({ reason }) =>
          reason === "Busy",
        schedule: Schedule.spaced("50 millis"),
        times: 100
      })
    )
    return yield* effect
  }))
