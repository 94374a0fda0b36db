/**
 * Recognizes forgotten text by its tombstones, and takes it out of what is to be stored.
 */
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import * as Forgetting from "../Forgetting.ts"
import type { SqlEffect } from "./Dialect.ts"
import type { Statements } from "./Statements.ts"

export type Entombed = ReturnType<typeof make>

export const make = (db: Statements) => {
  /** Returns a test for the forgotten ones among these keys. */
  const knownAmong = (secrets: ReadonlyArray<string>, keys: Iterable<string>) => {
    const hashers = secrets.map(Forgetting.hashesBy)
    const hashes = new Map(Array.from(keys, (key) => [key, hashers.map((hashOf) => hashOf(key))]))
    return Effect.map(db.tombstonesOf([...new Set([...hashes.values()].flat())]), (entombed) => {
      const found = new Set(entombed)
      return (key: string) => hashes.get(key)?.some((hash) => found.has(hash)) === true
    })
  }

  /** Removes forgotten text from what was said. When nothing was ever forgotten, costs one query. */
  const unforgotten = <S extends Forgetting.Said>(said: S): SqlEffect<S> =>
    Effect.gen(function*() {
      const secrets = yield* db.secrets
      if (secrets.length === 0) return said
      let rest = said
      const asked = new Set<string>()
      // A cut changes the keys of the remaining text, which may be known too.
      for (let keys = Forgetting.keysOfSaid(said); keys.length > 0;) {
        rest = Forgetting.withoutForgotten(rest, yield* knownAmong(secrets, keys))
        for (const key of keys) asked.add(key)
        keys = Forgetting.keysOfSaid(rest).filter((key) => !asked.has(key))
      }
      return rest
    })

  /** Returns the units without forgotten text. */
  const permitted = (units: ReadonlyArray<MemoryUnit>): SqlEffect<ReadonlyArray<MemoryUnit>> =>
    Effect.gen(function*() {
      const secrets = yield* db.secrets
      if (secrets.length === 0 || units.length === 0) return units
      const keys = units.map(Forgetting.keysOfUnit)
      const isKnown = yield* knownAmong(secrets, keys.flat())
      return units.filter((_, i) => !keys[i]!.some(isKnown))
    })

  /** Returns the ids of units that are forgotten ones again, made of what is left of the messages that these cited. */
  const remainders = (units: ReadonlyArray<MemoryUnit>): SqlEffect<ReadonlySet<string>> =>
    Effect.gen(function*() {
      const secrets = yield* db.secrets
      const sourced = units.map((unit) => ({ id: unit.id, keys: Forgetting.sourceKeys(unit) }))
        .filter(({ keys }) => keys.length > 0)
      if (secrets.length === 0 || sourced.length === 0) return new Set()
      const isKnown = yield* knownAmong(secrets, sourced.flatMap(({ keys }) => keys))
      return new Set(sourced.filter(({ keys }) => keys.every(isKnown)).map(({ id }) => id))
    })

  return { permitted, remainders, unforgotten }
}
