/**
 * Finds units and sessions by id or a prefix of it.
 */
import * as Effect from "effect/Effect"
import { SessionRecords } from "../hook/SessionRecords.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { NotFound } from "./NotFound.ts"

export const unitByPrefix = (prefix: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const [unit, ...others] = yield* store.unitsByPrefix(prefix)
    if (unit !== undefined && others.length === 0) return unit
    return yield* new NotFound({
      what: "unit",
      name: prefix,
      known: unit === undefined ? [] : [unit, ...others].map(({ id }) => id)
    })
  })

const WHOLE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Returns the id of a session that is remembered or was told something, by the beginning of it; a whole one may be of a session that is new. */
export const sessionIdMeant = (prefix: string) =>
  Effect.gen(function*() {
    const stored = yield* Effect.flatMap(MemoryStore, (store) => store.sessionsByPrefix(prefix))
    const told = yield* Effect.flatMap(SessionRecords, (records) => records.sessions)
    const found = [...new Set([...stored.map(({ id }) => id), ...told.filter((id) => id.startsWith(prefix))])]
    if (found.includes(prefix) || found.length === 0 && WHOLE.test(prefix)) return prefix
    return found.length === 1 ? found[0]! : yield* new NotFound({ what: "session", name: prefix, known: found })
  })

export const sessionByPrefix = (prefix: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const found = yield* store.sessionsByPrefix(prefix)
    const session = found.find(({ id }) => id === prefix) ?? (found.length === 1 ? found[0] : undefined)
    if (session !== undefined) return session
    return yield* new NotFound({ what: "session", name: prefix, known: found.map(({ id }) => id) })
  })
