/**
 * Formats the answers of commands: tables for a person, one line of JSON for a program.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SearchResult } from "../domain/Search.ts"
import { oneLine } from "../inject/Render.ts"
import { columns, Unsuccessful, writeStderr, writeStdout } from "../process/Process.ts"
import { minute, replacedText } from "../serve/Wording.ts"
import * as Settings from "../settings/Settings.ts"
import { printable } from "./Printable.ts"
import { ago, language } from "./When.ts"

export {
  balance,
  isBalanced,
  joined,
  listed,
  megabytes,
  memories,
  minute,
  number,
  percent,
  plural,
  sizeText
} from "../serve/Wording.ts"

export const json = Options.boolean("json").pipe(
  Options.withDescription("Print one line of JSON and nothing else")
)

/** Stand before and after what is marked in a text: code points that no text has. */
const [MARK, UNMARK] = ["\ufdd0", "\ufdd1"]

/** Marks a part of a text, which a terminal with colours shows in bold. */
export const marked = (text: string): string => `${MARK}${text}${UNMARK}`

/** True when stdout is a terminal whose user wants colours. */
export const isColoured = Effect.map(Settings.noColor, (unwanted) => process.stdout.isTTY === true && !unwanted)

/** Prints `data` as JSON, or `text` for a person. */
export const answer = (isJson: boolean, data: unknown, text: () => string) =>
  Effect.gen(function*() {
    if (isJson) return yield* writeStdout(`${JSON.stringify(data)}\n`)
    const [on, off] = (yield* isColoured) ? ["\u001b[1m", "\u001b[22m"] : ["", ""]
    yield* writeStdout(`${printable(text()).replaceAll(MARK, on).replaceAll(UNMARK, off)}\n`)
  })

/** Returns the command that undoes a change of this number, or the last one. */
export const undoCommand = (operation: number | null): string =>
  operation === null ? "claude-memory undo" : `claude-memory undo ${operation}`

/** Says why a command does nothing, and fails. */
export const refuse = (sentence: string) =>
  Effect.zipRight(writeStderr(`${sentence}\n`), Effect.fail(new Unsuccessful()))

/** Refuses a file that can't be read, or written where it should be. */
export const unreachable = (path: string) =>
  refuse(
    `${path} can't be read or written: check that it is a file, its folder exists, both are yours, and the disk has room`
  )

/** Most columns of a text in lines. */
const MOST_COLUMNS = 120

/** Width in terminal columns, of which a CJK character takes two. */
const widthOf = (text: string): number =>
  text.replaceAll(MARK, "").replaceAll(UNMARK, "").length +
  (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g)?.length ?? 0)

/** What stands together in a line: a word with the blanks around it, or a Chinese character. */
const PIECE =
  /\s*(?:[\ufdd0\ufdd1]*[\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60][\ufdd0\ufdd1]*|[^\s\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]+)\s*/gu

const padded = (text: string, width: number) => text + " ".repeat(Math.max(0, width - widthOf(text)))

/** Pads each column to its widest cell; the last cell of each row is not padded. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths: Array<number> = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
  }
  return rows.map((row) =>
    row.map((cell, column) => column === row.length - 1 ? cell : padded(cell, widths[column]!)).join("  ")
  )
}

/** Cuts a text to so many terminal columns. */
const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let used = 1
  const kept = Array.from(text, (character) => ({ character, end: used += widthOf(character) }))
    .filter(({ end }) => end <= width)
  return `${kept.map(({ character }) => character).join("").trimEnd()}…`
}

/** Breaks lines that are wider than so many columns, at a blank or before a Chinese character where there is one. */
const wrapped = (text: string, width: number): string =>
  text.split("\n").flatMap((line) => {
    const lines = [""]
    for (const piece of line.match(PIECE) ?? []) {
      const last = lines.at(-1)!
      if (last !== "" && widthOf(last + piece.trimEnd()) > width) lines.push(piece.trimStart())
      else lines[lines.length - 1] = last + piece
    }
    return lines.map((each) => each.trimEnd())
  }).join("\n")

/** Formats a table whose rows are cut to the terminal's width. */
export const fittingTable = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const width = columns()
  return table(rows.map((row) => row.map(oneLine))).map((row) => cut(row.trimEnd(), width))
}

export const indent = (text: string, by: string) => text.split("\n").map((line) => by + line).join("\n")

/** Formats a time and how long ago it was, as in "yesterday, 2026-11-27 06:37". */
const when = (millis: number, now: number): string =>
  [ago(millis, now, language()), minute(millis)].filter((part) => part !== "").join(", ")

/** Returns the first `lines` of a text, each with at most 160 characters. */
export const beginning = (text: string, lines: number): string => {
  const all = text.split("\n")
  const shown = all.slice(0, lines).map((line) => line.length > 160 ? `${line.slice(0, 159)}…` : line).join("\n")
  return shown + (all.length > lines ? "\n…" : "")
}

/** Formats a memory with a part of its content; `note` gets a line of its own. `now` is in milliseconds since the epoch. */
export const unitText = ({ note, now, projectName, rank, shown, unit }: {
  readonly unit: MemoryUnit
  readonly rank: number
  readonly projectName: string
  readonly now: number
  readonly shown: string
  readonly note?: string
}): string =>
  [
    `${rank}. ${unit.title}`,
    `   ${unit.type} · ${when(unit.occurredAt, now)} · ${projectName} · id ${unit.id.slice(0, 8)}${replacedText(unit)}`,
    ...(note === undefined ? [] : [`   ${note}`]),
    indent(wrapped(shown, Math.min(columns(), MOST_COLUMNS) - 5), "   │ ")
  ].join("\n")

/** Memories and sessions that are named. */
const NAMED = 10

/** Names memories and sessions, a line each, and says how many more there are. */
export const named = (all: ReadonlyArray<{ readonly id: string; readonly title: string }>): ReadonlyArray<string> => [
  ...all.slice(0, NAMED).map(({ id, title }) => `  ${id.slice(0, 8)} ${title}`),
  ...(all.length > NAMED ? [`  and ${all.length - NAMED} more`] : [])
]

export const resultJson = ({ replaces, score, unit, why }: SearchResult) => ({
  id: unit.id,
  score,
  unit,
  ...(replaces !== undefined && { replaces }),
  evidence: evidence(unit),
  why
})
