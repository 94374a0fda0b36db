/**
 * Files, opened in the resource ledger.
 */
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { ResourceLedger } from "./ResourceLedger.ts"

/**
 * Opens a file until the scope closes. A drive on a network that is gone may never answer: after 10 seconds the opening fails with
 * the `SystemError` "TimedOut", and a file that is opened later is closed at once.
 */
export const open = (path: string, options?: FileSystem.OpenFileOptions) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const ledger = yield* ResourceLedger
    return yield* ledger.adopt("file", path, fs.open(path, options)).pipe(
      // An opening can't be interrupted, so it is left to itself; the scope, closed by then, closes what it still gives.
      Effect.disconnect,
      Effect.timeoutFail({
        duration: "10 seconds",
        onTimeout: () =>
          new SystemError({ reason: "TimedOut", module: "FileSystem", method: "open", pathOrDescriptor: path })
      })
    )
  })
