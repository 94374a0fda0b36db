/**
 * The parts of the memory's database. Memories and messages are the source; indexes of words and vectors, sketches and totals are
 * derived from them; and some tables only say how far the work has come.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { fieldsOf, lexicalOf } from "../../domain/Lexical.ts"
import * as EventLoop from "../../resources/EventLoop.ts"
import * as Duplicates from "../Duplicates.ts"
import type { Report } from "../Integrity.ts"
import { EMBEDDED } from "../MemoryStore.ts"
import type { UnitBody } from "../sql/Dialect.ts"
import * as Statements from "../sql/Statements.ts"
import { STEPS } from "./migrations.ts"
import type { DatabaseParts, Difference, Part } from "./Parts.ts"
import * as SqliteDialect from "./SqliteDialect.ts"
import { DATABASE } from "./SqliteFile.ts"
import { unitOf } from "./SqliteReads.ts"

const NOTHING = "no memory is lost"

const WORDS: Part = { tables: ["lexemes", "lexeme_counts", "totals"], holds: "the index of words", loss: NOTHING }
const SKETCHES: Part = { tables: ["sketches"], holds: "the sketches by which duplicates are found", loss: NOTHING }
/** Vectors that are not queued to be written or removed, and are of no active unit, or of another length than their model's. */
const UNFIT = `FROM vectors LEFT JOIN vector_indexes AS i ON i.id = vectors.index_id
  LEFT JOIN units ON units.row = vectors.unit_row AND units.project_id = vectors.project_id AND units.active = 1
  WHERE i.id IS NULL OR length(vectors.vector) NOT IN (0, i.dimension)
    OR units.row IS NULL AND vectors.unit_row NOT IN (
      SELECT u.row FROM units AS u JOIN work ON work.kind = 'index' AND work.key = u.id)`

const VECTORS: Part = {
  tables: ["vectors", "vector_lanes"],
  holds: "the vectors",
  loss: `${NOTHING}, and they are made again by the model`,
  mend: (sql) =>
    sql.unsafe(`DELETE FROM vectors WHERE (index_id, project_id, unit_row) IN (
      SELECT vectors.index_id, vectors.project_id, vectors.unit_row ${UNFIT})`)
}
const VECTOR_INDEXES: Part = {
  tables: ["vector_indexes"],
  holds: "the list of the vectors' models",
  loss: `${NOTHING}, and the vectors are made again by the model`
}
const WORK: Part = {
  tables: ["work"],
  holds: "the queue of work",
  loss: `${NOTHING}, and the next \`claude-memory import\` compresses all sessions again`
}

const PARTS: ReadonlyArray<Part> = [
  { tables: ["units", "sqlite_sequence"], holds: "the memories" },
  { tables: ["packs", "message_rows", "names"], holds: "what was said in the sessions" },
  { tables: ["sessions"], holds: "the list of sessions" },
  { tables: ["projects"], holds: "the list of projects" },
  { tables: ["let_go"], holds: "the record of what was let go to keep the memory small" },
  { tables: ["tombstones"], holds: "the record of what was forgotten, which keeps it from being captured again" },
  { tables: ["overlay", "operations"], holds: "what you changed of memories" },
  {
    tables: ["bin_entries"],
    holds: "the bin",
    loss: `${NOTHING}, but what was forgotten in the last seven days can't be brought back`
  },
  { tables: ["properties"], holds: "the memory's name, and the key of what was forgotten" },
  WORDS,
  SKETCHES,
  VECTORS,
  VECTOR_INDEXES,
  WORK,
  {
    tables: ["cursors"],
    holds: "how far the transcripts were read",
    loss: `${NOTHING}, and the next \`claude-memory import\` reads all transcripts once more`
  },
  {
    tables: ["open_segments"],
    holds: "where the next messages belong",
    loss: `${NOTHING}, and the next message of each session begins a new segment`
  },
  { tables: ["line_counts"], holds: "the counts of captured lines", loss: `${NOTHING}, and the counts begin at zero` },
  { tables: ["redactions"], holds: "the counts of masked secrets", loss: `${NOTHING}, and the counts begin at zero` },
  {
    tables: ["dead_letters"],
    holds: "the lines that could not be understood",
    loss: `${NOTHING}, but those lines are, which were in none`
  },
  {
    tables: ["reviewed_sessions"],
    holds: "the list of sessions that a model reviews",
    loss: `${NOTHING}, and \`claude-memory review --all\` asks for the reviews again`
  }
]

