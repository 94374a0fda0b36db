/**
 * A page of the timeline: memories around a memory or a time, or the page that a cursor leads to.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import { decodeCursor, encodeCursor, type Place, type TimelineRequest } from "../domain/Timeline.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { sessionCalled, unitCalled } from "./Named.ts"
import { NotFound } from "./NotFound.ts"

/** A place before all units of this time. */
const at = (occurredAt: number): Place => ({
  occurredAt: Math.floor(occurredAt),
  position: Number.MIN_SAFE_INTEGER,
  id: ""
})

const placeOf = ({ id, occurredAt, position }: Place): Place => ({ occurredAt, position, id })

/**
 * Resolves a session's id; an unknown one is kept, since a saved memory may belong to a session that was never
 * captured.
 */
const called = (sessionId: string) =>
  Effect.catchTag(
    sessionCalled(sessionId),
    "NotFound",
    (error) => error.known.length > 0 ? Effect.fail(error) : Effect.succeed(sessionId)
  )

export const timeline = ({ around, cursor, limit, projects, sessionId }: TimelineRequest) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const middle = cursor === undefined && around !== undefined && "unit" in around
      ? yield* unitCalled(around.unit)
      : undefined
    const own = sessionId !== undefined || middle === undefined ? "all" : [middle.projectId]
    const filter = {
      projects: Project.resolveRequested(yield* store.projects, projects ?? own),
      sessionId: sessionId === undefined ? undefined : yield* called(sessionId)
    }
    const beside = (side: "before" | "after", place: Place | undefined, limit: number) =>
      place === undefined || limit === 0 ? Effect.succeed([]) : store.timeline(filter, side, place, limit)

    const page = (units: ReadonlyArray<MemoryUnit>) =>
      Effect.gen(function*() {
        const [first, last] = [units[0], units.at(-1)]
        const [isBefore] = yield* beside("before", first, 1)
        const [isAfter] = yield* beside("after", last, 1)
        return {
          units,
          previous: isBefore === undefined ? null : encodeCursor(["before", placeOf(first!)]),
          next: isAfter === undefined ? null : encodeCursor(["after", placeOf(last!)])
        }
      })

    if (cursor !== undefined) {
      const [side, place] = yield* Either.mapLeft(
        decodeCursor(cursor),
        () => new NotFound({ what: "cursor", name: cursor, known: [] })
      )
      return yield* page(yield* beside(side, place, limit))
    }
    if (around === undefined) return yield* page(yield* beside("before", at(Number.MAX_SAFE_INTEGER), limit))
    const place = middle ?? at("time" in around ? around.time : 0)
    const units = middle === undefined ? [] : [middle]
    const before = yield* beside("before", place, Math.floor((limit - units.length) / 2))
    const after = yield* beside("after", place, limit - units.length - before.length)
    return yield* page([...before, ...units, ...after])
  })
