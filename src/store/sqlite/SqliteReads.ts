/**
 * The SQLite dialect of the reads that a prompt needs. Without Effect, since the hook's entry answers prompts too. A
 * reader does not migrate, so it may find the schema of an earlier version.
 */
import { counterOf, inverseDocumentFrequency } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Steps } from "../../domain/Steps.ts"
import type { LexicalMatches } from "../MemoryStore.ts"
import { type Counted, type KeptProject, rankedBy, recalling, selectedFor } from "../Rules.ts"
import type { Columns, Row, UnitBody } from "../sql/Dialect.ts"
import type { Sql } from "../sql/Sql.ts"
import * as KeptRows from "./KeptRows.ts"
import { packed, unpacked } from "./Packs.ts"
import { heaviest, lengthsIn, PLACE, type Posting, selectRows, type Sized, type SizedCount } from "./Postings.ts"
import * as SqliteFilter from "./SqliteFilter.ts"

const json = (value: unknown) => JSON.stringify(value)

/** Parses a unit, which schemas before 11 did not compress; adds the empty `also` that units written before schema 3 lack. */
export const unitOf = ({ body }: UnitBody): MemoryUnit => {
  const unit = JSON.parse(typeof body === "string" ? body : unpacked(body)) as
    & Omit<MemoryUnit, "also">
    & Partial<MemoryUnit>
  return unit.also === undefined ? { ...unit, also: [] } : unit as MemoryUnit
}

/** Number of migration steps of this program, whose files a reader needs not translate. */
export const NEWEST = 12

/** Returns the number of migration steps that the schema has taken. */
export function* schemaVersion<Y, F>(sql: Sql<Y, F>): Steps<Y, number> {
  const [row] = yield* sql<{ user_version: number }>`PRAGMA user_version`
  return row?.user_version ?? 0
}

/**
 * Most units that the terms of a search bring, whatever the memory's size, since a hook waits for the result: 0.1 µs each. If the rarest
 * term alone is in more, only the newest of them are looked at.
 */
const RECALLED = 250_000
/**
 * Units that are selected without their lengths, for each that is wanted; that are counted where a term did not select; and that are
 * ranked where a filter passes nearly all.
 */
const SELECTED = 6
const COUNTED = 1.5
const MORE = 1.5