const first = <A>(rows: ReadonlyArray<A>): A => rows[0]!

const some = (n: number, one: string, many: string) => n === 1 ? `1 ${one}` : `${n.toLocaleString("en-US")} ${many}`

const compareQuickly = (sql: SqlClient): Effect.Effect<ReadonlyArray<Difference>, SqlError> =>
  Effect.map(
    sql<{ units: number; counted: number; indexed: number }>`SELECT (SELECT count(*) FROM units) AS units,
      (SELECT units FROM totals) AS counted, (SELECT count(*) FROM lexemes_docsize) AS indexed`,
    (rows) => {
      const { counted, indexed, units } = first(rows)
      return indexed === units && counted === units ? [] : [{
        part: WORDS,
        detail: `the index of words has ${some(indexed, "memory", "memories")}, counts ${
          counted === null ? "none" : counted.toLocaleString("en-US")
        }, and there are ${units.toLocaleString("en-US")}`
      }]
    }
  )

const compareWords = (sql: SqlClient) =>
  Effect.map(
    sql<{ missing: number; orphans: number; lexemes: number; counted: number }>`SELECT
      (SELECT count(*) FROM units WHERE row NOT IN (SELECT id FROM lexemes_docsize)) AS missing,
      (SELECT count(*) FROM lexemes_docsize WHERE id NOT IN (SELECT row FROM units)) AS orphans,
      (SELECT coalesce(sum(lexeme_count), 0) FROM units) AS lexemes, (SELECT lexemes FROM totals) AS counted`,
    (rows): ReadonlyArray<Difference> => {
      const { counted, lexemes, missing, orphans } = first(rows)
      return [
        ...(missing + orphans === 0 ? [] : [{
          part: WORDS,
          detail: `${some(missing, "memory is", "memories are")} not in the index of words, ${
            some(orphans, "one too many is", "too many are")
          }`
        }]),
        ...(counted === lexemes
          ? []
          : [{ part: WORDS, detail: "the number of words differs from that of the memories" }])
      ]
    }
  )

/** Units of a page of the table, and their rows. */
const PAGE = 500

const compareSketches = (sql: SqlClient) =>
  Effect.gen(function*() {
    const { orphans } = first(
      yield* sql<{ orphans: number }>`SELECT count(DISTINCT row) AS orphans FROM sketches
        WHERE row NOT IN (SELECT row FROM units)`
    )
    let missing = 0
    for (let after = 0;;) {
      // Those of an early version wait to be made again, with their sketches.
      const rows = yield* sql<UnitBody & { row: number }>`SELECT row, body FROM units WHERE row > ${after}
        AND type <> 'archive' AND NOT EXISTS (SELECT 1 FROM sketches WHERE sketches.row = units.row)
        AND NOT EXISTS (SELECT 1 FROM work WHERE work.kind IN ('segment', 'session') AND work.key = units.origin)
        ORDER BY row LIMIT ${PAGE}`
      missing += rows.map(unitOf).filter((unit) =>
        Duplicates.sketch(unit, Duplicates.wordsOf(fieldsOf(unit))).length > 0
      )
        .length
      if (rows.length < PAGE) break
      after = rows.at(-1)!.row
    }
    return missing + orphans === 0 ? [] : [{
      part: SKETCHES,
      detail: `${some(missing, "memory has", "memories have")} no sketch, ${
        some(orphans, "sketch is of none", "sketches are of none")
      }`
    }]
  })

