/**
 * The port to what models answered before: what is asked again is not paid again.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { idOf } from "../domain/Ids.ts"

/** Bytes of values that are kept; the oldest go first. */
export const MAX_BYTES = 256 * 1024 * 1024

/** What begins the keys of answers that can be read: of vectors nobody can tell which words they are of. */
export const READABLE = "background/"

/** Of what was asked: the model, and everything that its answer depends on. */
export const keyOf = (kind: "embedding" | "background", ...parts: ReadonlyArray<string>): string =>
  `${kind === "background" ? READABLE : ""}${idOf("answer", kind, ...parts)}`

/** A cache that can't be read or written is an empty one, of which a warning is logged. */
export class ModelCache extends Context.Tag("claude-memory/ModelCache")<ModelCache, {
  /** In the order asked. */
  readonly get: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Option.Option<Uint8Array>>>
  readonly put: (entries: ReadonlyArray<readonly [key: string, value: Uint8Array]>) => Effect.Effect<void>
  /** Drops what can be read, as something in it is to be forgotten. */
  readonly forget: Effect.Effect<void>
}>() {}
