/**
 * Reads the database of claude-mem (github.com/thedotmack/claude-mem), of any version, from a copy of it.
 */
import type { SqlError } from "@effect/sql/SqlError"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Owner from "../../resources/Owner.ts"
import * as Sqlite from "../../resources/Sqlite.ts"
import { type Columns, EXPECTED, isReadable, selectFrom, type Table, tablesIn } from "../ClaudeMemTables.ts"
import { isAbsolute, listOf, type Row, textOf } from "../Fields.ts"
import {
  ForeignError,
  ForeignMemory,
  type ForeignProject,
  type ForeignRead,
  MAX_FIELD_LENGTH
} from "../ForeignMemory.ts"
import * as Copy from "./Copy.ts"

/** Rows read at a time. */
const PAGE = 50

/** Most rows of a project in which its folder is looked for. */
const MAX_EXAMPLES = 50

/** `file` may be in use: a copy of it is read. */
export interface ClaudeMemOptions {
  readonly file: string
  /** True to read the prompts too, of which the observations and summaries tell already. */
  readonly prompts: boolean
}

const REASONS: Readonly<Partial<Record<Sqlite.SqliteError["reason"], ForeignError["reason"]>>> = {
  Damaged: "Damaged",
  Denied: "Denied",
  Full: "Full"
}

const errorAt = (place: string) => (cause: SqlError | Sqlite.SqliteError): ForeignError =>
  new ForeignError({
    reason: REASONS[Sqlite.reasonOf(cause)] ?? "Other",
    source: "claude-mem",
    place,
    detail: wordsOf(cause),
    cause
  })

const wordsOf = (error: { readonly cause?: unknown; readonly message: string }): string =>
  error.cause instanceof Error ? wordsOf(error.cause) : error.message

/** Does without what a broken page hides, so that what lies before it is read. */
const orWithout = <A, E, R>(effect: Effect.Effect<A, E | ForeignError, R>, without: A) =>
  Effect.catchIf(
    effect,
    (error) => error instanceof ForeignError && error.reason === "Damaged",
    () => Effect.succeed(without)
  )

const make = Effect.fn("ClaudeMem.open")(function*({ file, prompts }: ClaudeMemOptions) {
  const toError = errorAt(file)
  const copy = yield* Copy.open(file)
  const sql = yield* Effect.mapError(
    Sqlite.open({ name: "Sqlite of claude-mem", path: copy, readOnly: false, busyTimeoutMs: 1_000 }),
    toError
  )
  const query = (statement: string, ...parameters: ReadonlyArray<string>) =>
    Effect.mapError(sql.unsafe<Row>(statement, parameters), toError)
  // Ends the copy's log, once it is in the copy: nobody writes there.
  yield* query("PRAGMA journal_mode = DELETE")

  const found = yield* query(
    `SELECT t.name AS name, c.name AS col FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c
      WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`
  )
  const columns = new Map<string, Set<string>>()
  for (const { col, name } of found) columns.set(name!, (columns.get(name!) ?? new Set()).add(col!))
  const tables = yield* check(columns, file)
  const countOf = (name: string) =>
    orWithout(
      Effect.map(query(`SELECT CAST(count(*) AS TEXT) AS n FROM "${name}"`), ([row]) => Number(row?.["n"] ?? 0)),
      0
    )
  const readable = isReadable(columns, tables.prompts)
  const read = [...tables.read, ...(prompts && readable ? [tables.prompts] : [])]
  const counts = yield* Effect.forEach(read, ({ name }) => countOf(name))
  const left = readable && !prompts ? yield* countOf(tables.prompts.name) : 0

  const pages = (table: Table): Stream.Stream<ForeignRead, ForeignError> => {
    const statement = selectFrom(columns, table, MAX_FIELD_LENGTH, PAGE)
    return Stream.paginateChunkEffect("-9223372036854775808", (after) =>
      Effect.map(query(statement, after), (rows) => [
        Chunk.fromIterable(rows.map(table.toRead)),
        Option.fromNullable(rows.at(-1)?.["row"])
      ]))
  }

  return ForeignMemory.of({
    source: "claude-mem",
    place: file,
    total: counts.reduce((sum, n) => sum + n, 0),
    projects: yield* orWithout(projectsIn(columns, query), []),
    left: left === 0 ? {} : { prompts: left },
    records: Stream.concatAll(Chunk.fromIterable(read.map(pages)))
  })
})

/** Fails unless there is a table to read, and each of those that are there has the columns that it needs. */
const check = (columns: Columns, file: string) =>
  Effect.suspend(() => {
    const tables = tablesIn(columns)
    if (tables.faults.length === 0 && tables.read.length > 0) return Effect.succeed(tables)
    const names = [...columns.keys()].sort()
    const detail = tables.faults.length > 0
      ? `it has ${tables.faults.join(", ")}`
      : `${names.length === 0 ? "it has no tables" : `it has ${names.slice(0, 10).join(", ")}`}${
        names.length > 10 ? " and others" : ""
      }; one of ${EXPECTED.join(", ")} is expected`
    return Effect.fail(
      new ForeignError({ reason: "UnknownSchema", source: "claude-mem", place: file, detail, cause: undefined })
    )
  })

/** Lists the projects, with the files by which their folders can be found. */
const projectsIn = <E>(
  columns: Columns,
  query: (statement: string, ...parameters: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Row>, E>
): Effect.Effect<ReadonlyArray<ForeignProject>, E> =>
  Effect.gen(function*() {
    const roots = new Map<string, Array<string>>()
    const projects = columns.get("projects")
    if (projects?.has("name") === true && projects.has("root_path")) {
      for (
        const { name, root } of yield* query(
          `SELECT CAST(name AS TEXT) AS name, CAST(root_path AS TEXT) AS root FROM projects WHERE root_path IS NOT NULL LIMIT 10000`
        )
      ) {
        roots.set(textOf(name), [...roots.get(textOf(name)) ?? [], textOf(root)])
      }
    }
    const observations = columns.get("observations")
    const lists = ["files_modified", "files_read"].filter((column) => observations?.has(column) === true)
    const names = observations === undefined
      ? []
      : yield* query(`SELECT DISTINCT CAST(project AS TEXT) AS name FROM observations LIMIT 10000`)
    const all = new Set([...roots.keys(), ...names.map(({ name }) => textOf(name))])
    return yield* Effect.forEach(all, (name) =>
      Effect.gen(function*() {
        const rows = lists.length === 0
          ? []
          : yield* query(
            `SELECT ${lists.map((column) => `substr(CAST(${column} AS TEXT), 1, 10000) AS ${column}`).join(", ")}
              FROM observations WHERE project = ? AND (${
              lists.map((column) => `${column} LIKE '%"/%' OR ${column} LIKE '%:\\%'`).join(" OR ")
            }) LIMIT ${MAX_EXAMPLES}`,
            name
          )
        const files = rows.flatMap((row) => lists.flatMap((column) => listOf(row[column]))).filter(isAbsolute)
        return { name, folders: roots.get(name) ?? [], files: [...new Set(files)] }
      }))
  })

/** Opens a copy of the database; the layer's scope deletes it. */
export const layer = (options: ClaudeMemOptions) => Owner.layer(ForeignMemory, make(options))
