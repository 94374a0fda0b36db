/**
 * Opens a file as a handle of the owner.
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { fstatSync } from "node:fs"
import * as ClosedFileSystem from "./ClosedFileSystem.ts"
import * as Owner from "./Owner.ts"

interface Opened {
  readonly file: FileSystem.File
  readonly identity: string | undefined
}

/** By descriptor, the file that had it last: the system gives a descriptor again only when it is free. */
const last = new Map<number, Opened>()

/** Returns device and inode of an open descriptor's file; undefined when it is closed. */
const identityOf = (fd: number): string | undefined => {
  try {
    const { dev, ino } = fstatSync(fd)
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}

/** A descriptor that has another file is one that a thread of this process, or a library, was given meanwhile. */
const isGone = (file: FileSystem.File): boolean => {
  const opened = last.get(file.fd)
  if (opened?.file !== file) return true
  const identity = identityOf(file.fd)
  if (identity !== undefined && identity === opened.identity) return false
  last.delete(file.fd)
  return true
}

const bounded = (method: string, path: string) =>
  Effect.timeoutFail({
    duration: "10 seconds",
    onTimeout: () => new SystemError({ reason: "TimedOut", module: "FileSystem", method, pathOrDescriptor: path })
  })

/**
 * Opens the file. A drive on a network that is gone may never answer: after 10 seconds the opening fails with
 * the `SystemError` "TimedOut", and a file that is opened later is closed at once.
 */
export const open = (
  path: string,
  options?: FileSystem.OpenFileOptions
): Effect.Effect<FileSystem.File, PlatformError, FileSystem.FileSystem | Owner.Owner> =>
  Effect.gen(function*() {
    const fs = ClosedFileSystem.openingOf(yield* FileSystem.FileSystem)
    const scoped = Effect.tap(
      fs.open(path, options),
      (file) => last.set(file.fd, { file, identity: identityOf(file.fd) })
    )
    return yield* Owner.adopt({ kind: "file", name: path, scoped, isGone }).pipe(
      // An opening can't be interrupted, so it is left to itself; the scope, closed by then, closes what it still gives.
      Effect.disconnect,
      bounded("open", path)
    )
  })

/** Reads a file at once, with the same bound as `open`. */
export const readWhole = (path: string): Effect.Effect<Uint8Array, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => bounded("readFile", path)(fs.readFile(path)))
