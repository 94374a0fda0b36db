/**
 * Work that failed in the memory of a server, which does none of this kind: no model is named.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { MAX_ATTEMPTS, MemoryStore, retryDelay } from "../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { base } from "../contract/layers.ts"

/** Has the reviews of a session failed for good, for the last time just now, and its recap failed once. */
export const failReviews = (folder: string, sessionId: string): Promise<void> =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const now = Date.now()
    const waited = Array.from({ length: MAX_ATTEMPTS }, (_, i) => retryDelay(i + 1)).reduce((sum, ms) => sum + ms, 0)
    yield* TestClock.setTime(now - waited)
    yield* store.reviewAgain([sessionId])
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      yield* store.fail(yield* store.claim("review", 100), "the model answered 529: overloaded")
      yield* TestClock.adjust(retryDelay(attempts))
    }
    yield* store.fail(yield* store.claim("recap", 100), "the model answered 401: no such key")
  }).pipe(
    Effect.provide(SqliteStore.layer.pipe(
      Layer.provide(SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000, skipGarbageCollection: true })),
      Layer.provide(base)
    )),
    Effect.provide(TestContext.TestContext),
    Effect.runPromise
  )
