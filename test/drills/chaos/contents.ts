/**
 * Reads what a memory holds, to compare it with another, without what differs by the time of the run.
 */
import * as Effect from "effect/Effect"
import type { Memory } from "./memory.ts"

export interface Contents {
  /** By what it is and its id: its text. */
  readonly parts: ReadonlyMap<string, string>
  /** Lines by what became of them. */
  readonly lines: ReadonlyMap<string, number>
}

/**
 * Serializes a unit without its times and the number of its changes, of which some are made again, with its place among those of its
 * segment or session.
 */
const unitText = (body: string, place: number): string => {
  // The order in which the threads of a session are captured decides which files come first, and what is merged first.
  const { also: _also, createdAt: _createdAt, files, revision: _revision, ...unit } = JSON.parse(body)
  const isSaved = /^(?:saved|noted):/.test(unit.origin)
  const parts = { ...unit, files: files.sort(), position: place, ...(isSaved && { occurredAt: 0 }) }
  // One that was changed has its fields in another order.
  return JSON.stringify(Object.fromEntries(Object.entries(parts).sort(([a], [b]) => a < b ? -1 : 1)))
}

export const contentsOf = ({ columns, rows }: Memory) =>
  Effect.gen(function*() {
    const parts = new Map<string, string>()
    const units = yield* rows<{ id: string; body: string; place: number }>(
      `SELECT id, ${columns.unitBody} AS body, rank() OVER (PARTITION BY origin ORDER BY position) AS place FROM units`
    )
    for (const { body, id, place } of units) parts.set(`unit ${id}`, unitText(body, place))
    const messages = yield* rows<{ uuid: string; is_prompt: number | boolean; said: number | boolean }>(
      "SELECT uuid, session_id, thread, segment_id, role, is_prompt, said, occurred_at, body FROM messages"
    )
    for (const { uuid, ...message } of messages) {
      const flags = { is_prompt: Number(message.is_prompt), said: Number(message.said) }
      parts.set(`message ${uuid}`, JSON.stringify({ ...message, ...flags }))
    }
    const sessions = yield* rows<{ id: string }>("SELECT id, project_id, title FROM sessions")
    for (const { id, ...session } of sessions) parts.set(`session ${id}`, JSON.stringify(session))
    const [outcome, lines] = columns.lines
    const counts = yield* rows<{ outcome: string; lines: number }>(
      `SELECT ${outcome} AS outcome, ${lines} AS lines FROM line_counts WHERE ${lines} > 0`
    )
    return { parts, lines: new Map(counts.map(({ lines, outcome }) => [outcome, lines])) } satisfies Contents
  })
