/**
 * `ModelCache` on a Map, gone with its scope.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { MAX_BYTES, ModelCache, READABLE } from "./ModelCache.ts"

export const layer = (maxBytes = MAX_BYTES) =>
  Layer.effect(
    ModelCache,
    Effect.sync(() => {
      const values = new Map<string, Uint8Array>()
      let size = 0
      const remove = (key: string) => {
        size -= values.get(key)?.length ?? 0
        values.delete(key)
      }
      return ModelCache.of({
        get: (keys) => Effect.sync(() => keys.map((key) => Option.fromNullable(values.get(key)))),
        put: (entries) =>
          Effect.sync(() => {
            for (const [key, value] of entries) {
              remove(key)
              values.set(key, value)
              size += value.length
            }
            for (const key of values.keys()) {
              if (size <= maxBytes) break
              remove(key)
            }
          }),
        forget: Effect.sync(() => {
          for (const key of values.keys()) if (key.startsWith(READABLE)) remove(key)
        })
      })
    })
  )
