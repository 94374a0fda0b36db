/**
 * Translates a SearchFilter to conditions on the `units` table.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import { wantedFiles } from "../../domain/Filter.ts"
import { ORIGINS } from "../../domain/SavedBy.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import { texts } from "./PostgresLexemes.ts"

const SAVED = Object.values(ORIGINS).map((origin) => `units.origin LIKE '${origin}%'`).join(" OR ")

export const conditions = (sql: SqlClient, filter: SearchFilter): Fragment => {
  const files = wantedFiles(filter)
  return sql.and([
    "units.active",
    ...(filter.projects === "all" ? [] : [sql`units.project_id = ANY(${texts(filter.projects)})`]),
    ...(filter.sessions === undefined ? [] : [sql`units.session_id = ANY(${texts(filter.sessions)})`]),
    ...(filter.types === undefined ? [] : [sql`units.type = ANY(${filter.types})`]),
    ...(filter.since === undefined ? [] : [sql`units.occurred_at >= ${filter.since}`]),
    ...(filter.until === undefined ? [] : [sql`units.occurred_at <= ${filter.until}`]),
    ...(filter.isPinned === true ? ["units.id IN (SELECT unit_id FROM overlay WHERE pinned)"] : []),
    ...(filter.isSaved === true ? [`(${SAVED})`] : []),
    ...(files.length === 0 ? [] : [
      sql`EXISTS (
        SELECT FROM unnest(units.files) AS held, unnest(${texts(files)}::text[]) AS wanted
        WHERE held = wanted OR right(held, length(wanted) + 1) IN ('/' || wanted, '\\' || wanted)
      )`
    ])
  ])
}
