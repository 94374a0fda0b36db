/**
 * Parses rows, alike for every database. Pure.
 */
import type { Message, Session } from "../../domain/Conversation.ts"
import type { SegmentContext } from "../MemoryStore.ts"
import type { Body } from "./Dialect.ts"

export const messageOf = ({ body }: Body): Message => JSON.parse(body) as Message

export interface SessionRow {
  readonly id: string
  readonly project_id: string
  readonly title: string | null
  readonly cwd: string
  readonly branch: string | null
  readonly started_at: number
  readonly ended_at: number
}

export const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  projectId: row.project_id,
  title: row.title,
  cwd: row.cwd,
  branch: row.branch,
  startedAt: row.started_at,
  endedAt: row.ended_at
})

/** The place of a segment's first message; `key` is the segment's id. */
export interface Beginning {
  readonly key: string
  readonly session: string
  readonly thread: string
  readonly seq: number
}

interface Placed {
  readonly seq: number
  readonly message: Message
}

/** Groups messages by segment, in the order of the rows. */
export const bySegment = (
  rows: ReadonlyArray<Body & { readonly seq: number; readonly segment_id: string }>
): ReadonlyMap<string, ReadonlyArray<Placed>> => {
  const segments = new Map<string, Array<Placed>>()
  for (const row of rows) {
    const list = segments.get(row.segment_id) ?? []
    segments.set(row.segment_id, list)
    list.push({ seq: row.seq, message: messageOf(row) })
  }
  return segments
}

export const beginningsOf = (segments: ReadonlyMap<string, ReadonlyArray<Placed>>): ReadonlyArray<Beginning> =>
  [...segments].map(([key, [first]]) => ({
    key,
    session: first!.message.sessionId,
    thread: first!.message.thread,
    seq: first!.seq
  }))

/** Returns contexts in the order of `ids`; `lead` holds the messages before each segment. Skips unknown ids. */
export const contextsOf = (
  ids: ReadonlyArray<string>,
  segments: ReadonlyMap<string, ReadonlyArray<Placed>>,
  sessions: ReadonlyMap<string, Session>,
  lead: ReadonlyArray<Body & { readonly key: string }>
): ReadonlyArray<SegmentContext> =>
  ids.flatMap((id) => {
    const list = segments.get(id)
    const first = list?.[0]
    const session = first && sessions.get(first.message.sessionId)
    if (list === undefined || first === undefined || session === undefined) return []
    return [{
      segment: {
        id,
        sessionId: session.id,
        thread: first.message.thread,
        messages: list.map(({ message }) => message)
      },
      session,
      position: first.seq,
      before: lead.filter(({ key }) => key === id).map(messageOf)
    }]
  })
