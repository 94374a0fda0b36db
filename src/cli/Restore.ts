/**
 * Puts a backup in the place of the memory.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { advice, quoted } from "../process/Advice.ts"
import { afterwards } from "../serve/Afterwards.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { Backups, type Restored } from "../store/Backups.ts"
import { backupJson, countsText, progressing } from "./Backup.ts"
import { answer, joined, json, memories, minute, plural } from "./Output.ts"
import { textArgument } from "./Scope.ts"

const file = textArgument("file").pipe(
  Args.withDescription("A backup, as `backup --list` prints it with its folder")
)

export const options = {
  force: Options.boolean("force").pipe(
    Options.withDescription("Restore also a backup of another memory, such as that of another machine")
  ),
  json
}

const cutText = ({ deadLetters, messages, titles, units }: Restored["cut"]): ReadonlyArray<string> => {
  const parts = [
    ...(units === 0 ? [] : [memories(units)]),
    ...(messages === 0 ? [] : [`sentences of ${plural(messages, "message")}`]),
    ...(titles === 0 ? [] : [plural(titles, "title")]),
    ...(deadLetters === 0 ? [] : [plural(deadLetters, "dead letter")])
  ]
  return parts.length === 0 ? [] : [`What was forgotten since stays so: ${joined(parts)} were left out.`]
}

const textOf = (restored: Restored): string =>
  [
    `Restored ${countsText(restored)}, as of ${minute(restored.backup.header.createdAt)}.`,
    ...cutText(restored.cut),
    ...(restored.lostTombstones === 0
      ? []
      : [
        `${plural(restored.lostTombstones, "forgotten text")} of the memory that was here may be captured again: ` +
        "the one of the backup knows them by another key."
      ]),
    ...(restored.before === undefined
      ? []
      : [
        `The memory as it was is kept in ${restored.before}:`,
        advice(`\`claude-memory restore ${quoted(restored.before)}\` undoes this.`)
      ]),
    advice("`claude-memory import` reads again what was said after the backup.")
  ].join("\n")

/** Makes again what is left of the sessions from which something was left out. */
const remade = Effect.flatMap(ClaudeMemory, ({ ingest }) => afterwards(ingest([]))).pipe(
  App.provide(App.service("restore"))
)

export const command = Command.make("restore", { file, ...options }, ({ file, force, json }) =>
  Effect.gen(function*() {
    const { durationMs, result } = yield* Effect.flatMap(
      Backups,
      ({ restore }) => progressing((report) => restore(file, force, report))
    ).pipe(App.provide(App.backups))
    if (result.cut.units + result.cut.messages > 0) yield* remade
    const { active, backup, before, cut, lostTombstones, messages, sessions, units } = result
    yield* answer(
      json,
      {
        backup: backupJson(backup),
        before: before ?? null,
        cut,
        lostTombstones,
        units,
        active,
        sessions,
        messages,
        durationMs
      },
      () => textOf(result)
    )
  })).pipe(
    Command.withDescription("Put a backup in the place of the memory, which is backed up before")
  )
