/**
 * Writes the memory into a file: as an archive that another memory takes in, or as Markdown.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json, number, unreachable } from "./Output.ts"
import { textArgument } from "./Scope.ts"

const file = textArgument("file").pipe(Args.withDescription("The file to write, which must not be there yet"))

export const options = {
  markdown: Options.boolean("markdown").pipe(
    Options.withDescription("As Markdown, for people; without it, as JSON lines that `import-archive` reads")
  ),
  project: Options.text("project").pipe(
    Options.withDescription("Only this project; repeat it for several. Without it, all"),
    Options.repeated
  ),
  json
}

export const command = Command.make(
  "export",
  { file, ...options },
  ({ file, json, markdown, project }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const scope = project.length === 0 ? "all" : (yield* memory.projectsNamed(project)).map(({ id }) => id)
      const bytes = yield* Effect.catchTag(
        memory.archive.write(file, scope, markdown ? "markdown" : "lines"),
        "SystemError",
        () => unreachable(file)
      )
      yield* answer(
        json,
        { file, bytes },
        () =>
          `${file}: ${number(bytes)} bytes${
            markdown ? "" : ". It holds all that is remembered, in the open: keep it as you keep your sessions."
          }`
      )
    }).pipe(App.provide(App.reader))
).pipe(
  Command.withDescription("Write the memory into a file, for another machine or to read")
)
