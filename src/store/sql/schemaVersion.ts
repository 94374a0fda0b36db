/**
 * Checks the version of a database's schema: the number of migration steps taken.
 */
import * as Effect from "effect/Effect"
import { StoreError } from "../MemoryStore.ts"

/** Fails with "Newer" in a write of a program that is older than the one that has changed the schema while it ran. */
export const checkStill = (version: number, latest: number): Effect.Effect<void, StoreError> =>
  version <= latest
    ? Effect.void
    : Effect.fail(
      new StoreError({
        reason: "Newer",
        operation: "write",
        detail:
          `a newer claude-memory has changed the schema of the memory (to ${version}, this one knows ${latest}), so ` +
          "nothing was written. Start this session of Claude Code, or this program, again",
        cause: undefined
      })
    )

/** Fails with "Newer" for a schema newer than `latest`, the newest that this program knows. Call it before any change. */
export const checkVersion = (version: number, latest: number): Effect.Effect<void, StoreError> =>
  version <= latest
    ? Effect.void
    : Effect.fail(
      new StoreError({
        reason: "Newer",
        operation: "open",
        detail: `the memory was written by a newer claude-memory (schema ${version}, this one knows ${latest}); ` +
          "it was left untouched. Update claude-memory",
        cause: undefined
      })
    )
