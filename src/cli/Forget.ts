/**
 * Deletes memories for good.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { isCopy } from "../domain/DatabaseCopy.ts"
import { Unsuccessful, writeStderr, writeStdout } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, beginning, json, plural, unitText } from "./Output.ts"
import { printable } from "./Printable.ts"
import * as Question from "./Question.ts"

const ids = Args.text({ name: "id" }).pipe(
  Args.withDescription("A memory's id, or the beginning of it, as `search` prints it"),
  Args.atLeast(1)
)

export const options = { yes: Question.options.yes, json }

/** Lines of each memory that are shown. */
const SHOWN_LINES = 6

/** Lists the copies of the memory that were kept before an update, by name. */
const copiesIn = (home: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(home)).pipe(
    Effect.map((names) => names.filter(isCopy).sort()),
    Effect.orElseSucceed((): ReadonlyArray<string> => [])
  )

const memories = (n: number) => n === 1 ? "1 memory" : `${n} memories`

export const command = Command.make("forget", { ids, ...options }, ({ ids, json, yes }) =>
  Effect.gen(function*() {
    const isAsked = Question.isAsked({ json, yes })
    if (!yes && !isAsked) {
      yield* writeStderr("forgetting can't be undone: without a terminal to ask on, and with --json, it needs --yes\n")
      return yield* Effect.fail(new Unsuccessful())
    }
    const shown = yield* Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const now = yield* Clock.currentTimeMillis
      const names = new Map((yield* memory.projects.list).map(({ id, name }) => [id, name]))
      const units = new Map((yield* Effect.forEach(ids, memory.show)).map(({ unit }) => [unit.id, unit]))
      return [...units.values()].map((unit, i) => ({
        id: unit.id,
        text: unitText({
          unit,
          rank: i + 1,
          projectName: names.get(unit.projectId) ?? "?",
          now,
          shown: beginning(unit.content, SHOWN_LINES)
        })
      }))
    }).pipe(App.provide(App.reader))
    const { home } = yield* Settings.load
    const copies = yield* copiesIn(home)
    if (isAsked) {
      yield* writeStdout(
        `${printable(shown.map(({ text }) => text).join("\n\n"))}\n\n` +
          "Their sentences are also removed from the messages that they come from, and are not captured again.\n" +
          (copies.length === 0 ? "" : `Copies from before an update are deleted whole: ${copies.join(", ")}.\n`)
      )
      const question = `Forget ${shown.length === 1 ? "it" : `these ${shown.length}`} for good?`
      if (!(yield* Question.confirm(question, false))) return yield* writeStdout("Nothing was forgotten.\n")
    }
    const { messages, units } = yield* Effect.flatMap(ClaudeMemory, ({ forget }) => forget(shown.map(({ id }) => id)))
      .pipe(App.provide(App.service("forget")))
    const duplicates = units.length - shown.length
    yield* answer(
      json,
      { forgotten: units.map(({ id }) => id), messages },
      () =>
        `${memories(units.length)} forgotten${duplicates > 0 ? `, ${duplicates} of them for saying the same` : ""}; ` +
        `${units.length === 1 ? "its" : "their"} sentences were removed from ${plural(messages, "message")}.` +
        (copies.length === 0 ? "" : `\nCopies from before an update were deleted whole: ${copies.join(", ")}.`)
    )
  })).pipe(Command.withDescription("Delete memories for good, and keep them from being captured again"))
