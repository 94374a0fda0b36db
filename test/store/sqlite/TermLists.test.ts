import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { DatabaseSync } from "node:sqlite"
import { lazily, noTurn, runAtOnce } from "../../../src/domain/Steps.ts"
import { load } from "../../../src/resources/SqliteDriver.ts"
import type { Sql } from "../../../src/store/sql/Sql.ts"
import {
  beginningIn,
  countIn,
  doclistIn,
  keyOf,
  rowOfSegment,
  segmentsIn,
  STRUCTURE
} from "../../../src/store/sqlite/Doclists.ts"
import { make as makeSql, type Part } from "../../../src/store/sqlite/SqlAtOnce.ts"
import * as TermLists from "../../../src/store/sqlite/TermLists.ts"
import { times } from "../../data.ts"

const FIELDS = ["title", "text", "tool_use", "tool_result"]
/** The first is in most rows; some begin like others. */
const WORDS = ["a", "ab", "abc", "abcd", "b", "ba", "缓存", "缓", "zebra"]

/** Makes the index of words, as a memory has it, with pages so small that rows, places and words go from one to the next. */
const indexOf = (pageSize: number): DatabaseSync => {
  const database = new (load().DatabaseSync)(":memory:")
  database.exec(`CREATE VIRTUAL TABLE lexemes USING fts5(${FIELDS.join(", ")}, tokenize = "ascii tokenchars '_'");
    CREATE VIRTUAL TABLE lexeme_counts USING fts5vocab(lexemes, row);
    INSERT INTO lexemes (lexemes, rank) VALUES ('pgsz', ${pageSize});
    ${TermLists.PLACES}`)
  return database
}

const rowNumber = FastCheck.integer({ min: 1, max: 400 })
const text = FastCheck.array(FastCheck.constantFrom(...WORDS), { maxLength: 8 })
/** Many rows at once, with a word over and over, so that lists and places are longer than a page. */
const change = FastCheck.oneof(
  FastCheck.record({
    what: FastCheck.constant("write" as const),
    row: rowNumber,
    rows: FastCheck.integer({ min: 1, max: 60 }),
    fields: FastCheck.tuple(text, text, text, text),
    again: FastCheck.constantFrom(1, 3, 90)
  }),
  FastCheck.record({
    what: FastCheck.constantFrom("delete" as const, "erase" as const),
    row: rowNumber,
    rows: FastCheck.integer({ min: 1, max: 60 })
  }),
  FastCheck.record({ what: FastCheck.constantFrom("merge" as const, "optimize" as const) })
)
type Change = typeof change extends FastCheck.Arbitrary<infer A> ? A : never

const apply = (database: DatabaseSync, change: Change): void => {
  const tell = (order: string) => database.exec(`INSERT INTO lexemes (lexemes, rank) VALUES ${order}`)
  if (!("rows" in change)) {
    return change.what === "merge"
      ? tell("('merge', -4)")
      : database.exec("INSERT INTO lexemes (lexemes) VALUES ('optimize')")
  }
  const rows = Array.from({ length: change.rows }, (_, i) => change.row + i)
  database.exec("BEGIN")
  if (change.what === "erase") tell("('secure-delete', 1)")
  for (const row of rows) {
    database.prepare("DELETE FROM lexemes WHERE rowid = ?").run(row)
    if (change.what !== "write") continue
    const fields = change.fields.map((words, field) =>
      field === 1 ? Array.from({ length: change.again }, () => words.join(" ")).join(" ") : words.join(" ")
    )
    database.prepare("INSERT INTO lexemes (rowid, title, text, tool_use, tool_result) VALUES (?, ?, ?, ?, ?)")
      .run(row, ...fields)
  }
  if (change.what === "erase") tell("('secure-delete', 0)")
  database.exec("COMMIT")
}

/** What FTS5's own table of places says of a term: rows, and the count of each field. */
const placesOf = (database: DatabaseSync, term: string): ReadonlyArray<readonly [number, ReadonlyArray<number>]> => {
  const counts = new Map<number, Array<number>>()
  const places = database.prepare("SELECT doc, col FROM temp.lexeme_places WHERE term = ?").all(
    term
  ) as unknown as ReadonlyArray<{ readonly doc: number; readonly col: string }>
  for (const { col, doc } of places) {
    const fields = counts.get(doc) ?? FIELDS.map(() => 0)
    fields[FIELDS.indexOf(col)]!++
    counts.set(doc, fields)
  }
  return [...counts].sort(([a], [b]) => a - b).map(([row, fields]) => [row, fields.map((n) => Math.min(255, n))])
}

