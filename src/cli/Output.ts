/**
 * Formats the answers of commands: tables for a person, one line of JSON for a program.
 */
import * as Options from "@effect/cli/Options"
import { evidence, type MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SearchResult } from "../domain/Search.ts"
import { oneLine } from "../inject/Render.ts"
import { columns, writeStdout } from "../process/Process.ts"
import { minute, reason } from "../serve/Wording.ts"
import { printable } from "./Printable.ts"

export { balance, isBalanced, joined, listed, minute, number, percent, plural } from "../serve/Wording.ts"

export const json = Options.boolean("json").pipe(
  Options.withDescription("Print one line of JSON and nothing else")
)

/** Prints `data` as JSON, or `text` for a person. */
export const answer = (isJson: boolean, data: unknown, text: () => string) =>
  writeStdout(`${isJson ? JSON.stringify(data) : printable(text())}\n`)

/** Width in terminal columns, of which a CJK character takes two. */
const widthOf = (text: string): number =>
  text.length +
  (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g)?.length ?? 0)

const padded = (text: string, width: number) => text + " ".repeat(Math.max(0, width - widthOf(text)))

/** Pads each column to its widest cell; the last cell of each row is not padded. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  rows.map((row) =>
    row.map((cell, column) =>
      column === row.length - 1 ? cell : padded(cell, Math.max(...rows.map((each) => widthOf(each[column] ?? ""))))
    ).join("  ")
  )

/** Cuts a text to so many terminal columns. */
const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let used = 1
  const kept = Array.from(text, (character) => ({ character, end: used += widthOf(character) }))
    .filter(({ end }) => end <= width)
  return `${kept.map(({ character }) => character).join("").trimEnd()}…`
}

/** Formats a table whose rows are cut to the terminal's width. */
export const fittingTable = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const width = columns()
  return table(rows.map((row) => row.map(oneLine))).map((row) => cut(row.trimEnd(), width))
}

export const indent = (text: string, by: string) => text.split("\n").map((line) => by + line).join("\n")

/** Returns the first `lines` of a text, each with at most 160 characters. */
export const beginning = (text: string, lines: number): string => {
  const all = text.split("\n")
  const shown = all.slice(0, lines).map((line) => line.length > 160 ? `${line.slice(0, 159)}…` : line).join("\n")
  return shown + (all.length > lines ? "\n…" : "")
}

/** Formats a memory with the first `lines` of its content; `note` gets a line of its own. */
export const unitText = (unit: MemoryUnit, rank: number, projectName: string, lines: number, note?: string): string => {
  return [
    `${rank}. ${unit.title}`,
    `   ${unit.type} · ${minute(unit.occurredAt)} · ${projectName} · id ${unit.id.slice(0, 8)}`,
    ...(note === undefined ? [] : [`   ${note}`]),
    indent(beginning(unit.content, lines), "   │ ")
  ].join("\n")
}

export const resultText = (result: SearchResult, rank: number, projectName: string, lines: number): string =>
  unitText(result.unit, rank, projectName, lines, `why: score ${result.score.toFixed(2)} · ${reason(result)}`)

export const resultJson = ({ score, unit, why }: SearchResult) => ({
  id: unit.id,
  score,
  unit,
  evidence: evidence(unit),
  why
})
