/**
 * Finds what is damaged or gone in an open database, and words it: by its table of contents, and by SQLite's own checks.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Owner from "../../resources/Owner.ts"
import { openMemory, reasonOf, type SqliteError } from "../../resources/Sqlite.ts"
import type { Report } from "../Integrity.ts"
import { register } from "./Packs.ts"
import { type DatabaseParts, type Difference, isShadow, type Part, partOf } from "./Parts.ts"

/** A row of the schema's table. */
export interface SchemaObject {
  readonly type: "table" | "index" | "trigger" | "view"
  readonly name: string
  readonly table: string
  /** Statement that makes it; null for an index that belongs to its table's statement. */
  readonly sql: string | null
}

export type Damage =
  | { readonly _tag: "Gone"; readonly object: SchemaObject }
  /** Damaged pages of a table, or of one of its indexes. */
  | { readonly _tag: "Pages"; readonly table: string; readonly index: string | undefined }
  /** A damaged list of the pages that hold nothing. */
  | { readonly _tag: "FreeList" }
  | ({ readonly _tag: "Differs" } & Difference)

export const objectsIn = (sql: SqlClient) =>
  sql<SchemaObject & { rootpage: number }>`SELECT type, name, tbl_name AS "table", sql, rootpage FROM sqlite_schema`

/** Lists what a database has after these migration steps, in the order in which it is made. */
export const expectedObjects = (
  steps: ReadonlyArray<ReadonlyArray<string>>
): Effect.Effect<ReadonlyArray<SchemaObject>, SqlError | SqliteError, Owner.Owner> =>
  Owner.nested(Effect.gen(function*() {
    const sql = yield* openMemory({ name: "Sqlite of the schema", register })
    for (const statement of steps.flat()) yield* sql.unsafe(statement)
    return yield* objectsIn(sql)
  }))

/** Quotes an identifier. */
export const quoted = (name: string) => `"${name.replaceAll("\"", "\"\"")}"`

const isDamaged = (error: SqlError) =>
  reasonOf(error) === "Damaged" || /vtable constructor failed/.test(String(error.cause))

/** Runs a check that fails where it comes upon a damaged page; returns true then. */
const fails = (check: Effect.Effect<unknown, SqlError>) =>
  Effect.flatMap(Effect.either(check), (result) =>
    Either.isRight(result)
      ? Effect.succeed(false)
      : isDamaged(result.left)
      ? Effect.succeed(true)
      : Effect.fail(result.left))

const pages = (table: string, index?: string): Damage => ({ _tag: "Pages", table, index })

/** Returns what is gone. Nothing is said of the indexes and triggers of a table that is gone itself. */
export const findGone = (
  expected: ReadonlyArray<SchemaObject>,
  found: ReadonlyArray<SchemaObject>
): ReadonlyArray<Damage> => {
  const names = new Set(found.map(({ name }) => name))
  const isGone = (name: string) => !names.has(name)
  return expected.filter(({ name, table, type }) =>
    isGone(name) && (type === "table" || type === "view" || !isGone(table))
  )
    .map((object) => ({ _tag: "Gone", object }))
}

/** Returns the column by which the rows of a table lie in its own pages. */
const orderOf = (sql: SqlClient, table: string) =>
  Effect.map(
    sql<{ name: string }>`SELECT c.name FROM pragma_table_list(${table}) AS t JOIN pragma_table_info(${table}) AS c
      WHERE t.schema = 'main' AND t.wr = 1 AND c.pk = 1`,
    ([first]) => first?.name ?? "rowid"
  )

/** Reads the first and the last row of each table, which takes a few pages of each. */
export const findUnreadable = (sql: SqlClient, found: ReadonlyArray<SchemaObject & { rootpage: number }>) =>
  Effect.filter(
    found.filter(({ rootpage, type }) => type === "table" && rootpage > 0),
    ({ name }) =>
      fails(Effect.flatMap(orderOf(sql, name), (column) =>
        // Without an index, so that the rows come from the table itself.
        Effect.forEach(
          ["ASC", "DESC"],
          (direction) =>
            sql.unsafe(`SELECT 1 FROM ${quoted(name)} NOT INDEXED ORDER BY ${quoted(column)} ${direction} LIMIT 1`)
        )))
  ).pipe(Effect.map((tables) => tables.map(({ name }) => pages(name))))

const messagesOf = (rows: ReadonlyArray<object>) => rows.map((row) => String(Object.values(row)[0])).join("\n")

