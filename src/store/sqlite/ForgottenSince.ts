/**
 * Cuts from a database what another state of the memory has forgotten, by the rules by which capture leaves it out.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import * as Forgetting from "../Forgetting.ts"
import type { Body } from "../sql/Dialect.ts"
import { messageOf } from "../sql/Rows.ts"
import * as Statements from "../sql/Statements.ts"
import * as UnitWrites from "../sql/UnitWrites.ts"
import * as SqliteDialect from "./SqliteDialect.ts"
import { unitOf } from "./SqliteReads.ts"

/** Rows that are read at a time. */
const PAGE = 500

/** Numbers of what was cut, or deleted. */
export interface Cut {
  readonly units: number
  readonly messages: number
  readonly titles: number
  readonly deadLetters: number
}

export const NOTHING: Cut = { units: 0, messages: 0, titles: 0, deadLetters: 0 }

/** Cuts sentences, titles, lines and units with a known key, in the caller's transaction; queues what they were in to be compressed again. */
export const cut = (sql: SqlClient, isKnown: (key: string) => boolean): Effect.Effect<Cut, SqlError> =>
  Effect.gen(function*() {
    const db = Statements.make(sql, SqliteDialect.make(sql))
    const { enqueue, mergeWithSame, remove, restore } = UnitWrites.make(db)

    /** Runs `each` on pages of rows, by their number; other work of the process comes between them. */
    const pages = <Row>(
      read: (after: number) => Effect.Effect<ReadonlyArray<Row>, SqlError>,
      numberOf: (row: Row) => number,
      each: (rows: ReadonlyArray<Row>) => Effect.Effect<unknown, SqlError>
    ) =>
      Effect.gen(function*() {
        for (let after = 0;;) {
          const rows = yield* read(after)
          yield* each(rows)
          yield* Effect.sleep(0)
          if (rows.length < PAGE) return
          after = numberOf(rows.at(-1)!)
        }
      })

    const changed = new Map<string, { readonly segmentId: string; readonly sessionId: string }>()
    yield* pages(
      (after) =>
        sql<Statements.StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE seq > ${after}
          ORDER BY seq LIMIT ${PAGE}`,
      ({ seq }) => seq,
      (rows) => {
        const stripped = rows.flatMap((row) => {
          const { message, taken } = Forgetting.withoutAllKnown(messageOf(row), isKnown)
          if (taken.length === 0) return []
          changed.set(message.uuid, { segmentId: row.segment_id, sessionId: message.sessionId })
          return [message]
        })
        return Effect.when(db.updateMessages(stripped), () => stripped.length > 0)
      }
    )

    const letters = (yield* db.keptLetters).filter(({ line }) => Forgetting.keysOfLine(line).some(isKnown))
    if (letters.length > 0) yield* db.emptyLetters(letters)

    const titled = (yield* sql<{ id: string; title: string }>`SELECT id, title FROM sessions WHERE title IS NOT NULL`)
      .filter(({ title }) => isKnown(Forgetting.titleKey(title)))
    if (titled.length > 0) yield* db.removeTitles(titled.map(({ id }) => id))

    const gone: Array<{ readonly row: number; readonly unit: MemoryUnit }> = []
    yield* pages(
      (after) =>
        sql<
          Body & { readonly row: number }
        >`SELECT row, body FROM units WHERE row > ${after} ORDER BY row LIMIT ${PAGE}`,
      ({ row }) => row,
      (rows) =>
        Effect.sync(() => {
          const units = rows.map(({ body, row }) => ({ row, unit: unitOf({ body }) }))
          gone.push(...units.filter(({ unit }) => Forgetting.keysOfUnit(unit).some(isKnown)))
        })
    )
    const sessions = [...new Set([...changed.values()].map(({ sessionId }) => sessionId))]
    const sentences = Forgetting.contentSentences(gone.map(({ unit }) => unit))
    const uuids = new Set(changed.keys())
    const touched = (yield* db.unitsOfSessions(sessions)).filter(({ unit }) =>
      Forgetting.isTouched(unit, uuids, sentences)
    )
    const rows = [...new Set([...gone, ...touched].map(({ row }) => row))]
    yield* mergeWithSame(yield* restore(yield* remove(rows, true)))
    const segments = new Set([
      ...[...changed.values()].map(({ segmentId }) => segmentId),
      ...touched.filter(({ unit }) => unit.origin !== unit.sessionId).map(({ unit }) => unit.origin)
    ])
    yield* enqueue("segment", segments)
    yield* enqueue("session", sessions)
    yield* db.raiseRevision("review", [...segments])
    yield* db.raiseRevision("recap", sessions)
    return { units: rows.length, messages: changed.size, titles: titled.length, deadLetters: letters.length }
  })
