/**
 * Reads what an archive of the memory holds, page by page. A reader may find the schema of an earlier version.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import type { ArchivedUnit, Entry, Kind } from "../../domain/Archive.ts"
import type { ArchivePage } from "../MemoryStore.ts"
import { changedOf, underneath } from "../Overlay.ts"
import type { Dialect, SqlEffect } from "./Dialect.ts"
import { messageOf, sessionOf, type SessionRow } from "./Rows.ts"
import { SECRET, type Statements } from "./Statements.ts"

/** Characters of a tombstone's hash. */
const HASH_LENGTH = 32

const END: ArchivePage = { entries: [], next: undefined }

export const make = (sql: SqlClient, { keepsOverlays, keepsTombstones, text }: Dialect, db: Statements) => {
  /** Makes a page of entries, each with the position after it. */
  const page = (rows: ReadonlyArray<readonly [position: string, entry: Entry]>, limit: number): ArchivePage => ({
    entries: rows.map(([, entry]) => entry),
    next: rows.length < limit ? undefined : rows.at(-1)![0]
  })

  const projects = (after: string, limit: number) =>
    Effect.map(
      sql<{ id: string; name: string; root: string; key: string }>`SELECT id, name, root, key FROM projects
        WHERE id > ${text(after)} ORDER BY id LIMIT ${limit}`,
      (rows) => page(rows.map((project) => [project.id, { project: { ...project } }]), limit)
    )

  const sessions = (after: string, limit: number) =>
    Effect.map(
      sql<SessionRow>`SELECT * FROM sessions WHERE id > ${text(after)} ORDER BY id LIMIT ${limit}`,
      (rows) => page(rows.map((row) => [row.id, { session: sessionOf(row) }]), limit)
    )

  const messages = (after: string, limit: number) =>
    Effect.map(
      db.messagesAfter(Number(after), limit),
      (rows) => page(rows.map((row) => [String(row.seq), { message: messageOf(row), segment: row.segment_id }]), limit)
    )

  const units = (after: string, limit: number) =>
    Effect.gen(function*() {
      const [origin = "", id = ""] = after.split("\n")
      const found = (yield* db.unitsAfter(origin, id, limit)).map(({ unit }) => unit)
      if (!(yield* keepsOverlays)) {
        // Earlier versions marked what was saved as pinned, which a migration undoes.
        return page(found.map((unit) => [`${unit.origin}\n${unit.id}`, { unit: { ...unit, pinned: false } }]), limit)
      }
      const ids = found.map(({ id }) => id)
      const overlays = yield* db.overlays(ids)
      const changedAt = new Map((yield* db.operationsOf(ids)).map(({ at, unitId }) => [unitId, at]))
      return page(
        found.map((unit): [string, ArchivedUnit] => {
          const overlay = overlays.get(unit.id)
          return [`${unit.origin}\n${unit.id}`, {
            unit: underneath(unit, overlay),
            ...(overlay !== undefined && {
              changed: { ...changedOf(overlay), revision: overlay.revision, at: changedAt.get(unit.id) ?? 0 }
            })
          }]
        }),
        limit
      )
    })

  const secrets = Effect.map(
    sql<{ value: string }>`SELECT value FROM properties WHERE name LIKE ${`${SECRET}%`} ORDER BY value`,
    (rows): ArchivePage => ({ entries: rows.map(({ value }) => ({ secret: value })), next: undefined })
  )

  const forgotten = (after: string, limit: number) =>
    Effect.gen(function*() {
      if (!(yield* keepsTombstones)) return END
      const [hash, unitId] = [after.slice(0, HASH_LENGTH), after.slice(HASH_LENGTH)]
      const at = (yield* keepsOverlays) ? sql`at` : sql`0 AS at`
      const rows = yield* sql<{ hash: string; unitId: string; at: number }>`
        SELECT hash, unit_id AS "unitId", ${at} FROM tombstones
        WHERE (hash, unit_id) > (${text(hash)}, ${text(unitId)}) ORDER BY hash, unit_id LIMIT ${limit}`
      return page(rows.map((row) => [row.hash + row.unitId, { forgotten: { ...row } }]), limit)
    })

  return (kind: Kind, after: string, limit: number): SqlEffect<ArchivePage> => {
    switch (kind) {
      case "project":
        return projects(after, limit)
      case "session":
        return sessions(after, limit)
      case "message":
        return messages(after, limit)
      case "unit":
        return units(after, limit)
      case "secret":
        return secrets
      case "forgotten":
        return forgotten(after, limit)
    }
  }
}
