/**
 * Finds units and sessions by id or a prefix of it.
 */
import * as Effect from "effect/Effect"
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

export const sessionByPrefix = (prefix: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const found = yield* store.sessionsByPrefix(prefix)
    const session = found.find(({ id }) => id === prefix) ?? (found.length === 1 ? found[0] : undefined)
    if (session !== undefined) return session
    return yield* new NotFound({ what: "session", name: prefix, known: found.map(({ id }) => id) })
  })
