/**
 * The port of what keeps a memory below a size: it lets go what is worth least. Without an adapter a memory grows without a limit.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { UnitType } from "../domain/MemoryUnit.ts"
import type { StoreError } from "./MemoryStore.ts"

/** Limits of a memory. */
export interface Limits {
  /** Bytes that the memory may take; 0 for any number. */
  readonly bytes: number
  /** Milliseconds after which units of a type are let go; a type that is missing is kept. */
  readonly ages: Readonly<Partial<Record<UnitType, number>>>
}

export interface Size {
  /** Bytes in use, but for those of what was forgotten: what the limit is compared with. */
  readonly bytes: number
  /** Bytes of the bin and the tombstones, which can't be let go. */
  readonly forgottenBytes: number
  /** Bytes of the file, with those that are free in it. */
  readonly fileBytes: number
  /** The limit in bytes; 0 for none. */
  readonly limit: number
  /** What was let go so far, and when the last time, in milliseconds since the epoch. */
  readonly letGo: { readonly messages: number; readonly units: number; readonly at: number | null }
}

/** What one step let go. */
export interface LetGo {
  readonly messages: number
  readonly units: number
}

/** Without a layer nothing is let go, and `size` is undefined. */
export class Retention extends Context.Reference<Retention>()("claude-memory/Retention", {
  defaultValue: (): {
    /** Reports the memory's size; undefined where a server keeps the memory. */
    readonly size: Effect.Effect<Size | undefined, StoreError>
    /** Returns when messages of a segment or session were let go, in milliseconds since the epoch; null when they never were. */
    readonly letGoAt: (origin: string) => Effect.Effect<number | null, StoreError>
    /**
     * Lets go a little that is worth least, for some 20 ms, when the memory is larger than its limit or something is too old; undefined
     * when there is nothing to do.
     */
    readonly step: Effect.Effect<LetGo | undefined, StoreError>
  } => ({
    size: Effect.as(Effect.void, undefined),
    letGoAt: () => Effect.succeed(null),
    step: Effect.as(Effect.void, undefined)
  })
}) {}
