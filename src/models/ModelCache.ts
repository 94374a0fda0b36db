/**
 * The port to the cache of models' answers, so that the same request is not paid for twice.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { idOf } from "../domain/Ids.ts"

/** Maximum total bytes of cached values; the oldest are dropped first. */
export const MAX_BYTES = 256 * 1024 * 1024

/** Key prefix of answers in plain text. The keys of vectors lack it, because a vector does not reveal its text. */
export const READABLE = "background/"

/** Returns the key of a request. `parts` are the model and everything else that the answer depends on. */
export const keyOf = (kind: "embedding" | "background" | "completion", ...parts: ReadonlyArray<string>): string =>
  `${kind === "embedding" ? "" : READABLE}${idOf("answer", kind, ...parts)}`

/** A cache that cannot be read or written behaves like an empty one, and logs a warning. */
export class ModelCache extends Context.Tag("claude-memory/ModelCache")<ModelCache, {
  /** Returns the cached values, in the order of `keys`. */
  readonly get: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Option.Option<Uint8Array>>>
  /** Keeps values. With the count of `forgotten` from before a model was asked, only if nothing was forgotten meanwhile. */
  readonly put: (
    entries: ReadonlyArray<readonly [key: string, value: Uint8Array]>,
    forgotten?: number
  ) => Effect.Effect<void>
  /** Deletes the answers in plain text, because some of them may hold what is to be forgotten. */
  readonly forget: Effect.Effect<void>
  /** Counts the times that `forget` was run, in all processes. */
  readonly forgotten: Effect.Effect<number>
}>() {}
