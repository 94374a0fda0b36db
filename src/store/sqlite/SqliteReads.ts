/**
 * The SQLite dialect of the reads that a prompt needs. Without Effect, since the hook's entry answers prompts too. A
 * reader does not migrate, so it may find the schema of an earlier version.
 */
import { sumOf } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Steps } from "../../domain/Steps.ts"
import type { LexicalMatches } from "../MemoryStore.ts"
import { type KeptProject, RECALL_DOCUMENTS, recalling } from "../Rules.ts"
import type { Body, Columns, Row } from "../sql/Dialect.ts"
import type { Sql } from "../sql/Sql.ts"
import * as SqliteFilter from "./SqliteFilter.ts"

const json = (value: unknown) => JSON.stringify(value)

/** Parses a unit; adds the empty `also` that units written before schema 3 lack. */
export const unitOf = (row: Body): MemoryUnit => {
  const unit = JSON.parse(row.body) as Omit<MemoryUnit, "also"> & Partial<MemoryUnit>
  return unit.also === undefined ? { ...unit, also: [] } : unit as MemoryUnit
}

/** Number of migration steps of this program, whose files a reader needs not translate. */
export const NEWEST = 9

/** Returns the number of migration steps that the schema has taken. */
export function* schemaVersion<Y, F>(sql: Sql<Y, F>): Steps<Y, number> {
  const [row] = yield* sql<{ user_version: number }>`PRAGMA user_version`
  return row?.user_version ?? 0
}

export const make = <Y, F>(sql: Sql<Y, F>) => {
  const version = () => schemaVersion(sql)
  const conditions = (filter: SearchFilter): F => SqliteFilter.conditions(sql, filter)

  /** Forces the covering index, which a reader may not find: schemas before 7 lack it. */
  function* byRow(): Steps<Y, F> {
    return sql.literal((yield* version()) >= 7 ? "INDEXED BY units_by_row" : "")
  }

  /** Estimates the row after which about `RECALL_DOCUMENTS` units contain the terms, since even the rarest may be common; 0 for all. */
  function* newestThatBring(recall: ReadonlyArray<string>, countOf: ReadonlyMap<string, number>): Steps<Y, number> {
    const brought = Math.max(...recall.map((term) => countOf.get(term) ?? 0))
    if (brought <= RECALL_DOCUMENTS) return 0
    const [row] = yield* sql<{ least: number; most: number }>`SELECT
        (SELECT min(row) FROM units) AS least, (SELECT max(row) FROM units) AS most`
    return row === undefined ? 0 : Math.floor(row.most - (row.most - row.least) * RECALL_DOCUMENTS / brought)
  }

  function* lexical(
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ): Steps<Y, LexicalMatches> {
    const totals = (yield* sql<{ units: number; lexemes: number }>`SELECT units, lexemes FROM totals`)[0]!
    const counts = yield* sql<{ term: string; doc: number }>`SELECT term, doc FROM lexeme_counts
        WHERE term IN (SELECT value FROM json_each(${json(terms)}))`
    const countOf = new Map(counts.map(({ term, doc }) => [term, doc]))
    const documentFrequencies = terms.map((term) => countOf.get(term) ?? 0)
    const common = {
      documents: totals.units,
      averageLength: totals.lexemes / Math.max(1, totals.units),
      documentFrequencies
    }
    const recall = recalling(terms, countOf)
    if (recall.length === 0) return { ...common, candidates: [] }
    const match = recall.map((term) => `"${term}"`).join(" OR ")
    // Row numbers grow with the time of insertion, so this limits the search to the newest units.
    const newest = yield* newestThatBring(recall, countOf)
    const rows = yield* sql<{
      id: string
      session_id: string
      position: number
      title: string
      text: string
      tool_use: string
      tool_result: string
    }>`SELECT units.id, units.session_id, units.position, lexemes.title, lexemes.text, lexemes.tool_use, lexemes.tool_result
        FROM (
          SELECT lexemes.rowid AS row, lexemes.rank AS rank FROM lexemes JOIN units ${yield* byRow()}
            ON units.row = lexemes.rowid
          WHERE lexemes MATCH ${match} AND lexemes.rowid > ${newest} AND ${conditions(filter)}
          ORDER BY lexemes.rank, units.id LIMIT ${limit}
        ) AS best JOIN units ON units.row = best.row JOIN lexemes ON lexemes.rowid = best.row
        ORDER BY best.rank, units.id`
    const termIndex = new Map(terms.map((term, i) => [term, i]))
    return {
      ...common,
      candidates: rows.map((row) => ({
        unitId: row.id,
        sessionId: row.session_id,
        position: row.position,
        ...sumOf(
          [row.title, row.text, row.tool_use, row.tool_result].map((field) => field === "" ? [] : field.split(" ")),
          termIndex
        )
      }))
    }
  }

  function* projects(): Steps<Y, ReadonlyArray<KeptProject>> {
    // Schemas before 6 have no columns for merged and excluded projects.
    const columns = (yield* version()) < 6
      ? "0 AS excluded, NULL AS mergedInto"
      : "excluded, merged_into AS mergedInto"
    const rows = yield* sql<Omit<KeptProject, "isExcluded"> & { excluded: number }>`SELECT id, name, root, key,
        ${sql.literal(columns)} FROM projects`
    return rows.map(({ excluded, ...row }) => ({ ...row, isExcluded: excluded === 1 }))
  }

  const isIn = (column: string, values: Iterable<string>): F =>
    sql`${sql.literal(column)} IN (SELECT value FROM json_each(${json([...values])}))`

  const table = (alias: string, columns: Columns, rows: ReadonlyArray<Row>): F => {
    const names = Object.keys(columns)
    const selected = names.map((name, i) => `value->>${i} AS "${name}"`).join(", ")
    return sql`(SELECT key AS i, ${sql.literal(selected)} FROM json_each(${
      json(rows.map((row) => names.map((name) => (row as Readonly<Record<string, unknown>>)[name])))
    })) AS ${sql.literal(alias)}`
  }

  return { conditions, isIn, lexical, projects, table }
}
