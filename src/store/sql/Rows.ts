/**
 * Parses rows, alike for every database. Pure.
 */
import type { Message, Session } from "../../domain/Conversation.ts"
import type { SegmentContext } from "../MemoryStore.ts"
import type { Body, ReadMessage } from "./Dialect.ts"

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

/** Groups messages by their keys, in their order. */
export const byKey = (messages: ReadonlyArray<ReadMessage>): ReadonlyMap<string, ReadonlyArray<ReadMessage>> => {
  const groups = new Map<string, Array<ReadMessage>>()
  for (const message of messages) {
    const group = groups.get(message.key) ?? []
    groups.set(message.key, group)
    group.push(message)
  }
  return groups
}

export const beginningsOf = (segments: ReadonlyMap<string, ReadonlyArray<ReadMessage>>): ReadonlyArray<Beginning> =>
  [...segments].map(([key, [first]]) => ({
    key,
    session: first!.message.sessionId,
    thread: first!.message.thread,
    seq: first!.seq
  }))

/** Returns contexts in the order of `ids`; `lead` holds the messages before each segment. Skips unknown ids. */
export const contextsOf = (
  ids: ReadonlyArray<string>,
  segments: ReadonlyMap<string, ReadonlyArray<ReadMessage>>,
  sessions: ReadonlyMap<string, Session>,
  lead: ReadonlyMap<string, ReadonlyArray<ReadMessage>>
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
      before: (lead.get(id) ?? []).map(({ message }) => message)
    }]
  })
