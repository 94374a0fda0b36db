/**
 * Says of work that failed what it is about.
 */
import * as Effect from "effect/Effect"
import type { Message } from "../domain/Conversation.ts"
import { type FailedWork, MemoryStore, retryDelay, type WorkItem } from "../store/MemoryStore.ts"
import { NotFound } from "./NotFound.ts"

export interface Failure extends FailedWork {
  /** Time at which it had failed first at the latest, in milliseconds since the epoch: as if each attempt followed at once. */
  readonly since: number
  /** The session that it is about, and its title. */
  readonly session: { readonly id: string; readonly title: string | null } | null
  /** Beginning of what the segment that it is about begins with. */
  readonly prompt: string | null
  /** The memory that it is about. */
  readonly unit: { readonly id: string; readonly title: string } | null
}

/** Kinds of work whose key is a segment, and those whose key is a session. */
const OF_SEGMENTS: ReadonlyArray<WorkItem["kind"]> = ["segment", "review"]
const OF_SESSIONS: ReadonlyArray<WorkItem["kind"]> = ["session", "recap", "upgrade"]

const waitedBefore = (attempts: number): number =>
  Array.from({ length: attempts - 1 }, (_, i) => retryDelay(i + 1)).reduce((sum, delay) => sum + delay, 0)

/** Characters of a prompt that say which it is. */
const BEGINNING = 160

const beginningOf = (message: Message | undefined): string | undefined =>
  message?.blocks.find(({ kind }) => kind === "text")?.text.trim().slice(0, BEGINNING)

/** Lists failed work, dead items first. */
export const failures = (limit: number) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const failed = yield* store.failures(limit)
    const keysOf = (kinds: ReadonlyArray<WorkItem["kind"]>) =>
      failed.filter(({ kind }) => kinds.includes(kind)).map(({ key }) => key)
    // What failed may be what can't be read.
    const segments = yield* Effect.forEach(keysOf(OF_SEGMENTS), (key) =>
      Effect.orElseSucceed(store.segments([key]), () => []))
    const sessions = new Map([
      ...segments.flat().map(({ segment, session }) =>
        [segment.id, session] as const
      ),
      ...yield* store.sessions(keysOf(OF_SESSIONS))
    ])
    const units = new Map(
      (yield* store.units(keysOf(["index"]))).map(({ id, title }) => [id, { id, title }] as const)
    )
    const prompts = new Map(
      segments.flat().map(({ segment }) => [segment.id, beginningOf(segment.messages[0])] as const)
    )
    return failed.map((each): Failure => {
      const session = sessions.get(each.key)
      return {
        ...each,
        since: each.failedAt - waitedBefore(each.attempts),
        session: session === undefined ? null : { id: session.id, title: session.title },
        prompt: prompts.get(each.key) ?? null,
        unit: units.get(each.key) ?? null
      }
    })
  })

/** Queues failed work once more: all of it, or one item. Returns the number of items. */
export const retry = (item: Pick<WorkItem, "key" | "kind"> | undefined) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const queued = yield* store.retry(item)
    if (item !== undefined && queued === 0) {
      return yield* new NotFound({ what: "work", asked: `${item.kind} ${item.key}`, known: [] })
    }
    return queued
  })
