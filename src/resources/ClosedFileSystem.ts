/**
 * A file system that opens nothing by itself: a file, a watch or a temporary folder is opened by `Files` or by the constructors of
 * this folder, which enter it into the ledger. All else goes on as before.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const opening: unique symbol = Symbol("claude-memory/ClosedFileSystem/opening")

type MayBeClosed = FileSystem.FileSystem & { readonly [opening]?: FileSystem.FileSystem }

/** Returns the file system that opens. For the constructors of this folder. */
export const openingOf = (fs: MayBeClosed): FileSystem.FileSystem => fs[opening] ?? fs

const refuse = (method: string, instead: string) => (): never => {
  throw new Error(`FileSystem.${method} opens what the ledger does not know: use ${instead}`)
}

const FILE = "Files.openFile or File.open, or read or write the file at once"
const FOLDER = "Files.temporaryFolder or TemporaryFolder.open"

const closed = (fs: FileSystem.FileSystem): MayBeClosed => ({
  ...fs,
  open: refuse("open", FILE),
  sink: refuse("sink", FILE),
  stream: refuse("stream", FILE),
  watch: refuse("watch", "Watcher.open"),
  makeTempDirectory: refuse("makeTempDirectory", FOLDER),
  makeTempDirectoryScoped: refuse("makeTempDirectoryScoped", FOLDER),
  makeTempFile: refuse("makeTempFile", FOLDER),
  makeTempFileScoped: refuse("makeTempFileScoped", FOLDER),
  [opening]: openingOf(fs)
})

/** Closes the file system below it. To open by it is then a defect, which names the constructor to use. */
export const layer: Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem> = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, closed)
)
