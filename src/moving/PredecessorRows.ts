/**
 * Converts memory units of the predecessor to records. Pure.
 */
import { MAX_SUMMARY } from "../compress/Draft.ts"
import { UnitType } from "../domain/MemoryUnit.ts"
import { listOf, type Row, shareOf, textOf, timeOf } from "./Fields.ts"
import type { ForeignRead } from "./ForeignMemory.ts"

export const UNITS = "memory_units"

/** Columns without which it is another program's table. */
export const NEEDED = ["id", "project_id", "unit_type", "title", "content", "created_at"] as const

const isUnitType = (type: string): type is UnitType => (UnitType.literals as ReadonlyArray<string>).includes(type)

/** Returns our type for theirs, which has the same names; what is none of them is documentation. */
const typeOf = (value: string | null | undefined): UnitType => {
  const type = textOf(value).toLowerCase()
  return isUnitType(type) ? type : "documentation"
}

/** Converts a row, each column as text. What is not active, or says nothing, is skipped. */
export const toRead = (row: Row): ForeignRead => {
  if (textOf(row["is_active"]) === "false") return { _tag: "Skipped", reason: "not active there" }
  const [title, summary, content] = [textOf(row["title"]), textOf(row["summary"]), textOf(row["content"])]
  if (content === "" && summary === "" && title === "") return { _tag: "Skipped", reason: "empty" }
  return {
    _tag: "Record",
    key: textOf(row["id"]),
    project: textOf(row["project_id"]),
    session: textOf(row["conversation_id"]),
    type: typeOf(row["unit_type"]),
    title,
    summary,
    // A unit's summary is cut, so that a long one stands in the text.
    paragraphs: content === "" ? [summary || title] : [content, ...(summary.length > MAX_SUMMARY ? [summary] : [])],
    keywords: listOf(row["keywords"]),
    files: [],
    occurredAt: timeOf(row["created_at"], row["updated_at"]),
    expiresAt: timeOf(row["expires_at"]) ?? null,
    quality: shareOf(row["relevance_score"], 1),
    cut: Number(row["cut"] ?? 0)
  }
}