/** Checks a table and its indexes, page by page and entry by entry. */
const findInTable = (
  sql: SqlClient,
  table: SchemaObject,
  indexes: ReadonlyArray<SchemaObject & { rootpage: number }>
) =>
  Effect.gen(function*() {
    const check = (name: string) => Effect.map(sql.unsafe<object>(`PRAGMA ${name}(${quoted(table.name)})`), messagesOf)
    // It stops at a damaged page of the table itself, and names the indexes whose pages are damaged.
    const quick = yield* Effect.either(check("quick_check"))
    if (Either.isLeft(quick)) {
      if (!isDamaged(quick.left)) return yield* quick.left
      return [pages(table.name)]
    }
    const isNamed = (text: string) => ({ name, rootpage }: SchemaObject & { rootpage: number }) =>
      new RegExp(`\\b(?:index|Tree|tree page) (?:${name}|${rootpage})\\b`).test(text)
    if (quick.right !== "ok") {
      const named = indexes.filter(isNamed(quick.right))
      return named.length === 0 ? [pages(table.name)] : named.map(({ name }) => pages(table.name, name))
    }
    if (indexes.length === 0) return []
    // Compares the entries of the indexes with the rows.
    const full = yield* Effect.either(check("integrity_check"))
    if (Either.isRight(full) && full.right === "ok") return []
    if (Either.isLeft(full) && !isDamaged(full.left)) return yield* full.left
    const named = Either.isRight(full) ? indexes.filter(isNamed(full.right)) : []
    return (named.length === 0 ? indexes : named).map(({ name }) => pages(table.name, name))
  })

/** Reads every page; reports each table before it is read. */
export const findInPages = (
  sql: SqlClient,
  found: ReadonlyArray<SchemaObject & { rootpage: number }>,
  report: Report
) =>
  Effect.gen(function*() {
    const damages: Array<Damage> = []
    const tables = found.filter(({ type }) => type === "table")
    for (const [done, table] of tables.entries()) {
      yield* report({ what: table.name, done, total: tables.length })
      const indexes = found.filter((each) => each.type === "index" && each.table === table.name)
      damages.push(...yield* findInTable(sql, table, indexes))
    }
    const freeList = yield* Effect.either(sql.unsafe<object>("PRAGMA quick_check(sqlite_schema)"))
    if (Either.isLeft(freeList) || messagesOf(freeList.right) !== "ok") damages.push({ _tag: "FreeList" })
    return damages
  })

const compared = (compare: Effect.Effect<ReadonlyArray<Difference>, SqlError>) =>
  Effect.map(compare, (differences) => differences.map((each): Damage => ({ _tag: "Differs", ...each })))

/** Compares what is derived, where the tables are there and whole. */
export const findDifferences = (sql: SqlClient, { compare, compareQuickly }: DatabaseParts, isWhole: boolean) =>
  isWhole
    ? Effect.zipWith(compared(compareQuickly(sql)), compared(compare(sql)), (quick, whole) => [...quick, ...whole])
    : compared(compareQuickly(sql))

/** Returns the part that must be made again to end the damage, if there is one. */
export const damagedPart = (parts: DatabaseParts, damage: Damage): Part | undefined => {
  switch (damage._tag) {
    case "Gone":
      return damage.object.type === "table" ? partOf(parts, damage.object.name) : undefined
    case "Pages":
      return damage.index === undefined ? partOf(parts, damage.table) : undefined
    case "Differs":
      return damage.part
    case "FreeList":
      return undefined
  }
}

/** Returns the table that is damaged and that nothing can make again. */
export const lostTable = (parts: DatabaseParts, damage: Damage): string | undefined => {
  const table = damage._tag === "Gone" && damage.object.type === "table"
    ? damage.object.name
    : damage._tag === "Pages" && damage.index === undefined
    ? damage.table
    : undefined
  return table === undefined || partOf(parts, table)?.loss !== undefined ? undefined : table
}

const REPAIR = "`claude-memory doctor --repair` mends it"

/** Words the damages, one sentence for each part that is damaged, and one for all indexes and triggers. */
export const sentencesOf = (
  parts: DatabaseParts,
  path: string,
  damages: ReadonlyArray<Damage>
): ReadonlyArray<string> => {
  const sentences = new Set<string>()
  const smaller: Array<string> = []
  for (const damage of damages) {
    const part = damagedPart(parts, damage)
    if (lostTable(parts, damage) !== undefined) {
      const holds = part?.holds ?? "other content"
      sentences.add(
        damage._tag === "Gone"
          ? `the table ${damage.object.name} is gone from ${path}, and with it ${holds}. ${parts.remedy(path, true)}`
          : `pages of ${path} that hold ${holds} are damaged, and what was on them is lost. ${parts.remedy(path, true)}`
      )
    } else if (part !== undefined) {
      const what = damage._tag === "Gone"
        ? `the table ${damage.object.name} is gone from ${path}, with ${part.holds}`
        : damage._tag === "Differs"
        ? damage.detail
        : `pages of ${path} are damaged that hold ${part.holds}`
      sentences.add(`${what}; ${part.loss}. ${REPAIR}`)
    } else if (damage._tag === "Gone") {
      smaller.push(`the ${damage.object.type} ${damage.object.name} is gone`)
    } else if (damage._tag === "Pages") {
      smaller.push(`the index ${damage.index} is damaged`)
    } else {
      sentences.add(`the list of free pages of ${path} is damaged; no memory is lost. ${REPAIR}`)
    }
  }
  return smaller.length === 0
    ? [...sentences]
    : [...sentences, `in ${path} ${smaller.join(", ")}; no memory is lost. ${REPAIR}`]
}

/** Returns true for tables that SQLite makes with another one, or by itself. */
export const isMadeWith = (objects: ReadonlyArray<SchemaObject>, { name }: SchemaObject): boolean =>
  name.startsWith("sqlite_") ||
  objects.some((each) => /^CREATE VIRTUAL/i.test(each.sql ?? "") && isShadow(each.name, name))
