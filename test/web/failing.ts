/**
 * Work that failed in the memory of a server, which does none of this kind: no model is named.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MAX_ATTEMPTS, MemoryStore, retryDelay } from "../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { base } from "../contract/layers.ts"

/** Has the reviews of a session failed for good, for the last time just now, and its recap failed once. */
export const failReviews = (folder: string, sessionId: string): Promise<void> => {
  const live = Clock.make()
  // Sleeps as it does, since the server may have the database's lock, but begins some minutes ago.
  let behind = Array.from({ length: MAX_ATTEMPTS }, (_, i) => retryDelay(i + 1)).reduce((sum, ms) => sum + ms, 0)
  const now = () => live.unsafeCurrentTimeMillis() - behind
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanos: live.currentTimeNanos,
    sleep: (duration) => live.sleep(duration),
    unsafeCurrentTimeMillis: now,
    unsafeCurrentTimeNanos: () => live.unsafeCurrentTimeNanos()
  }
  return Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* store.reviewAgain([sessionId])
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      yield* store.fail(yield* store.claim("review", 100), "the model answered 529: overloaded")
      behind -= retryDelay(attempts)
    }
    yield* store.fail(yield* store.claim("recap", 100), "the model answered 401: no such key")
  }).pipe(
    Effect.withClock(clock),
    Effect.provide(SqliteStore.layer.pipe(
      Layer.provide(SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000, skipGarbageCollection: true })),
      Layer.provide(base)
    )),
    Effect.runPromise
  )
}
