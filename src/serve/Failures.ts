/**
 * Says of work that failed what it is about.
 */
import * as Effect from "effect/Effect"
import { type FailedWork, MemoryStore, retryDelay, type WorkItem } from "../store/MemoryStore.ts"
import { NotFound } from "./NotFound.ts"

export interface Failure extends FailedWork {
  /** Time at which it had failed first at the latest, in milliseconds since the epoch: as if each attempt followed at once. */
  readonly since: number
  /** The session that it is about, and its title. */
  readonly session: { readonly id: string; readonly title: string | null } | null
  /** The memory that it is about. */
  readonly unit: { readonly id: string; readonly title: string } | null
}

/** Kinds of work whose key is a segment, and those whose key is a session. */
const OF_SEGMENTS: ReadonlyArray<WorkItem["kind"]> = ["segment", "review"]
const OF_SESSIONS: ReadonlyArray<WorkItem["kind"]> = ["session", "recap", "upgrade"]

const waitedBefore = (attempts: number): number =>
  Array.from({ length: attempts - 1 }, (_, i) => retryDelay(i + 1)).reduce((sum, delay) => sum + delay, 0)

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
    return failed.map((each): Failure => {
      const session = sessions.get(each.key)
      return {
        ...each,
        since: each.failedAt - waitedBefore(each.attempts),
        session: session === undefined ? null : { id: session.id, title: session.title },
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
      return yield* new NotFound({ what: "work", name: `${item.kind} ${item.key}`, known: [] })
    }
    return queued
  })
