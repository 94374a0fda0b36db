/**
 * The SQLite dialect of the reads that a prompt needs. Without Effect, since the hook's entry answers prompts too. A
 * reader does not migrate, so it may find the schema of an earlier version.
 */
import { counterOf, inverseDocumentFrequency } from "../../domain/Lexical.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Eventual, Steps } from "../../domain/Steps.ts"
import type { LexicalMatches } from "../MemoryStore.ts"
import { type Counted, type KeptProject, rankedBy, selectedFor } from "../Rules.ts"
import type { Columns, Row, UnitBody } from "../sql/Dialect.ts"
import type { Sql } from "../sql/Sql.ts"
import * as KeptRows from "./KeptRows.ts"
import { packed, unpacked } from "./Packs.ts"
import { heaviest, lengthsIn, type Posting, selectRows, type Sized, type SizedCount } from "./Postings.ts"
import * as SqliteFilter from "./SqliteFilter.ts"
import * as TermLists from "./TermLists.ts"

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
 * Units that are selected without their lengths, for each that is wanted; that are counted where a term did not select; and that are
 * ranked where a filter passes nearly all.
 */
const SELECTED = 12
const COUNTED = 1.5
const MORE = 1.5

/** Terms of which most are not there when there are more: the spellings that one may have meant. */
const MANY = 64

/** `turn` lets others come between the parts of a long search. */
export const make = <Y, F>(sql: Sql<Y, F>, turn: Eventual<Y, void>) => {
  const passed = KeptRows.make<Y, F, Uint8Array>(sql)
  const frequencies = KeptRows.make<Y, F, Uint32Array>(sql)
  const listed = TermLists.make(sql, turn)
  const version = () => schemaVersion(sql)
  const conditions = (filter: SearchFilter): F => SqliteFilter.conditions(sql, filter)

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
      const rows = yield* selectRows(postings, selected, turn, accepted)
      return heaviest(postings, yield* sized(rows), terms, averageLength, limit)
    }
    if (filter.projects === "all") {
      // Nearly all pass, mostly.
      const more = Math.ceil(MORE * limit)
      const counts = yield* best(more)
      const found = yield* passing(counts, filter, limit, countIn)
      if (found.length >= limit || counts.length < more) return found
    }
    const { files, isPinned, isSaved, projects, sessions, since, types, until } = filter
    const key = json([projects, sessions, types, since, until, files, isPinned, isSaved])
    yield* passed.refresh()
    const accepted = yield* passed.get(key, () => SqliteFilter.rowsThatPass(sql, filter))
    return yield* passing(yield* best(limit, accepted), filter, limit, countIn)
  }

  /** Selects units by the terms that they contain, and ranks those by how often and in which fields. */
  function* lexical(
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ): Steps<Y, LexicalMatches> {
    const { lexemes, units } = (yield* sql<{ units: number; lexemes: number }>`SELECT units, lexemes FROM totals`)[0]!
    const memory = { documents: units, averageLength: lexemes / Math.max(1, units) }
    if (limit === 0 && terms.length > MANY) {
      const countOf = yield* TermLists.countsOf(sql, terms)
      return { ...memory, documentFrequencies: terms.map((term) => countOf.get(term) ?? 0), candidates: [] }
    }
    if (limit === 0) {
      yield* frequencies.refresh()
      const documentFrequencies = yield* frequencies.get(json(terms), function*(): Steps<Y, Uint32Array> {
        return Uint32Array.from((yield* listed(terms)).documentFrequencies)
      })
      return { ...memory, documentFrequencies: [...documentFrequencies], candidates: [] }
    }
    const { documentFrequencies, isWhole, lists } = yield* listed(terms)
    const common = { ...memory, documentFrequencies }
    const idf = documentFrequencies.map((frequency) => inverseDocumentFrequency(units, frequency))
    const postings = terms.flatMap((each, term): ReadonlyArray<Posting> => {
      const list = lists.get(each)
      return list === undefined || list.rows.length === 0 ? [] : [{ ...list, term, weight: idf[term]! }]
    })
    if (postings.length === 0) return { ...common, candidates: [] }
    const candidates = yield* counted(
      postings,
      isWhole ? limit : selectedFor(limit, COUNTED),
      filter,
      common.averageLength,
      terms.length,
      isWhole ? undefined : counterOf(new Map(terms.map((term, i) => [term, i])))
    )
    return { ...common, candidates: rankedBy(idf, common.averageLength, candidates, limit) }
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