const compareVectors = (sql: SqlClient) =>
  Effect.gen(function*() {
    const { index } = first(
      yield* sql<{ index: string | null }>`SELECT (SELECT value FROM properties WHERE name = 'index') AS "index"`
    )
    if ((index ?? EMBEDDED) !== EMBEDDED) return []
    const { unfit } = first(yield* sql.unsafe<{ unfit: number }>(`SELECT count(*) AS unfit ${UNFIT}`))
    const { missing } = first(
      yield* sql<{ missing: number }>`SELECT count(*) AS missing FROM units JOIN vector_indexes AS i ON i.active = 1
        WHERE units.active = 1 AND NOT EXISTS (SELECT 1 FROM work WHERE kind = 'reconcile' AND key = ${EMBEDDED})
          AND NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.index_id = i.id AND vectors.project_id = units.project_id
            AND vectors.unit_row = units.row)
          AND NOT EXISTS (SELECT 1 FROM work WHERE kind = 'index' AND key = units.id)`
    )
    return missing + unfit === 0 ? [] : [{
      part: VECTORS,
      detail: `${some(missing, "memory has", "memories have")} no vector, ${
        some(unfit, "vector is of none", "vectors are of none")
      }`
    }]
  })

/** Writes the words and sketches of all units. */
const fillFromUnits = (sql: SqlClient, parts: ReadonlySet<Part>, report: Report) =>
  Effect.gen(function*() {
    const db = Statements.make(sql, SqliteDialect.make(sql))
    const { total } = first(yield* sql<{ total: number }>`SELECT count(*) AS total FROM units`)
    if (parts.has(WORDS)) yield* sql`INSERT INTO totals VALUES (1, 0, 0)`
    for (let after = 0, done = 0;;) {
      yield* report({ what: "memories", done, total })
      const stored = yield* db.unitsAfterRow(after, PAGE)
      const fielded = stored.map(({ row, unit }) => {
        const lexical = lexicalOf(unit)
        return { row, unit, ...lexical, sketch: Duplicates.sketch(unit, Duplicates.wordsOf(lexical.fields)) }
      })
      if (parts.has(WORDS)) {
        const rowOf = new Map(fielded.map(({ row, unit }) => [unit.id, row]))
        yield* db.insertLexemes(fielded, ({ id }) => rowOf.get(id))
        // An earlier version may have counted otherwise, and the totals are to be the sum.
        yield* db.setLexemeCounts(new Map(fielded.map(({ lexemeCount, row }) => [row, lexemeCount])))
      }
      if (parts.has(SKETCHES)) yield* db.setSketches(new Map(fielded.map(({ sketch, unit }) => [unit.id, sketch])))
      // Lets a signal through.
      yield* EventLoop.turn
      if (stored.length < PAGE) return
      after = stored.at(-1)!.row
      done += stored.length
    }
  })

const fillWork = (sql: SqlClient) =>
  Effect.zipRight(
    sql`INSERT INTO work (kind, key, revision) SELECT DISTINCT 'segment', segment_id, 1 FROM messages`,
    sql`INSERT INTO work (kind, key, revision) SELECT 'session', id, 1 FROM sessions`
  )

export const memoryParts: DatabaseParts = {
  name: DATABASE,
  title: "memory file",
  steps: STEPS,
  parts: PARTS,
  remedy: (path, isReadable) =>
    (isReadable
      ? "`claude-memory doctor --notes` prints what was saved by hand and can still be read: keep that. Then end"
      : "End") +
    ` all sessions of Claude Code, move ${path}, ${path}-wal and ${path}-shm away together, and run \`claude-memory import\`, ` +
    `which reads your transcripts again${
      isReadable ? "; then save again what you kept" : ""
    }. Where \`claude-memory backup --list\` ` +
    "shows a backup, `claude-memory restore` puts it there instead",
  compareQuickly,
  compare: (sql) =>
    Effect.map(
      Effect.all([compareWords(sql), compareSketches(sql), compareVectors(sql)]),
      (differences) => differences.flat()
    ),
  fill: (sql, parts, report) =>
    Effect.gen(function*() {
      if (parts.has(WORK)) yield* fillWork(sql)
      if (parts.has(WORDS) || parts.has(SKETCHES)) yield* fillFromUnits(sql, parts, report)
    }),
  needsVectors: (part) => part === VECTORS || part === VECTOR_INDEXES || part === WORK
}