const listed = (sql: Sql<never, Part>, terms: ReadonlyArray<string>, most = Infinity) => {
  const { documentFrequencies, isWhole, lists } = runAtOnce(TermLists.make(sql, noTurn, most)(terms))
  return {
    isWhole,
    documentFrequencies,
    lists: terms.map((term): ReadonlyArray<readonly [number, ReadonlyArray<number>]> => {
      const list = lists.get(term)
      return list === undefined
        ? []
        : [...list.rows].map((row, i) => [row, FIELDS.map((_, field) => countIn(list.counts[i]!, field))])
    })
  }
}

describe("rows of terms, read from FTS5's pages", () => {
  it.prop(
    "are those of its own tables, after any writes, deletes and merges",
    [FastCheck.array(change, { minLength: 1, maxLength: 12 }), FastCheck.constantFrom(32, 50, 128, 1_000)],
    ([changes, pageSize]) => {
      const database = indexOf(pageSize)
      try {
        const terms = [...WORDS, "none", "aa"]
        for (const each of changes) {
          apply(database, each)
          const expected = terms.map((term) => placesOf(database, term))
          assert.deepStrictEqual(listed(makeSql(database), terms), {
            isWhole: true,
            documentFrequencies: expected.map((rows) => rows.length),
            lists: expected
          })
        }
      } finally {
        database.close()
      }
    },
    { fastCheck: { numRuns: times(60) } }
  )

  it("are those of the rarest terms, and the newest of one that is on too many pages", () => {
    const database = indexOf(64)
    apply(database, { what: "write", row: 1, rows: 200, fields: [["a"], ["a", "b"], [], []], again: 1 })
    apply(database, { what: "write", row: 300, rows: 5, fields: [["zebra"], ["a"], [], []], again: 1 })
    const rare = listed(makeSql(database), ["b", "zebra", "none"], 10)
    assert.deepStrictEqual([rare.isWhole, rare.documentFrequencies], [false, [200, 5, 0]])
    assert.deepStrictEqual(rare.lists, [[], placesOf(database, "zebra"), []])
    const common = listed(makeSql(database), ["a"], 10)
    assert.deepStrictEqual([common.isWhole, common.documentFrequencies], [false, [205]])
    const newest = common.lists[0]!
    assert.isAbove(newest.length, 20)
    assert.isBelow(newest.length, 100)
    assert.deepStrictEqual(newest, placesOf(database, "a").slice(-newest.length))
    database.close()
  })

  it("are those of FTS5's tables where the format is another", () => {
    const database = indexOf(128)
    apply(database, { what: "write", row: 1, rows: 20, fields: [["a"], ["a", "b"], [], ["b"]], again: 3 })
    const expected = listed(makeSql(database), ["a", "b", "none"])
    assert.lengthOf(expected.lists[0]!, 20)
    const sql = makeSql(database)
    const another = Object.assign(
      (texts: TemplateStringsArray, ...values: ReadonlyArray<unknown>) =>
        texts[0]!.includes("lexemes_config")
          ? lazily(() => [{ version: 6, block: new Uint8Array(8) }])
          : sql(texts, ...values),
      sql
    ) as typeof sql
    assert.deepStrictEqual(listed(another, ["a", "b", "none"]), expected)
    database.close()
  })

  it("are no lists where a page is not what it says", () => {
    const database = indexOf(64)
    apply(database, { what: "write", row: 1, rows: 50, fields: [["a"], ["a", "b"], [], ["b"]], again: 3 })
    const { block } = database.prepare("SELECT block FROM lexemes_data WHERE id = ?").get(STRUCTURE) as {
      block: Uint8Array
    }
    const [segment] = segmentsIn(block)!
    const pages = (database.prepare("SELECT block FROM lexemes_data WHERE id BETWEEN ? AND ?").all(
      rowOfSegment(segment!.id) + segment!.first,
      rowOfSegment(segment!.id) + segment!.last
    ) as unknown as ReadonlyArray<{ readonly block: Uint8Array }>).map((page) => page.block)
    assert.isAbove(pages.length, 5)
    const beginning = beginningIn(pages[0]!, keyOf("a"))
    assert.lengthOf(doclistIn(pages, beginning)!.rows, 50)
    assert.isUndefined(doclistIn(pages.map((page) => page.slice(0, 20)), beginning))
    assert.isUndefined(doclistIn([pages[0]!, ...pages.slice(2)], beginning))
    assert.isUndefined(segmentsIn(block.subarray(0, block.length - 1)))
    assert.isUndefined(segmentsIn(Uint8Array.from([...block.subarray(0, 4), 0xff, 0, 0, 1, ...block.subarray(4)])))
    database.close()
  })
})
