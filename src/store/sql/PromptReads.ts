/**
 * The reads that a prompt needs, in SQL that both databases accept. Without Effect, since the hook's entry answers
 * prompts too.
 */
import type { Session } from "../../domain/Conversation.ts"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { Steps } from "../../domain/Steps.ts"
import type { Columns, Row, UnitBody } from "./Dialect.ts"
import { sessionOf, type SessionRow } from "./Rows.ts"
import type { Sql } from "./Sql.ts"

interface Dialect<F> {
  readonly isIn: (column: string, values: Iterable<string>) => F
  readonly table: (alias: string, columns: Columns, rows: ReadonlyArray<Row>) => F
  readonly unitOf: (row: UnitBody) => MemoryUnit
}

export const make = <Y, F>(sql: Sql<Y, F>, { isIn, table, unitOf }: Dialect<F>) => {
  const idTable = (ids: ReadonlyArray<string>) => table("wanted", { id: "text" }, ids.map((id) => ({ id })))

  function* places(uuids: ReadonlyArray<string>): Steps<
    Y,
    ReadonlyMap<string, { readonly sessionId: string; readonly thread: string }>
  > {
    const rows = yield* sql<{ uuid: string; session_id: string; thread: string }>`
      SELECT uuid, session_id, thread FROM messages WHERE ${isIn("uuid", uuids)}`
    return new Map(rows.map(({ session_id, thread, uuid }) => [uuid, { sessionId: session_id, thread }]))
  }

  function* sessions(ids: ReadonlyArray<string>): Steps<Y, ReadonlyMap<string, Session>> {
    const rows = yield* sql<SessionRow>`SELECT * FROM sessions WHERE ${isIn("id", ids)} ORDER BY id`
    return new Map(rows.map((row) => [row.id, sessionOf(row)]))
  }

  function* units(ids: ReadonlyArray<string>, sessionId?: string): Steps<Y, ReadonlyArray<MemoryUnit>> {
    const rows = sessionId === undefined
      ? yield* sql<UnitBody>`
        SELECT units.body FROM ${idTable(ids)} JOIN units ON units.id = wanted.id ORDER BY wanted.i`
      : yield* sql<UnitBody>`
        SELECT units.body FROM ${idTable(ids)} JOIN units ON units.id = wanted.id
        WHERE units.session_id = ${sessionId} ORDER BY wanted.i`
    return rows.map(unitOf)
  }

  function* neighbours(ids: ReadonlyArray<string>): Steps<Y, ReadonlyArray<readonly [string, string, number]>> {
    const rows = yield* sql<{ id: string; before1: string | null; after1: string | null; after2: string | null }>`
      SELECT u.id AS id,
        (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position < u.position AND n.active
          ORDER BY n.position DESC LIMIT 1) AS before1,
        (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position > u.position AND n.active
          ORDER BY n.position LIMIT 1) AS after1,
        (SELECT n.id FROM units n WHERE n.session_id = u.session_id AND n.position > u.position AND n.active
          ORDER BY n.position LIMIT 1 OFFSET 1) AS after2
      FROM ${idTable(ids)} JOIN units u ON u.id = wanted.id`
    return rows.flatMap((row) =>
      ([[row.before1, -1], [row.after1, 1], [row.after2, 2]] as const).flatMap(([other, offset]) =>
        other === null ? [] : [[row.id, other, offset] as const]
      )
    )
  }

  function* around(id: string, before: number, after: number): Steps<Y, ReadonlyArray<MemoryUnit>> {
    const rows = yield* sql<UnitBody>`
      SELECT body FROM (
        SELECT * FROM (
          SELECT n.body, n.position, n.id FROM ${idTable([id])} JOIN units u ON u.id = wanted.id
          JOIN units n ON n.session_id = u.session_id AND n.position < u.position AND n.active
          ORDER BY n.position DESC, n.id DESC LIMIT ${before}) AS earlier
        UNION ALL SELECT * FROM (
          SELECT n.body, n.position, n.id FROM ${idTable([id])} JOIN units u ON u.id = wanted.id
          JOIN units n ON n.session_id = u.session_id AND n.position > u.position AND n.active
          ORDER BY n.position, n.id LIMIT ${after}) AS later
      ) AS beside ORDER BY position, id`
    return rows.map(unitOf)
  }

  return { around, neighbours, places, sessions, units }
}
