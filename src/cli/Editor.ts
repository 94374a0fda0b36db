/**
 * Has a person change a text in their editor.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Child from "../resources/Child.ts"
import * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"
import * as TemporaryFolder from "../resources/TemporaryFolder.ts"

export class EditorError extends Schema.TaggedError<EditorError>()("EditorError", {
  detail: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message() {
    return `nothing was changed: ${this.detail}`
  }
}

const make = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const perCall = yield* PerCall.make(2)

  const edit = (editor: string, text: string) =>
    Effect.gen(function*() {
      const file = path.join(yield* perCall(TemporaryFolder.open("edit")), "memory.md")
      yield* fs.writeFileString(file, text, { mode: 0o600 })
      // As git does: the setting may hold options of the editor's.
      const [command, args] = process.platform === "win32"
        ? ["cmd", ["/d", "/s", "/c", `"${editor} "${file}""`]] as const
        : ["sh", ["-c", `${editor} "$1"`, editor, file]] as const
      const { exit } = yield* perCall(Child.open({
        name: "editor",
        command,
        args,
        stdio: "inherit",
        // cmd takes the outermost quotes off by itself, and knows no escaped ones.
        windowsVerbatimArguments: true
      }))
      const { code, signal } = yield* exit
      if (code !== 0) {
        return yield* new EditorError({ detail: `the editor (${editor}) ended with ${code ?? signal ?? "an error"}` })
      }
      return yield* fs.readFileString(file)
    }).pipe(
      Effect.scoped,
      Effect.catchAll((cause) =>
        cause instanceof EditorError ? cause : new EditorError({ detail: `${editor}: ${cause.message}`, cause })
      ),
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provideService(Path.Path, path)
    )
  return { edit }
})

export class Editor extends Context.Tag("claude-memory/Editor")<Editor, {
  /** Opens the text in an editor, a command for the shell, and returns it as it is when the editor ends. */
  readonly edit: (editor: string, text: string) => Effect.Effect<string, EditorError>
}>() {
  static readonly layer = Owner.layer(this, make)
}
