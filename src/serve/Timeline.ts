/**
 * A page of the timeline: memories around a memory or a time, or the page that a cursor leads to.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import { decodeCursor, encodeCursor, type Place, type TimelineRequest } from "../domain/Timeline.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { sessionByPrefix, unitByPrefix } from "./Lookup.ts"
import { NotFound } from "./NotFound.ts"

/** A place before all units of this time. */
const placeAt = (occurredAt: number): Place => ({
  occurredAt: Math.floor(occurredAt),
  position: Number.MIN_SAFE_INTEGER,
  id: ""
})

const placeOf = ({ id, occurredAt, position }: Place): Place => ({ occurredAt, position, id })

/**
 * Resolves a session's id; an unknown one is kept, since a saved memory may belong to a session that was never
 * captured.
 */
const sessionIdOf = (sessionId: string) =>
  sessionByPrefix(sessionId).pipe(
    Effect.map(({ id }) => id),
    Effect.catchTag(
      "NotFound",
      (error) => error.known.length > 0 ? Effect.fail(error) : Effect.succeed(sessionId)
    )
  )

export const timeline = ({ around, cursor, limit, projects, sessionId }: TimelineRequest) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const anchor = cursor === undefined && around !== undefined && "unit" in around
      ? yield* unitByPrefix(around.unit)
      : undefined
    const own = sessionId !== undefined || anchor === undefined ? "all" : [anchor.projectId]
    const filter = {
      projects: Project.resolveRequested(yield* store.projects, projects ?? own),
      sessionId: sessionId === undefined ? undefined : yield* sessionIdOf(sessionId)
    }
    const neighbours = (side: "before" | "after", place: Place | undefined, limit: number) =>
      place === undefined || limit === 0 ? Effect.succeed([]) : store.timeline(filter, side, place, limit)

    const page = (units: ReadonlyArray<MemoryUnit>) =>
      Effect.gen(function*() {
        const [first, last] = [units[0], units.at(-1)]
        const [isBefore] = yield* neighbours("before", first, 1)
        const [isAfter] = yield* neighbours("after", last, 1)
        return {
          units,
          previous: isBefore === undefined ? null : encodeCursor(["before", placeOf(first!)]),
          next: isAfter === undefined ? null : encodeCursor(["after", placeOf(last!)])
        }
      })

    if (cursor !== undefined) {
      const [side, place] = yield* Either.mapLeft(
        decodeCursor(cursor),
        () => new NotFound({ what: "cursor", asked: cursor, known: [] })
      )
      return yield* page(yield* neighbours(side, place, limit))
    }
    if (around === undefined) return yield* page(yield* neighbours("before", placeAt(Number.MAX_SAFE_INTEGER), limit))
    const place = anchor ?? placeAt("time" in around ? around.time : 0)
    const units = anchor === undefined ? [] : [anchor]
    const before = yield* neighbours("before", place, Math.floor((limit - units.length) / 2))
    const after = yield* neighbours("after", place, limit - units.length - before.length)
    return yield* page([...before, ...units, ...after])
  })
