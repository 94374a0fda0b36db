/**
 * `Retention` of the SQLite file.
 *
 * What goes first is the lines of dead letters, the oldest first, whose rows stay, so that they are not captured again. Then go messages
 * that no unit cites: they serve only to compress their session again. Those of the session that ended
 * first go first. Then go units, the least worth first, with the messages that they alone cite. A session goes on to be known, and what
 * is let go of it is marked, so that it is neither compressed nor captured again.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { evidence, type UnitType } from "../../domain/MemoryUnit.ts"
import * as EventLoop from "../../resources/EventLoop.ts"
import { MAX_ATTEMPTS, MemoryStore } from "../MemoryStore.ts"
import { type LetGo, type Limits, Retention, type Size } from "../Retention.ts"
import type { UnitBody } from "../sql/Dialect.ts"
import * as Statements from "../sql/Statements.ts"
import * as UnitWrites from "../sql/UnitWrites.ts"
import { isDerived, isOfSession, worthOf } from "../Worth.ts"
import { currentVersion } from "./migrations.ts"
import * as Packs from "./Packs.ts"
import * as SqliteDialect from "./SqliteDialect.ts"
import { SqliteFile, toStoreError } from "./SqliteFile.ts"
import { unitOf } from "./SqliteReads.ts"

const DAY_MS = 86_400_000

/** Time for which a session that has ended is let alone: it may go on. */
const RECENT_MS = DAY_MS
/** Share of the limit down to which is let go, so that it does not begin again at once. */
const LOW = 0.9
/** Lines of dead letters that a step lets go, of at most 4,096 characters each. */
const LETTERS_AT_ONCE = 64
/** Packs that a step writes again, about 5 ms each. */
const PACKS_AT_ONCE = 4
/** Units that a step lets go. */
const UNITS_AT_ONCE = 4
/** Units that are judged at a time. */
const PAGE = 200
/** Units that are planned to go at a time, the least worth of all. */
const PLANNED = 2_000
/** Pages that the file gives back at a time. */
const PAGES_AT_ONCE = 256
/** Interval in milliseconds at which all units are searched for those that are too old, or may go where none might before. */
const SEARCH_INTERVAL_MS = 3_600_000

const json = (value: unknown) => JSON.stringify(value)

const NOTHING: LetGo = { messages: 0, units: 0 }

/**
 * Sums the pages of the bin and the tombstones. The lengths of their rows don't tell: those of the bin leave 40 % of its pages free. A
 * build of Node with a SQLite of its own may lack dbstat; then what was forgotten counts as any other.
 */
const forgottenBytes = (sql: SqlClient) =>
  Effect.gen(function*() {
    const [known] = yield* sql`SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'`
    if (known === undefined) return 0
    const [sum] = yield* sql<{ bytes: number | null }>`SELECT sum(pgsize) AS bytes FROM dbstat
      WHERE aggregate = TRUE AND name IN ('bin_entries', 'tombstones', 'tombstones_unit')`
    return sum?.bytes ?? 0
  })

/** Measures what was forgotten, which reads all of its pages, only when more than `enough` bytes are in use. */
const sizeOf = (sql: SqlClient, limit: number, enough = 0) =>
  Effect.gen(function*() {
    const [pages] = yield* sql<{ all: number; free: number; bytes: number }>`SELECT page_count AS "all",
      freelist_count AS free, page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size`
    const { all, bytes, free } = pages!
    // A reader may find a schema before 5, which has no properties.
    const properties = (yield* currentVersion(sql)) < 5
      ? []
      : yield* sql<{ name: string; value: string }>`SELECT name, value FROM properties WHERE name LIKE 'let_go_%'`
    const used = (all - free) * bytes
    const forgotten = used > enough ? yield* forgottenBytes(sql) : 0
    const sums = new Map(properties.map(({ name, value }) => [name, Number(value)]))
    return {
      bytes: used - forgotten,
      forgottenBytes: forgotten,
      fileBytes: all * bytes,
      limit,
      letGo: {
        messages: sums.get("let_go_messages") ?? 0,
        units: sums.get("let_go_units") ?? 0,
        at: sums.get("let_go_at") ?? null
      }
    } satisfies Size
  })

