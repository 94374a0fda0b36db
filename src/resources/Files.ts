/**
 * Opens files, temporary folders and locks that a call needs for itself, until the scope of the call closes.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as File from "./File.ts"
import * as LockFolder from "./LockFolder.ts"
import * as Owner from "./Owner.ts"
import * as PerCall from "./PerCall.ts"
import type { ResourceLedger } from "./ResourceLedger.ts"
import * as TemporaryFolder from "./TemporaryFolder.ts"

/** Most files, temporary folders, and locks, that calls have open at a time. */
const AT_MOST = 64

type Platform = FileSystem.FileSystem | Path.Path

/** At most 64 handles of a kind are open at a time; one more is `TooManyOpen`. */
export class Files extends Context.Tag("claude-memory/Files")<Files, {
  /** Opens a file. A drive that does not answer fails after 10 seconds with the `SystemError` "TimedOut". */
  readonly openFile: (
    path: string,
    options?: FileSystem.OpenFileOptions
  ) => Effect.Effect<FileSystem.File, PlatformError, Scope.Scope>
  /** Reads a file at once. A drive that does not answer fails as with `openFile`. */
  readonly readFile: (path: string) => Effect.Effect<Uint8Array, PlatformError>
  /** Makes a temporary folder. `purpose` is part of its name, and its name in the ledger. */
  readonly temporaryFolder: (purpose: string) => Effect.Effect<string, PlatformError, Scope.Scope>
  /** Holds a folder as a lock. `take` makes the folder, or fails. */
  readonly lock: <E, R>(folder: string, take: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R | Scope.Scope>
}>() {
  /** Makes the service in the name of an owner, for a layer that reads files and offers no other way to. */
  static readonly make: Effect.Effect<Files["Type"], never, Platform | Owner.Owner> = Effect.gen(function*() {
    const withPlatform = Owner.provideContext(yield* Effect.context<Platform>())
    const perCall = yield* PerCall.make(AT_MOST)
    return {
      openFile: (path, options) => withPlatform(perCall(File.open(path, options))),
      readFile: (path) => withPlatform(File.readWhole(path)),
      temporaryFolder: (purpose) => withPlatform(perCall(TemporaryFolder.open(purpose))),
      lock: (folder, take) => perCall(LockFolder.open(folder, take))
    }
  })
  static readonly layer: Layer.Layer<Files, never, Platform | ResourceLedger> = Owner.layer(this, this.make)
}
