/**
 * The messages of the SQLite file: a row for each, and their bodies in packs. The view `messages` reads both as one table.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import type { Columns, Dialect, SqlEffect, StoredMessage } from "../sql/Dialect.ts"
import { messageOf } from "../sql/Rows.ts"
import { unpackedMessages } from "../sql/unpackedMessages.ts"
import { currentVersion } from "./migrations.ts"
import * as Packs from "./Packs.ts"

const json = (value: unknown) => JSON.stringify(value)

const ROWS: Columns = {
  uuid: "text",
  session_id: "text",
  thread: "text",
  segment_id: "text",
  role: "text",
  is_prompt: "boolean",
  said: "boolean",
  occurred_at: "bigint"
}

/** Messages that are read at once for the files that they name. */
const READ_AT_ONCE = 500

type Messages = Pick<Dialect, "filesOf" | "insertMessages" | "messagesHolding" | "messagesIn" | "updateMessages">

export const make = (sql: SqlClient, table: Dialect["table"]): Messages => {
  const writePack = ({ id, lines }: Packs.Pack) =>
    sql`INSERT INTO packs (id, body) VALUES (${id}, ${Packs.packOf(lines)})
      ON CONFLICT (id) DO UPDATE SET body = excluded.body`

  const packsOf = (rows: ReadonlyArray<{ id: number; body: Uint8Array }>): ReadonlyArray<Packs.Pack> =>
    rows.map(({ body, id }) => ({ id, lines: Packs.linesOf(body) }))

  const insertMessages: Messages["insertMessages"] = (rows) =>
    Effect.gen(function*() {
      yield* sql`INSERT INTO names (name) SELECT value FROM json_each(${
        json([...new Set(rows.flatMap(({ segment_id, session_id }) => [session_id, segment_id]))])
      }) WHERE true ON CONFLICT DO NOTHING`
      const [last] = packsOf(
        yield* sql<{ id: number; body: Uint8Array }>`SELECT id, body FROM packs ORDER BY id DESC LIMIT 1`
      )
      const { first, packs } = Packs.added(last, rows.map(({ body }) => body))
      for (const pack of packs) yield* writePack(pack)
      yield* sql`INSERT INTO message_rows (seq, uuid, session, thread, segment, role, is_prompt, said, occurred_at)
        SELECT ${first} + made.i, uuid, s.number, thread, g.number, role, is_prompt, said, occurred_at
        FROM ${table("made", ROWS, rows)} JOIN names AS s ON s.name = made.session_id
          JOIN names AS g ON g.name = made.segment_id ORDER BY made.i`
    })

  const updateMessages: Messages["updateMessages"] = (rows) =>
    Effect.gen(function*() {
      const bodyOf = new Map(rows.map(({ body, uuid }) => [uuid, body]))
      const places = yield* sql<{ seq: number; uuid: string; pack: number }>`SELECT seq, uuid,
        (SELECT max(id) FROM packs WHERE id <= seq) AS pack FROM message_rows
        WHERE uuid IN (SELECT value FROM json_each(${json([...bodyOf.keys()])}))`
      const packs = packsOf(
        yield* sql<{ id: number; body: Uint8Array }>`SELECT id, body FROM packs
          WHERE id IN (SELECT value FROM json_each(${json([...new Set(places.map(({ pack }) => pack))])}))`
      )
      for (const { id, lines } of packs) {
        const changed = [...lines]
        for (const { seq, uuid } of places.filter(({ pack }) => pack === id)) changed[seq - id] = bodyOf.get(uuid)!
        yield* writePack({ id, lines: changed })
      }
      yield* sql`UPDATE message_rows SET said = made.said
        FROM ${table("made", { uuid: "text", said: "boolean" }, rows)} WHERE message_rows.uuid = made.uuid`
    })

  let isPacked = false
  /** False for a reader of an earlier version's schema; what was true stays true. */
  const packsMessages = Effect.suspend(() =>
    isPacked ? Effect.succeed(true) : Effect.map(currentVersion(sql), (version) => isPacked = version >= 11)
  )

  /** Reads each pack once, whose row has the places of all its messages. */
  const messagesIn: Messages["messagesIn"] = (chosen) =>
    Effect.gen(function*() {
      if (!(yield* packsMessages)) return yield* unpackedMessages(sql)(chosen)
      const packs = yield* sql<{ id: number; body: Uint8Array; chosen: string }>`SELECT id, body, chosen FROM (
          SELECT (SELECT max(id) FROM packs WHERE id <= seq) AS pack, json_group_array(json_array(seq, key, rank)) AS chosen
          FROM (${chosen}) GROUP BY pack
        ) JOIN packs ON id = pack ORDER BY id`
      return packs.flatMap(({ body, chosen, id }) => {
        const lines = Packs.linesOf(body)
        return (JSON.parse(chosen) as ReadonlyArray<readonly [seq: number, key: string, rank: number]>).map(
          ([seq, key, rank]) => ({ seq, key, rank, message: messageOf({ body: lines[seq - id]! }) })
        )
      }).sort((a, b) => a.rank - b.rank || a.seq - b.seq)
    })

  const filesOf: Messages["filesOf"] = (sessionId, limit) =>
    Effect.gen(function*() {
      const files = new Set<string>()
      for (let after = 0;;) {
        const messages = yield* messagesIn(sql`SELECT seq, '' AS key, 0 AS rank FROM messages
          WHERE session_id = ${sessionId} AND seq > ${after} ORDER BY seq LIMIT ${READ_AT_ONCE}`)
        for (const { message } of messages) {
          for (const { file } of message.blocks) if (file !== undefined && files.size < limit) files.add(file)
        }
        if (messages.length < READ_AT_ONCE || files.size >= limit) return [...files].map((file) => ({ file }))
        after = messages.at(-1)!.seq
      }
    })

  const messagesHolding: Messages["messagesHolding"] = (probes, after, limit) =>
    Effect.gen(function*() {
      const asked = json(probes)
      const found: SqlEffect<ReadonlyArray<StoredMessage>> = !(yield* packsMessages)
        // A reader may find the schema of an earlier version.
        ? sql`SELECT seq, segment_id, body FROM messages WHERE seq > ${after} AND EXISTS (SELECT 1 FROM json_each(${asked})
            WHERE instr(body, value->>0) > 0 AND instr(body, value->>1) > 0) ORDER BY seq LIMIT ${limit}`
        : sql`SELECT m.seq, m.segment_id, m.body
          FROM packs AS p CROSS JOIN json_each(places_holding(p.body, ${asked})) AS place
            CROSS JOIN messages AS m ON m.seq = p.id + place.value
          WHERE p.id >= coalesce((SELECT max(id) FROM packs WHERE id <= ${after}), 0) AND m.seq > ${after}
          ORDER BY p.id, m.seq LIMIT ${limit}`
      return yield* found
    })

  return { filesOf, insertMessages, messagesHolding, messagesIn, updateMessages }
}
