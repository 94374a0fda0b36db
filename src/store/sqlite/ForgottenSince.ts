/**
 * Cuts from a database what another state of the memory has forgotten, by the rules by which capture leaves it out.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as EventLoop from "../../resources/EventLoop.ts"
import * as Forgetting from "../Forgetting.ts"
import { formsOf } from "../Overlay.ts"
import { sessionOf, sessionTomb } from "../sql/BinWrites.ts"
import type { StoredMessage, UnitBody } from "../sql/Dialect.ts"
import { messageOf } from "../sql/Rows.ts"
import * as Statements from "../sql/Statements.ts"
import type { StoredUnit } from "../sql/Statements.ts"
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

/** Returns what gives the keys of each of these units, as it is and as it was derived. */
const keysIn = (db: Statements.Statements, units: ReadonlyArray<StoredUnit>) =>
  Effect.map(
    db.overlays(units.map(({ unit }) => unit.id)),
    (overlays) => ({ unit }: StoredUnit) => formsOf(unit, overlays.get(unit.id)).flatMap(Forgetting.keysOfUnit)
  )

/**
 * Cuts sentences, titles, lines and units with a known key, in the caller's transaction, and all of the units and sessions that were
 * forgotten as such (`tombs`, as in BinWrites.ts); queues what they were in to be compressed again. A unit stays in which the memory holds
 * that text still: a person has written it, and forgot it elsewhere.
 */
export const cut = (
  sql: SqlClient,
  tombs: ReadonlySet<string>,
  isKnown: (key: string) => boolean,
  memory: SqlClient
): Effect.Effect<Cut, SqlError> =>
  Effect.gen(function*() {
    const db = Statements.make(sql, SqliteDialect.make(sql))
    const dbNow = Statements.make(memory, SqliteDialect.make(memory))
    const { removeForgotten, touchedBy } = UnitWrites.make(db)

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
          yield* EventLoop.turn
          if (rows.length < PAGE) return
          after = numberOf(rows.at(-1)!)
        }
      })

    const changed = new Map<string, { readonly segmentId: string; readonly sessionId: string }>()
    yield* pages(
      (after) =>
        sql<StoredMessage>`SELECT seq, segment_id, body FROM messages WHERE seq > ${after}
          ORDER BY seq LIMIT ${PAGE}`,
      ({ seq }) => seq,
      (rows) => {
        const stripped = rows.flatMap((row) => {
          const told = messageOf(row)
          const { message, taken } = tombs.has(sessionTomb(told.sessionId))
            ? Forgetting.cutAll(told)
            : Forgetting.withoutAllKnown(told, isKnown)
          if (taken.length === 0) return []
          changed.set(message.uuid, { segmentId: row.segment_id, sessionId: message.sessionId })
          return [message]
        })
        return Effect.when(db.updateMessages(stripped), () => stripped.length > 0)
      }
    )

    const sessionsForgotten = [...tombs].flatMap((tomb) => sessionOf(tomb) ?? [])
    const transcripts = new Set(yield* db.transcriptsOf(sessionsForgotten))
    const letters = (yield* db.keptLetters).filter(({ line, path }) =>
      line !== "" && (transcripts.has(path) || Forgetting.keysOfLine(line).some(isKnown))
    )
    if (letters.length > 0) yield* db.setLetters(letters.map((letter) => ({ ...letter, line: "" })))

    const titled = (yield* sql<{ id: string; title: string }>`SELECT id, title FROM sessions WHERE title IS NOT NULL`)
      .filter(({ id, title }) => tombs.has(sessionTomb(id)) || isKnown(Forgetting.titleKey(title)))
    if (titled.length > 0) yield* db.removeTitles(titled.map(({ id }) => id))

    const gone: Array<StoredUnit> = []
    yield* pages(
      (after) =>
        sql<
          UnitBody & { readonly row: number }
        >`SELECT row, body FROM units WHERE row > ${after} ORDER BY row LIMIT ${PAGE}`,
      ({ row }) => row,
      (rows) =>
        Effect.gen(function*() {
          const units = rows.map(({ body, row }) => ({ row, unit: unitOf({ body }) }))
          const keysOf = yield* keysIn(db, units)
          const isForgotten = ({ unit }: StoredUnit) => tombs.has(unit.id) || tombs.has(sessionTomb(unit.sessionId))
          const holding = units.filter((each) => !isForgotten(each) && keysOf(each).some(isKnown))
          const heldNow = yield* dbNow.unitsById(holding.map(({ unit }) => unit.id))
          const keysOfNow = yield* keysIn(dbNow, heldNow)
          const keysNow = new Map(heldNow.map((each) => [each.unit.id, new Set(keysOfNow(each))]))
          gone.push(
            ...units.filter(isForgotten),
            ...holding.filter((each) =>
              keysOf(each).some((key) => isKnown(key) && keysNow.get(each.unit.id)?.has(key) !== true)
            )
          )
        })
    )
    const ids = [...new Set([...gone.map(({ unit }) => unit.id), ...tombs])]
    const goneOverlays = yield* db.overlays(ids)
    const sentences = Forgetting.contentSentences(
      gone.flatMap(({ unit }) => formsOf(unit, goneOverlays.get(unit.id)))
    )
    yield* db.deleteOverlays(ids)
    yield* db.deleteOperationsOf(ids)
    const touched = yield* touchedBy(gone.map(({ unit }) => unit), changed, sentences)
    const units = yield* removeForgotten(gone, touched, changed)
    return { units, messages: changed.size, titles: titled.length, deadLetters: letters.length }
  })
