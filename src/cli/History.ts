/**
 * Shows what was changed of a memory, as differences.
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import type { Feedback } from "../domain/Feedback.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { differenceOf } from "../serve/Differences.ts"
import { feedbackText, plural } from "../serve/Wording.ts"
import type { History, Operation } from "../store/MemoryStore.ts"
import { wordsOf } from "../store/Overlay.ts"
import { answer, indent, json, marked, minute } from "./Output.ts"
import { unitId } from "./Scope.ts"

export const options = { json }

const ACTORS = { person: "you", claude: "Claude, by its own tool" } as const

const lines = (sign: string, text: string) => indent(text, `${sign} `)

/** Formats a text with what was taken out as [-…-] and what came in as {+…+}, or the two texts where they have nothing in common. */
const difference = (before: string, after: string): string => {
  const parts = differenceOf(before, after)
  return parts.every(({ kind }) => kind !== "same")
    ? `${lines("-", before)}\n${lines("+", after)}`
    : parts.map(({ kind, text }) =>
      kind === "added" ? marked(`{+${text}+}`) : kind === "removed" ? marked(`[-${text}-]`) : text
    ).join("")
}

const isIn = (notes: ReadonlyArray<Feedback>, note: Feedback) =>
  notes.some((other) => JSON.stringify(other) === JSON.stringify(note))

const changeText = ({ derived }: History, unit: MemoryUnit, { after, before }: Operation): ReadonlyArray<string> => {
  const [wordsBefore, wordsAfter] = [wordsOf(unit, derived, before), wordsOf(unit, derived, after)]
  const line = (name: "content" | "title" | "type") => {
    const [old, now] = [wordsBefore[name], wordsAfter[name]]
    return old === now ? [] : [name === "content" ? difference(old, now) : `${name}: ${old} → ${marked(now)}`]
  }
  return [
    ...line("title"),
    ...line("type"),
    ...line("content"),
    ...(before.pinned === after.pinned ? [] : [after.pinned ? "pinned" : "no longer pinned"]),
    ...(before.kept === after.kept ? [] : [after.kept ? "kept" : "no longer kept"]),
    ...(before.replacedBy === after.replacedBy
      ? []
      : [
        after.replacedBy === null
          ? "holds again"
          : `replaced by ${after.replacedBy.slice(0, 8)}${
            after.replacedFor === null ? "" : `, which replaces "${after.replacedFor}"`
          }`
      ]),
    ...(before.uses < after.uses ? [`used by Claude as it was told, in ${plural(after.uses, "session")} so far`] : []),
    ...after.feedback.filter((note) => !isIn(before.feedback, note)).map((note) => feedbackText(note, unit)),
    ...before.feedback.filter((note) => !isIn(after.feedback, note)).map((note) =>
      `taken back: ${feedbackText(note, unit)}`
    )
  ]
}

export const command = Command.make("history", { id: unitId, ...options }, ({ id, json }) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { history, unit } = yield* memory.history(id)
    yield* answer(json, { unit, history: history ?? null }, () =>
      [
        `${unit.title}\n`,
        `${minute(unit.createdAt)}  made${
          unit.compressor === undefined ? "" : ` by version ${unit.compressor} of the rules`
        }`,
        ...(history === undefined ? [] : history.operations.flatMap((operation) => {
          const { actor, at, isUndone, kind, revision } = operation
          // What takes back a rule's finding makes no revision.
          const head = `${minute(at)}  ${revision === 0 ? "" : `revision ${revision}, `}`
          return kind === "undo"
            ? [`${head}a change undone`]
            : [
              `${head}${actor === "rule" ? "by a rule" : `changed by ${ACTORS[actor]}`}${
                isUndone ? " (undone since)" : ""
              }`,
              indent(changeText(history, unit, operation).join("\n"), "  │ ")
            ]
        })),
        ...(history === undefined ? ["Nobody has changed it."] : [])
      ].join("\n"))
  }).pipe(App.provide(App.reader))).pipe(
    Command.withDescription("Show what was changed of a memory, by whom and when")
  )
