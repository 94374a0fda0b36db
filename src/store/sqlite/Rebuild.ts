/**
 * Makes the damaged parts of a database again, in one transaction, from those that are whole.
 *
 * A damaged tree of pages can't be dropped, since SQLite reads it to free its pages. So its row is deleted from the schema's table
 * (https://sqlite.org/pragma.html#pragma_writable_schema), and VACUUM, which copies what the schema names, gives the pages back.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import { transaction } from "../../resources/Sqlite.ts"
import type { Report } from "../Integrity.ts"
import { type Damage, damagedPart, isMadeWith, objectsIn, quoted, type SchemaObject } from "./Damage.ts"
import { type DatabaseParts, type Part, partOf } from "./Parts.ts"

/** Changes the schema's table; the connection reads it again afterwards. */
const rewriteSchema = (sql: SqlClient, change: Effect.Effect<unknown, SqlError>) =>
  sql.unsafe("PRAGMA writable_schema = ON").pipe(
    Effect.zipRight(change),
    Effect.zipRight(sql.unsafe("PRAGMA writable_schema = RESET"))
  )

export interface Plan {
  /** Parts that are made again whole. */
  readonly parts: ReadonlySet<Part>
  /** Parts of which only the rows that differ are removed. */
  readonly mended: ReadonlySet<Part>
  /** Indexes with damaged pages, of tables that stay. */
  readonly indexes: ReadonlyArray<string>
  readonly isFreeListDamaged: boolean
}

export const planFor = (parts: DatabaseParts, damages: ReadonlyArray<Damage>): Plan => {
  const mended = new Set<Part>()
  const whole = new Set<Part>()
  for (const damage of damages) {
    const part = damagedPart(parts, damage)
    if (part !== undefined) (damage._tag === "Differs" && part.mend !== undefined ? mended : whole).add(part)
  }
  return {
    parts: whole,
    mended: new Set([...mended].filter((part) => !whole.has(part))),
    indexes: damages.flatMap((damage) =>
      damage._tag === "Pages" && damage.index !== undefined && !whole.has(partOf(parts, damage.table)!)
        ? [damage.index]
        : []
    ),
    isFreeListDamaged: damages.some(({ _tag }) => _tag === "FreeList")
  }
}

/** Takes the damaged trees out of the schema. */
const forget = (sql: SqlClient, parts: DatabaseParts, plan: Plan) =>
  Effect.gen(function*() {
    const found = yield* objectsIn(sql)
    const isOfPart = ({ table }: SchemaObject) => {
      const part = partOf(parts, table)
      return part !== undefined && plan.parts.has(part)
    }
    const gone = found.filter((each) => isOfPart(each) || each.sql !== null && plan.indexes.includes(each.name))
    yield* rewriteSchema(
      sql,
      sql`DELETE FROM sqlite_schema WHERE name IN (SELECT value FROM json_each(${
        JSON.stringify(gone.map(({ name }) => name))
      }))`
    )
  })

/**
 * Gives an index that belongs to its table's statement new pages: those of another index of the same columns, which is made for
 * that.
 */
const remakeOwnIndex = (sql: SqlClient, { name, table }: SchemaObject) =>
  Effect.gen(function*() {
    const columns = yield* sql<{ name: string }>`SELECT name FROM pragma_index_info(${name}) ORDER BY seqno`
    const list = columns.map((column) => quoted(column.name)).join(", ")
    yield* sql.unsafe(`CREATE UNIQUE INDEX made_again ON ${quoted(table)} (${list})`)
    yield* rewriteSchema(
      sql,
      Effect.zipRight(
        sql`UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'made_again')
          WHERE name = ${name}`,
        sql`DELETE FROM sqlite_schema WHERE name = 'made_again'`
      )
    )
  })

/** Makes what the schema lacks, in the order of the migrations. */
const create = (sql: SqlClient, expected: ReadonlyArray<SchemaObject>) =>
  Effect.gen(function*() {
    for (const each of expected) {
      const isThere = (yield* objectsIn(sql)).some(({ name }) => name === each.name)
      if (!isThere && each.sql !== null && !isMadeWith(expected, each)) yield* sql.unsafe(each.sql)
    }
  })

/**
 * Follows the plan. `assertCopied` runs in the transaction before anything is changed. When the list of free pages is damaged,
 * nothing may be written before VACUUM has made it again: SQLite could hand out a page that is in use.
 */
export const rebuild = <E>(
  sql: SqlClient,
  parts: DatabaseParts,
  plan: Plan,
  expected: ReadonlyArray<SchemaObject>,
  assertCopied: Effect.Effect<void, E>,
  report: Report
): Effect.Effect<void, SqlError | E> =>
  Effect.gen(function*() {
    const own = (yield* objectsIn(sql)).filter((each) => each.sql === null && plan.indexes.includes(each.name))
    if (plan.isFreeListDamaged) {
      yield* transaction(sql, Effect.zipRight(assertCopied, forget(sql, parts, plan)))
      yield* sql.unsafe("VACUUM")
    }
    yield* transaction(
      sql,
      Effect.gen(function*() {
        if (!plan.isFreeListDamaged) {
          yield* assertCopied
          yield* forget(sql, parts, plan)
        }
        yield* create(sql, expected)
        yield* Effect.forEach(own, (index) => remakeOwnIndex(sql, index), { discard: true })
        yield* Effect.forEach(plan.mended, (part) => part.mend?.(sql) ?? Effect.void, { discard: true })
        yield* parts.fill(sql, plan.parts, report)
      })
    )
    yield* sql.unsafe("VACUUM")
  })
