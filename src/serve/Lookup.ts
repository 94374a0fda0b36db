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
    const [unit, ...others] = prefix === "" ? [] : yield* store.unitsByPrefix(prefix)
    if (unit !== undefined && others.length === 0) return unit
    return yield* new NotFound({
      what: "unit",
      asked: prefix,
      known: unit === undefined ? [] : [unit, ...others].map(({ id }) => id)
    })
  })

/** Returns the unit that is changed where a person names this one: where others say the same, they are told as one. */
export const activeByPrefix = (prefix: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const seen = new Set<string>()
    let unit = yield* unitByPrefix(prefix)
    while (unit.supersededBy !== null && !seen.has(unit.id)) {
      seen.add(unit.id)
      const [next] = yield* store.units([unit.supersededBy])
      if (next === undefined) break
      unit = next
    }
    return unit
  })

/** Returns the id that a prefix means among those that begin with it: the whole one, or the only one. */
export const idMeant = (prefix: string, found: ReadonlyArray<string>): string | undefined =>
  found.includes(prefix) ? prefix : found.length === 1 ? found[0] : undefined

const WHOLE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Returns the id of a session that is remembered or was told something, by the beginning of it; a whole one may be of a session that is new. */
export const sessionIdMeant = (prefix: string) =>
  Effect.gen(function*() {
    const stored = yield* Effect.flatMap(MemoryStore, (store) => store.sessionsByPrefix(prefix))
    const told = prefix === "" ? [] : yield* Effect.flatMap(SessionRecords, (records) => records.sessions)
    const found = [...new Set([...stored.map(({ id }) => id), ...told.filter((id) => id.startsWith(prefix))])]
    const id = idMeant(prefix, found) ?? (found.length === 0 && WHOLE.test(prefix) ? prefix : undefined)
    return id ?? (yield* new NotFound({ what: "session", asked: prefix, known: found }))
  })

export const sessionByPrefix = (prefix: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const found = yield* store.sessionsByPrefix(prefix)
    const ids = found.map(({ id }) => id)
    const meant = idMeant(prefix, ids)
    return found.find(({ id }) => id === meant) ??
      (yield* new NotFound({ what: "session", asked: prefix, known: ids }))
  })
