/**
 * Takes in the archive of another memory.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import * as Archive from "../serve/Archive.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json, number, plural, unreachable } from "./Output.ts"
import * as Progress from "./Progress.ts"
import { textArgument } from "./Scope.ts"

const file = textArgument("file").pipe(Args.withDescription("An archive that `export` wrote"))

export const options = { json }

export const command = Command.make("import-archive", { file, ...options }, ({ file, json }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const progress = yield* Progress.make(0)
    const sum = yield* memory.archive.read(file).pipe(
      Stream.catchTag("SystemError", () => Stream.execute(unreachable(file))),
      Stream.runFoldEffect(Archive.NOTHING, (sum, part) =>
        Effect.as(
          part.indexed > 0 ? progress.indexed(part.indexed, sum.units) : progress.compressed(part.units),
          {
            read: sum.read + part.read,
            messages: sum.messages + part.messages,
            units: sum.units + part.units,
            forgotten: sum.forgotten + part.forgotten
          }
        )),
      Effect.ensuring(progress.end)
    )
    yield* answer(json, sum, () =>
      [
        `${number(sum.read)} lines: ${
          sum.units === 1 ? "1 memory is" : `${number(sum.units)} memories are`
        } new, and ` +
        `${plural(sum.messages, "message")}; what was known stays as it was.`,
        ...(sum.forgotten === 0
          ? []
          : [`${number(sum.forgotten)} forgotten here too, since they were forgotten there.`])
      ].join("\n"))
  }).pipe(App.provide(App.service("import-archive")))).pipe(
    Command.withDescription("Take in what another machine's `export` wrote; again changes nothing")
  )
