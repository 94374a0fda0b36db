/**
 * Lists which rows hold the terms of a question. Without Effect, since the hook's entry searches too.
 */
import type { Eventual, Steps } from "../../domain/Steps.ts"
import { recalling } from "../Rules.ts"
import type { Sql } from "../sql/Sql.ts"
import {
  type Beginning,
  beginningIn,
  countedIn,
  type Doclist,
  doclistIn,
  keyOf,
  merged,
  rowOfSegment,
  type Segment,
  segmentsIn,
  STRUCTURE,
  turningAfter,
  VERSIONS
} from "./Doclists.ts"

/**
 * Most pages of 4 kB that are read for the terms of a search, whatever the memory's size, since a hook waits for the result: 10 µs each.
 * Of a term alone that is on more, only the newest of them are read.
 */
const PAGES = 1_500
/** Most rows that are listed by FTS5's tables, which take 0.3 µs each. */
const ROWS = 50_000
/** Times that pages are read anew, because another process has written meanwhile. */
const TRIES = 3

/** Makes the table of all places of a term, for a connection that only reads. */
export const PLACES = "CREATE VIRTUAL TABLE temp.lexeme_places USING fts5vocab(main, lexemes, instance)"
const FIELDS = ["title", "text", "tool_use", "tool_result"]

export interface TermLists {
  /** Number of rows that hold each term. */
  readonly documentFrequencies: ReadonlyArray<number>
  /** Rows by term; common terms may lack a list, or have one of the newest rows alone. */
  readonly lists: ReadonlyMap<string, Doclist>
  /** True if all rows of all terms are listed. */
  readonly isWhole: boolean
}

/** Where a term begins in a segment: its page, and where in it, and the last page on which it may be; rows of FTS5's table of data. */
interface Found {
  readonly term: string
  readonly page: Uint8Array
  readonly beginning: Beginning
  readonly first: number
  readonly last: number
}

const json = (value: unknown) => JSON.stringify(value)

/** Reads places, ascending by row, each as a row's number and the name of a field. */
const doclistOf = (places: string): Doclist => {
  const counts = new Map<number, number>()
  for (const place of places === "" ? [] : places.split(",")) {
    const [row, field] = place.split(" ")
    counts.set(Number(row), countedIn(counts.get(Number(row)) ?? 0, FIELDS.indexOf(field!)))
  }
  return { rows: Uint32Array.from(counts.keys()), counts: Uint32Array.from(counts.values()) }
}

/** Counts the rows of each term that is there. One that is not takes 10 µs, and one that is as long as its list. */
export function* countsOf<Y, F>(sql: Sql<Y, F>, terms: ReadonlyArray<string>): Steps<Y, ReadonlyMap<string, number>> {
  if (terms.length === 0) return new Map()
  const counts = yield* sql<{ term: string; doc: number }>`SELECT term, doc FROM lexeme_counts
    WHERE term IN (SELECT value FROM json_each(${json(terms)}))`
  return new Map(counts.map(({ doc, term }) => [term, doc]))
}