/** Makes the table of all places of a term, for a connection that only reads: a place is a row and a field. */
export const PLACES = "CREATE VIRTUAL TABLE temp.lexeme_places USING fts5vocab(main, lexemes, instance)"
export const make = <Y, F>(sql: Sql<Y, F>) => {
  const kept = KeptRows.make(sql)
  const version = () => schemaVersion(sql)
  const conditions = (filter: SearchFilter): F => SqliteFilter.conditions(sql, filter)

  /** Estimates the row after which about `RECALLED` units contain the terms, since even the rarest may be common; 0 for all. */
  function* newestThatBring(recall: ReadonlyArray<string>, countOf: ReadonlyMap<string, number>): Steps<Y, number> {
    const brought = Math.max(...recall.map((term) => countOf.get(term) ?? 0))
    if (brought <= RECALLED) return 0
    const [row] = yield* sql<{ least: number; most: number }>`SELECT
        (SELECT min(row) FROM units) AS least, (SELECT max(row) FROM units) AS most`
    return row === undefined ? 0 : Math.floor(row.most - (row.most - row.least) * RECALLED / brought)
  }

  /**
   * Returns the places of a term, as one text, since a row of the result for each takes ten times as long. From a row on, which only
   * few searches need, it returns one place in the text of each unit: FTS5 reads all places even where a part is asked for.
   */
  function* placesOf(term: string, newest: number): Steps<Y, Uint32Array> {
    return new Uint32Array(
      SqliteFilter.listed(
        newest === 0
          ? yield* sql<{ rows: string | null }>`SELECT group_concat(${sql.literal(PLACE)}) AS rows
            FROM temp.lexeme_places WHERE term = ${term}`
          : yield* sql<{ rows: string | null }>`SELECT group_concat(rowid * 4 + 1) AS rows FROM lexemes
            WHERE lexemes MATCH ${`"${term}"`} AND rowid > ${newest}`
      )
    )
  }

  /** Reads the lengths of units. */
  function* sized(rows: ReadonlyArray<number>): Steps<Y, ReadonlyArray<Sized>> {
    const [found] = yield* sql<{ sizes: string | null }>`SELECT group_concat(best.value || ' ' || hex(sz)) AS sizes
        FROM json_each(${json(rows)}) AS best CROSS JOIN lexemes_docsize ON lexemes_docsize.id = best.value`
    return (found?.sizes ?? "").split(",").filter((size) => size !== "").map((size) => {
      const blank = size.indexOf(" ")
      return { row: Number(size.slice(0, blank)), lengths: lengthsIn(size.slice(blank + 1)) }
    })
  }

  /**
   * Returns the first of these units that pass, at most so many. `countIn` counts the terms in their texts, where the counts hold only
   * some. Forces the covering index, which schemas before 7 lack, so that the pages of the units' bodies are not read.
   */
  function* passing(
    counts: ReadonlyArray<SizedCount>,
    filter: SearchFilter,
    limit: number,
    countIn: ReturnType<typeof counterOf> | undefined
  ): Steps<Y, ReadonlyArray<Counted>> {
    const index = sql.literal((yield* version()) >= 7 ? "INDEXED BY units_by_row" : "")
    const [columns, texts] = countIn === undefined
      ? ["", ""]
      : [", title, text, tool_use, tool_result", "CROSS JOIN lexemes ON lexemes.rowid = best.value"]
    const found = yield* sql<{
      row: number
      id: string
      title: string
      text: string
      tool_use: string
      tool_result: string
    }>`SELECT units.row, units.id ${sql.literal(columns)}
        FROM json_each(${json(counts.map(({ row }) => row))}) AS best
        CROSS JOIN units ${index} ON units.row = best.value ${sql.literal(texts)}
        WHERE ${conditions(filter)} LIMIT ${limit}`
    const countOf = new Map(counts.map((count) => [count.row, count]))
    return found.map((unit) => ({
      ...countOf.get(unit.row)!,
      ...countIn?.([unit.title, unit.text, unit.tool_use, unit.tool_result]),
      unitId: unit.id
    }))
  }

  /** Counts the terms in the best units of those that pass. */
  function* counted(
    postings: ReadonlyArray<Posting>,
    limit: number,
    filter: SearchFilter,
    averageLength: number,
    terms: number,
    countIn: ReturnType<typeof counterOf> | undefined
  ): Steps<Y, ReadonlyArray<Counted>> {
    const selected = selectedFor(limit, SELECTED)
    function* best(limit: number, accepted?: Uint8Array) {
      return heaviest(postings, yield* sized(selectRows(postings, selected, accepted)), terms, averageLength, limit)
    }
    if (filter.projects === "all") {
      // Nearly all pass, mostly.
      const more = Math.ceil(MORE * limit)
      const counts = yield* best(more)
      const found = yield* passing(counts, filter, limit, countIn)
      if (found.length >= limit || counts.length < more) return found
    }
    const { files, isPinned, projects, sessions, since, types, until } = filter
    const key = json([projects, sessions, types, since, until, files, isPinned])
    yield* kept.refresh()
    const accepted = yield* kept.get(key, () => SqliteFilter.rowsThatPass(sql, filter))
    return yield* passing(yield* best(limit, accepted), filter, limit, countIn)
  }

  /**
   * Selects units by the terms that they contain, and ranks those by how often and in which fields: to ask FTS5 for a rank
   * takes ten times as long as to ask for what contains a term.
   */
  function* lexical(
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ): Steps<Y, LexicalMatches> {
    const { lexemes, units } = (yield* sql<{ units: number; lexemes: number }>`SELECT units, lexemes FROM totals`)[0]!
    const counts = yield* sql<{ term: string; doc: number }>`SELECT term, doc FROM lexeme_counts
        WHERE term IN (SELECT value FROM json_each(${json(terms)}))`
    const countOf = new Map(counts.map(({ doc, term }) => [term, doc]))
    const common = {
      documents: units,
      averageLength: lexemes / Math.max(1, units),
      documentFrequencies: terms.map((term) => countOf.get(term) ?? 0)
    }
    const recall = recalling(terms, countOf, RECALLED)
    if (recall.length === 0 || limit === 0) return { ...common, candidates: [] }
    // Row numbers grow with the time of insertion, so this limits the search to the newest units.
    const newest = yield* newestThatBring(recall, countOf)
    const idfOf = (term: string) => inverseDocumentFrequency(units, countOf.get(term) ?? 0)
    const postings: Array<Posting> = []
    for (const term of recall) {
      postings.push({ term: terms.indexOf(term), weight: idfOf(term), places: yield* placesOf(term, newest) })
    }
    const isWhole = newest === 0 && recall.length === countOf.size
    const candidates = yield* counted(
      postings,
      isWhole ? limit : selectedFor(limit, COUNTED),
      filter,
      common.averageLength,
      terms.length,
      isWhole ? undefined : counterOf(new Map(terms.map((term, i) => [term, i])))
    )
    return { ...common, candidates: rankedBy(terms.map(idfOf), common.averageLength, candidates, limit) }
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
    // JSON holds no bytes: compressed texts lie one behind the other, and a row has the place and the length of its own.
    const parts: Array<Uint8Array> = []
    let length = 0
    const place = (text: string) => {
      const part = packed(text)
      const at = length + 1
      parts.push(part)
      length += part.length
      return [at, part.length]
    }
    const values = json(rows.map((row) =>
      names.map((name) => {
        const value = (row as Readonly<Record<string, unknown>>)[name]
        return columns[name] === "packed" ? place(value as string) : value
      })
    ))
    const selected = names.map((name, i) =>
      `${
        columns[name] === "packed" ? `substr(bytes, value->>'$[${i}][0]', value->>'$[${i}][1]')` : `value->>${i}`
      } AS "${name}"`
    ).join(", ")
    return names.some((name) => columns[name] === "packed")
      ? sql`(SELECT key AS i, ${sql.literal(selected)} FROM json_each(${values}), (SELECT ${
        Buffer.concat(parts)
      } AS bytes)) AS ${sql.literal(alias)}`
      : sql`(SELECT key AS i, ${sql.literal(selected)} FROM json_each(${values})) AS ${sql.literal(alias)}`
  }

  return { conditions, isIn, lexical, projects, table }
}
