import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { Editor } from "../../src/cli/Editor.ts"
import { base } from "../contract/layers.ts"

const edit = (editor: string, text: string) => Effect.flatMap(Editor, (service) => service.edit(editor, text))

const live = <E>(title: string, body: Effect.Effect<void, E, Editor | FileSystem.FileSystem>) =>
  it.live(title, () => body.pipe(Effect.provide(Layer.provideMerge(Editor.layer, base))))

describe("a text in an editor", () => {
  live(
    "is what the editor leaves, in a file of its own that is gone afterwards, and may have options",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectory()
      const seen = join(folder, "it's seen")
      const script = join(folder, "an editor.mjs")
      yield* fs.writeFileString(
        script,
        `import { readFileSync, writeFileSync } from "node:fs"
        const [word, file] = process.argv.slice(2)
        writeFileSync(${JSON.stringify(seen)}, file)
        writeFileSync(file, readFileSync(file, "utf8").replace("one", word))`
      )
      assert.strictEqual(yield* edit(`"${process.execPath}" "${script}" two`, "the one text"), "the two text")
      const file = yield* fs.readFileString(seen)
      assert.match(file, /memory\.md$/)
      assert.isFalse(yield* fs.exists(file))
    })
  )

  live(
    "is not read when the editor fails, or can't be started",
    Effect.gen(function*() {
      assert.match(
        (yield* Effect.flip(edit("exit 3 #", "text"))).message,
        /^nothing was changed: the editor .* ended with 3/
      )
      assert.match(
        (yield* Effect.flip(edit("no-such-editor", "text"))).message,
        /^nothing was changed: the editor .* ended with/
      )
    })
  )
})
