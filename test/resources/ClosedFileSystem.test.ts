/**
 * A file system that leaves opening to the ledger's constructors.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as ClosedFileSystem from "../../src/resources/ClosedFileSystem.ts"
import { Files } from "../../src/resources/Files.ts"
import * as Platform from "../../src/resources/Platform.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"

type Disk = FileSystem.FileSystem

/** What each method of Effect's file system does that opens something and leaves its closing to somebody. */
const OPENS: Readonly<Record<string, (disk: Disk) => Effect.Effect<unknown, unknown, never>>> = {
  open: (disk) => Effect.scoped(disk.open("/dev/null")),
  stream: (disk) => Stream.runDrain(disk.stream("/dev/null")),
  sink: (disk) => Stream.run(Stream.empty, disk.sink("/dev/null")),
  watch: (disk) => Stream.runDrain(disk.watch("/tmp")),
  makeTempDirectory: (disk) => disk.makeTempDirectory(),
  makeTempDirectoryScoped: (disk) => Effect.scoped(disk.makeTempDirectoryScoped()),
  makeTempFile: (disk) => disk.makeTempFile(),
  makeTempFileScoped: (disk) => Effect.scoped(disk.makeTempFileScoped())
}

/** What it has beside these, which opens nothing that stays. */
const READS_OR_WRITES =
  ("access chmod chown copy copyFile exists link makeDirectory readDirectory readFile readFileString readLink realPath " +
    "remove rename stat symlink truncate utimes writeFile writeFileString").split(" ")

const twice = Layer.provide(ClosedFileSystem.layer, Platform.layer)

for (const [name, layer] of [["the platform's", Platform.layer], ["one that is closed twice", twice]] as const) {
  describe(`a closed file system, ${name}`, () => {
    for (const [method, use] of Object.entries(OPENS)) {
      it.effect(`refuses to ${method}, and says what does`, () =>
        Effect.gen(function*() {
          const disk = yield* FileSystem.FileSystem
          const exit = yield* Effect.exit(Effect.suspend(() => use(disk)))
          assert(Exit.isFailure(exit))
          const [defect] = [...Cause.defects(exit.cause)]
          assert(defect instanceof Error)
          assert.match(
            defect.message,
            new RegExp(`^FileSystem\\.${method} opens what the ledger does not know: use (?:Files|Watcher)\\.\\w+`)
          )
        }).pipe(Effect.provide(layer)))
    }

    it.effect("opens files and temporary folders for the ledger", () =>
      Effect.gen(function*() {
        const { openFile, temporaryFolder } = yield* Files
        const fs = yield* FileSystem.FileSystem
        const folder = yield* temporaryFolder("closed")
        yield* fs.writeFileString(join(folder, "a"), "text")
        const file = yield* openFile(join(folder, "a"))
        assert.strictEqual(Number((yield* file.stat).size), 4)
        assert.isTrue(existsSync(folder))
        const { snapshot } = yield* ResourceLedger
        assert.deepStrictEqual((yield* snapshot).map(({ kind }) => kind), ["temporary folder", "file"])
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(Files.layer, Layer.mergeAll(ResourceLedger.layer, NodeContext.layer, layer)))
      ))
  })
}

it.effect("a method that the file system gets with another version is looked at", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    assert.sameMembers(Object.keys(fs), [...Object.keys(OPENS), ...READS_OR_WRITES])
  }).pipe(Effect.provide(NodeContext.layer)))
