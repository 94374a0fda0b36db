/**
 * Keeps resources by key, for what comes and goes while a service runs, as the watchers of folders.
 */
import * as Effect from "effect/Effect"
import { children, type Owned, type Owner } from "./Owner.ts"

/** Resources that are still open close with the owner. */
export interface ScopeMap<K, E, R> {
  readonly size: number
  readonly has: (key: K) => boolean
  readonly keys: () => Iterable<K>
  /** Opens the resource of this key, unless it is open; one that can't be opened is not kept. */
  readonly add: (key: K) => Effect.Effect<void, E, R>
  /** Closes the resource of this key, if it is open. */
  readonly remove: (key: K) => Effect.Effect<void>
}

export interface ScopeMapOptions<K, E, R> {
  readonly open: (key: K) => Effect.Effect<unknown, E, R>
  /** Most handles of one kind that all keys have open. The ledger holds to it: one more is `TooManyOpen`. */
  readonly atMost: number
}

/** Makes the map. All that is open closes with the owner. A key is opened and closed by one fiber at a time. */
export const make = <K, E, R>(
  { atMost, open }: ScopeMapOptions<K, E, R>
): Effect.Effect<ScopeMap<K, E, Owned<R>>, never, Owner> =>
  Effect.map(children("a keyed resource", atMost), (makeChild) => {
    const entries = new Map<K, Effect.Effect<void>>()
    const remove = (key: K) =>
      Effect.suspend(() => {
        const closeEntry = entries.get(key) ?? Effect.void
        entries.delete(key)
        return closeEntry
      })
    return {
      get size() {
        return entries.size
      },
      has: (key) => entries.has(key),
      keys: () => entries.keys(),
      add: (key) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            if (entries.has(key)) return
            const child = yield* makeChild
            entries.set(key, child.close)
            yield* Effect.onError(restore(child.open(open(key))), () => Effect.sync(() => entries.delete(key)))
          })
        ),
      remove
    }
  })
