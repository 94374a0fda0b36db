/**
 * Translates a SearchFilter to conditions on the `units` table, for lexical and vector search in the SQLite file.
 */
import { wantedFiles } from "../../domain/Filter.ts"
import { ORIGINS } from "../../domain/SavedBy.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Steps } from "../../domain/Steps.ts"
import type { Sql } from "../sql/Sql.ts"

/** By a comparison that the index of origins serves. */
const SAVED = Object.values(ORIGINS).map((origin) => `origin GLOB '${origin}*'`).join(" OR ")

export const conditions = <Y, F>(sql: Sql<Y, F>, filter: SearchFilter): F => {
  const files = wantedFiles(filter)
  return sql.and([
    "units.active = 1",
    // Tests a single project with "=": the index then returns its units in time order, which IN prevents.
    ...(filter.projects === "all" ?
      [] :
      filter.projects.length === 1 ?
      [sql`units.project_id = ${filter.projects[0]!}`] :
      [
        sql`units.project_id IN (SELECT value FROM json_each(${JSON.stringify(filter.projects)}))`
      ]),
    ...(filter.sessions === undefined
      ? []
      : [sql`units.session_id IN (SELECT value FROM json_each(${JSON.stringify(filter.sessions)}))`]),
    ...(filter.types === undefined
      ? []
      : [sql`units.type IN (SELECT value FROM json_each(${JSON.stringify(filter.types)}))`]),
    ...(filter.since === undefined ? [] : [sql`units.occurred_at >= ${filter.since}`]),
    ...(filter.until === undefined ? [] : [sql`units.occurred_at <= ${filter.until}`]),
    ...(filter.isPinned === true ? ["units.id IN (SELECT unit_id FROM overlay WHERE pinned = 1)"] : []),
    ...(filter.isSaved === true ? [`units.id IN (SELECT id FROM units WHERE ${SAVED})`] : []),
    ...(files.length === 0 ? [] : [
      sql`EXISTS (
        SELECT 1 FROM json_each(units.files) AS held, json_each(${JSON.stringify(files)}) AS wanted
        WHERE held.value = wanted.value
          OR substr(held.value, -length(wanted.value) - 1) IN ('/' || wanted.value, '\\' || wanted.value)
      )`
    ])
  ])
}

/** Reads a list of rows that `group_concat` made: a row of the result for each takes ten times as long. */
export const listed = ([result]: ReadonlyArray<{ readonly rows: string | null }>): ReadonlyArray<number> =>
  JSON.parse(`[${result?.rows ?? ""}]`) as ReadonlyArray<number>

/** Returns an array that has a 1 at each row of a unit that passes. */
export function* rowsThatPass<Y, F>(sql: Sql<Y, F>, filter: SearchFilter): Steps<Y, Uint8Array> {
  const rows = listed(
    yield* sql<{ rows: string | null }>`SELECT group_concat(row) AS rows FROM units WHERE ${conditions(sql, filter)}`
  )
  const passes = new Uint8Array(rows.reduce((most, row) => Math.max(most, row), -1) + 1)
  for (const row of rows) passes[row] = 1
  return passes
}
