/**
 * Undoes the last edit, keep, help or nohelp, forgetting or merge.
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { Unsuccessful, writeStderr } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { Undone } from "../store/MemoryStore.ts"
import { answer, json, minute, plural } from "./Output.ts"

export const options = { json }

/** Memories that are named. */
const NAMED = 10

const named = (units: ReadonlyArray<{ readonly id: string; readonly title: string }>): ReadonlyArray<string> => [
  ...units.slice(0, NAMED).map(({ id, title }) => `  ${id.slice(0, 8)} ${title}`),
  ...(units.length > NAMED ? [`  and ${units.length - NAMED} more`] : [])
]

const text = (undone: Undone, nameOf: (projectId: string) => string): string => {
  const when = `of ${minute(undone.at)}`
  switch (undone._tag) {
    case "Feedback":
      return [
        `What you said on ${minute(undone.at)} is taken back:`,
        ...(undone.unit === undefined
          ? [`  ${undone.unitId.slice(0, 8)}, which is there no more`]
          : named([undone.unit]))
      ].join("\n")
    case "Keep":
      return undone.unit === undefined
        ? `The keep ${when} is undone, of a memory that is there no more: ${undone.unitId.slice(0, 8)}`
        : [`${undone.unit.kept === true ? "Kept again" : "No longer kept"}:`, ...named([undone.unit])].join("\n")
    case "Edit":
      return undone.unit === undefined
        ? `The edit ${when} is undone, of a memory that is there no more: ${undone.unitId.slice(0, 8)}`
        : [`The edit ${when} is undone:`, ...named([undone.unit])].join("\n")
    case "Forget":
      return [
        `The forgetting ${when} is undone: ${
          undone.units.length === 1 ? "1 memory is" : `${undone.units.length} memories are`
        }` +
        ` back, and the sentences in ${plural(undone.messages, "message")}.`,
        ...named(undone.units)
      ].join("\n")
    case "Merge":
      return `The merge ${when} is undone: ${nameOf(undone.from)} and ${nameOf(undone.into)} are two projects again.`
  }
}

export const command = Command.make("undo", options, ({ json }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const undone = yield* memory.undo()
    if (undone === undefined) {
      yield* writeStderr(
        "There is nothing to undo: no edit, keep, help or nohelp, forgetting or merge of the last seven days.\n"
      )
      return yield* Effect.fail(new Unsuccessful())
    }
    const names = new Map((yield* memory.projects.known).map(({ id, name }) => [id, name]))
    yield* answer(json, { undone }, () => text(undone, (id) => names.get(id) ?? id))
  }).pipe(App.provide(App.service("undo")))).pipe(
    Command.withDescription(
      "Undo the last edit, keep, help or nohelp, forgetting or merge of the last seven days; again for the one before"
    )
  )
