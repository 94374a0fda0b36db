/**
 * Opens a file as a handle of the owner.
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { fstatSync } from "node:fs"
import * as ClosedFileSystem from "./ClosedFileSystem.ts"
import * as Owner from "./Owner.ts"

/** By descriptor, the file that had it last: the system gives a descriptor again only when it is free. */
const last = new Map<number, FileSystem.File>()

const isGone = (file: FileSystem.File): boolean => {
  if (last.get(file.fd) !== file) return true
  try {
    fstatSync(file.fd)
    return false
  } catch {
    last.delete(file.fd)
    return true
  }
}

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
    const scoped = Effect.tap(fs.open(path, options), (file) => last.set(file.fd, file))
    return yield* Owner.adopt({ kind: "file", name: path, scoped, isGone }).pipe(
      // An opening can't be interrupted, so it is left to itself; the scope, closed by then, closes what it still gives.
      Effect.disconnect,
      Effect.timeoutFail({
        duration: "10 seconds",
        onTimeout: () =>
          new SystemError({ reason: "TimedOut", module: "FileSystem", method: "open", pathOrDescriptor: path })
      })
    )
  })
