/**
 * Undoes an edit, keep, help or nohelp, forgetting or merge: the last one, or one by its number. Lists those that can be undone.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import { namesOf } from "../domain/ProjectLabels.ts"
import { advice } from "../process/Advice.ts"
import { Unsuccessful, writeStderr } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { RecentChange, Undone } from "../store/MemoryStore.ts"
import { answer, fittingTable, json, minute, named, plural, refuse } from "./Output.ts"

export const options = {
  list: Options.boolean("list").pipe(
    Options.withDescription("List what can be undone, with the number of each, and undo nothing")
  ),
  json
}

const change = Args.integer({ name: "change" }).pipe(
  Args.withDescription("The number of a change, as --list prints it; without it, the last one"),
  Args.optional
)

/** Changes that are listed. */
const LISTED = 200

const DONE: Readonly<Record<RecentChange["kind"], string>> = {
  edit: "edited",
  keep: "kept",
  feedback: "said of",
  forget: "forgotten",
  merge: "merged"
}

const whatOf = (
  { merged, messages, named, units }: RecentChange,
  nameOf: (projectId: string) => string
): string =>
  merged !== null
    ? `${nameOf(merged.from)} into ${nameOf(merged.into)}`
    : units === 0
    ? `what was said in ${plural(messages, "message")}`
    : `${named[0]?.title ?? ""}${units > 1 ? `, and ${units - 1} more` : ""}`

const listText = (changes: ReadonlyArray<RecentChange>, nameOf: (projectId: string) => string): string =>
  changes.length === 0
    ? "There is nothing to undo: no edit, keep, help or nohelp, forgetting or merge of the last seven days."
    : [
      ...fittingTable([
        ["change", "when", "can be undone until", "was", "what"],
        ...changes.map((each) => [
          String(each.operation),
          minute(each.at),
          minute(each.until),
          `${DONE[each.kind]}${each.actor === "claude" ? " by Claude" : ""}`,
          whatOf(each, nameOf)
        ])
      ]),
      "",
      advice("`claude-memory undo CHANGE` undoes one of them.")
    ].join("\n")

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

const projectNames = Effect.map(Effect.flatMap(ClaudeMemory, ({ projects }) => projects.known), namesOf)

const listed = (isJson: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const changes = yield* memory.recentChanges(LISTED)
    const names = yield* projectNames
    yield* answer(isJson, { changes }, () => listText(changes, (id) => names.get(id) ?? id))
  })

const undo = (operation: number | undefined, json: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const undone = yield* memory.undo(undefined, operation)
    if (undone === undefined) {
      yield* writeStderr(
        "There is nothing to undo: no edit, keep, help or nohelp, forgetting or merge of the last seven days.\n"
      )
      return yield* Effect.fail(new Unsuccessful())
    }
    const names = yield* projectNames
    yield* answer(json, { undone }, () => text(undone, (id) => names.get(id) ?? id))
  })

export const command = Command.make("undo", { change, ...options }, ({ change, json, list }) => {
  if (!list) return undo(Option.getOrUndefined(change), json).pipe(App.provide(App.service("undo")))
  return Option.isSome(change)
    ? refuse("give either --list or the number of a change")
    : listed(json).pipe(App.provide(App.reader))
}).pipe(
  Command.withDescription(
    "Undo the last edit, keep, help or nohelp, forgetting or merge of the last seven days, or any by its number; --list lists them"
  )
)
