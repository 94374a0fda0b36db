/**
 * Reads a session as it was: its messages, and what Claude was given in between.
 */
import * as Effect from "effect/Effect"
import type { Message, Session } from "../domain/Conversation.ts"
import { type Injection, SessionRecords } from "../hook/SessionRecords.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { sessionByPrefix } from "./Lookup.ts"

/** A place in a session: the number of its segments before, and the time of the last message before, in milliseconds. */
export interface Place {
  readonly segments: number
  readonly time: number
}

export const BEGINNING: Place = { segments: 0, time: -Infinity }

export type Item =
  | { readonly _tag: "Message"; readonly message: Message }
  | { readonly _tag: "Injection"; readonly injection: Injection }

/** A part of a session, and the place after it; undefined at the end. */
export interface Conversation {
  readonly session: Session
  /** Oldest first. */
  readonly items: ReadonlyArray<Item>
  /** Titles of the memories that were given, by id, as far as they are still there. */
  readonly titles: ReadonlyMap<string, string>
  readonly next: Place | undefined
}

/** Segments that are read at a time. */
const BATCH = 10

const timeOf = (item: Item) => item._tag === "Message" ? item.message.occurredAt : item.injection.at

/**
 * Returns the messages of a session, by id or a prefix of it, from a place on: whole segments, until there are `limit` messages. What a
 * session was given stands before the first message that is later.
 */
export const conversation = (prefix: string, { segments: from, time }: Place, limit: number) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const records = yield* SessionRecords
    const session = yield* sessionByPrefix(prefix)
    const ids = yield* store.segmentsOf(session.id)
    let at = from
    let messages: ReadonlyArray<Message> = []
    while (at < ids.length && messages.length < limit) {
      const batch = ids.slice(at, at + BATCH)
      const said = new Map(
        (yield* store.segments(batch)).map(({ segment }) => [segment.id, segment.messages])
      )
      for (const id of batch) {
        if (messages.length >= limit) break
        messages = [...messages, ...said.get(id) ?? []]
        at++
      }
    }
    const isEnd = at >= ids.length
    const last = Math.max(time, ...messages.map(({ occurredAt }) => occurredAt))
    const { injections } = yield* records.get(session.id)
    const given = injections.filter(({ at }) => at > time && (isEnd || at <= last))
    const units = yield* store.units([...new Set(given.flatMap(({ ids, pointed }) => [...ids, ...pointed]))])
    const items = [
      ...given.map((injection): Item => ({ _tag: "Injection", injection })),
      ...messages.map((message): Item => ({ _tag: "Message", message }))
    ].sort((a, b) => timeOf(a) - timeOf(b))
    return {
      session,
      items,
      titles: new Map(units.map(({ id, title }) => [id, title])),
      next: isEnd ? undefined : { segments: at, time: last }
    } satisfies Conversation
  })
