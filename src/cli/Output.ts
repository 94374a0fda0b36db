/**
 * How commands answer: a person reads tables, a program reads one line of JSON.
 */
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import { evidence } from "../domain/MemoryUnit.ts"
import type { SearchResult } from "../domain/Search.ts"
import { writeStdout } from "../Process.ts"
import type { LineSum } from "../store/MemoryStore.ts"

export const json = Options.boolean("json").pipe(
  Options.withDescription("Print one line of JSON and nothing else")
)

/** The answer: `data` as JSON, or `text` for a person. */
export const answer = (isJson: boolean, data: unknown, text: () => string) =>
  writeStdout(`${isJson ? JSON.stringify(data) : text()}\n`)

export const number = (n: number): string => n.toLocaleString("en-US")
export const percent = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${Math.round(100 * part / whole)} %`
export const minute = (millis: number): string =>
  millis === 0 ? "unknown date" : DateTime.formatIso(DateTime.unsafeMake(millis)).slice(0, 16).replace("T", " ")

/** "1 dead letter", "2 dead letters". */
export const plural = (n: number, noun: string): string => `${number(n)} ${noun}${n === 1 ? "" : "s"}`

/** "12 decision, 3 archive". */
export const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts).map(([name, n]) => `${number(n)} ${name}`).join(", ")

/** In columns of a terminal, where a CJK character takes two. */
const widthOf = (text: string): number =>
  text.length +
  (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g)?.length ?? 0)

const padded = (text: string, width: number) => text + " ".repeat(Math.max(0, width - widthOf(text)))

/** Columns as wide as their widest cell; the last one of each row is left as it is. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  rows.map((row) =>
    row.map((cell, column) =>
      column === row.length - 1 ? cell : padded(cell, Math.max(...rows.map((each) => widthOf(each[column] ?? ""))))
    ).join("  ")
  )

/** "1,234 lines = 1,000 stored + 230 skipped (…) + 4 dead letters", with the `shown` commonest reasons for skipping. */
export const balance = (lines: LineSum, shown = Number.POSITIVE_INFINITY): string => {
  const reasons = Object.entries(lines.skipped).sort(([, a], [, b]) => b - a)
  const total = (some: typeof reasons) => some.reduce((sum, [, n]) => sum + n, 0)
  const rest = total(reasons.slice(shown))
  const detail = [
    ...reasons.slice(0, shown).map(([reason, n]) => `${number(n)} ${reason}`),
    ...(rest === 0 ? [] : [`${number(rest)} for other reasons`])
  ].join(", ")
  return `${plural(lines.total, "line")} = ${number(lines.stored)} stored + ${number(total(reasons))} skipped` +
    `${detail === "" ? "" : ` (${detail})`} + ${plural(lines.deadLetter, "dead letter")}`
}

export const isBalanced = (lines: LineSum): boolean =>
  lines.total === lines.stored + lines.deadLetter + Object.values(lines.skipped).reduce((sum, n) => sum + n, 0)

const indent = (text: string, by: string) => text.split("\n").map((line) => by + line).join("\n")

/** Why a result came, in words. */
export const reason = ({ score, why }: SearchResult): string =>
  [
    `score ${score.toFixed(2)}`,
    why.keyword === null ? undefined : `keyword #${why.keyword.rank} (${why.matched.join(", ")})`,
    why.semantic === null ? undefined : `semantic #${why.semantic.rank} (cosine ${why.semantic.score.toFixed(2)})`,
    why.rerank === null ? undefined : `rerank #${why.rerank.rank} (${why.rerank.score.toFixed(2)})`,
    why.neighbours > 0 ? `its neighbours +${why.neighbours.toFixed(2)}` : undefined,
    ...Object.entries(why.boosts).map(([name, by]) => `its ${name} +${by.toFixed(2)}`)
  ].filter((part) => part !== undefined).join(" · ")

export const resultText = (result: SearchResult, rank: number, projectName: string, lines: number): string => {
  const { unit } = result
  const content = unit.content.split("\n")
  const shown = content.slice(0, lines).map((line) => line.length > 160 ? `${line.slice(0, 159)}…` : line).join("\n")
  return [
    `${rank}. ${unit.title}`,
    `   ${unit.type} · ${minute(unit.occurredAt)} · ${projectName} · id ${unit.id.slice(0, 8)}`,
    `   why: ${reason(result)}`,
    indent(shown + (content.length > lines ? "\n…" : ""), "   │ ")
  ].join("\n")
}

export const resultJson = ({ score, unit, why }: SearchResult) => ({
  id: unit.id,
  score,
  unit,
  evidence: evidence(unit),
  why
})
