import { LABELS } from "../../texts/labels.ts"

const LABEL = new RegExp(`^(?:${LABELS.join("|")}): `)

/** The lines of a label's text, which ends before the next label. */
const partOf = (content: string, label: string): string => {
  const lines = content.split("\n")
  const at = lines.findLastIndex((line) => line.startsWith(`${label}: `))
  if (at < 0) return ""
  const next = lines.findIndex((line, i) => i > at && LABEL.test(line))
  return lines.slice(at, next < 0 ? undefined : next).join(" ").slice(label.length + 2)
}

/** Says what a session was for, what else was asked in it and what came of it, by the memory that sums it up. */
export const summaryOf = (content: string) => ({
  aim: partOf(content, "Aim"),
  also: partOf(content, "Also asked"),
  outcome: partOf(content, "Outcome")
})
