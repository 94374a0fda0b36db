/**
 * Reports what the hooks put before Claude, by session and by day.
 */
import * as Effect from "effect/Effect"
import { type Injection, SessionRecords } from "../hook/SessionRecords.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { idMeant } from "./Lookup.ts"
import { NotFound } from "./NotFound.ts"

export interface SessionInjections {
  readonly sessionId: string
  /** Oldest first; `titles` are those of the units by id, as far as they are still there. */
  readonly injections: ReadonlyArray<Injection>
  readonly titles: ReadonlyMap<string, string>
}

/** An injection of a session. */
export interface InjectionIn extends Injection {
  readonly sessionId: string
}

export interface Sum {
  readonly injections: number
  readonly tokens: number
  readonly late: number
}

/** Returns what a session was given: by its id or the beginning of one, else the session of the newest injection. */
export const injectionsOf = (prefix: string | undefined) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    const store = yield* MemoryStore
    const known = yield* records.sessions
    const found = prefix === undefined ? known.slice(0, 1) : known.filter((id) => id.startsWith(prefix))
    const sessionId = idMeant(prefix ?? "", found)
    if (sessionId === undefined) {
      return yield* new NotFound({ what: "injections", asked: prefix ?? "", known: found })
    }
    const { injections } = yield* records.get(sessionId)
    const units = yield* store.units([...new Set(injections.flatMap(({ ids, pointed }) => [...ids, ...pointed]))])
    const titles = new Map(units.map(({ id, title }) => [id, title]))
    return { sessionId, injections, titles } satisfies SessionInjections
  })

/** Most sessions whose records are read, the newest. */
const MAX_SESSIONS = 500

/** Lists the injections of all sessions since a time, in milliseconds since the epoch, oldest first. */
export const injectedSince = (time: number) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    const sessions = yield* Effect.forEach((yield* records.sessions).slice(0, MAX_SESSIONS), (sessionId) =>
      Effect.map(records.get(sessionId), ({ injections }) =>
        injections.map((each) => ({ ...each, sessionId }))))
    return sessions.flat().filter(({ at }) =>
      at >= time
    ).sort((a, b) => a.at - b.at)
  })

/** Sums injections. */
export const sumOf = (injections: ReadonlyArray<Injection>): Sum => {
  const arrived = injections.filter(({ state }) => state !== "late")
  return {
    injections: arrived.length,
    tokens: arrived.reduce((sum, { tokens }) => sum + tokens, 0),
    late: injections.length - arrived.length
  }
}