/** Takes turns between the lists. `most` is the number of pages that are read for all terms together. */
export const make = <Y, F>(sql: Sql<Y, F>, turn: Eventual<Y, void>, most = PAGES) => {
  /** Reads the structure record; undefined for a format that is not read here. */
  function* structure(): Steps<Y, Uint8Array | undefined> {
    const [found] = yield* sql<{ version: number; block: Uint8Array }>`SELECT block,
        (SELECT v FROM lexemes_config WHERE k = 'version') AS version
      FROM lexemes_data WHERE id = ${STRUCTURE}`
    return found !== undefined && VERSIONS.includes(found.version) ? found.block : undefined
  }

  /** Finds the terms in the segments: an index names pages by what the first term on each begins with. */
  function* foundIn(terms: ReadonlyArray<string>, segments: ReadonlyArray<Segment>): Steps<Y, ReadonlyArray<Found>> {
    const places = json(segments.map(({ first, id, last }) => [id, first, last, rowOfSegment(id)]))
    const rows = yield* sql<{ term: number; first: number; last: number; page: Uint8Array }>`
      WITH places AS MATERIALIZED (
        SELECT wanted.key AS term, segment.value->>3 AS row,
          max(segment.value->>1, coalesce((SELECT pgno >> 1 FROM lexemes_idx WHERE segid = segment.value->>0
            AND lexemes_idx.term <= CAST('0' || wanted.value AS BLOB) ORDER BY lexemes_idx.term DESC LIMIT 1), 0)) AS first,
          coalesce((SELECT pgno >> 1 FROM lexemes_idx WHERE segid = segment.value->>0
            AND lexemes_idx.term > CAST('0' || wanted.value AS BLOB) ORDER BY lexemes_idx.term LIMIT 1), segment.value->>2) AS last
        FROM json_each(${json(terms)}) AS wanted CROSS JOIN json_each(${places}) AS segment)
      SELECT term, row + first AS first, row + last AS last, block AS page
      FROM places CROSS JOIN lexemes_data ON id = row + first`
    const keys = terms.map(keyOf)
    return rows.flatMap(({ first, last, page, term }): ReadonlyArray<Found> => {
      const beginning = beginningIn(page, keys[term]!)
      return beginning === undefined
        ? []
        : [{
          term: terms[term]!,
          page,
          beginning,
          first,
          last: beginning.next === undefined ? Math.max(first, last) : first
        }]
    })
  }

  /** Reads the pages from one row to another, for each pair, if the structure is the same as before. */
  function* pagesIn(
    ranges: ReadonlyArray<readonly [from: number, to: number]>,
    structure: Uint8Array
  ): Steps<Y, ReadonlyArray<ReadonlyArray<Uint8Array>> | undefined> {
    const [now, ...rows] = yield* sql<{ range: number; block: Uint8Array }>`
      SELECT -1 AS range, block FROM lexemes_data WHERE id = ${STRUCTURE}
      UNION ALL SELECT wanted.key, data.block FROM json_each(${json(ranges)}) AS wanted
        CROSS JOIN lexemes_data AS data ON data.id BETWEEN wanted.value->>0 AND wanted.value->>1`
    if (now === undefined || Buffer.compare(now.block, structure) !== 0) return undefined
    const pages = ranges.map((): Array<Uint8Array> => [])
    for (const { block, range } of rows) pages[range]!.push(block)
    return pages
  }

  /**
   * Lists the terms by FTS5's pages, the rarest first; undefined for another format than is read here, for what may be damaged, and
   * while others keep writing.
   */
  function* byPages(terms: ReadonlyArray<string>): Steps<Y, Omit<TermLists, "documentFrequencies"> | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = yield* structure()
      const segments = before === undefined ? undefined : segmentsIn(before)
      if (before === undefined || segments === undefined) return undefined
      const found = yield* foundIn(terms, segments)
      const pagesOf = new Map(terms.map((term) => [term, 0]))
      for (const { first, last, term } of found) pagesOf.set(term, pagesOf.get(term)! + last - first + 1)
      const listed = new Set(recalling(terms, pagesOf, most))
      const isCut = [...listed].some((term) => pagesOf.get(term)! > most)
      const newest = isCut ? Math.ceil(most / segments.length) : Infinity
      const wanted = found.filter(({ term }) => listed.has(term))
      const ranges = wanted.map((
        { first, last }
      ): readonly [number, number] => [Math.max(first, last - newest) + 1, last])
      const pages = yield* pagesIn(ranges, before)
      if (pages === undefined) continue
      const goneThrough = turningAfter(turn)
      const parts = new Map([...listed].map((term): [string, Array<Doclist>] => [term, []]))
      for (const [i, { beginning, first, page, term }] of wanted.entries()) {
        const [from, to] = ranges[i]!
        const isComplete = pages[i]!.length === to - from + 1
        const part = from === first + 1 ? doclistIn([page, ...pages[i]!], beginning) : doclistIn(pages[i]!)
        if (!isComplete || part === undefined) return undefined
        parts.get(term)!.push(part)
        yield* goneThrough(part.rows.length)
      }
      return {
        lists: new Map([...parts].map(([term, lists]) => [term, merged(lists)])),
        isWhole: !isCut && listed.size === terms.length
      }
    }
    return undefined
  }

  /** Lists the terms by FTS5's tables, the rarest first, as one text each, since a row of the result for each place takes ten times as long. */
  function* byTables(terms: ReadonlyArray<string>): Steps<Y, TermLists> {
    const countOf = yield* countsOf(sql, terms)
    const lists = new Map<string, Doclist>()
    for (const term of recalling(terms, countOf, ROWS)) {
      const [found] = yield* sql<{ places: string | null }>`SELECT group_concat(doc || ' ' || col) AS places
        FROM temp.lexeme_places WHERE term = ${term}`
      lists.set(term, doclistOf(found?.places ?? ""))
    }
    return {
      documentFrequencies: terms.map((term) => countOf.get(term) ?? 0),
      lists,
      isWhole: lists.size === countOf.size
    }
  }

  return function*(terms: ReadonlyArray<string>): Steps<Y, TermLists> {
    const found = yield* byPages(terms)
    if (found === undefined) return yield* byTables(terms)
    const countOf = found.isWhole ? new Map<string, number>() : yield* countsOf(sql, terms)
    return {
      ...found,
      documentFrequencies: terms.map((term) => countOf.get(term) ?? found.lists.get(term)?.rows.length ?? 0)
    }
  }
}