/** Returns the sessions of which messages lie in the bin: undone, a forgetting finds them where they were. */
const binnedSessions = (sql: SqlClient) =>
  Effect.map(
    sql<{ id: string }>`SELECT DISTINCT name AS id FROM bin_entries AS b
      CROSS JOIN message_rows ON uuid = b.key JOIN names ON number = session WHERE b.kind = 'message'`,
    (rows) => new Set(rows.map(({ id }) => id))
  )

const make = (limits: Limits) =>
  Effect.gen(function*() {
    const { reader, writer: sql } = yield* SqliteFile
    const { transaction } = yield* MemoryStore
    const db = Statements.make(sql, SqliteDialect.make(sql))
    const units = UnitWrites.make(db)

    let isOver = false
    let agesCheckedAt = -Infinity
    let exhaustedAt = -Infinity
    let plan: ReadonlyArray<number> = []

    /** Marks segments and sessions of which something was let go; `until` is the time of a session's last message then. */
    const mark = (origins: ReadonlyArray<string>, now: number, until: number, isDone: boolean) =>
      sql`INSERT INTO let_go (origin, at, until, is_done) SELECT value, ${now}, ${until}, ${Number(isDone)}
        FROM json_each(${json(origins)}) WHERE true
        ON CONFLICT (origin) DO UPDATE SET at = excluded.at, until = max(until, excluded.until), is_done = excluded.is_done`

    const count = ({ messages, units }: LetGo, now: number) =>
      Effect.gen(function*() {
        for (const [name, n] of [["let_go_messages", messages], ["let_go_units", units]] as const) {
          yield* db.setProperty(name, String(Number((yield* db.property(name)) ?? 0) + n))
        }
        yield* db.setProperty("let_go_at", String(now))
      })

    /** Deletes messages, marks their segments, and has the next messages of their threads begin new ones. */
    const deleteMessages = (seqs: ReadonlyArray<number>, now: number) =>
      Effect.gen(function*() {
        if (seqs.length === 0) return
        const list = json(seqs)
        const rows = yield* sql<{ seq: number; pack: number; segment: number; name: string }>`
          SELECT seq, (SELECT max(id) FROM packs WHERE id <= seq) AS pack, segment, name
          FROM message_rows JOIN names ON number = segment WHERE seq IN (SELECT value FROM json_each(${list}))`
        const segments = [...new Set(rows.map(({ name }) => name))]
        yield* mark(segments, now, 0, true)
        yield* sql`DELETE FROM open_segments WHERE id IN (SELECT value FROM json_each(${json(segments)}))`
        const packs = yield* sql<{ id: number; body: Uint8Array; isLast: number }>`SELECT id, body,
          id = (SELECT max(id) FROM packs) AS isLast FROM packs
          WHERE id IN (SELECT value FROM json_each(${json([...new Set(rows.map(({ pack }) => pack))])}))`
        for (const { body, id, isLast } of packs) {
          const lines = [...Packs.linesOf(body)]
          for (const { pack, seq } of rows) if (pack === id) lines[seq - id] = ""
          // Numbers go on from the last pack.
          if (isLast === 0 && lines.every((line) => line === "")) yield* sql`DELETE FROM packs WHERE id = ${id}`
          else yield* sql`UPDATE packs SET body = ${Packs.packOf(lines)} WHERE id = ${id}`
        }
        yield* sql`DELETE FROM message_rows WHERE seq IN (SELECT value FROM json_each(${list}))`
        yield* sql`DELETE FROM names WHERE number IN (SELECT value FROM json_each(${
          json([...new Set(rows.map(({ segment }) => segment))])
        })) AND NOT EXISTS (SELECT 1 FROM message_rows WHERE segment = number)`
      })

    // An update would leave the rows in their pages, almost empty: they are written anew, behind all others.
    const letGoLetters = Effect.map(
      sql`INSERT OR REPLACE INTO dead_letters SELECT path, fingerprint, line_offset, reason, '' FROM dead_letters
        WHERE line <> '' ORDER BY rowid LIMIT ${LETTERS_AT_ONCE} RETURNING 1`,
      (rows) => rows.length === 0 ? undefined : NOTHING
    )

    /** Lets go messages of the session that ended first and has some that no unit cites. */
    const letGoMessages = (now: number) =>
      Effect.gen(function*() {
        const [session] = yield* sql<{ id: string; number: number; ended_at: number }>`
          SELECT s.id, n.number, s.ended_at FROM sessions AS s JOIN names AS n ON n.name = s.id
            LEFT JOIN let_go AS l ON l.origin = s.id
          WHERE s.ended_at < ${now - RECENT_MS}
            AND s.id NOT IN (SELECT value FROM json_each(${json([...(yield* binnedSessions(sql))])}))
            AND (l.origin IS NULL OR l.is_done = 0 OR s.ended_at > l.until)
            AND s.id NOT IN (SELECT key FROM work WHERE kind = 'session' AND attempts < ${MAX_ATTEMPTS})
            AND n.number NOT IN (
              SELECT coalesce((SELECT session FROM message_rows WHERE segment = g.number LIMIT 1), 0)
              FROM work JOIN names AS g ON g.name = work.key WHERE kind = 'segment' AND attempts < ${MAX_ATTEMPTS})
          ORDER BY s.ended_at, s.id LIMIT 1`
        if (session === undefined) return undefined
        const rows = yield* sql<{ seq: number; pack: number }>`
          SELECT seq, (SELECT max(id) FROM packs WHERE id <= seq) AS pack FROM message_rows
          WHERE session = ${session.number} AND uuid NOT IN (
            SELECT cited.value FROM units, json_each(units.evidence) AS cited WHERE units.session_id = ${session.id})
          ORDER BY seq`
        const packs = [...new Set(rows.map(({ pack }) => pack))].slice(0, PACKS_AT_ONCE)
        const seqs = rows.filter(({ pack }) => packs.includes(pack)).map(({ seq }) => seq)
        yield* mark([session.id], now, session.ended_at, seqs.length === rows.length)
        yield* deleteMessages(seqs, now)
        const letGo = { messages: seqs.length, units: 0 }
        if (seqs.length > 0) yield* count(letGo, now)
        return letGo
      })

    /** Deletes units, and the messages that no other unit of their sessions cites. */
    const deleteUnits = (planned: ReadonlyArray<number>, now: number) =>
      Effect.gen(function*() {
        const binned = yield* binnedSessions(sql)
        // Some may have been replaced, pinned or kept since, or something of their session forgotten.
        const found = (yield* sql<UnitBody & { row: number }>`SELECT row, body FROM units
          WHERE row IN (SELECT value FROM json_each(${json(planned)}))`)
          .map((each) => ({ row: each.row, unit: unitOf(each) }))
          .filter(({ unit }) => worthOf(unit, now) < Infinity && !binned.has(unit.sessionId))
        const gone = found.map(({ unit }) => unit)
        const back = yield* units.restore(yield* units.remove(found.map(({ row }) => row)))
        yield* units.mergeWithSame(back)
        const made = gone.filter(isOfSession)
        yield* mark(
          made.map(({ origin }) => origin).filter((origin) => !made.some((unit) => unit.sessionId === origin)),
          now,
          0,
          true
        )
        const sessions = json([...new Set(made.map(({ sessionId }) => sessionId))])
        // An archive is not made again before its session goes on.
        yield* sql`INSERT INTO let_go (origin, at, until, is_done) SELECT id, ${now}, ended_at, 0 FROM sessions
          WHERE id IN (SELECT value FROM json_each(${sessions}))
          ON CONFLICT (origin) DO UPDATE SET at = excluded.at, until = max(until, excluded.until)`
        const free = yield* sql<{ seq: number }>`SELECT seq FROM message_rows
          WHERE uuid IN (SELECT value FROM json_each(${json(made.flatMap(evidence))}))
            AND session IN (SELECT number FROM names WHERE name IN (SELECT value FROM json_each(${sessions})))
            AND uuid NOT IN (SELECT cited.value FROM units, json_each(units.evidence) AS cited
              WHERE units.session_id IN (SELECT value FROM json_each(${sessions})))`
        yield* deleteMessages(free.map(({ seq }) => seq), now)
        const letGo = { messages: free.length, units: gone.length }
        yield* count(letGo, now)
        return letGo
      })

    const recent = (now: number) =>
      sql`EXISTS (SELECT 1 FROM sessions AS s WHERE s.id = units.session_id AND s.ended_at >= ${now - RECENT_MS})`

    /** Judges all units of sessions that are not recent, some at a time, and plans the least worth of them. */
    const planUnits = (now: number) =>
      Effect.gen(function*() {
        const binned = yield* binnedSessions(reader)
        let least: Array<{ readonly row: number; readonly worth: number }> = []
        for (let after = 0;;) {
          const rows = yield* reader<UnitBody & { row: number }>`SELECT row, body FROM units
            WHERE row > ${after} AND NOT ${recent(now)} ORDER BY row LIMIT ${PAGE}`
          for (const each of rows) {
            const unit = unitOf(each)
            const worth = binned.has(unit.sessionId) ? Infinity : worthOf(unit, now)
            if (worth < Infinity) least.push({ row: each.row, worth })
          }
          least = least.sort((a, b) => a.worth - b.worth).slice(0, PLANNED)
          if (rows.length < PAGE) break
          after = rows.at(-1)!.row
          yield* EventLoop.turn
        }
        return least.map(({ row }) => row)
      })

    const letGoUnits = (now: number) =>
      Effect.gen(function*() {
        if (plan.length === 0 && now - exhaustedAt >= SEARCH_INTERVAL_MS) plan = yield* planUnits(now)
        const rows = plan.slice(0, UNITS_AT_ONCE)
        plan = plan.slice(UNITS_AT_ONCE)
        if (rows.length > 0) return yield* transaction(deleteUnits(rows, now))
        if (now - exhaustedAt >= SEARCH_INTERVAL_MS) exhaustedAt = now
        return undefined
      })

    /** Lets go some units that are older than the limit of their type. */
    const letGoOld = (now: number) =>
      Effect.gen(function*() {
        if (now - agesCheckedAt < SEARCH_INTERVAL_MS) return undefined
        const binned = yield* binnedSessions(reader)
        for (const [type, age] of Object.entries(limits.ages) as ReadonlyArray<[UnitType, number]>) {
          for (let after = 0;;) {
            const rows = yield* reader<UnitBody & { row: number }>`SELECT row, body FROM units
              WHERE row > ${after} AND type = ${type} AND occurred_at < ${now - age} AND NOT ${recent(now)}
              ORDER BY row LIMIT ${UNITS_AT_ONCE}`
            const old = rows.filter((each) => {
              const unit = unitOf(each)
              return isDerived(unit, now) && !binned.has(unit.sessionId)
            }).map(({ row }) => row)
            if (old.length > 0) return yield* transaction(deleteUnits(old, now))
            if (rows.length < UNITS_AT_ONCE) break
            after = rows.at(-1)!.row
          }
        }
        agesCheckedAt = now
        return undefined
      })

    /** Gives free pages of the file back, some at a time. */
    const shrink = (size: Size) =>
      Effect.gen(function*() {
        if (size.fileBytes - size.bytes - size.forgottenBytes <= (1 - LOW) * limits.bytes / 10) return undefined
        yield* transaction(sql.unsafe(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`))
        return NOTHING
      })

    const step = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const old = yield* letGoOld(now)
      if (old !== undefined || limits.bytes === 0) return old
      const size = yield* sizeOf(reader, limits.bytes, isOver ? 0 : limits.bytes)
      if (size.bytes > limits.bytes) isOver = true
      if (!isOver) return undefined
      if (size.bytes > LOW * limits.bytes) {
        const letGo = (yield* transaction(letGoLetters)) ?? (yield* transaction(letGoMessages(now))) ??
          (yield* letGoUnits(now))
        if (letGo !== undefined) return letGo
      }
      const shrunk = yield* shrink(size)
      if (shrunk === undefined) {
        isOver = false
        plan = []
      }
      return shrunk
    })

    return {
      size: sizeOf(reader, limits.bytes).pipe(Effect.mapError(toStoreError("size"))),
      letGoAt: (origin: string) =>
        Effect.gen(function*() {
          // A reader may find the schema of an earlier version.
          if ((yield* currentVersion(reader)) < 11) return null
          const [row] = yield* reader<{ at: number }>`SELECT at FROM let_go WHERE origin = ${origin}`
          return row?.at ?? null
        }).pipe(Effect.mapError(toStoreError("show"))),
      step: Effect.mapError(step, toStoreError("let go"))
    }
  })

/**
 * Retains in the `SqliteFile` of the `MemoryStore`. Above the limit, `step` goes on until nine tenths of it are in
 * use.
 */
export const layer = (limits: Limits) => Layer.effect(Retention, make(limits))
