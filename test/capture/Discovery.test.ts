import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { join } from "node:path"
import { folderAt } from "../../src/capture/Discovery.ts"

it.scoped("a folder to watch is a folder or a link to one, by its real path, and no file", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
    yield* fs.symlink(folder, join(folder, "link"))
    yield* fs.writeFileString(join(folder, "file"), "")
    const pathAt = (name: string) => Effect.map(folderAt(join(folder, name)), Option.map(({ path }) => path))
    assert.deepStrictEqual(yield* pathAt("link"), Option.some(folder))
    assert.deepStrictEqual(yield* pathAt("file"), Option.none())
    assert.deepStrictEqual(yield* pathAt("missing"), Option.none())
  }).pipe(Effect.provide(NodeContext.layer)))
